// Memory.swift — one thing worth remembering, where it came from and who may see it.

/// Where a memory counts.
public enum MemoryScope: Hashable, Sendable {
  case global
  /// In runs in this workspace, named by its resolved path.
  case workspace(String)
}

/// A memory that is about to be saved.
public struct NewMemory: Equatable, Sendable {
  public var text: String
  /// Who said so: "user", "model", "tool"; the caller's words.
  public var origin: String
  /// The session in which it came up; nil where there was none.
  public var session: String?
  /// How far it may be trusted, in the words of the policy.
  public var trust: String
  public var scope: MemoryScope
  public var created: UnixTime

  public init(
    text: String, origin: String, session: String? = nil, trust: String,
    scope: MemoryScope, created: UnixTime
  ) {
    self.text = text
    self.origin = origin
    self.session = session
    self.trust = trust
    self.scope = scope
    self.created = created
  }
}

/// A saved memory.
public struct Memory: Equatable, Sendable, Identifiable {
  /// From 1, in the order of saving; never used again, not even after forgetting.
  public var id: Int64
  public var text: String
  public var origin: String
  public var session: String?
  public var trust: String
  public var scope: MemoryScope
  public var created: UnixTime

  public init(id: Int64, _ memory: NewMemory) {
    self.id = id
    text = memory.text
    origin = memory.origin
    session = memory.session
    trust = memory.trust
    scope = memory.scope
    created = memory.created
  }
}

extension Memory {
  static let columns = "number, text, origin, session, trust, workspace, time_ms"

  /// Reads a row of ``columns``.
  init(_ row: Row, path: String) throws(StoreError) {
    id = row.integer(0)
    guard let text = row.text(1), let origin = row.text(2), let session = row.text(3),
      let trust = row.text(4), let workspace = row.text(5)
    else { throw .memoryUnreadable(path: path, id: id) }
    self.text = text
    self.origin = origin
    self.session = row.isNull(3) ? nil : session
    self.trust = trust
    scope = row.isNull(5) ? .global : .workspace(workspace)
    created = UnixTime(milliseconds: row.integer(6))
  }
}
