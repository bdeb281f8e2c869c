// LedgerVerifyTests.swift — no stored byte changes unnoticed, and the first bad event is named.

import Base
import Digests
import Foundation
import Store
import TestKit
import Testing

@Suite struct `Verifying a ledger` {
  private let folder: TemporaryFolder
  private let ledger: Ledger
  private let path: String

  /// Two sessions, three and two events, a body shared between them.
  init() throws {
    folder = try TemporaryFolder()
    ledger = try Ledger(path: folder.path + "/ledger.db")
    path = ledger.path
    try ledger.beginSession("one", time: time(1_000), header: ["m": "nano"])
    try ledger.append(to: "one", kind: "task", time: time(1_001), bodies: [body("text", "do it")])
    try ledger.append(
      to: "one", kind: "call", time: time(1_002), header: ["tool": "python"],
      bodies: [body("code", "1+1"), body("again", "do it")])
    try ledger.append(to: "one", kind: "answer", time: time(1_003))
    try ledger.beginSession("two", time: time(2_000))
    try ledger.append(to: "two", kind: "task", time: time(2_001), bodies: [body("text", "do it")])
    try ledger.append(to: "two", kind: "answer", time: time(2_002), bodies: [body("text", "2")])
  }

  /// A connection without the guards inside the file.
  private func unguarded() throws -> Database {
    let database = try raw(path)
    try database.run("PRAGMA foreign_keys = OFF")
    try database.run("PRAGMA synchronous = OFF")
    let triggers = try database.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
      $0.text(0) ?? ""
    }
    for trigger in triggers { try database.run("DROP TRIGGER \(trigger)") }
    return database
  }

  @Test func `finds nothing in one that is intact`() throws {
    let all = LedgerReport(
      sessionCount: 2, eventCount: 5, bodyCount: 3, erasedBodyCount: 0, problem: nil)
    #expect(try ledger.verify() == all)
    let two = LedgerReport(
      sessionCount: 1, eventCount: 2, bodyCount: 2, erasedBodyCount: 0, problem: nil)
    #expect(try ledger.verify(session: "two") == two)
    #expect(try Ledger(path: path, access: .readOnly).verify() == all)
    let empty = try Ledger(path: folder.path + "/empty.db")
    #expect(try empty.verify() == LedgerReport())
  }

  // MARK: Every byte of every column

  @Test(arguments: [
    "kind", "header", "bodies", "hash", "time_ms", "sequence", "session",
  ])
  func `notices any byte of an event changed, and names the event`(column: String) throws {
    let database = try unguarded()
    var random = SplitMix64(seed: 1)
    for (session, name, count) in [(1, "one", 3), (2, "two", 2)] {
      for sequence in 1...count {
        let place = "WHERE session = \(session) AND sequence = \(sequence)"
        let isNumber = ["time_ms", "sequence", "session"].contains(column)
        let old = try read(column, place, isNumber: isNumber, from: database)
        for index in old.indices {
          var new = old
          // A small session or sequence number could become that of another event.
          new[index] ^= isNumber && index == 0 ? 0x40 : 1 << UInt8.random(in: 0..<8, using: &random)
          let stored = try replace(column, place, by: new, isNumber: isNumber, in: database)
          let problem = try ledger.verify().problem
          let isMoved = column == "sequence" || column == "session"
          #expect(problem?.session == name && problem?.sequence == sequence, "byte \(index)")
          #expect(problem?.kind == (isMoved ? .missing : .altered), "byte \(index)")
          #expect(try ledger.verify(session: name).problem == problem)
          try restore(column, place, stored, by: old, isNumber: isNumber, in: database)
        }
      }
    }
    #expect(try ledger.verify().isIntact)
  }

  @Test(arguments: ["digest", "salt", "content_hash", "content"])
  func `notices any byte of a body changed, and names the first event that has it`(
    column: String
  ) throws {
    let database = try unguarded()
    var random = SplitMix64(seed: 2)
    let owners: [(text: String, session: String, sequence: Int, name: String)] = [
      ("do it", "one", 1, "text"), ("1+1", "one", 2, "code"), ("2", "two", 2, "text"),
    ]
    for owner in owners {
      let content = SHA256.digest(of: Array(owner.text.utf8)).hex
      let digest = try #require(
        try database.first(
          "SELECT hex(digest) FROM ledger_bodies WHERE hex(content_hash) = upper('\(content)')"
        ) { $0.text(0) ?? "" })
      var place = "WHERE digest = x'\(digest)'"
      let old = try read(column, place, isNumber: false, from: database)
      for index in old.indices {
        var new = old
        new[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        try database.run("UPDATE ledger_bodies SET \(column) = ? \(place)", .blob(new))
        let kind: LedgerProblem.Kind =
          column == "digest" ? .bodyMissing(name: owner.name) : .bodyAltered(name: owner.name)
        #expect(
          try ledger.verify().problem
            == LedgerProblem(kind: kind, session: owner.session, sequence: owner.sequence))
        if column == "digest" { place = "WHERE digest = x'\(hex(new))'" }
        try database.run("UPDATE ledger_bodies SET \(column) = ? \(place)", .blob(old))
        place = "WHERE digest = x'\(digest)'"
      }
    }
    #expect(try ledger.verify().isIntact)
  }

  @Test(arguments: ["id", "header", "begin_hash", "time_ms", "number", "event_count", "head_hash"])
  func `notices any byte of a session's record changed`(column: String) throws {
    let database = try unguarded()
    var random = SplitMix64(seed: 3)
    for session in 1...2 {
      var place = "WHERE number = \(session)"
      let isNumber = ["time_ms", "number", "event_count"].contains(column)
      let old = try read(column, place, isNumber: isNumber, from: database, table: "sessions")
      for index in old.indices {
        var new = old
        new[index] ^= isNumber && index == 0 ? 0x40 : 1 << UInt8.random(in: 0..<8, using: &random)
        let value = SQLValue.blob(new)
        let number = SQLValue.integer(integer(new))
        try database.run(
          "UPDATE sessions SET \(column) = \(column == "id" || column == "header" ? "CAST(? AS TEXT)" : "?") \(place)",
          isNumber ? number : value)
        let report = try ledger.verify()
        #expect(!report.isIntact, "session \(session), byte \(index)")
        if column == "number" { place = "WHERE number = \(integer(new))" }
        try database.run(
          "UPDATE sessions SET \(column) = \(column == "id" || column == "header" ? "CAST(? AS TEXT)" : "?") \(place)",
          isNumber ? .integer(integer(old)) : .blob(old))
        place = "WHERE number = \(session)"
      }
    }
    #expect(try ledger.verify().isIntact)
  }

  // MARK: Whole events

  @Test func `notices an event removed in between`() throws {
    try unguarded().run("DELETE FROM ledger_events WHERE session = 1 AND sequence = 2")
    #expect(
      try ledger.verify().problem?.description == "Event 2 of session \"one\" is missing.")
  }

  @Test func `notices events removed at the end`() throws {
    try unguarded().run("DELETE FROM ledger_events WHERE session = 1 AND sequence > 1")
    #expect(
      try ledger.verify().problem?.description == "Event 2 of session \"one\" is missing.")
  }

  @Test func `notices two events exchanged`() throws {
    let database = try unguarded()
    for (from, to) in [(1, 9), (2, 1), (9, 2)] {
      try database.run("UPDATE ledger_events SET sequence = \(to) WHERE sequence = \(from)")
    }
    #expect(
      try ledger.verify().problem?.description
        == "Event 1 of session \"one\" was altered: it does not match its hash.")
  }

  @Test func `notices a session removed`() throws {
    let database = try unguarded()
    try database.run("DELETE FROM ledger_events WHERE session = 1")
    try database.run("DELETE FROM sessions WHERE number = 1")
    #expect(try ledger.verify().problem?.description == "A session's record is missing.")
  }

  @Test func `notices an event, a body or a count that nothing leads to`() throws {
    let database = try unguarded()
    try database.run("BEGIN")
    try database.run("INSERT INTO ledger_events VALUES (9, 1, 'k', 0, '{}', '[]', x'00')")
    try database.run("COMMIT")
    #expect(
      try ledger.verify().problem?.description
        == "The ledger holds an event of a session that it does not know.")
    try database.run("DELETE FROM ledger_events WHERE session = 9")
    try database.run("INSERT INTO ledger_events VALUES (1, 0, 'k', 0, '{}', '[]', x'00')")
    #expect(
      try ledger.verify().problem?.description
        == "The ledger holds an event of a session that it does not know.")
    try database.run("DELETE FROM ledger_events WHERE sequence = 0")
    try database.run("INSERT INTO ledger_bodies VALUES (x'00', x'01', x'02', x'03')")
    let problem = try ledger.verify().problem
    #expect(problem?.description == "The ledger holds a body that no event names.")
    try database.run("DELETE FROM ledger_bodies WHERE digest = x'00'")
    try database.run("UPDATE sessions SET event_count = 2 WHERE number = 1")
    #expect(
      try ledger.verify().problem?.description
        == "The record of session \"one\" was altered: it does not match the session's last event.")
    try database.run("UPDATE sessions SET event_count = 3, header = '{}' WHERE number = 1")
    #expect(
      try ledger.verify().problem?.description
        == "The record of session \"one\" was altered: it does not match its hash.")
  }

  @Test func `notices a body removed, and half an erasure`() throws {
    let database = try unguarded()
    try database.run("UPDATE ledger_bodies SET content = NULL WHERE content = x'312B31'")
    #expect(
      try ledger.verify().problem?.description
        == "Event 2 of session \"one\": its body \"code\" was altered.")
    try database.run("DELETE FROM ledger_bodies WHERE content IS NULL")
    #expect(
      try ledger.verify().problem?.description
        == "Event 2 of session \"one\": its body \"code\" is missing.")
  }

  // MARK: Pins

  @Test func `with a head kept elsewhere notices a past rewritten throughout`() throws {
    let pinned = [try ledger.head(of: "one"), try ledger.head(of: "two")]
    #expect(pinned[0].eventCount == 3)
    try ledger.append(to: "one", kind: "more", time: time(3_000))
    #expect(try ledger.verify(heads: pinned).isIntact)
    #expect(try ledger.verify(session: "two", heads: pinned).isIntact)
    // The same sessions, another past: whole in itself.
    let forged = try Ledger(path: folder.path + "/forged.db")
    try forged.beginSession("one", time: time(1_000))
    for _ in 1...3 { try forged.append(to: "one", kind: "task", time: time(1_001)) }
    #expect(try forged.verify().isIntact)
    #expect(
      try forged.verify(heads: pinned).problem?.description
        == "Event 3 of session \"one\" is not the one that was pinned.")
    #expect(
      try forged.verify(heads: [pinned[1]]).problem?.description
        == "Event 2 of session \"two\" is missing.")
    let begun = LedgerHead(session: "one", eventCount: 0, hash: pinned[0].hash)
    #expect(
      try forged.verify(heads: [begun]).problem?.description
        == "The record of session \"one\" is not the one that was pinned.")
  }

  // MARK: The file itself

  @Test(arguments: 0..<4)
  func `survives any byte of the file changed: an error, a finding, or no difference`(
    part: UInt64
  ) throws {
    let events = try ["one", "two"].map { try ledger.events(of: $0) }
    let contents = try events.joined().flatMap(\.bodies).map { try ledger.content(of: $0.digest) }
    let sessions = try ledger.sessions(limit: 10)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var random = SplitMix64(seed: 100 + part)
    var noticed = 0
    for _ in 0..<150 {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      var damaged = bytes
      damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      let copy = try folder.write("damaged\(part).db", damaged)
      defer { unlink(copy) }
      do {
        let other = try Ledger(path: copy, limits: StoreLimits(waitMax: .milliseconds(10)))
        guard try other.verify().isIntact else {
          noticed += 1
          continue
        }
        #expect(try ["one", "two"].map { try other.events(of: $0) } == events, "byte \(index)")
        #expect(
          try events.joined().flatMap(\.bodies).map { try other.content(of: $0.digest) }
            == contents, "byte \(index)")
        #expect(try other.sessions(limit: 10) == sessions, "byte \(index)")
      } catch is StoreError { noticed += 1 }
    }
    #expect(noticed > 0)
  }

  // MARK: Bytes of columns

  private func read(
    _ column: String, _ place: String, isNumber: Bool, from database: Database,
    table: String? = nil
  ) throws -> [UInt8] {
    let table =
      table ?? (place.contains("digest") ? "ledger_bodies" : "ledger_events")
    return try #require(
      try database.first("SELECT \(column) FROM \(table) \(place)") { row in
        isNumber ? withUnsafeBytes(of: row.integer(0).littleEndian) { Array($0) } : row.bytes(0)
      })
  }

  /// Overwrites a column of an event and returns where the event is then.
  private func replace(
    _ column: String, _ place: String, by new: [UInt8], isNumber: Bool, in database: Database
  ) throws -> String {
    let value = column == "hash" || isNumber ? "?" : "CAST(? AS TEXT)"
    try database.run(
      "UPDATE ledger_events SET \(column) = \(value) \(place)",
      isNumber ? .integer(integer(new)) : .blob(new))
    guard column == "session" || column == "sequence" else { return place }
    return "WHERE \(column) = \(integer(new))"
  }

  private func restore(
    _ column: String, _ place: String, _ stored: String, by old: [UInt8], isNumber: Bool,
    in database: Database
  ) throws {
    _ = try replace(column, stored, by: old, isNumber: isNumber, in: database)
  }

  private func integer(_ bytes: [UInt8]) -> Int64 {
    bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
  }
}
