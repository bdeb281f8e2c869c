// WrapTests.swift — lines of 80 columns, as Python's textwrap cuts them; and how many one display shows.

import Base
import BrowserPlugin
import TestKit
import Testing
import Tokenizer

@Suite struct `A page's lines` {
  @Test func `are cut where Python's textwrap cuts them`() throws {
    var count = 0
    for (number, vector) in try Vectors.jsonLines("browser/wrap.jsonl").enumerated() {
      let text = vector["text"]?.stringValue ?? ""
      let expected = (vector["lines"]?.arrayValue ?? []).compactMap(\.stringValue)
      let wrapper = LineWrapper(Array(text.utf8))
      var start = 0
      let lines = wrapper.ends.map { end in
        defer { start = end }
        return String(decoding: wrapper.bytes[start..<end], as: UTF8.self)
      }
      #expect(lines == expected, "line \(number + 1)")
      count += 1
    }
    #expect(count == 400)
  }

  private func tokenizer() throws -> Tokenizer {
    try Tokenizer(tiktokenFile: Repository.path("Models/o200k_harmony/o200k_base.tiktoken"))
  }

  /// As many whole lines as 1,024 tokens reach into, counted the slow way.
  private func lineCount(_ lines: [String], _ tokenizer: Tokenizer) -> Int {
    let text = lines.enumerated().map { "L\($0.offset): \($0.element)" }.joined(separator: "\n")
    guard text.unicodeScalars.count > 1024 else { return lines.count }
    let ids = tokenizer.encode(text)
    guard ids.count > 1024 else { return lines.count }
    let head = ids.prefix(1024).flatMap { tokenizer.bytes(of: $0) ?? [] }
    return head.count { $0 == 0x0A } + 1
  }

  @Test(arguments: [3, 40, 90, 400, 3000])
  func `fill a display of 1,024 tokens of the model in use`(wordCount: Int) throws {
    let tokenizer = try tokenizer()
    var random = SplitMix64(seed: UInt64(wordCount))
    let words = [
      "the", "swift", "日本語", "migration", "1,024", "🚀", "over", "naïve", "(and)", "Zürich",
    ]
    let body = (0..<wordCount * 10).map { _ in
      words[Int.random(in: 0..<words.count, using: &random)]
        + (Int.random(in: 0..<30, using: &random) == 0 ? "\n\n" : " ")
    }.joined()
    var web = StillWeb()
    web.add("http://site.test/a.txt", Array(body.utf8), type: "text/plain")
    var browser = Browser(library: PageLibrary(fetcher: web), meter: .exact(tokenizer))
    let all = browser.open(["id": "http://site.test/a.txt", "num_lines": 100_000])
    let lines = all.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(3).map {
      String($0.drop { $0 != " " }.dropFirst())
    }
    let shown = browser.open([:])
    let count = lineCount(lines, tokenizer)
    #expect(shown.contains("**viewing lines [0 - \(count - 1)] of \(lines.count - 1)**"))
  }
}
