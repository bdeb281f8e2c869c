// Memories.swift — what is remembered across runs: save, list, forget.

import Synchronization

/// The memory file: texts with their origin, found again by their words.
///
/// Several of these, also in several processes, may use one file at once; nothing else in the process
/// may open it, as with ``Ledger``. Calls block while they work.
public final class Memories: Sendable {
  public static let textBytesMax = 64 << 10
  /// Of origin, session, trust and a workspace's path.
  public static let labelBytesMax = 4_096

  let database: Mutex<Database>
  /// The file.
  public let path: String

  /// Opens the memory file at `path`, with folders 0700 and file 0600 where they have to be made.
  public init(
    path: String, access: StoreAccess = .readWrite, limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    let opened = try Database(path: path, format: .memory, access: access, limits: limits)
    self.path = opened.path
    database = Mutex(opened)
  }

  /// Saves one memory; durable when this returns.
  @discardableResult
  public func save(_ memory: NewMemory) throws(StoreError) -> Memory {
    Memory(id: try save([memory]).first ?? 0, memory)
  }

  /// Saves several memories at once, all or none, and returns their ids in the same order.
  @discardableResult
  public func save(_ memories: [NewMemory]) throws(StoreError) -> [Int64] {
    for memory in memories { try Self.check(memory) }
    return try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        var ids: [Int64] = []
        for memory in memories { ids.append(try Self.insert(memory, into: database)) }
        return ids
      }
    }
  }

  private static func insert(
    _ memory: NewMemory, into database: Database
  ) throws(StoreError) -> Int64 {
    var workspace = SQLValue.null
    if case .workspace(let path) = memory.scope { workspace = .text(path) }
    try database.run(
      """
      INSERT INTO memories (text, origin, session, trust, workspace, time_ms)
      VALUES (?, ?, ?, ?, ?, ?)
      """, .text(memory.text), .text(memory.origin), memory.session.map { .text($0) } ?? .null,
      .text(memory.trust), workspace, .integer(memory.created.milliseconds))
    let id = database.lastInsertedRow
    try database.run(
      "INSERT INTO memory_words (rowid, scope, words) VALUES (?, ?, ?)", .integer(id),
      .text(MemoryWords.word(for: memory.scope)), .text(MemoryWords.indexed(memory.text)))
    return id
  }

  private static func check(_ memory: NewMemory) throws(StoreError) {
    guard !memory.text.isEmpty else { throw .empty(what: "A memory's text") }
    guard memory.text.utf8.count <= textBytesMax else {
      throw .tooLarge(
        what: "A memory's text", bytes: memory.text.utf8.count, bytesMax: textBytesMax)
    }
    var labels = [
      ("A memory's origin", memory.origin), ("A memory's session", memory.session ?? ""),
      ("A memory's trust label", memory.trust),
    ]
    if case .workspace(let path) = memory.scope { labels.append(("A workspace's path", path)) }
    for (what, label) in labels where label.utf8.count > labelBytesMax {
      throw .tooLarge(what: what, bytes: label.utf8.count, bytesMax: labelBytesMax)
    }
  }

  // MARK: Reading

  /// The memory `id`; nil if there is none.
  public func memory(_ id: Int64) throws(StoreError) -> Memory? {
    try database.withLock { database throws(StoreError) in try Self.find(id, in: database) }
  }

  static func find(_ id: Int64, in database: Database) throws(StoreError) -> Memory? {
    let path = database.path
    return try database.first(
      "SELECT \(Memory.columns) FROM memories WHERE number = ?", .integer(id)
    ) { row throws(StoreError) in try Memory(row, path: path) }
  }

  /// At most `limit` memories, the newest first: those of one scope, or all. `before` is the last id
  /// of the page before.
  public func list(
    scope: MemoryScope? = nil, limit: Int, before: Int64 = .max
  ) throws(StoreError) -> [Memory] {
    var filter = SQLValue.null
    if case .workspace(let path) = scope { filter = .text(path) }
    let isAny = scope == nil
    return try database.withLock { database throws(StoreError) in
      let path = database.path
      return try database.rows(
        """
        SELECT \(Memory.columns) FROM memories
        WHERE number < ? \(isAny ? "AND ? IS NULL" : "AND workspace IS ?")
        ORDER BY number DESC LIMIT ?
        """, .integer(before), filter, .integer(Int64(max(0, limit)))
      ) { row throws(StoreError) in try Memory(row, path: path) }
    }
  }

  // MARK: Forgetting

  /// Removes memories, all or none, and leaves no trace of them in the file or its journal. It
  /// rewrites the file, which takes about a second for 100,000 memories.
  ///
  /// What is returned holds what has to be erased elsewhere:
  /// ``Ledger/eraseBodies(containing:)`` with each text.
  ///
  /// - Throws: ``StoreError/memoryUnknown(id:)``; or ``StoreError/traceRemains(path:reason:)`` if the
  ///   memories are gone for readers and the file could not be rewritten, which is tried again with
  ///   the next forgetting or opening.
  @discardableResult
  public func forget(_ ids: [Int64]) throws(StoreError) -> [Memory] {
    try database.withLock { database throws(StoreError) in
      var forgotten: [Memory] = []
      try database.writeScrubbing { () throws(StoreError) in
        for id in Set(ids).sorted() {
          guard let memory = try Self.find(id, in: database) else { throw .memoryUnknown(id: id) }
          try database.run("DELETE FROM memories WHERE number = ?", .integer(id))
          try database.run("DELETE FROM memory_words WHERE rowid = ?", .integer(id))
          forgotten.append(memory)
        }
        guard !forgotten.isEmpty else { return false }
        // FTS5 keeps the words of deleted rows until their segments are merged.
        try database.run("INSERT INTO memory_words (memory_words) VALUES ('optimize')")
        return true
      }
      return forgotten
    }
  }
}
