// LedgerTests.swift — what is recorded comes back, and nothing else gets in.

import Base
import Digests
import Foundation
import Store
import TestKit
import Testing

@Suite struct `A ledger` {
  private let folder: TemporaryFolder
  private let ledger: Ledger

  init() throws {
    folder = try TemporaryFolder()
    ledger = try Ledger(path: folder.path + "/ledger.db")
  }

  @Test func `returns events as they were recorded`() throws {
    try ledger.beginSession("s", time: time(5), header: ["model": "nano"])
    let header: JSONValue = ["call": 1, "ratio": 1.5, "list": [nil, true, "é\u{1}\"\n🚀"]]
    let bodies = [
      body("arguments", "1 + 1"), LedgerBody(name: "empty", content: []),
      LedgerBody(name: "all bytes", content: (0...255).map { UInt8($0) }),
    ]
    let first = try ledger.append(
      to: "s", kind: "tool.called", time: time(-7), header: header, bodies: bodies)
    let second = try ledger.append(to: "s", kind: "日本 🚀", time: time(.max))
    #expect(first.sequence == 1)
    #expect(second.sequence == 2)
    #expect(try ledger.events(of: "s") == [first, second])
    #expect(first.header == header)
    #expect(first.bodies.map(\.name) == ["arguments", "empty", "all bytes"])
    for (reference, body) in zip(first.bodies, bodies) {
      #expect(try ledger.content(of: reference.digest) == .present(body.content))
    }
    #expect(try ledger.session("s")?.header == ["model": "nano"])
  }

  @Test func `records several events together or not at all`() throws {
    try ledger.beginSession("s", time: time(1))
    let entries = (1...3).map { LedgerEntry(kind: "k\($0)", time: time(2), header: [:]) }
    #expect(try ledger.append(entries, to: "s").map(\.sequence) == [1, 2, 3])
    var bad = entries
    bad[2].kind = ""
    #expect(sentence { try ledger.append(bad, to: "s") } == "An event's kind is empty.")
    #expect(try ledger.events(of: "s").map(\.kind) == ["k1", "k2", "k3"])
    #expect(try ledger.append([], to: "s").isEmpty)
  }

