// MemoryFormat.swift — the tables of a memory file.
//
// memories      the memories themselves; AUTOINCREMENT, so that an id is never given twice
// memory_words  FTS5; rowid is memories.number. `words` is the text cut into words by MemoryWords,
//               `scope` a word that stands for the scope, so that a search in one workspace never
//               walks through the memories of the others

extension FileFormat {
  package static let memory = FileFormat(
    name: "memory file",
    applicationID: 0x4D72_744D,  // "MrtM"
    migrations: [
      Migration("memories and their words") { database throws(StoreError) in
        for statement in memoryTables { try database.run(statement) }
        try Database.scrubTable.run(database)
      }
    ])
}

private let memoryTables = [
  """
  CREATE TABLE memories (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,
    origin TEXT NOT NULL,
    session TEXT,
    trust TEXT NOT NULL,
    workspace TEXT,
    time_ms INTEGER NOT NULL
  ) STRICT
  """,
  "CREATE INDEX memories_by_workspace ON memories (workspace, number)",
  """
  CREATE VIRTUAL TABLE memory_words
  USING fts5(scope, words, tokenize = "unicode61 remove_diacritics 2")
  """,
  // The scope selects and does not rank.
  "INSERT INTO memory_words (memory_words, rank) VALUES ('rank', 'bm25(0.0, 1.0)')",
]
