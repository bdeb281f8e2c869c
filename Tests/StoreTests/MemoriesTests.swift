// MemoriesTests.swift — saving, listing, forgetting.

import Base
import Foundation
import Store
import TestKit
import Testing

@Suite struct `Saved memories` {
  private let folder: TemporaryFolder
  private let memories: Memories

  init() throws {
    folder = try TemporaryFolder()
    memories = try Memories(path: folder.path + "/memory.db")
  }

  @Test func `come back as they were saved`() throws {
    let plain = memory("Tea, not coffee.", at: 17)
    let full = memory(
      "線路 🚀 \"quoted\"\0nul\n", origin: "tool", session: "run-1", trust: "untrusted",
      scope: .workspace("/home/u/ö x"), at: -5)
    let first = try memories.save(plain)
    let second = try memories.save(full)
    #expect(first == Memory(id: 1, plain))
    #expect(second == Memory(id: 2, full))
    #expect(try memories.list(limit: 9) == [second, first])
    #expect(try memories.memory(2) == second)
    #expect(try memories.memory(3) == nil)
    let reader = try Memories(path: memories.path, access: .readOnly)
    #expect(try reader.list(limit: 1) == [second])
    #expect(try reader.search("tea", limit: 1) == [first])
    #expect(
      sentence { try reader.save(plain) }
        == "\(memories.path) cannot be written. Check its permissions and those of its folder.")
  }

  @Test func `are listed by scope and in pages, the newest first`() throws {
    let ids = try memories.save(
      (0..<20).map { memory("m\($0)", scope: $0 % 2 == 0 ? .global : .workspace("/w\($0 % 4)")) })
    #expect(ids == Array(1...20))
    #expect(try memories.list(limit: 3).map(\.id) == [20, 19, 18])
    #expect(try memories.list(limit: 3, before: 18).map(\.id) == [17, 16, 15])
    #expect(try memories.list(scope: .global, limit: 3).map(\.id) == [19, 17, 15])
    #expect(try memories.list(scope: .workspace("/w3"), limit: 9).map(\.id) == [20, 16, 12, 8, 4])
    #expect(
      try memories.list(scope: .workspace("/w3"), limit: 9, before: 12).map(\.id) == [8, 4])
    #expect(try memories.list(scope: .workspace("/none"), limit: 9).isEmpty)
    #expect(try memories.list(limit: 0).isEmpty)
  }

  @Test func `never share an id, not even with a forgotten one`() throws {
    for _ in 0..<3 { try memories.save(memory("x")) }
    try memories.forget([3])
    #expect(try memories.save(memory("y")).id == 4)
  }

  @Test func `are refused where they do not fit, all of them together`() throws {
    let large = String(repeating: "é", count: 32_769)
    let long = String(repeating: "x", count: 4_097)
    #expect(sentence { try memories.save(memory("")) } == "A memory's text is empty.")
    #expect(
      sentence { try memories.save([memory("fine"), memory(large)]) }
        == "A memory's text has 65538 bytes; at most 65536 can be stored.")
    #expect(
      sentence { try memories.save(memory("x", origin: long)) }
        == "A memory's origin has 4097 bytes; at most 4096 can be stored.")
    #expect(
      sentence { try memories.save(memory("x", scope: .workspace(long))) }
        == "A workspace's path has 4097 bytes; at most 4096 can be stored.")
    #expect(try memories.list(limit: 9).isEmpty)
    #expect(try memories.save([]).isEmpty)
  }

  @Test func `used by several connections at once lose nothing`() async throws {
    let others = try (0..<3).map { _ in try Memories(path: memories.path) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, other) in others.enumerated() {
        group.addTask {
          for index in 1...20 {
            try other.save(memory("worker\(number) item\(index)"))
            #expect(try other.search("worker\(number)", limit: 50).count == index)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try memories.list(limit: 100).count == 60)
  }

  @Test func `damaged in the file give errors, never a trap`() throws {
    let path = folder.path + "/other.db"
    do {
      let other = try Memories(path: path)
      try other.save((0..<50).map { memory("entry \($0) 東京タワー café", scope: .workspace("/w")) })
    }
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var random = SplitMix64(seed: 9)
    var refused = 0
    for _ in 0..<200 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        damaged[index] = UInt8.random(in: 0...255, using: &random)
      }
      let copy = try folder.write("damaged.db", damaged)
      defer { unlink(copy) }
      do {
        let other = try Memories(path: copy, limits: StoreLimits(waitMax: .milliseconds(10)))
        _ = try other.search("entry 東京 cafe", scopes: [.workspace("/w")], limit: 10)
        _ = try other.list(limit: 100)
        try other.save(memory("one more"))
        try other.forget([1, 2])
      } catch {
        refused += 1
      }
    }
    #expect(refused > 0)
  }
}

@Suite struct `Forgetting a memory` {
  private let folder: TemporaryFolder
  private let memories: Memories

  init() throws {
    folder = try TemporaryFolder()
    memories = try Memories(path: folder.path + "/memory.db")
  }

