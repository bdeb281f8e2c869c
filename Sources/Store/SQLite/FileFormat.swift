// FileFormat.swift — what makes a SQLite file one of ours, and how it comes to its present format.

/// One step of a file's history. The list of steps only ever grows at its end: what a released
/// version has run is never edited.
package struct Migration: Sendable {
  /// What the step does, for readers of the list.
  package let name: String
  /// Changes the file from the format before to the one after, inside a transaction.
  package let run: @Sendable (Database) throws(StoreError) -> Void

  package init(
    _ name: String, run: @escaping @Sendable (Database) throws(StoreError) -> Void
  ) {
    self.name = name
    self.run = run
  }
}

/// A kind of file: by what it is known and how it is made.
package struct FileFormat: Sendable {
  /// As error sentences call it: "ledger".
  package let name: String
  /// SQLite's `application_id`, at byte 68 of the file, big-endian.
  package let applicationID: Int32
  /// SQLite's `user_version` counts how many of these have run.
  package let migrations: [Migration]

  package init(name: String, applicationID: Int32, migrations: [Migration]) {
    self.name = name
    self.applicationID = applicationID
    self.migrations = migrations
  }
}
