// WordSearch.swift — from any query to the rows of a full-text table that fit it best.
//
// A query is words, never FTS5's query language: FTS5's own tokenizer says which words there are, and
// each is quoted, so that nothing in it is an operator. What fits best comes in three tiers, each
// ranked by BM25 and asked only while there is room for more:
//
//   1. rows that have all the words, or rather the rarest few of those that occur at all: the
//      rest of a long question says little;
//   2. rows that have any of the rarer ones;
//   3. rows that have words beginning like them.
//
// Ranking costs some microseconds for each row that matches, so a query of common words would take
// a hundred milliseconds among 100,000 rows. Hence the bound: common words do not count in the
// second tier (they would hardly change the ranking), and of more than `rankedCountMax` matches only
// the newest are ranked.

/// A full-text table and how to search it.
struct WordTable {
  /// An FTS5 table of the main file.
  var name: String
  /// The columns that are searched, separated by spaces.
  var columns: String
  /// What a match has to fulfil besides, in FTS5's language, with " AND " at its end; empty for nothing.
  var filter = ""
  /// Matches that are ranked at most.
  var rankedCountMax: Int64

  /// Makes what belongs to the connection rather than to the file: a place to take queries apart,
  /// and the list of the index's words.
  func prepare(_ database: Database) throws(StoreError) {
    for table in [
      "asked USING fts5(words, content = '', tokenize = 'unicode61 remove_diacritics 2')",
      "asked_words USING fts5vocab('temp', 'asked', 'instance')",
      "\(name)_known USING fts5vocab('main', '\(name)', 'row')",
    ] { try database.run("CREATE VIRTUAL TABLE IF NOT EXISTS temp.\(table)") }
  }

  /// A word as FTS5's query language quotes it. (Source: sqlite.org/fts5.html, section 3.1.)
  static func quoted(_ word: String) -> String {
    "\"" + word.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}

/// One search on its way.
struct WordSearch {
  /// Words of a query beyond these are not looked for.
  private static let wordCountMax = 32
  /// The first tier asks for so many of the words.
  private static let decisiveWordCountMax = 4
  /// Words shorter than this many characters are not taken as beginnings: too many words would fit.
  private static let beginningLengthMin = 4
  /// Words that are tried for one beginning.
  private static let completionCountMax = 32

  let database: Database
  let table: WordTable
  let limit: Int
  /// Numbers of rows, the best first.
  private(set) var found: [Int64] = []
  /// Words that the query and the index share, the rarest first.
  private(set) var words: [String] = []

  /// A word and the number of rows that have it.
  private typealias KnownWord = (word: String, count: Int64)

  init(database: Database, table: WordTable, limit: Int) {
    self.database = database
    self.table = table
    self.limit = limit
  }

  mutating func run(_ query: String) throws(StoreError) {
    let words = try words(of: query)
    var known: [KnownWord] = []
    for word in words {
      let count = try count(word)
      if count > 0 { known.append((word, count)) }
    }
    known.sort { $0.count < $1.count }
    self.words = known.map(\.word)
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

  /// How many rows have the word, counted no further than the bound and one.
  private func count(_ word: String) throws(StoreError) -> Int64 {
    try database.integer(
      """
      SELECT count(*) FROM (SELECT 1 FROM \(table.name) WHERE \(table.name) MATCH ? LIMIT ?)
      """, .text(expression([word], joinedBy: "OR")), .integer(table.rankedCountMax + 1))
  }

  /// Longer words of the index that begin with `word`.
  private func completions(of word: String) throws(StoreError) -> [KnownWord] {
    try database.rows(
      "SELECT term, doc FROM temp.\(table.name)_known WHERE term > ? AND term < ? LIMIT ?",
      .text(word),
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
      guard chosen.isEmpty || total <= table.rankedCountMax else { break }
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
      SELECT rowid FROM \(table.name) WHERE \(table.name) MATCH ?
      ORDER BY rowid DESC LIMIT 1 OFFSET ?
      """, .text(expression), .integer(table.rankedCountMax - 1)
    ) { $0.integer(0) }
    let ranked = try database.rows(
      """
      SELECT rowid FROM \(table.name) WHERE \(table.name) MATCH ? AND rowid >= ?
      ORDER BY rank LIMIT ?
      """, .text(expression), .integer(oldest ?? 0), .integer(Int64(limit))
    ) { $0.integer(0) }
    let known = Set(found)
    found += ranked.filter { !known.contains($0) }.prefix(limit - found.count)
  }

  private func expression(_ words: [String], joinedBy joint: String) -> String {
    let wanted = words.map(WordTable.quoted).joined(separator: " \(joint) ")
    return "\(table.filter){\(table.columns)} : (\(wanted))"
  }
}
