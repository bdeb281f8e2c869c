// LedgerEraseTests.swift — erased contents are nowhere, and the chain still holds.

import Base
import Digests
import Foundation
import Store
import TestKit
import Testing

@Suite struct `Erasing from a ledger` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/ledger.db"
  }

  @Test func `leaves a tombstone that verifies`() throws {
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    let first = try ledger.append(
      to: "s", kind: "k", time: time(1),
      bodies: [body("a", "my address is 5 Elm"), body("b", "ok")])
    try ledger.append(to: "s", kind: "k", time: time(2), bodies: [body("a", "my address is 5 Elm")])
    let erasure = try ledger.eraseBodies(containing: "5 Elm")
    #expect(erasure == LedgerErasure(erased: [first.bodies[0].digest], kept: []))
    #expect(try ledger.content(of: first.bodies[0].digest) == .erased)
    #expect(try ledger.content(of: first.bodies[1].digest) == .present(Array("ok".utf8)))
    #expect(
      try ledger.verify()
        == LedgerReport(
          sessionCount: 1, eventCount: 2, bodyCount: 2, erasedBodyCount: 1, problem: nil))
    #expect(try ledger.eraseBodies(containing: "5 Elm").erased.isEmpty)
    // The same content may come again, under another digest.
    let again = try ledger.append(
      to: "s", kind: "k", time: time(3), bodies: [body("a", "my address is 5 Elm")])
    #expect(again.bodies[0].digest != first.bodies[0].digest)
    #expect(try ledger.verify().isIntact)
  }

  @Test func `goes by digest or by what the caller reads in a content`() throws {
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    let event = try ledger.append(
      to: "s", kind: "k", time: time(1),
      bodies: [body("a", "one"), body("b", "two"), LedgerBody(name: "tokens", content: [7, 0, 9])])
    let digests = event.bodies.map(\.digest)
    #expect(try ledger.eraseBodies([digests[0], digests[0]]) == [digests[0]])
    #expect(try ledger.eraseBodies([digests[0], SHA256.digest(of: [])]).isEmpty)
    #expect(try ledger.eraseBodies { $0.first == 7 } == [digests[2]])
    #expect(try ledger.verify().erasedBodyCount == 2)
  }

  /// Whole files lie in what a tool says for programs: at any of the three places in a group of four.
  @Test(arguments: 0..<7)
  func `finds the text where base64 hides it`(offset: Int) throws {
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    let file = Data((String(repeating: "x", count: offset) + "my address is 5 Elm, ÿ>?").utf8)
    let plain = file.base64EncodedString()
    let forURLs = plain.replacing("+", with: "-").replacing("/", with: "_")
    let escaped = plain.replacing("/", with: "\\/")
    for content in [plain, "data:;base64," + forURLs, #"{"after":"\#(escaped)"}"#] {
      let event = try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", content)])
      #expect(try ledger.eraseBodies(containing: "6 Elm").erased.isEmpty)
      #expect(try ledger.eraseBodies(containing: "5 Elm, ÿ>").erased == event.bodies.map(\.digest))
    }
  }

  @Test(arguments: [
    #"{"text":"line one\nsays \"hi\" caf\u00e9 \ud83d\ude80"}"#,
    #"{"text":"line one\nsays \"hi\" caf\u00E9 \uD83D\uDE80"}"#,
    #"{"arguments":"{\"text\":\"line one\\nsays \\\"hi\\\" café 🚀\"}"}"#,
    #"["{\"arguments\":\"{\\\"text\\\":\\\"line one\\\\nsays \\\\\\\"hi\\\\\\\" caf\\\\u00e9 🚀\\\"}\"}"]"#,
  ])
  func `finds the text where JSON escaped it`(content: String) throws {
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", content)])
    #expect(try ledger.eraseBodies(containing: "line one\nsays 'hi'").erased.isEmpty)
    #expect(try ledger.eraseBodies(containing: "line one\nsays \"hi\" café 🚀").erased.count == 1)
  }

  @Test(arguments: [#"\u"#, #"\u12"#, #"\ud83d"#, #"\ud83d\u0041"#, #"\"#, #"\q\\"#, #"\udc00 x"#])
  func `reads broken escapes without harm`(content: String) throws {
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", content)])
    #expect(try ledger.eraseBodies(containing: "absent").erased.isEmpty)
    #expect(try ledger.eraseBodies(containing: content).erased.count == 1)
  }

  @Test func `tells of headers that hold the text, which stay`() throws {
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1), header: ["title": "about Elm"])
    try ledger.append(to: "s", kind: "k", time: time(1))
    try ledger.append(to: "s", kind: "k", time: time(1), header: ["note": "Elm street"])
    #expect(
      try ledger.eraseBodies(containing: "Elm")
        == LedgerErasure(
          erased: [],
          kept: [LedgerPlace(session: "s", sequence: 0), LedgerPlace(session: "s", sequence: 2)]))
    #expect(
      sentence { try ledger.eraseBodies(containing: "") } == "The text to erase is empty.")
  }

  @Test(arguments: [20, 900, 5_000, 200_000])
  func `leaves no trace in the file or its journal`(byteCount: Int) throws {
    let secret = "orchid-7731"
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    for number in 0..<40 {
      let filler = String(repeating: "\(number % 10)", count: byteCount)
      let text = number % 3 == 0 ? filler + secret + filler : filler + "\(number)"
      try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", text)])
    }
    #expect(try traces(of: secret, in: folder.path) > 0)
    #expect(try ledger.eraseBodies(containing: secret).erased.count == 10)
    #expect(try traces(of: secret, in: folder.path) == 0)
    #expect(try ledger.verify().isIntact)
  }

  @Test func `that could not finish says so and is finished later`() throws {
    let secret = "orchid-7731"
    let ledger = try Ledger(path: path, limits: StoreLimits(waitMax: .milliseconds(30)))
    try ledger.beginSession("s", time: time(1))
    let event = try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", secret)])
    // What an erasure leaves behind if the process dies before the file is rewritten.
    do {
      let other = try raw(path)
      try other.run("INSERT INTO scrub VALUES (1)")
    }
    #expect(try raw(path).integer("SELECT count(*) FROM scrub") == 1)
    _ = try Ledger(path: path)
    #expect(try raw(path).integer("SELECT count(*) FROM scrub") == 0)
    #expect(try ledger.content(of: event.bodies[0].digest) == .present(Array(secret.utf8)))
  }
}

/// How often `text` stands in the files of `folder`, whatever they are. No connection of this process
/// may be relied on after this: closing a file drops the process's locks on it.
func traces(of text: String, in folder: String) throws -> Int {
  var count = 0
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    var data = try Data(contentsOf: URL(filePath: folder + "/" + name))[...]
    while let found = data.range(of: Data(text.utf8)) {
      count += 1
      data = data[found.upperBound...]
    }
  }
  return count
}
