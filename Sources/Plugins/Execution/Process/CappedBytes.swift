// CappedBytes.swift — output of unknown length, kept to a bound: its beginning and its end.

/// Bytes of which only the first and the last are kept once there are too many.
///
/// The beginning says what ran, the end says how it went wrong; what floods is in between.
public struct CappedBytes: Sendable {
  private let headBytesMax: Int
  private let tailBytesMax: Int
  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  /// Everything that was appended, kept or not.
  public private(set) var byteCount = 0

  /// Keeps `bytesMax` bytes at most, two thirds of them from the beginning.
  public init(bytesMax: Int) {
    tailBytesMax = max(0, bytesMax) / 3
    headBytesMax = max(0, bytesMax) - tailBytesMax
  }

  public mutating func append(_ bytes: some Collection<UInt8>) {
    byteCount += bytes.count
    let room = headBytesMax - head.count
    head.append(contentsOf: bytes.prefix(room))
    tail.append(contentsOf: bytes.dropFirst(room).suffix(2 * tailBytesMax + 1))
    if tail.count > 2 * tailBytesMax { tail.removeFirst(tail.count - tailBytesMax) }
  }

  public var isTruncated: Bool { byteCount > headBytesMax + tailBytesMax }

  /// What was kept, as text; a note stands where something was left out.
  public var text: String {
    guard isTruncated else { return String(decoding: head + tail, as: UTF8.self) }
    let end = tail.suffix(tailBytesMax)
    let left = byteCount - head.count - end.count
    return String(decoding: head, as: UTF8.self) + "\n[… \(left) bytes left out …]\n"
      + String(decoding: end, as: UTF8.self)
  }
}
