// PolicyRecords+Leases.swift — answers given in advance: kept, counted down, revoked.

public import Digests
import Synchronization

/// A lease that is about to be given.
public struct NewLease: Equatable, Sendable {
  /// The tool's full name.
  public var tool: String
  /// Which arguments, in the words of the policy.
  public var arguments: String
  /// SHA-256 of the policies that were in force: under others the lease is void.
  public var policy: Digest
  /// SHA-256 of the tool's manifest in hex, empty where it has none: a changed tool is another one.
  public var manifest: String
  public var usesLeft: Int
  public var expires: UnixTime
  public var created: UnixTime
  /// Who gave it: "command", or the session in which it was asked for.
  public var origin: String

  public init(
    tool: String, arguments: String, policy: Digest, manifest: String, usesLeft: Int,
    expires: UnixTime, created: UnixTime, origin: String
  ) {
    self.tool = tool
    self.arguments = arguments
    self.policy = policy
    self.manifest = manifest
    self.usesLeft = usesLeft
    self.expires = expires
    self.created = created
    self.origin = origin
  }
}

/// A lease as it is kept.
public struct Lease: Equatable, Sendable, Identifiable {
  /// From 1; never used again.
  public var id: Int64
  public var terms: NewLease

  /// Whether it can still be used at `time`.
  public func isLive(at time: UnixTime) -> Bool {
    terms.usesLeft > 0 && terms.expires.milliseconds > time.milliseconds
  }
}

extension PolicyRecords {
  private static let columns = """
    number, tool, arguments, policy, manifest, uses_left, expires_ms, created_ms, origin
    """

  /// Keeps a lease; durable when this returns.
  @discardableResult
  public func add(_ lease: NewLease) throws(StoreError) -> Lease {
    for (what, text) in [
      ("A tool's name", lease.tool), ("A lease's arguments", lease.arguments),
      ("A lease's origin", lease.origin),
    ] {
      guard !text.isEmpty else { throw .empty(what: what) }
      guard text.utf8.count <= Self.textBytesMax else {
        throw .tooLarge(what: what, bytes: text.utf8.count, bytesMax: Self.textBytesMax)
      }
    }
    return try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        try database.run(
          """
          INSERT INTO leases
          (tool, arguments, policy, manifest, uses_left, expires_ms, created_ms, origin)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """, .text(lease.tool), .text(lease.arguments), .blob(lease.policy.bytes),
          .text(lease.manifest), .integer(Int64(lease.usesLeft)),
          .integer(lease.expires.milliseconds), .integer(lease.created.milliseconds),
          .text(lease.origin))
        return Lease(id: database.lastInsertedRow, terms: lease)
      }
    }
  }

  /// All leases, spent and expired ones too, the oldest first.
  public func leases() throws(StoreError) -> [Lease] {
    try database.withLock { database throws(StoreError) in
      try database.rows("SELECT \(Self.columns) FROM leases ORDER BY number") {
        row throws(StoreError) in try self.lease(row)
      }
    }
  }

  /// Takes one use of the lease, as one step among all processes.
  ///
  /// - Returns: The lease with what is left of it; nil where it is spent, expired or revoked.
  public func use(_ id: Int64, at time: UnixTime) throws(StoreError) -> Lease? {
    try database.withLock { database throws(StoreError) in
      try database.write { () throws(StoreError) in
        let found = try database.first(
          "SELECT \(Self.columns) FROM leases WHERE number = ?", .integer(id)
        ) { row throws(StoreError) in try self.lease(row) }
        guard var lease = found, lease.isLive(at: time) else { return nil }
        lease.terms.usesLeft -= 1
        try database.run(
          "UPDATE leases SET uses_left = ? WHERE number = ?", .integer(Int64(lease.terms.usesLeft)),
          .integer(id))
        return lease
      }
    }
  }

  /// Removes leases, all or none, and leaves no trace of their arguments in the file.
  ///
  /// - Throws: ``StoreError/leaseUnknown(id:)`` where one of them does not exist.
  public func revoke(_ ids: [Int64]) throws(StoreError) {
    try database.withLock { database throws(StoreError) in
      try database.writeScrubbing { () throws(StoreError) in
        for id in Set(ids).sorted() {
          let count = try database.integer(
            "SELECT count(*) FROM leases WHERE number = ?", .integer(id))
          guard count == 1 else { throw .leaseUnknown(id: id) }
          try database.run("DELETE FROM leases WHERE number = ?", .integer(id))
        }
        return !ids.isEmpty
      }
    }
  }

  private func lease(_ row: Row) throws(StoreError) -> Lease {
    let id = row.integer(0)
    guard let tool = row.text(1), let arguments = row.text(2), let policy = row.digest(3),
      let manifest = row.text(4), let origin = row.text(8)
    else { throw .leaseUnreadable(path: path, id: id) }
    return Lease(
      id: id,
      terms: NewLease(
        tool: tool, arguments: arguments, policy: policy, manifest: manifest,
        usesLeft: Int(row.integer(5)), expires: UnixTime(milliseconds: row.integer(6)),
        created: UnixTime(milliseconds: row.integer(7)), origin: origin))
  }
}
