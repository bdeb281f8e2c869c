// PolicyRecords+Budgets.swift — budgets that are counted by the day, over all runs of a user.

import Synchronization

/// Amounts of what budgets count; nil limits nothing.
public struct DayAmounts<Number: Equatable & Sendable>: Equatable, Sendable {
  public var calls: Number
  public var bytes: Number
  public var tokens: Number
  /// Millionths of a US dollar.
  public var microdollars: Number

  public init(calls: Number, bytes: Number, tokens: Number, microdollars: Number) {
    self.calls = calls
    self.bytes = bytes
    self.tokens = tokens
    self.microdollars = microdollars
  }
}

extension UnixTime {
  /// UTC days since 1970-01-01.
  public var day: Int64 {
    let length: Int64 = 86_400_000
    return milliseconds / length - (milliseconds % length < 0 ? 1 : 0)
  }
}

extension PolicyRecords {
  /// What the budget has used on `day`.
  public func used(_ budget: String, day: Int64) throws(StoreError) -> DayAmounts<Int> {
    try database.withLock { database throws(StoreError) in
      try Self.used(budget, day, in: database)
    }
  }

  /// Books `charge` where that leaves no limit exceeded, as one step among all processes.
  ///
  /// - Returns: Whether it was booked.
  public func reserve(
    _ charge: DayAmounts<Int>, of budget: String, day: Int64, limits: DayAmounts<Int?>
  ) throws(StoreError) -> Bool {
    try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        let used = try Self.used(budget, day, in: database)
        let lines = [
          (used.calls, charge.calls, limits.calls), (used.bytes, charge.bytes, limits.bytes),
          (used.tokens, charge.tokens, limits.tokens),
          (used.microdollars, charge.microdollars, limits.microdollars),
        ]
        for (used, charge, limit) in lines {
          guard let limit else { continue }
          let (sum, overflows) = used.addingReportingOverflow(max(0, charge))
          guard !overflows, sum <= limit, used < limit else { return false }
        }
        let sums = lines.map { used, charge, _ in
          let (sum, overflows) = used.addingReportingOverflow(max(0, charge))
          return SQLValue.integer(Int64(overflows ? .max : sum))
        }
        try database.run(
          """
          INSERT INTO budget_days (budget, day, calls, bytes, tokens, microdollars)
          VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (budget, day) DO UPDATE SET
          calls = excluded.calls, bytes = excluded.bytes, tokens = excluded.tokens,
          microdollars = excluded.microdollars
          """, .text(budget), .integer(day), sums[0], sums[1], sums[2], sums[3])
        return true
      }
    }
  }

  private static func used(
    _ budget: String, _ day: Int64, in database: Database
  ) throws(StoreError) -> DayAmounts<Int> {
    try database.first(
      "SELECT calls, bytes, tokens, microdollars FROM budget_days WHERE budget = ? AND day = ?",
      .text(budget), .integer(day)
    ) { row in
      DayAmounts(
        calls: Int(row.integer(0)), bytes: Int(row.integer(1)), tokens: Int(row.integer(2)),
        microdollars: Int(row.integer(3)))
    } ?? DayAmounts(calls: 0, bytes: 0, tokens: 0, microdollars: 0)
  }
}
