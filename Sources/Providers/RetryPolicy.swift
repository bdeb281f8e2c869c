// RetryPolicy.swift — whether to try again, and after how long. A value: no clock, no sleeping.
//
// What a server asks for (`retry-after-ms`, `Retry-After`, `x-should-retry`) comes first, as OpenAI's own
// clients read it; otherwise 0.5 s · 2ⁿ, at most 8 s, minus up to a quarter by chance.

import Base

extension RetryHint {
  /// Reads the headers of a refusal. Dates are compared with `unixTime`, in seconds.
  public init(_ header: (String) -> String?, unixTime: Int64) {
    self.init()
    switch header("x-should-retry")?.lowercased() {
    case "true": isWanted = true
    case "false": isWanted = false
    default: break
    }
    if let text = header("retry-after-ms"), let milliseconds = Double(text) {
      seconds = milliseconds / 1_000
    } else if let text = header("Retry-After") {
      seconds = Double(text) ?? HTTPDate.unixTime(text).map { Double($0 - unixTime) }
    }
    if let seconds, !seconds.isFinite || seconds < 0 { self.seconds = nil }
  }
}

/// How long a run may go on trying.
public struct RetryPolicy: Equatable, Sendable {
  /// Of one request, the first one included.
  public var attemptCountMax: Int
  /// Spent on waiting, for one request altogether.
  public var waitSecondsMax: Double
  /// A server that wants to be left alone for longer is not asked again.
  public var hintSecondsMax: Double

  private static let firstSeconds = 0.5
  private static let secondsMax = 8.0
  private static let jitter = 0.25

  public init(
    attemptCountMax: Int = 5, waitSecondsMax: Double = 180, hintSecondsMax: Double = 120
  ) {
    self.attemptCountMax = attemptCountMax
    self.waitSecondsMax = waitSecondsMax
    self.hintSecondsMax = hintSecondsMax
  }

  /// What has been tried of one request.
  public struct Attempts: Equatable, Sendable {
    private let policy: RetryPolicy
    /// Made so far.
    public private(set) var count = 0
    private var secondsWaited = 0.0
    private var generator: SplitMix64

    init(_ policy: RetryPolicy, seed: UInt64) {
      self.policy = policy
      generator = SplitMix64(seed: seed)
    }

    /// An attempt failed.
    ///
    /// - Parameters:
    ///   - isTransient: Whether the same may well succeed a little later.
    ///   - hint: What the server asks for.
    /// - Returns: Seconds to wait before the next attempt; nil where there is to be none.
    public mutating func failed(isTransient: Bool, hint: RetryHint = RetryHint()) -> Double? {
      count += 1
      guard isTransient, count < policy.attemptCountMax else { return nil }
      var seconds = min(
        RetryPolicy.secondsMax,
        RetryPolicy.firstSeconds * Double(1 << min(count - 1, 10)))
      seconds *= 1 - RetryPolicy.jitter * generator.nextUnit()
      if let asked = hint.seconds {
        guard asked <= policy.hintSecondsMax else { return nil }
        if asked > 0 { seconds = asked }
      }
      guard secondsWaited + seconds <= policy.waitSecondsMax else { return nil }
      secondsWaited += seconds
      return seconds
    }

    /// As ``failed(isTransient:hint:)``, from what the server said.
    public mutating func failed(_ error: ProviderError) -> Double? {
      guard case .refused(_, _, _, let hint) = error else {
        return failed(isTransient: error.isTransient)
      }
      return failed(isTransient: error.isTransient, hint: hint)
    }
  }

  /// A count that begins anew, for one request. The seed decides the jitter.
  public func attempts(seed: UInt64) -> Attempts { Attempts(self, seed: seed) }
}

/// Dates of HTTP headers (RFC 9110, 5.6.7), in the one form that senders may use.
public enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT"; nil for anything else.
  public static func unixTime(_ text: String) -> Int64? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT",
      let day = Int64(words[1]), (1...31).contains(day),
      let month = months.firstIndex(of: String(words[2])),
      let year = Int64(words[3]), (1970...9999).contains(year)
    else { return nil }
    let clock = words[4].split(separator: ":").map { Int64($0) ?? -1 }
    guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
      (0...60).contains(clock[2])
    else { return nil }
    // Days of a calendar whose years begin in March, so that leap days come last.
    let shifted = (Int64(month) + 10) % 12
    let marchYear = month < 2 ? year - 1 : year
    let days =
      marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400
      + (shifted * 306 + 5) / 10 + day - 1
    // Of 1970-01-01 in the same count.
    let epoch: Int64 = 719_468
    return (days - epoch) * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
  }
}
