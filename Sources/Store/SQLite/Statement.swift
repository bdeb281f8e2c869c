// Statement.swift — one prepared SQL statement: bind, step, read columns.

import CSQLite
package import Digests

/// A value on its way into SQL. Values are always bound, never written into SQL text.
package enum SQLValue: Equatable, Sendable {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])
}

/// A prepared statement of one connection, which keeps it for the next use.
final class Statement {
  private let handle: OpaquePointer
  private let path: String
  /// Whether someone is stepping through the rows right now.
  var isInUse = false

  /// Takes over `handle`, a statement as `sqlite3_prepare_v3` made it.
  init(handle: OpaquePointer, path: String) {
    self.handle = handle
    self.path = path
  }

  deinit { sqlite3_finalize(handle) }

  /// Makes the statement ready to run with `values` for its parameters, in their order.
  func start(_ values: [SQLValue]) throws(StoreError) {
    reset()
    for (index, value) in values.enumerated() {
      let code = bind(value, at: Int32(index + 1))
      guard code == SQLITE_OK else { throw StoreError(code: code, path: path) }
    }
  }

  /// Steps to the next row; false when there is none left.
  func step() throws(StoreError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw StoreError(code: code, path: path)
    }
  }

  /// Ends the run, gives up its locks and forgets the bound values.
  func reset() {
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  var row: Row { Row(handle: handle) }

  private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
    switch value {
    case .null: return sqlite3_bind_null(handle, index)
    case .integer(let number): return sqlite3_bind_int64(handle, index, number)
    case .text(var text):
      return text.withUTF8 { csqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count)) }
    case .blob(let bytes):
      return bytes.withUnsafeBytes {
        csqlite_bind_blob(handle, index, $0.baseAddress, UInt64($0.count))
      }
    }
  }
}

/// The row that a statement stands on. Valid inside the closure that received it and no longer.
///
/// Reading never fails: a damaged file can hold any type in any column, and SQLite converts.
/// Whoever reads checks what it got.
package struct Row {
  fileprivate let handle: OpaquePointer

  package func isNull(_ column: Int32) -> Bool {
    sqlite3_column_type(handle, column) == SQLITE_NULL
  }

  package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// The bytes of a BLOB, or of a text in UTF-8 exactly as it is stored. Empty for NULL.
  package func bytes(_ column: Int32) -> [UInt8] { withBytes(column) { Array($0) } }

  /// As ``bytes(_:)``, without a copy.
  package func withBytes<Result>(
    _ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    // The order is SQLite's: the pointer first, then its length.
    let start = sqlite3_column_blob(handle, column)
    let count = Int(sqlite3_column_bytes(handle, column))
    return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }

  /// A text; nil if the stored bytes are not UTF-8.
  package func text(_ column: Int32) -> String? {
    withBytes(column) { String(validating: $0, as: UTF8.self) }
  }

  /// A digest; nil if the stored bytes are not as many as a digest has.
  package func digest(_ column: Int32) -> Digest? { Digest(bytes: bytes(column)) }
}
