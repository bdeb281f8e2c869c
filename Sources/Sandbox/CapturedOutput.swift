// CapturedOutput.swift — the head and the tail of a stream, and how much there was between them.

/// What is kept of one output stream. Memory stays within the limit whatever is written.
public struct CapturedOutput: Equatable, Sendable {
  /// Bytes kept at most; half of them from the beginning, half from the end.
  public let byteCountMax: Int
  /// All bytes that came.
  public private(set) var byteCount = 0
  private var head: [UInt8] = []
  /// A ring once it is full; `oldest` is where it begins.
  private var ring: [UInt8] = []
  private var oldest = 0

  init(byteCountMax: Int) { self.byteCountMax = max(byteCountMax, 2) }

  public var isTruncated: Bool { byteCount > byteCountMax }

  private var headMax: Int { byteCountMax / 2 }
  private var tailMax: Int { byteCountMax - headMax }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    byteCount += bytes.count
    let headPart = min(headMax - head.count, bytes.count)
    head.append(contentsOf: bytes.prefix(headPart))
    // Of what the ring cannot hold, only the end matters.
    var rest = bytes.dropFirst(headPart).suffix(tailMax)
    let room = tailMax - ring.count
    ring.append(contentsOf: rest.prefix(room))
    rest = rest.dropFirst(room)
    while !rest.isEmpty {
      let part = rest.prefix(tailMax - oldest)
      ring.withUnsafeMutableBytes { ring in
        UnsafeMutableRawBufferPointer(rebasing: ring[oldest..<oldest + part.count])
          .copyBytes(from: part)
      }
      oldest = (oldest + part.count) % tailMax
      rest = rest.dropFirst(part.count)
    }
  }

  /// What was kept, without a word about what was not.
  public var bytes: [UInt8] { head + tail }

  private var tail: [UInt8] { Array(ring[oldest...] + ring[..<oldest]) }

  /// What was kept as text: broken UTF-8 becomes U+FFFD, and a line says what is missing.
  public var text: String {
    guard isTruncated else { return String(decoding: bytes, as: UTF8.self) }
    let left = byteCount - head.count - ring.count
    return String(decoding: head, as: UTF8.self)
      + "\n[… \(left) bytes left out …]\n" + String(decoding: tail, as: UTF8.self)
  }
}