  @Test(arguments: [10, 3_000])
  func `leaves no trace of text or words, and keeps the others`(count: Int) throws {
    let secret = "Orchidee7731 wächst in 秘密基地"
    let ids = try memories.save(
      (0..<count).map { memory($0 == count / 2 ? secret : "note \($0) on topic \($0 % 9)") })
    for _ in 0..<5 { try memories.save(memory("later")) }
    #expect(try traces(of: "Orchidee7731", in: folder.path) > 0)
    // FTS5 writes a word without the beginning it shares with the word before.
    #expect(try traces(of: "rchidee7731", in: folder.path) > 1)
    #expect(try memories.forget([ids[count / 2]]).map(\.text) == [secret])
    for text in ["Orchidee7731", "orchidee7731", "orchidee", "rchidee77", "秘密", "基地"] {
      #expect(try traces(of: text, in: folder.path) == 0, "\(text)")
    }
    for query in ["Orchidee7731", "秘密基地", "wächst"] {
      #expect(try memories.search(query, limit: 9).isEmpty)
    }
    #expect(try memories.search("note topic", limit: 5).count == 5)
    #expect(try memories.list(limit: 10_000).count == count - 1 + 5)
  }

  @Test func `takes the text out of the ledger as well`() throws {
    let secret = "the \"garden\" key\nis under the pot"
    let ledger = try Ledger(path: folder.path + "/ledger.db")
    try ledger.beginSession("s", time: time(1))
    let call = JSONValue.object(["text": .string(secret)]).compactText
    let event = try ledger.append(
      to: "s", kind: "call", time: time(1), bodies: [body("arguments", call), body("x", "y")])
    let saved = try memories.save(memory(secret, session: "s"))
    for gone in try memories.forget([saved.id]) { try ledger.eraseBodies(containing: gone.text) }
    #expect(try ledger.content(of: event.bodies[0].digest) == .erased)
    #expect(try ledger.verify().isIntact)
    #expect(try traces(of: "garden", in: folder.path) == 0)
  }

  @Test func `takes all or none`() throws {
    let ids = try memories.save([memory("one"), memory("two"), memory("three")])
    #expect(sentence { try memories.forget([ids[0], 99]) } == "There is no memory 99.")
    #expect(try memories.list(limit: 9).count == 3)
    #expect(try memories.forget([ids[1], ids[0], ids[1]]).map(\.text) == ["one", "two"])
    #expect(try memories.forget([]).isEmpty)
    #expect(try memories.forget([ids[2]]).map(\.text) == ["three"])
    #expect(try memories.search("three", limit: 9).isEmpty)
    try memories.save(memory("four"))
    #expect(try memories.search("four", limit: 9).map(\.id) == [4])
  }

  @Test(arguments: 0..<8)
  func `killed on the way is finished by the next opening`(seed: UInt64) async throws {
    let secret = "orchid7731"
    let path = memories.path
    try memories.save(
      (0..<400).map {
        memory($0 == 200 ? secret : "note \($0) " + String(repeating: "x", count: 99))
      })
    var random = SplitMix64(seed: seed)
    let microseconds = UInt32.random(in: 0...15_000, using: &random)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, microseconds = microseconds as UInt32] in
      let memories = try Memories(path: path)
      Thread {
        usleep(microseconds)
        kill(getpid(), SIGKILL)
      }.start()
      try memories.forget([201])
      sleep(10)
    }
    let isGone: Bool
    do {
      let reopened = try Memories(path: path)
      isGone = try reopened.memory(201) == nil
      #expect(try reopened.search(secret, limit: 9).isEmpty == isGone)
      #expect(try reopened.list(limit: 1_000).count == (isGone ? 399 : 400))
    }
    if isGone { #expect(try traces(of: secret, in: folder.path) == 0) }
  }

  @Test func `that could not rewrite the file says so`() throws {
    let patient = StoreLimits(waitMax: .milliseconds(20))
    let impatient = try Memories(path: memories.path, limits: patient)
    try memories.save(memory("orchid7731"))
    let reader = try raw(memories.path)
    try reader.run("BEGIN")
    _ = try reader.integer("SELECT count(*) FROM memories")
    // Another process reads: nothing can be committed, and nothing is lost.
    #expect(
      sentence { try impatient.forget([1]) }
        == "\(memories.path) is in use by another process and did not become free. Try again.")
    #expect(try impatient.memory(1) != nil)
    try reader.run("COMMIT")
    try impatient.forget([1])
    #expect(try traces(of: "orchid7731", in: folder.path) == 0)
    let remains = StoreError.traceRemains(path: "/m.db", reason: .full(path: "/m.db"))
    #expect(
      remains.description == """
        The text was removed from /m.db, but the file could not be rewritten, so that its bytes \
        may still be found there. Run it again. The reason: /m.db cannot grow: the disk is full or \
        the file has reached its limit. Make room; what was stored before is intact.
        """)
  }
}
