// PolicyRecords.swift — what a policy needs to be kept between runs, in one SQLite file.

import Synchronization

/// Leases, budgets that are counted by the day, and the policies' last revisions.
///
/// Several processes may use one file at once; each change is one transaction. Calls block while they
/// work.
public final class PolicyRecords: Sendable {
  /// Of a pattern, a tool's name, an origin.
  public static let textBytesMax = 1 << 20

  let database: Mutex<Database>
  /// The file.
  public let path: String

  /// Opens the file at `path`, with folders 0700 and file 0600 where they have to be made.
  public init(
    path: String, access: StoreAccess = .readWrite, limits: StoreLimits = StoreLimits()
  ) throws(StoreError) {
    let opened = try Database(path: path, format: .policyRecords, access: access, limits: limits)
    self.path = opened.path
    database = Mutex(opened)
  }

  // MARK: Revisions

  /// The highest revision of the policy `id` that was ever in force here; nil for one never seen.
  public func revision(of id: String) throws(StoreError) -> Int? {
    try database.withLock { database throws(StoreError) in
      try database.first("SELECT revision FROM policy_revisions WHERE policy = ?", .text(id)) {
        Int($0.integer(0))
      }
    }
  }

  /// Keeps `revision` where it is higher than what is kept.
  public func note(_ revision: Int, of id: String) throws(StoreError) {
    try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        try database.run(
          """
          INSERT INTO policy_revisions (policy, revision) VALUES (?, ?)
          ON CONFLICT (policy) DO UPDATE SET revision = max(revision, excluded.revision)
          """, .text(id), .integer(Int64(revision)))
      }
    }
  }
}
