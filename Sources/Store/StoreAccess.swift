// StoreAccess.swift — how a caller wants a store's file: for what, how large, how patiently.

/// How a file may be used.
public enum StoreAccess: Equatable, Sendable {
  /// Made if it is missing, brought up to date if it is old.
  case readWrite
  /// Neither made nor changed.
  case readOnly
}

/// Bounds that hold whatever is stored.
public struct StoreLimits: Equatable, Sendable {
  /// How long to wait for locks of other processes and threads before ``StoreError/busy(path:)``.
  public var waitMax: Duration
  /// How large the file may grow before ``StoreError/full(path:)``; at least one page.
  public var bytesMax: Int64

  public init(waitMax: Duration = .seconds(30), bytesMax: Int64 = 1 << 40) {
    self.waitMax = waitMax
    self.bytesMax = bytesMax
  }
}
