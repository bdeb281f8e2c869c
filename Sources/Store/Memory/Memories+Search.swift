// Memories+Search.swift — from any query to the memories that fit it best.
//
// A query is words, never FTS5's query language: FTS5's own tokenizer says which words there are, and
// each is quoted, so that nothing in it is an operator. What fits best comes in three tiers, each
// ranked by BM25 and asked only while there is room for more:
//
//   1. memories that have all the words, or rather the rarest few of those that occur at all: the
//      rest of a long question says little;
//   2. memories that have any of the rarer ones;
//   3. memories that have words beginning like them.
//
// Ranking costs some microseconds for each memory that matches, so a query of common words would take
// a hundred milliseconds among 100,000 memories. Hence the bound: common words do not count in the
// second tier (they would hardly change the ranking), and of more than `rankedCountMax` matches only
// the newest are ranked.

import Synchronization

extension Memories {
  /// At most `limit` memories that fit `query`, the best first, of some scopes or (nil) of all.
  ///
  /// No query is an error; one without a word finds nothing.
  public func search(
    _ query: String, scopes: [MemoryScope]? = nil, limit: Int
  ) throws(StoreError) -> [Memory] {
    guard limit > 0, scopes?.isEmpty != true else { return [] }
    return try database.withLock { database throws(StoreError) in
      try MemorySearch.prepare(database)
      return try database.read { () throws(StoreError) in
        var search = MemorySearch(database: database, scopes: scopes, limit: limit)
        try search.run(query)
        var found: [Memory] = []
        for id in search.found {
          if let memory = try Self.find(id, in: database) { found.append(memory) }
        }
        return found
      }
    }
  }
}

/// One search on its way.
private struct MemorySearch {
  /// Words of a query beyond these are not looked for.
  private static let wordCountMax = 32
  /// The first tier asks for so many of the words.
  private static let decisiveWordCountMax = 4
  /// Matches that are ranked at most.
  private static let rankedCountMax: Int64 = 2_000
  /// Words shorter than this many characters are not taken as beginnings: too many words would fit.
  private static let beginningLengthMin = 4
  /// Words that are tried for one beginning.
  private static let completionCountMax = 32

  let database: Database
  let scopes: [MemoryScope]?
  let limit: Int
  /// The best first.
  var found: [Int64] = []

  /// A word and the number of memories that have it.
  private typealias KnownWord = (word: String, count: Int64)

  /// Makes what belongs to the connection rather than to the file: a place to take queries apart,
  /// and the list of the index's words.
  static func prepare(_ database: Database) throws(StoreError) {
    for table in [
      "asked USING fts5(words, content = '', tokenize = 'unicode61 remove_diacritics 2')",
      "asked_words USING fts5vocab('temp', 'asked', 'instance')",
      "known_words USING fts5vocab('main', 'memory_words', 'row')",
    ] { try database.run("CREATE VIRTUAL TABLE IF NOT EXISTS temp.\(table)") }
  }

  mutating func run(_ query: String) throws(StoreError) {
    let words = try words(of: query)
    var known: [KnownWord] = []
    for word in words {
      let count = try count(word)
      if count > 0 { known.append((word, count)) }
    }
    known.sort { $0.count < $1.count }
    try add(known.prefix(Self.decisiveWordCountMax).map(\.word), joinedBy: "AND")
    if known.count > 1 { try add(rarest(known), joinedBy: "OR") }
    guard found.count < limit else { return }
    var completions: [KnownWord] = []
    for word in words where word.count >= Self.beginningLengthMin {
      completions += try self.completions(of: word)
    }
    completions.sort { $0.count < $1.count }
    try add(rarest(completions), joinedBy: "OR")
  }

  /// The different words of a query in their order, as the index spells them.
  private func words(of query: String) throws(StoreError) -> [String] {
    try database.run("INSERT INTO temp.asked (asked) VALUES ('delete-all')")
    try database.run(
      "INSERT INTO temp.asked (rowid, words) VALUES (1, ?)", .text(MemoryWords.asked(query)))
    let words = try database.rows("SELECT term FROM temp.asked_words ORDER BY offset") {
      $0.text(0) ?? ""
    }
    var seen: Set<String> = []
    return Array(words.filter { seen.insert($0).inserted }.prefix(Self.wordCountMax))
  }

  /// How many memories have the word, counted no further than the bound and one.
  private func count(_ word: String) throws(StoreError) -> Int64 {
    try database.integer(
      """
      SELECT count(*) FROM (SELECT 1 FROM memory_words WHERE memory_words MATCH ? LIMIT ?)
      """, .text(expression([word], joinedBy: "OR")), .integer(Self.rankedCountMax + 1))
  }

  /// Longer words of the index that begin with `word`.
  private func completions(of word: String) throws(StoreError) -> [KnownWord] {
    try database.rows(
      "SELECT term, doc FROM temp.known_words WHERE term > ? AND term < ? LIMIT ?", .text(word),
      .text(word + "\u{10FFFF}"), .integer(Int64(Self.completionCountMax))
    ) { (word: $0.text(0) ?? "", count: $0.integer(1)) }
  }

  /// The first of the words, rarest first as they are, that stay within the bound together; one at
  /// least.
  private func rarest(_ known: [KnownWord]) -> [String] {
    var total: Int64 = 0
    var chosen: [String] = []
    for (word, count) in known {
      total += count
      guard chosen.isEmpty || total <= Self.rankedCountMax else { break }
      chosen.append(word)
    }
    return chosen
  }

  /// Adds what matches `words`, the best first, until there are enough.
  private mutating func add(_ words: [String], joinedBy joint: String) throws(StoreError) {
    guard found.count < limit, !words.isEmpty else { return }
    let expression = expression(words, joinedBy: joint)
    let oldest = try database.first(
      """
      SELECT rowid FROM memory_words WHERE memory_words MATCH ?
      ORDER BY rowid DESC LIMIT 1 OFFSET ?
      """, .text(expression), .integer(Self.rankedCountMax - 1)
    ) { $0.integer(0) }
    let ranked = try database.rows(
      """
      SELECT rowid FROM memory_words WHERE memory_words MATCH ? AND rowid >= ?
      ORDER BY rank LIMIT ?
      """, .text(expression), .integer(oldest ?? 0), .integer(Int64(limit))
    ) { $0.integer(0) }
    let known = Set(found)
    found += ranked.filter { !known.contains($0) }.prefix(limit - found.count)
  }

  private func expression(_ words: [String], joinedBy joint: String) -> String {
    let wanted = "words : (\(words.map(quoted).joined(separator: " \(joint) ")))"
    guard let scopes else { return wanted }
    let names = scopes.map { quoted(MemoryWords.word(for: $0)) }.joined(separator: " OR ")
    return "scope : (\(names)) AND \(wanted)"
  }

  /// A word as FTS5's query language quotes it. (Source: sqlite.org/fts5.html, section 3.1.)
  private func quoted(_ word: String) -> String {
    "\"" + word.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
