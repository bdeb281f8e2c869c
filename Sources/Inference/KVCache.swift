// KVCache.swift — keys and values of the tokens so far, per layer and head.
//
// A layer that sees everything grows by blocks, so nothing is ever copied. A sliding layer is a
// ring: as many positions as its window needs, and some more, so that a caller who takes back a few
// tokens still finds the window before them intact.

/// Where consecutive positions lie in memory.
struct KVSegment {
  let block: Int
  /// First position's place in the block.
  let offset: Int
  let count: Int
}

/// One layer's keys and values. A copy shares the memory.
struct KVLayer: Sendable {
  let headCount: Int
  let headSize: Int
  let format: KVFormat
  /// Positions in a block; the ring is a single block.
  let blockLength: Int
  let isRing: Bool
  /// Per block: (head, position, component).
  private(set) var keys: [Buffer<UInt8>] = []
  private(set) var values: [Buffer<UInt8>] = []

  init(headCount: Int, headSize: Int, format: KVFormat, blockLength: Int, isRing: Bool) {
    self.headCount = headCount
    self.headSize = headSize
    self.format = format
    self.blockLength = blockLength
    self.isRing = isRing
  }

  /// Makes room for `positionCount` positions.
  mutating func reserve(_ positionCount: Int) throws(InferenceError) {
    let blockCount = isRing ? 1 : (positionCount + blockLength - 1) / blockLength
    while values.count < blockCount {
      let key = try Buffer<UInt8>(
        shape: headCount, blockLength, rowByteCount, purpose: "the KV cache")
      let value = try Buffer<UInt8>(
        shape: headCount, blockLength, rowByteCount, purpose: "the KV cache")
      keys.append(key)
      values.append(value)
    }
  }

  /// The runs of memory that hold `positions`, in order.
  func segments(_ positions: Range<Int>) -> [KVSegment] {
    var segments: [KVSegment] = []
    var position = positions.lowerBound
    while position < positions.upperBound {
      let offset = position % blockLength
      let count = min(blockLength - offset, positions.upperBound - position)
      segments.append(
        KVSegment(block: isRing ? 0 : position / blockLength, offset: offset, count: count))
      position += count
    }
    return segments
  }

  /// Bytes of one head's key or value at one position.
  private var rowByteCount: Int { headSize * format.byteCount }

  func key(_ segment: KVSegment, head: Int) -> UnsafeMutablePointer<UInt8> {
    keys[segment.block].base + (head * blockLength + segment.offset) * rowByteCount
  }

  func value(_ segment: KVSegment, head: Int) -> UnsafeMutablePointer<UInt8> {
    values[segment.block].base + (head * blockLength + segment.offset) * rowByteCount
  }
}

/// All layers' keys and values, and how many tokens they stand for.
struct KVCache {
  private(set) var layers: [KVLayer]
  private(set) var tokenCount = 0
  /// Most tokens ever there was room for since the cache was empty: what the rings may have
  /// overwritten up to, whether or not the tokens were counted in the end.
  private var tokenCountHighest = 0
  /// The first position that the rings were ever given.
  private var ringStart = 0
  private let window: Int
  private let ringLength: Int

  /// Positions that a growing layer adds at a time.
  private static let blockLength = 256

  /// `slackMax` is how many tokens are appended at once, or taken back without recomputing, at
  /// most; `contextLimit` how many positions there can be in all.
  init(
    layerIsSliding: [Bool], window: Int, headCount: Int, headSize: Int, format: KVFormat,
    slackMax: Int, contextLimit: Int
  ) {
    self.window = window
    let ringLength = min(window - 1 + slackMax, contextLimit)
    self.ringLength = ringLength
    layers = layerIsSliding.map { isSliding in
      KVLayer(
        headCount: headCount, headSize: headSize, format: format,
        blockLength: isSliding ? ringLength : Self.blockLength, isRing: isSliding)
    }
  }

  /// Makes room for `count` more tokens.
  mutating func reserve(_ count: Int) throws(InferenceError) {
    for index in layers.indices { try layers[index].reserve(tokenCount + count) }
    tokenCountHighest = max(tokenCountHighest, tokenCount + count)
  }

  /// Counts `count` tokens whose keys and values have been stored.
  mutating func commit(_ count: Int) {
    tokenCount += count
  }

  /// Forgets all but the first `count` tokens.
  ///
  /// - Returns: False, with nothing changed, where the rings no longer hold the window before the
  ///   token that would come next.
  mutating func keep(_ count: Int) -> Bool {
    guard count > 0 else {
      tokenCount = 0
      tokenCountHighest = 0
      ringStart = 0
      return true
    }
    guard holds(count) else { return false }
    tokenCount = count
    return true
  }

  /// Whether all that the token after the first `count` needs is there.
  func holds(_ count: Int) -> Bool {
    let lowestNeeded = windowStart(count)
    let lowestHeld = max(ringStart, tokenCountHighest - ringLength)
    return lowestNeeded >= lowestHeld || !layers.contains(where: \.isRing)
  }

  /// The first position that the token after the first `count` sees in a sliding layer.
  private func windowStart(_ count: Int) -> Int { max(0, count - window + 1) }

  /// The memory of the first `count` tokens' keys and values, as far as the next token needs them: layer
  /// by layer, keys before values, head by head.
  func memory(of count: Int) -> [UnsafeMutableRawBufferPointer] {
    layers.flatMap { layer in
      let segments = layer.segments((layer.isRing ? windowStart(count) : 0)..<count)
      return layer.memory(segments) { layer.key($0, head: $1) }
        + layer.memory(segments) { layer.value($0, head: $1) }
    }
  }

  /// Counts `count` tokens whose memory has been filled in, where nothing was held.
  mutating func adopt(_ count: Int) {
    tokenCount = count
    tokenCountHighest = count
    ringStart = windowStart(count)
  }
}

extension KVLayer {
  /// The bytes of some positions, head by head.
  fileprivate func memory(
    _ segments: [KVSegment], _ place: (KVSegment, Int) -> UnsafeMutablePointer<UInt8>
  ) -> [UnsafeMutableRawBufferPointer] {
    (0..<headCount).flatMap { head in
      segments.map { segment in
        UnsafeMutableRawBufferPointer(
          start: place(segment, head), count: segment.count * headSize * format.byteCount)
      }
    }
  }
}
