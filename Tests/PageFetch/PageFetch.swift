// PageFetch.swift — the brokered fetcher as a program, for tests that run it behind the walls.
//
// Reads orders as JSON lines, {"url":…,"method":…,"headers":{…},"body":…}, and answers
// each with a line: {"status":…,"url":…,"type":…,"bytes":…,"text":…,"truncated":…} or {"failure":…,
// "refused":…}. "text" is the body's beginning. An order with "raw" sends these bytes over the granted
// stream, as a plugin that was taken over might, and answers what came back as "text". An order {"peak":true} asks for the process's peak of
// memory in KiB. SECONDS_MAX and SILENCE_SECONDS_MAX in the environment shorten the waits.

import Base
import BrowserPlugin
import CSandbox
import Glibc
import Sandbox
import Transfer

@main struct PageFetch {
  static func main() {
    guard let plain = fetcher() else {
      say("{\"failure\":\"This process has no broker.\",\"refused\":true}")
      return
    }
    while let line = readLine() {
      guard let order = try? JSONReader.value(line, source: "the order") else { exit(2) }
      if order["peak"] != nil {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        say(JSONValue.object(["peak": .number(.integer(Int64(usage.ru_maxrss)))]).compactText)
      } else if let raw = order["raw"]?.stringValue {
        say(rawAnswer(order["url"]?.stringValue ?? "", raw).compactText)
      } else {
        say(answer(order, plain).compactText)
      }
    }
  }

  private static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
  }

  private static func fetcher() -> BrokeredFetcher? {
    var settings = BrokeredFetcher.Settings.ofThisProcess()
    if let seconds = number("SECONDS_MAX") { settings.limits.secondsMax = seconds }
    if let seconds = number("SILENCE_SECONDS_MAX") { settings.limits.silenceSecondsMax = seconds }
    return number("MARTLET_BROKER").map {
      BrokeredFetcher(descriptor: Int32($0), settings: settings)
    }
  }

  private static func number(_ name: String) -> Int? {
    getenv(name).flatMap { Int(String(cString: $0)) }
  }

  private static func rawAnswer(_ url: String, _ words: String) -> JSONValue {
    let channel = Int32(number("MARTLET_BROKER") ?? -1)
    var packet = EgressRequest(id: 1 << 20, url: url).packet
    var socket: Int32 = -1
    var buffer = [UInt8](repeating: 0, count: EgressRequest.packetBytesMax)
    guard cs_send_packet(channel, &packet, packet.count, -1) == packet.count,
      cs_receive_packet(channel, &buffer, buffer.count, 0, &socket) > 0, socket >= 0
    else { return ["failure": "No stream was granted."] }
    defer { close(socket) }
    var bytes = Array(words.utf8)
    _ = write(socket, &bytes, bytes.count)
    shutdown(socket, Int32(SHUT_WR))
    var text: [UInt8] = []
    while true {
      let count = read(socket, &buffer, buffer.count)
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    return ["text": .string(String(decoding: text, as: UTF8.self))]
  }

  private static func answer(_ order: JSONValue, _ fetcher: BrokeredFetcher) -> JSONValue {
    var request = PageRequest(
      url: order["url"]?.stringValue ?? "", method: order["method"]?.stringValue ?? "GET")
    for (name, value) in order["headers"]?.objectValue ?? [:] {
      request.headers.append((name, value.stringValue ?? ""))
    }
    request.body = Array((order["body"]?.stringValue ?? "").utf8)
    do throws(FetchFailure) {
      let page = try fetcher.fetch(request)
      return [
        "status": .number(.integer(Int64(page.status))), "url": .string(page.url),
        "type": page.contentType.map { .string($0) } ?? .null,
        "bytes": .number(.integer(Int64(page.body.count))),
        "text": .string(String(decoding: page.body.prefix(400), as: UTF8.self)),
        "truncated": .bool(page.truncated),
      ]
    } catch {
      return ["failure": .string(error.message), "refused": .bool(error.refused)]
    }
  }
}
