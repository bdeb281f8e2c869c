// PolicyRecordsTests.swift — leases, budgets by the day and revisions, kept and counted exactly.

import Digests
import Foundation
import Store
import TestKit
import Testing

@Suite struct `Policy records` {
  private let folder: TemporaryFolder
  private let records: PolicyRecords

  init() throws {
    folder = try TemporaryFolder()
    records = try PolicyRecords(path: folder.path + "/policy.sqlite")
  }

  private func lease(
    uses: Int = 2, expires: Int64 = 10_000, tool: String = "t", arguments: String = "any"
  ) -> NewLease {
    NewLease(
      tool: tool, arguments: arguments, policy: SHA256.digest(of: [1]), manifest: "ab",
      usesLeft: uses, expires: UnixTime(milliseconds: expires), created: UnixTime(milliseconds: 1),
      origin: "command")
  }

  @Test func `keep a lease as it was given`() throws {
    let given = lease()
    let kept = try records.add(given)
    #expect(kept.id == 1)
    let again = try PolicyRecords(path: records.path, access: .readOnly)
    #expect(try again.leases() == [kept])
    #expect(try again.leases().first?.terms == given)
  }

  @Test func `count a lease down to nothing`() throws {
    let id = try records.add(lease()).id
    let now = UnixTime(milliseconds: 5)
    #expect(try records.use(id, at: now)?.terms.usesLeft == 1)
    #expect(try records.use(id, at: now)?.terms.usesLeft == 0)
    #expect(try records.use(id, at: now) == nil)
    #expect(try records.leases().first?.isLive(at: now) == false)
  }

  @Test func `let nobody use what has expired or was revoked`() throws {
    let id = try records.add(lease(expires: 100)).id
    #expect(try records.use(id, at: UnixTime(milliseconds: 100)) == nil)
    #expect(try records.use(id, at: UnixTime(milliseconds: 99)) != nil)
    try records.revoke([id])
    #expect(try records.use(id, at: UnixTime(milliseconds: 5)) == nil)
    #expect(try records.leases() == [])
    #expect(throws: StoreError.leaseUnknown(id: id)) { try records.revoke([id]) }
    // A number is never given twice.
    #expect(try records.add(lease()).id == id + 1)
  }

  @Test func `leave no trace of a lease that was revoked`() throws {
    let word = "planted-recipient-7f3a"
    let id = try records.add(lease(arguments: "={\"to\":\"\(word)\"}")).id
    try records.revoke([id])
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: records.path)))
    #expect(!String(decoding: bytes, as: UTF8.self).contains(word))
  }

  @Test func `refuse what is empty or too large`() {
    #expect(throws: StoreError.empty(what: "A tool's name")) { try records.add(lease(tool: "")) }
    #expect(throws: StoreError.self) {
      try records.add(lease(arguments: String(repeating: "x", count: 2 << 20)))
    }
  }

  @Test func `give the last use to one of many`() async throws {
    let id = try records.add(lease(uses: 5)).id
    let path = records.path
    let uses = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let own = try PolicyRecords(path: path)
          var count = 0
          for _ in 0..<5 where try own.use(id, at: UnixTime(milliseconds: 5)) != nil { count += 1 }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(uses == 5)
  }

  private func reserve(
    _ calls: Int, _ bytes: Int = 0, day: Int64 = 7, limits: (Int?, Int?) = (3, nil)
  ) throws -> Bool {
    try records.reserve(
      DayAmounts(calls: calls, bytes: bytes, tokens: 0, microdollars: 0), of: "web", day: day,
      limits: DayAmounts(calls: limits.0, bytes: limits.1, tokens: nil, microdollars: nil))
  }

  @Test func `book from a budget by the day until it is spent`() throws {
    #expect(try reserve(1))
    #expect(try reserve(2))
    #expect(try !reserve(1))
    #expect(try !reserve(0))
    #expect(try records.used("web", day: 7).calls == 3)
    #expect(try reserve(1, day: 8))
    #expect(try records.used("web", day: 8).calls == 1)
    #expect(try records.used("other", day: 7).calls == 0)
  }

  @Test func `book nothing of what does not fit`() throws {
    #expect(try !reserve(1, 101, limits: (nil, 100)))
    #expect(try reserve(1, 100, limits: (nil, 100)))
    #expect(try !reserve(1, 0, limits: (nil, 100)))
    #expect(try records.used("web", day: 7).bytes == 100)
    #expect(try reserve(.max, limits: (nil, nil)))
    #expect(try !reserve(.max, limits: (.max, nil)))
  }

  @Test func `count days from midnight UTC`() {
    #expect(UnixTime(milliseconds: 0).day == 0)
    #expect(UnixTime(milliseconds: 86_399_999).day == 0)
    #expect(UnixTime(milliseconds: 86_400_000).day == 1)
    #expect(UnixTime(milliseconds: -1).day == -1)
  }

  @Test func `keep the highest revision of a policy`() throws {
    #expect(try records.revision(of: "base") == nil)
    try records.note(4, of: "base")
    try records.note(2, of: "base")
    #expect(try records.revision(of: "base") == 4)
    try records.note(9, of: "base")
    #expect(try records.revision(of: "base") == 9)
  }

  @Test func `are no ledger and no memories`() throws {
    #expect(throws: StoreError.self) { try Memories(path: records.path) }
  }
}