  @Test func `pages through events and sessions`() throws {
    for number in 1...5 { try ledger.beginSession("s\(number)", time: time(Int64(number))) }
    for _ in 1...9 { try ledger.append(to: "s2", kind: "k", time: time(1)) }
    #expect(try ledger.events(of: "s2", from: 4, limit: 3).map(\.sequence) == [4, 5, 6])
    #expect(try ledger.events(of: "s2", from: 10).isEmpty)
    #expect(try ledger.sessions(limit: 2).map(\.id) == ["s5", "s4"])
    #expect(try ledger.sessions(limit: 2, skipping: 3).map(\.id) == ["s2", "s1"])
    #expect(try ledger.sessions(limit: 0).isEmpty)
    #expect(
      try ledger.session("s2")
        == LedgerSession(id: "s2", time: time(2), header: [:], eventCount: 9))
    #expect(try ledger.session("s9") == nil)
  }

  @Test func `stores equal contents once, under a digest that does not give them away`() throws {
    try ledger.beginSession("s", time: time(1))
    let first = try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", "same")])
    let second = try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("b", "same")])
    #expect(first.bodies[0].digest == second.bodies[0].digest)
    #expect(first.bodies[0].digest != SHA256.digest(of: Array("same".utf8)))
    #expect(try ledger.verify().bodyCount == 1)
  }

  @Test func `survives being closed and opened`() throws {
    try ledger.beginSession("s", time: time(1))
    let event = try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", "b")])
    let again = try Ledger(path: ledger.path)
    #expect(try again.events(of: "s") == [event])
    try again.append(to: "s", kind: "k", time: time(2))
    #expect(try ledger.verify().eventCount == 2)
  }

  @Test func `refuses what does not fit`() throws {
    try ledger.beginSession("s", time: time(1))
    let long = String(repeating: "x", count: 257)
    let wide = JSONValue.string(String(repeating: "x", count: 65_536))
    var deep = JSONValue.array([])
    for _ in 0..<70 { deep = .array([deep]) }
    #expect(
      sentence { try ledger.beginSession("s", time: time(1)) }
        == "There is a session \"s\" already.")
    #expect(sentence { try ledger.beginSession("", time: time(1)) } == "A session's id is empty.")
    #expect(
      sentence { try ledger.beginSession(long, time: time(1)) }
        == "A session's id has 257 bytes; at most 256 can be stored.")
    #expect(
      sentence { try ledger.append(to: "t", kind: "k", time: time(1)) }
        == "There is no session \"t\".")
    #expect(
      sentence { try ledger.append(to: "s", kind: long, time: time(1)) }
        == "An event's kind has 257 bytes; at most 256 can be stored.")
    #expect(
      sentence { try ledger.append(to: "s", kind: "k", time: time(1), header: wide) }
        == "A header has 65538 bytes; at most 65536 can be stored.")
    #expect(
      sentence { try ledger.append(to: "s", kind: "k", time: time(1), header: deep) }
        == "A header is nested too deep to be stored.")
    let bodies = (0...256).map { body("b\($0)", "") }
    #expect(
      sentence { try ledger.append(to: "s", kind: "k", time: time(1), bodies: bodies) }
        == "There are 257 bodies of one event; at most 256 can be stored.")
    let large = LedgerBody(name: "dump", content: Array(repeating: 0, count: (64 << 20) + 1))
    #expect(
      sentence { try ledger.append(to: "s", kind: "k", time: time(1), bodies: [large]) }
        == "The body \"dump\" has 67108865 bytes; at most 67108864 can be stored.")
    #expect(sentence { _ = try ledger.events(of: "t") } == "There is no session \"t\".")
    #expect(sentence { _ = try ledger.head(of: "t") } == "There is no session \"t\".")
    #expect(sentence { _ = try ledger.verify(session: "t") } == "There is no session \"t\".")
    #expect(try ledger.content(of: SHA256.digest(of: [])) == .unknown)
    #expect(try ledger.events(of: "s").isEmpty)
  }

  @Test(arguments: [
    "UPDATE ledger_events SET kind = 'x'", "DELETE FROM ledger_events",
    "INSERT OR REPLACE INTO ledger_events SELECT * FROM ledger_events",
    "INSERT INTO ledger_events SELECT session, 9, kind, time_ms, header, bodies, hash FROM ledger_events LIMIT 1",
    "UPDATE sessions SET id = 'x'", "UPDATE sessions SET event_count = 0", "DELETE FROM sessions",
    "UPDATE ledger_bodies SET content = x'00'", "UPDATE ledger_bodies SET digest = x'00'",
    "DELETE FROM ledger_bodies", "REPLACE INTO ledger_bodies SELECT * FROM ledger_bodies",
  ])
  func `guards itself against SQL that changes the past`(sql: String) throws {
    try ledger.beginSession("s", time: time(1))
    try ledger.append(to: "s", kind: "k", time: time(1), bodies: [body("a", "b")])
    try ledger.append(to: "s", kind: "k", time: time(1))
    let before = try ledger.events(of: "s")
    let path = ledger.path
    let words = sentence { try raw(path).run(sql) }
    #expect(words.hasPrefix("\(path): SQLite reports \"constraint failed\""))
    #expect(try ledger.events(of: "s") == before)
    #expect(try ledger.verify().isIntact)
  }

  @Test func `holds no stored value in an error's words`() throws {
    let secret = "hunter2"
    try ledger.beginSession("s", time: time(1))
    try ledger.append(
      to: "s", kind: "k", time: time(1), header: ["x": .string(secret)], bodies: [body("b", secret)]
    )
    let connection = try raw(ledger.path)
    for sql in ["INSERT INTO sessions SELECT * FROM sessions", "SELECT '\(secret)' FROM nowhere"] {
      #expect(!sentence { try connection.run(sql) }.contains(secret))
    }
  }
}
