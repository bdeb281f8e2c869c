// Database.swift — one connection to one SQLite file.
//
// The rollback journal (journal_mode TRUNCATE, synchronous FULL), never the write-ahead log:
//
// * SQLite 3.7.0 to 3.51.2 can lose committed pages in WAL mode when two connections write and
//   checkpoint at the same instant (sqlite.org/wal.html, "The WAL-Reset Bug"). Two processes may use
//   one file here, and we link whatever the system has.
// * A log that loses a byte is silently cut there by the next reader. A ledger has to notice.
// * What is committed lies in the one file: nothing to checkpoint, nothing left behind by "forget",
//   and network file systems work.
//
// The price, measured on ext4: 0.6 ms for a durable commit against 0.2 ms.

import CSQLite
import Glibc

/// One connection to one SQLite file: open, run SQL, commit or undo.
///
/// Not safe for threads; its owner keeps it in a `Mutex`. Several connections, in one process or in
/// several, may use one file: every writing transaction takes its lock at the start and waits for it.
package final class Database {
  /// The file, its folder resolved.
  package let path: String
  private let connection: OpaquePointer
  private var statements: [String: Statement] = [:]

  /// Opens `path`, which must exist, without looking at what is in it. Other connections' locks are
  /// waited for up to `waitMax`, then there is ``StoreError/busy(path:)``.
  package init(path: String, access: StoreAccess, waitMax: Duration) throws(StoreError) {
    let flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(
      path, &opened, flags | (access == .readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY),
      nil)
    guard let opened, code == SQLITE_OK else {
      sqlite3_close(opened)
      if code == CSQLITE_CANTOPEN_SYMLINK { throw .symbolicLink(path: path) }
      throw StoreError(code: code, path: path)
    }
    self.path = path
    connection = opened
    // SQLite opens a file that it may not write for reading, and says nothing.
    guard access == .readOnly || sqlite3_db_readonly(opened, "main") == 0 else {
      throw .readOnly(path: path)
    }
    waitForLocks(waitMax)
    try harden()
  }

  deinit {
    statements = [:]
    sqlite3_close(connection)
  }

  /// Settings of this connection, none of which changes the file.
  private func harden() throws(StoreError) {
    let switches: [(option: Int32, on: Int32)] = [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_DQS_DML, 0), (SQLITE_DBCONFIG_DQS_DDL, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_ENABLE_FKEY, 1),
    ]
    for (option, on) in switches {
      let code = csqlite_configure(connection, option, on)
      guard code == SQLITE_OK else { throw StoreError(code: code, path: path) }
    }
    for pragma in [
      "cell_size_check = ON", "recursive_triggers = ON", "temp_store = MEMORY",
      "cache_size = -8000", "mmap_size = 0", "secure_delete = ON", "synchronous = FULL",
    ] {
      try run("PRAGMA \(pragma)")
    }
  }

  // MARK: Running SQL

  /// Runs one statement to its end and drops its rows.
  package func run(_ sql: String, _ values: SQLValue...) throws(StoreError) {
    try step(through: sql, values) { _ in true }
  }

  /// What `read` makes of every row, in order.
  package func rows<Element>(
    _ sql: String, _ values: SQLValue..., read: (Row) throws(StoreError) -> Element
  ) throws(StoreError) -> [Element] {
    var elements: [Element] = []
    try step(through: sql, values) { row throws(StoreError) in
      elements.append(try read(row))
      return true
    }
    return elements
  }

  /// What `read` makes of the first row; nil if there is none.
  package func first<Element>(
    _ sql: String, _ values: SQLValue..., read: (Row) throws(StoreError) -> Element
  ) throws(StoreError) -> Element? {
    var element: Element?
    try step(through: sql, values) { row throws(StoreError) in
      element = try read(row)
      return false
    }
    return element
  }

  /// The whole number in the first column of the first row; 0 if there is no row.
  package func integer(_ sql: String, _ values: SQLValue...) throws(StoreError) -> Int64 {
    var number: Int64 = 0
    try step(through: sql, values) { row in
      number = row.integer(0)
      return false
    }
    return number
  }

  /// The number of the row that the last INSERT made.
  package var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(connection) }

  /// Hands row after row to `body` until it answers false or there are no more.
  private func step(
    through sql: String, _ values: [SQLValue], _ body: (Row) throws(StoreError) -> Bool
  ) throws(StoreError) {
    let statement = try statement(sql)
    statement.isInUse = true
    defer {
      statement.reset()
      statement.isInUse = false
    }
    try statement.start(values)
    while try statement.step() {
      guard try body(statement.row) else { return }
    }
  }

  /// Prepares `sql`, or takes what an earlier use prepared. SQL texts are few and constant.
  private func statement(_ sql: String) throws(StoreError) -> Statement {
    if let known = statements[sql], !known.isInUse { return known }
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v3(
      connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK else { throw StoreError(code: code, path: path) }
    guard let handle else { throw .failed(path: path, code: SQLITE_MISUSE) }
    let statement = Statement(handle: handle, path: path)
    if statements[sql] == nil { statements[sql] = statement }
    return statement
  }

  // MARK: Transactions

  /// Runs `body` with the write lock held, and commits: all of it or nothing, on the disk before
  /// this returns.
  package func write<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    // A deferred transaction that reads first could not wait for another writer any more.
    try transaction("BEGIN IMMEDIATE", body)
  }

  /// Runs `body` on one state of the file. Others cannot commit meanwhile, so it has to be short.
  package func read<Result>(
    _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try transaction("BEGIN", body)
  }

  private func transaction<Result>(
    _ begin: String, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try run(begin)
    do {
      let result = try body()
      try run("COMMIT")
      return result
    } catch {
      // After some failures SQLite has undone everything by itself already.
      if sqlite3_get_autocommit(connection) == 0 { try? run("ROLLBACK") }
      throw error
    }
  }

  // MARK: Waiting

  /// Tries again every millisecond at first, every ten later, until `waitMax` is over.
  ///
  /// SQLite's own waiting goes up to a tenth of a second between tries. Our transactions take about a
  /// millisecond, so that two busy processes would mostly sleep.
  private func waitForLocks(_ waitMax: Duration) {
    let tries = Self.tryCount(waitMax)
    // The handler gets one word from us, which is the number itself.
    sqlite3_busy_handler(
      connection,
      { word, tried in
        guard Int(tried) < Int(bitPattern: word) else { return 0 }
        usleep(tried < Database.quickTryCount ? 1_000 : 10_000)
        return 1
      }, UnsafeMutableRawPointer(bitPattern: tries))
  }

  private static let quickTryCount: Int32 = 100

  private static func tryCount(_ waitMax: Duration) -> Int {
    let (seconds, attoseconds) = waitMax.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let milliseconds =
      Int(min(seconds, 1_000_000)) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    let quick = Int(quickTryCount)
    return milliseconds <= quick ? milliseconds : quick + (milliseconds - quick) / 10
  }
}
