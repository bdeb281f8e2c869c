// Memories+Search.swift — from any query to the memories that fit it best.
//
// A query is words, never FTS5's query language: each is quoted, so that nothing in it is an
// operator. What fits best comes in three tiers, each ranked by BM25 and asked only while there is
// room for more:
//
//   1. memories that have all the words (of those that occur at all);
//   2. memories that have any of the rarer ones;
//   3. memories that have words beginning like them.
//
// Ranking costs about a microsecond for each memory that matches, so a query of common words would
// take a hundred milliseconds among 100,000 memories. Hence the bound: common words do not count in
// the second tier (they would hardly change the ranking), and of more than `rankedCountMax` matches
// only the newest are ranked.

import Synchronization

extension Memories {
  /// Matches that are ranked at most.
  private static let rankedCountMax: Int64 = 4_000
  /// Words shorter than this many letters are not taken as beginnings: too many words would fit.
  private static let prefixLengthMin = 4
  private static let prefixCountMax = 6

  /// The memories that fit `query` best, the best first. No query is an error; one without a word
  /// finds nothing.
  ///
  /// - Parameters:
  ///   - scopes: Only memories of these scopes; nil for all.
  ///   - limit: How many at most.
  public func search(
    _ query: String, scopes: [MemoryScope]? = nil, limit: Int
  ) throws(StoreError) -> [Memory] {
    let words = MemoryWords.asked(query)
    guard !words.isEmpty, limit > 0, scopes?.isEmpty != true else { return [] }
    return try database.withLock { database throws(StoreError) in
      try database.read { () throws(StoreError) in
        var search = MemorySearch(database: database, scopes: scopes, limit: limit)
        try search.run(words)
        var found: [Memory] = []
        for id in search.found {
          if let memory = try Self.find(id, in: database) { found.append(memory) }
        }
        return found
      }
    }
  }

  /// One search on its way.
  private struct MemorySearch {
    let database: Database
    let scopes: [MemoryScope]?
    let limit: Int
    /// The best first.
    var found: [Int64] = []

    mutating func run(_ words: [String]) throws(StoreError) {
      var known: [(word: String, count: Int64)] = []
      for word in words {
        let count = try count(quoted(word))
        if count > 0 { known.append((word, count)) }
      }
      try add(known.map { quoted($0.word) }.joined(separator: " AND "))
      if known.count > 1 { try add(rarer(known)) }
      let beginnings = words.filter { $0.count >= Memories.prefixLengthMin }
        .prefix(Memories.prefixCountMax)
      try add(beginnings.map { quoted($0) + " *" }.joined(separator: " OR "))
    }

    /// The rarest words, as many as stay within the bound together; one at least.
    private func rarer(_ known: [(word: String, count: Int64)]) -> String {
      var total: Int64 = 0
      var chosen: [String] = []
      for (word, count) in known.sorted(by: { $0.count < $1.count }) {
        total += count
        guard chosen.isEmpty || total <= Memories.rankedCountMax else { break }
        chosen.append(quoted(word))
      }
      return chosen.joined(separator: " OR ")
    }

    /// Adds what matches `words`, the best first, until there are enough.
    private mutating func add(_ words: String) throws(StoreError) {
      guard found.count < limit, !words.isEmpty else { return }
      let expression = scoped(words)
      let oldest = try database.first(
        """
        SELECT rowid FROM memory_words WHERE memory_words MATCH ?
        ORDER BY rowid DESC LIMIT 1 OFFSET ?
        """, .text(expression), .integer(Memories.rankedCountMax - 1)
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

    /// How many memories match, counted no further than the bound and one.
    private func count(_ words: String) throws(StoreError) -> Int64 {
      try database.integer(
        """
        SELECT count(*) FROM
          (SELECT 1 FROM memory_words WHERE memory_words MATCH ? LIMIT ?)
        """, .text(scoped(words)), .integer(Memories.rankedCountMax + 1))
    }

    private func scoped(_ words: String) -> String {
      guard let scopes else { return "words : (\(words))" }
      let names = scopes.map { quoted(MemoryWords.word(for: $0)) }.joined(separator: " OR ")
      return "scope : (\(names)) AND words : (\(words))"
    }

    /// A word as FTS5's query language quotes it. (Source: sqlite.org/fts5.html, section 3.1.)
    private func quoted(_ word: String) -> String {
      "\"" + word.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        + "\""
    }
  }
}
