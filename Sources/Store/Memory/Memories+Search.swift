// Memories+Search.swift — from any query to the memories that fit it best. How: see WordSearch.

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
      let table = WordTable.memories(scopes)
      try table.prepare(database)
      return try database.read { () throws(StoreError) in
        var search = WordSearch(database: database, table: table, limit: limit)
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

extension WordTable {
  /// The words of memories, of some scopes or (nil) of all.
  fileprivate static func memories(_ scopes: [MemoryScope]?) -> WordTable {
    let filter = scopes.map { scopes in
      let names = scopes.map { quoted(MemoryWords.word(for: $0)) }.joined(separator: " OR ")
      return "scope : (\(names)) AND "
    }
    return WordTable(
      name: "memory_words", columns: "words", filter: filter ?? "", rankedCountMax: 2_000)
  }
}
