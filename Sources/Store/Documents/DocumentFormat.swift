// DocumentFormat.swift — the tables of an index of documents.
//
// folders         what was added, by its absolute path
// documents       one row for each file: its text as a page shows it, its links, what it looked like on disk
// document_words  FTS5; rowid is documents.number; title and words are cut into words by MemoryWords
//
// The file can be made again from the documents at any time.

extension FileFormat {
  package static let documents = FileFormat(
    name: "document index",
    applicationID: 0x4D72_7444,  // "MrtD"
    migrations: [
      Migration("folders, documents and their words") { database throws(StoreError) in
        for statement in documentTables { try database.run(statement) }
        try Database.scrubTable.run(database)
      }
    ])
}

private let documentTables = [
  """
  CREATE TABLE folders (
    number INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    time_ms INTEGER NOT NULL
  ) STRICT
  """,
  """
  CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL REFERENCES folders (number),
    path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    text BLOB NOT NULL,
    links TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL
  ) STRICT
  """,
  "CREATE INDEX documents_by_folder ON documents (folder)",
  """
  CREATE VIRTUAL TABLE document_words
  USING fts5(title, words, tokenize = "unicode61 remove_diacritics 2")
  """,
  // A word of the title says more than one of the text.
  "INSERT INTO document_words (document_words, rank) VALUES ('rank', 'bm25(5.0, 1.0)')",
]
