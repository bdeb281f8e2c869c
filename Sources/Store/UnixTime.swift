// UnixTime.swift — when something happened, as the caller's clock says. The store has no clock.

/// Milliseconds since 1970-01-01 00:00 UTC, leap seconds not counted.
public struct UnixTime: Hashable, Comparable, Sendable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (left: UnixTime, right: UnixTime) -> Bool {
    left.milliseconds < right.milliseconds
  }
}
