// Ledger+Find.swift — what an erasure would take, before it takes it.

import Synchronization

extension Ledger {
  /// How many contents hold one of `texts`, so that ``eraseBodies(containing:)`` would erase them, and
  /// how many contents there are in all.
  public func countBodies(
    containing texts: [String]
  ) throws(StoreError) -> (found: Int, all: Int) {
    let traces = texts.compactMap { TextTrace($0) }
    return try database.withLock { database throws(StoreError) in
      var found = 0
      var all = 0
      _ = try database.rows(
        "SELECT content FROM ledger_bodies WHERE content IS NOT NULL"
      ) { row in
        all += 1
        let isFound = row.withBytes(0) { bytes in traces.contains { $0.isFound(in: bytes) } }
        if isFound { found += 1 }
      }
      return (found, all)
    }
  }
}
