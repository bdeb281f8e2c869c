// Database+Scrub.swift — leaving no trace of what was removed.
//
// `secure_delete` zeroes what a DELETE or UPDATE frees, but not every copy that pages left behind
// when they were split or merged. VACUUM writes the file anew from what is alive. The journal, which
// held the old pages meanwhile, is emptied by its commit. Between the removal and the end of VACUUM
// the process can die: the table `scrub` has a row from one to the other, and whoever opens the file
// next finishes the work. (What a disk keeps of freed blocks is beyond a program's reach.)

extension Database {
  /// Above this, VACUUM's copy goes through a temporary file instead of memory.
  private static let vacuumBytesInMemoryMax: Int64 = 256 << 20

  /// Makes the table that this file works with. Part of a format's first migration.
  package static let scrubTable = Migration("scrub") { database throws(StoreError) in
    try database.run("CREATE TABLE scrub (pending INTEGER PRIMARY KEY) STRICT")
  }

  /// Commits `removal`, then rewrites the file so that nothing removed is left in it. `removal` runs
  /// inside a transaction and answers false if there was nothing to remove.
  package func writeScrubbing(
    _ removal: () throws(StoreError) -> Bool
  ) throws(StoreError) {
    try write { () throws(StoreError) in
      if try removal() { try run("INSERT OR IGNORE INTO scrub VALUES (1)") }
    }
    do { try finishScrub() } catch { throw .traceRemains(path: path, reason: error) }
  }

  /// Does what an earlier removal left undone, if anything.
  func finishScrub() throws(StoreError) {
    guard try integer("SELECT count(*) FROM scrub") > 0 else { return }
    let bytes = try integer("PRAGMA page_count") &* integer("PRAGMA page_size")
    try run("PRAGMA temp_store = \(bytes > Self.vacuumBytesInMemoryMax ? "FILE" : "MEMORY")")
    try run("VACUUM")
    try run("DELETE FROM scrub")
  }
}
