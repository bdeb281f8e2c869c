// PageBench.swift — a page of 1 MB from its bytes to its display, warm.
//
// Prints CSV: what, bytes, count, p50, p90 in milliseconds of wall time and of processor time. The page is
// made here: menus, headings, paragraphs with links, lists, tables, inline styles. The display is measured
// with the vocabulary of gpt-oss. What the network takes is not in it.

import Base
import BrowserPlugin
import CMarkup
import Foundation
import MCP
import TestKit
import Tokenizer

enum PageBench {
  static func run(count: Int) throws {
    cm_keep_freed_memory()
    let tokenizer = try Tokenizer(
      tiktokenFile: Repository.path("Models/o200k_harmony/o200k_base.tiktoken"))
    let page = Array(html(byteCount: 1_000_000).utf8)
    var browser = Browser(
      library: PageLibrary(fetcher: OnePage(body: page)), meter: .exact(tokenizer))
    var walls: [Double] = []
    var processors: [Double] = []
    for number in 0..<count + 5 {
      let start = ContinuousClock.now
      let used = processorTime()
      let result = browser.call("open", ["id": .string("http://site.test/\(number)")])
      guard !result.isError else { throw CocoaError(.featureUnsupported) }
      // The first ones warm up what the later ones find warm.
      guard number >= 5 else { continue }
      walls.append((ContinuousClock.now - start) / .milliseconds(1))
      processors.append((processorTime() - used) / .milliseconds(1))
    }
    print("what,bytes,count,p50_ms,p90_ms")
    for (what, times) in [("wall", walls.sorted()), ("processor", processors.sorted())] {
      print(
        String(
          format: "page %@,%d,%d,%.1f,%.1f", what, page.count, count, times[times.count / 2],
          times[times.count * 9 / 10]))
    }
  }

  private static func html(byteCount: Int) -> String {
    var random = SplitMix64(seed: 1)
    let words = (0..<3_000).map { _ in
      String(
        (0..<Int.random(in: 2...10, using: &random)).map { _ in
          "etaoinshrdlucm".randomElement(using: &random) ?? "e"
        })
    }
    func text(_ count: Int) -> String {
      (0..<count).map { _ in words.randomElement(using: &random) ?? "" }.joined(separator: " ")
    }
    var html =
      "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Big</title></head><body><nav><ul>"
    for number in 0..<60 {
      html += "<li class=\"item\"><a href=\"/s/\(number)\">\(text(2))</a></li>"
    }
    html += "</ul></nav><main>"
    var number = 0
    while html.utf8.count < byteCount {
      number += 1
      switch number % 20 {
      case 0:
        html +=
          "<figure><img src=x.png alt=\"\(text(3))\"><figcaption>\(text(6))</figcaption></figure>"
      case 1, 2: html += "<h2 id=\"s\(number)\"><span class=\"headline\">\(text(4))</span></h2>"
      case 3, 4:
        html +=
          "<ul>" + (0..<8).map { _ in "<li>\(text(6)) <i>\(text(2))</i></li>\n" }.joined() + "</ul>"
      case 5, 6:
        let cells = (0..<5).map { _ in "<td style=\"text-align:left\">\(text(2))</td>" }.joined()
        html += "<table>" + String(repeating: "<tr>\(cells)</tr>\n", count: 6) + "</table>"
      default:
        html += "<p class=\"para\" style=\"margin:0 auto;color:#333\">"
        for part in 0..<8 {
          html += text(12)
          html +=
            part % 2 == 0
            ? " <b>\(text(2))</b> "
            : " <a href=\"/wiki/\(number)-\(part)\" title=\"x\">\(text(2))</a> "
        }
        html += "</p>\n"
      }
    }
    return html
  }

  private struct OnePage: PageFetcher {
    let body: [UInt8]

    func fetch(_ request: PageRequest) throws(FetchFailure) -> FetchedPage {
      FetchedPage(
        url: request.url, status: 200, contentType: "text/html; charset=utf-8", body: body)
    }
  }
}

/// What the present thread has used of the processor.
func processorTime() -> Duration {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
