// Stores.swift — the user's ledger and memories, opened for commands.

import Runtime
import Store

/// Opens the two files of ``Places``, and turns what is wrong with them into the command's error.
enum Stores {
  /// The ledger for reading; nil where no run was ever recorded.
  static func recordedLedger() throws(CommandError) -> Ledger? {
    let path = Places.ofThisProcess().ledgerPath
    return try recorded { access throws(StoreError) in try Ledger(path: path, access: access) }
  }

  /// The memories for reading; nil where nothing was ever saved.
  static func savedMemories() throws(CommandError) -> Memories? {
    let path = Places.ofThisProcess().memoriesPath
    return try recorded { access throws(StoreError) in try Memories(path: path, access: access) }
  }

  /// The leases for reading; nil where none was ever given.
  static func policyRecords() throws(CommandError) -> PolicyRecords? {
    let path = Places.ofThisProcess().policyRecordsPath
    return try recorded { access throws(StoreError) in
      try PolicyRecords(path: path, access: access)
    }
  }

  /// Runs `body`; what the store says against it ends the command.
  static func telling<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(CommandError) -> Value {
    do throws(StoreError) { return try body() } catch { throw CommandError(error) }
  }

  /// Runs `body`, which also reads events out of what is stored.
  static func reading<Value>(_ body: () throws -> Value) throws(CommandError) -> Value {
    do { return try body() } catch let error as StoreError { throw CommandError(error) } catch {
      throw CommandError(
        exitCode: .internalError, sentence: "The ledger holds what is no event of a run: \(error)")
    }
  }

  private static func recorded<Opened>(
    _ open: (StoreAccess) throws(StoreError) -> Opened
  ) throws(CommandError) -> Opened? {
    try telling { () throws(StoreError) in
      do throws(StoreError) { return try open(.readOnly) } catch {
        switch error {
        case .notFound: return nil
        // A writer that was killed left its journal, or an older program wrote the file: whoever opens
        // it for writing puts it in order, and changes nothing that was recorded.
        case .readOnly, .older: return try open(.readWrite)
        default: throw error
        }
      }
    }
  }
}

extension CommandError {
  /// A file that is not what it should be is the user's to mend; one that is damaged, or a disk that
  /// fails, is an error of its own.
  init(_ error: StoreError) {
    let code: ExitCode =
      switch error {
      case .libraryTooOld, .cannotCreate, .notFound, .cannotOpen, .symbolicLink, .readOnly,
        .notADatabase, .foreign, .newer, .older, .sessionExists, .sessionUnknown, .memoryUnknown,
        .leaseUnknown, .tooLarge, .tooMany, .tooDeep, .empty:
        .usage
      case .busy, .full, .damaged, .failed, .unreadable, .memoryUnreadable,
        .leaseUnreadable, .bodyDamaged,
        .traceRemains:
        .internalError
      }
    self.init(exitCode: code, sentence: error.description)
  }
}
