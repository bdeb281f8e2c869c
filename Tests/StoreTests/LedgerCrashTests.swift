// LedgerCrashTests.swift — killed at any moment, used by several at once: nothing recorded is lost.

import Base
import Foundation
import Store
import TestKit
import Testing

@Suite struct `A ledger under stress` {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/ledger.db"
  }

  @Test(arguments: 0..<20)
  func `killed while it is written to opens, verifies and has what it acknowledged`(
    seed: UInt64
  ) async throws {
    var random = SplitMix64(seed: seed)
    let microseconds = UInt32.random(in: 0...60_000, using: &random)
    // Some die while the file is being made, most while they write.
    let isLate = seed % 5 != 0
    let acknowledged = folder.path + "/acknowledged"
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [
        path = path as String, acknowledged = acknowledged as String,
        microseconds = microseconds as UInt32, isLate = isLate as Bool
      ] in
      let file = open(acknowledged, O_CREAT | O_WRONLY | O_APPEND, 0o600)
      let end = Thread {
        usleep(isLate ? microseconds : microseconds / 8)
        kill(getpid(), SIGKILL)
      }
      if !isLate { end.start() }
      let ledger = try Ledger(path: path)
      try ledger.beginSession("s", time: time(1))
      if isLate { end.start() }
      for number in 1...1_000_000 {
        try ledger.append(
          to: "s", kind: "step \(number)", time: time(Int64(number)),
          bodies: [body("text", String(repeating: "\(number) ", count: number % 900))])
        _ = write(file, "x", 1)
      }
    }
    let ledger = try Ledger(path: path)
    #expect(try ledger.verify().isIntact)
    let events = try ledger.session("s") == nil ? [] : ledger.events(of: "s")
    let least = (try? Data(contentsOf: URL(filePath: acknowledged)).count) ?? 0
    #expect(events.count == least || events.count == least + 1)
    #expect(events.map(\.kind) == (1..<events.count + 1).map { "step \($0)" })
    for (number, event) in zip(1..., events) {
      let text = String(repeating: "\(number) ", count: number % 900)
      #expect(try ledger.content(of: event.bodies[0].digest) == .present(Array(text.utf8)))
    }
  }

  @Test(arguments: 0..<8)
  func `killed while it erases has no trace left once it is opened again`(
    seed: UInt64
  ) async throws {
    let secret = "orchid-7731"
    do {
      let ledger = try Ledger(path: path)
      try ledger.beginSession("s", time: time(1))
      let entries = (0..<200).map { number in
        let text = String(repeating: "\(number) ", count: 500) + (number % 2 == 0 ? secret : "")
        return LedgerEntry(kind: "k", time: time(1), header: [:], bodies: [body("a", text)])
      }
      try ledger.append(entries, to: "s")
    }
    var random = SplitMix64(seed: seed)
    let microseconds = UInt32.random(in: 0...12_000, using: &random)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, secret = secret as String, microseconds = microseconds as UInt32] in
      let ledger = try Ledger(path: path)
      Thread {
        usleep(microseconds)
        kill(getpid(), SIGKILL)
      }.start()
      try ledger.eraseBodies(containing: secret)
      sleep(10)
    }
    let report: LedgerReport
    do { report = try Ledger(path: path).verify() }
    #expect(report.isIntact)
    #expect(report.eventCount == 200)
    // All or nothing; and where it is all, no byte of it.
    #expect(report.erasedBodyCount == 0 || report.erasedBodyCount == 100)
    if report.erasedBodyCount == 100 { #expect(try traces(of: secret, in: folder.path) == 0) }
  }

  @Test func `used by several processes loses no event`() async throws {
    await withTaskGroup(of: Void.self) { group in
      for name in ["a", "b", "c"] {
        group.addTask { [path] in
          await #expect(processExitsWith: .success) {
            [path = path as String, name = name as String] in
            // They all find no file; one makes it, one begins the session that they share.
            let ledger = try Ledger(path: path)
            do throws(StoreError) { try ledger.beginSession("shared", time: time(1)) } catch {
              #expect(error == .sessionExists(id: "shared"))
            }
            try ledger.beginSession(name, time: time(1))
            for number in 1...60 {
              try ledger.append(to: "shared", kind: "\(name) \(number)", time: time(1))
              try ledger.append(to: name, kind: "own", time: time(1), bodies: [body("x", "same")])
            }
          }
        }
      }
    }
    let ledger = try Ledger(path: path)
    let report = try ledger.verify()
    #expect(
      report
        == LedgerReport(
          sessionCount: 4, eventCount: 360, bodyCount: 1, erasedBodyCount: 0, problem: nil))
    let kinds = try ledger.events(of: "shared").map(\.kind)
    for name in ["a", "b", "c"] {
      #expect(kinds.filter { $0.hasPrefix(name) } == (1...60).map { "\(name) \($0)" })
    }
  }

  @Test func `used by several connections and threads loses no event, and reads stay whole`()
    async throws
  {
    let ledgers = try (0..<3).map { _ in try Ledger(path: path) }
    try ledgers[0].beginSession("s", time: time(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<6 {
        group.addTask {
          for number in 1...30 {
            try ledgers[worker % 3].append(to: "s", kind: "\(worker) \(number)", time: time(1))
            if number % 10 == 0 { #expect(try ledgers[(worker + 1) % 3].verify().isIntact) }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try ledgers[0].events(of: "s").map(\.sequence) == Array(1...180))
    #expect(try ledgers[1].verify().isIntact)
  }
}
