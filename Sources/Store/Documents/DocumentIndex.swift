// DocumentIndex.swift — documents of this machine, to be found by their words.

import Synchronization

/// The index file. Made and changed by `martlet docs`; the browser gets to read it.
///
/// Several of these, also in several processes, may use one file at once. Calls block while they work.
public final class DocumentIndex: Sendable {
  /// A text beyond this is not kept.
  public static let textBytesMax = 8 << 20

  let database: Mutex<Database>
  /// The file.
  public let path: String

  /// Opens the index at `path`, with folders 0700 and file 0600 where they have to be made.
  public init(
    path: String, access: StoreAccess = .readWrite, limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    let opened = try Database(path: path, format: .documents, access: access, limits: limits)
    self.path = opened.path
    database = Mutex(opened)
  }

  // MARK: Writing

  /// Notes that a folder is indexed, or is indexed anew now.
  public func noteFolder(_ path: String, at time: UnixTime) throws(StoreError) {
    try database.withLock { database throws(StoreError) in
      try database.run(
        """
        INSERT INTO folders (path, time_ms) VALUES (?, ?)
        ON CONFLICT (path) DO UPDATE SET time_ms = excluded.time_ms
        """, .text(path), .integer(time.milliseconds))
    }
  }

  /// Adds documents of a folder, or puts them in the place of those of the same path; all or none.
  public func save(_ documents: [NewDocument], in folder: String) throws(StoreError) {
    for document in documents where document.text.count > Self.textBytesMax {
      throw .tooLarge(
        what: "The text of \(document.path)", bytes: document.text.count,
        bytesMax: Self.textBytesMax)
    }
    try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        let number = try database.integer(
          "SELECT number FROM folders WHERE path = ?", .text(folder))
        for document in documents {
          try Self.delete(document.path, from: database)
          try Self.insert(document, folder: number, into: database)
        }
      }
    }
  }

  private static func insert(
    _ document: NewDocument, folder: Int64, into database: Database
  ) throws(StoreError) {
    // An address has no line end in it.
    let links = document.links.joined(separator: "\n")
    try database.run(
      """
      INSERT INTO documents (folder, path, title, text, links, bytes, modified_ns)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """, .integer(folder), .text(document.path), .text(document.title), .blob(document.text),
      .text(links), .integer(document.stamp.bytes), .integer(document.stamp.modified))
    try database.run(
      "INSERT INTO document_words (rowid, title, words) VALUES (?, ?, ?)",
      .integer(database.lastInsertedRow), .text(MemoryWords.indexed(document.title)),
      .text(
        MemoryWords.indexed(
          Excerpt.withoutMarks(String(decoding: document.text, as: UTF8.self)))))
  }

  private static func delete(_ path: String, from database: Database) throws(StoreError) {
    let number = try database.integer(
      "SELECT number FROM documents WHERE path = ?", .text(path))
    guard number != 0 else { return }
    try database.run("DELETE FROM document_words WHERE rowid = ?", .integer(number))
    try database.run("DELETE FROM documents WHERE number = ?", .integer(number))
  }

  /// Removes documents by their paths; those that are not there are passed over.
  public func removeDocuments(_ paths: [String]) throws(StoreError) {
    guard !paths.isEmpty else { return }
    try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        for path in paths { try Self.delete(path, from: database) }
      }
    }
  }

  /// Removes a folder with all its documents, and leaves no trace of their words in the file.
  ///
  /// - Parameter path: As it was added.
  /// - Returns: How many documents it had; nil where no such folder is indexed.
  /// - Throws: ``StoreError/traceRemains(path:reason:)`` where the documents are gone for readers and the
  ///   file could not be rewritten yet.
  public func removeFolder(_ path: String) throws(StoreError) -> Int? {
    try database.withLock { database throws(StoreError) in
      let folder = try database.integer("SELECT number FROM folders WHERE path = ?", .text(path))
      guard folder != 0 else { return nil }
      var count = 0
      try database.writeScrubbing { () throws(StoreError) in
        count = Int(
          try database.integer("SELECT count(*) FROM documents WHERE folder = ?", .integer(folder)))
        try database.run(
          """
          DELETE FROM document_words
          WHERE rowid IN (SELECT number FROM documents WHERE folder = ?)
          """, .integer(folder))
        try database.run("DELETE FROM documents WHERE folder = ?", .integer(folder))
        try database.run("DELETE FROM folders WHERE number = ?", .integer(folder))
        // FTS5 keeps the words of deleted rows until their segments are merged.
        try database.run("INSERT INTO document_words (document_words) VALUES ('optimize')")
        return true
      }
      return count
    }
  }

  /// Merges what many small additions left behind, so that searches are as fast as they can be.
  public func optimize() throws(StoreError) {
    try database.withLock { database throws(StoreError) in
      try database.run("INSERT INTO document_words (document_words) VALUES ('optimize')")
    }
  }

  // MARK: Reading

  /// What is indexed, by path.
  public func folders() throws(StoreError) -> [DocumentFolder] {
    try database.withLock { database throws(StoreError) in
      try database.rows(
        """
        SELECT folders.path, count(documents.number), total(length(documents.text)), time_ms
        FROM folders LEFT JOIN documents ON folder = folders.number
        GROUP BY folders.number ORDER BY folders.path
        """
      ) { row in
        DocumentFolder(
          path: row.text(0) ?? "", documentCount: Int(row.integer(1)), textBytes: row.integer(2),
          indexed: UnixTime(milliseconds: row.integer(3)))
      }
    }
  }

  /// Every document of a folder with what its file looked like.
  public func stamps(in folder: String) throws(StoreError) -> [String: FileStamp] {
    try database.withLock { database throws(StoreError) in
      let rows = try database.rows(
        """
        SELECT documents.path, bytes, modified_ns FROM documents
        JOIN folders ON folder = folders.number WHERE folders.path = ?
        """, .text(folder)
      ) { row in
        (row.text(0) ?? "", FileStamp(bytes: row.integer(1), modified: row.integer(2)))
      }
      return Dictionary(rows) { first, _ in first }
    }
  }

  /// The document of an absolute path; nil where none such is indexed.
  public func document(at path: String) throws(StoreError) -> StoredDocument? {
    try database.withLock { database throws(StoreError) in
      try database.first(
        "SELECT path, title, text, links FROM documents WHERE path = ?", .text(path)
      ) { row in
        let links = row.text(3) ?? ""
        return StoredDocument(
          path: row.text(0) ?? "", title: row.text(1) ?? "", text: row.bytes(2),
          links: links.isEmpty ? [] : links.split(separator: "\n").map(String.init))
      }
    }
  }

  /// At most `limit` documents that fit `query`, the best first.
  ///
  /// No query is an error; one without a word finds nothing.
  public func search(_ query: String, limit: Int) throws(StoreError) -> [DocumentHit] {
    guard limit > 0 else { return [] }
    return try database.withLock { database throws(StoreError) in
      let table = WordTable(
        name: "document_words", columns: "title words", rankedCountMax: Self.rankedCountMax)
      try table.prepare(database)
      return try database.read { () throws(StoreError) in
        var search = WordSearch(database: database, table: table, limit: limit)
        try search.run(query)
        let words = search.words
        var hits: [DocumentHit] = []
        for number in search.found {
          let hit = try database.first(
            "SELECT path, title, substr(text, 1, ?) FROM documents WHERE number = ?",
            .integer(Int64(Excerpt.textBytesMax)), .integer(number)
          ) { row in
            DocumentHit(
              path: row.text(0) ?? "", title: row.text(1) ?? "",
              excerpt: row.withBytes(2) { Excerpt.of($0, around: words) })
          }
          if let hit { hits.append(hit) }
        }
        return hits
      }
    }
  }

  /// Ranking these takes a few milliseconds.
  private static let rankedCountMax: Int64 = 4_000
}
