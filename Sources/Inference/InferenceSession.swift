// InferenceSession.swift — one timeline of tokens, and the logits after it.

public import Base
import ModelFiles

/// What a call found in the session, and what it had to do.
public struct PrefixReuse: Equatable, Sendable {
  /// Tokens that were held already.
  public var keptTokenCount: Int
  /// Tokens that were computed.
  public var computedTokenCount: Int
  /// Held tokens that were taken back.
  public var droppedTokenCount: Int
  /// True where more had to be taken back than `InferenceOptions.rollbackTokenCount` covers, so
  /// that the prefix was computed from its start.
  public var restarted: Bool

  public init(
    keptTokenCount: Int, computedTokenCount: Int, droppedTokenCount: Int, restarted: Bool
  ) {
    self.keptTokenCount = keptTokenCount
    self.computedTokenCount = computedTokenCount
    self.droppedTokenCount = droppedTokenCount
    self.restarted = restarted
  }
}

/// What a long computation tells its caller, and asks.
public struct PrefillControl {
  /// Called before the first chunk and after each, with the tokens held and the tokens wanted.
  public var onProgress: (_ done: Int, _ total: Int) -> Void
  /// Asked before each layer of each chunk.
  public var isCancelled: () -> Bool

  public init(
    onProgress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.onProgress = onProgress
    self.isCancelled = isCancelled
  }
}

/// One timeline. Callers always hand over the full prefix; the session finds what it has in common
/// with what it holds and computes only the rest.
///
/// Logits do not depend, in any bit, on what was held before, on the number of threads, or on the
/// size of chunks. Not for several threads at once.
public final class InferenceSession {
  public let engine: InferenceEngine
  /// Tokens that fit.
  public let contextLimit: Int
  /// The tokens whose keys and values are held.
  public private(set) var tokens: [TokenID] = []
  /// How the last call used what was held.
  public private(set) var lastReuse = PrefixReuse(
    keptTokenCount: 0, computedTokenCount: 0, droppedTokenCount: 0, restarted: false)

  private let pass: any ForwardPass
  /// Logits after all of `tokens`; empty where not known.
  private var logits: [Float] = []
  /// (positions at once, vocabulary); allocated when first used.
  private var logitRows: Buffer<Float>

  /// Positions whose logits are computed together when all are wanted.
  private static let logitRowCountMax = 16

  /// Holds `contextLimit` tokens at most; nil, or more than the model was made for, means what the
  /// model was made for.
  public init(engine: InferenceEngine, contextLimit: Int? = nil) throws(InferenceError) {
    let limit = min(contextLimit ?? Int.max, engine.configuration.contextLengthMax)
    guard limit > 0 else {
      throw .settingOutOfRange(name: "contextLimit", value: String(limit), range: "at least 1")
    }
    self.engine = engine
    self.contextLimit = limit
    pass = try engine.makePass(contextLimit: limit)
    logitRows = try Buffer(shape: engine.configuration.vocabularySize, purpose: "logits")
  }

  /// Logits for the token after `prefix`, one per entry of the vocabulary.
  ///
  /// - Throws: `cancelled` leaves the session with the chunks computed so far; any other error
  ///   leaves it as consistent. The next call may hand over any prefix.
  public func logits(
    after prefix: [TokenID], control: PrefillControl = PrefillControl()
  ) throws(InferenceError) -> [Float] {
    try check(prefix)
    if prefix == tokens, !logits.isEmpty {
      lastReuse = PrefixReuse(
        keptTokenCount: tokens.count, computedTokenCount: 0, droppedTokenCount: 0,
        restarted: false)
      return logits
    }
    // The last token is always computed: nothing else leaves its logits behind.
    rollBack(toCommonPart: prefix, atMost: prefix.count - 1)
    var lastChunkCount = 0
    try extend(to: prefix, control: control) { (chunk) throws(InferenceError) in
      lastChunkCount = chunk.count
    }
    pass.writeLogits(after: lastChunkCount - 1..<lastChunkCount, to: logitRows)
    logits = Array(logitRows.all.prefix(engine.configuration.vocabularySize))
    return logits
  }

  /// Logits after each of the last `count` tokens of `prefix`, computed together.
  ///
  /// - Throws: As ``logits(after:control:)`` does.
  func logits(afterLast count: Int, of prefix: [TokenID]) throws(InferenceError) -> [[Float]] {
    try check(prefix)
    let width = engine.configuration.vocabularySize
    if logitRows.count < count * width {
      logitRows = try Buffer(shape: count, width, purpose: "logits")
    }
    let first = prefix.count - count
    rollBack(toCommonPart: prefix, atMost: first)
    var rows: [[Float]] = []
    try extend(to: prefix, control: PrefillControl()) { (chunk) throws(InferenceError) in
      let wanted = chunk.clamped(to: first..<prefix.count)
      guard !wanted.isEmpty else { return }
      let start = wanted.lowerBound - chunk.lowerBound
      pass.writeLogits(after: start..<start + wanted.count, to: logitRows)
      for row in 0..<wanted.count {
        rows.append(Array(logitRows.all[row * width..<(row + 1) * width]))
      }
    }
    logits = rows.last ?? []
    return rows
  }

  /// Computes `prefix` from its start and shows the logits after each of its tokens.
  ///
  /// `visit` gets a token's index in the prefix and the logits after it, which are valid only
  /// during the call. What it throws ends the computation.
  public func forEachLogits(
    of prefix: [TokenID], control: PrefillControl = PrefillControl(),
    _ visit: (_ index: Int, _ logits: UnsafeBufferPointer<Float>) throws(InferenceError) -> Void
  ) throws(InferenceError) {
    try check(prefix)
    rollBack(toCommonPart: [], atMost: 0)
    let width = engine.configuration.vocabularySize
    let rowCountMax = min(Self.logitRowCountMax, prefix.count)
    if logitRows.count < rowCountMax * width {
      logitRows = try Buffer(shape: rowCountMax, width, purpose: "logits")
    }
    try extend(to: prefix, control: control) { (chunk) throws(InferenceError) in
      for first in stride(from: 0, to: chunk.count, by: rowCountMax) {
        let rows = first..<min(first + rowCountMax, chunk.count)
        pass.writeLogits(after: rows, to: logitRows)
        for row in rows {
          let start = (row - first) * width
          let logits = UnsafeBufferPointer(rebasing: logitRows.all[start..<start + width])
          try visit(chunk.lowerBound + row, logits)
          if chunk.lowerBound + row == prefix.count - 1 { self.logits = Array(logits) }
        }
      }
    }
  }

  // MARK: - State on the disk

  /// The keys and values of the first `count` tokens, where they are all held.
  func state(of count: Int) -> [UnsafeMutableRawBufferPointer]? { pass.state(of: count) }

  /// Room for the keys and values of `count` tokens, to be filled in and then taken over with
  /// ``adopt(_:)``. Nothing is held meanwhile.
  func emptyState(of count: Int) -> [UnsafeMutableRawBufferPointer]? { pass.emptyState(of: count) }

  /// Forgets every token.
  func forgetAll() {
    _ = pass.keep(0)
    tokens = []
    logits = []
  }

  /// Takes the filled-in state for that of these tokens.
  func adopt(_ beginning: [TokenID]) {
    pass.adoptState(of: beginning.count)
    tokens = beginning
    logits = []
  }

  // MARK: - The timeline

  private func check(_ prefix: [TokenID]) throws(InferenceError) {
    guard !prefix.isEmpty else { throw .emptyPrefix }
    guard prefix.count <= contextLimit else {
      throw .contextExceeded(tokenCount: prefix.count, limit: contextLimit)
    }
    let vocabularySize = engine.configuration.vocabularySize
    for (index, token) in prefix.enumerated()
    where token.rawValue < 0 || token.index >= vocabularySize {
      throw .tokenOutOfRange(token: token, index: index, vocabularySize: vocabularySize)
    }
  }

  /// Keeps what is held in common with `prefix`, `limit` tokens at most.
  private func rollBack(toCommonPart prefix: [TokenID], atMost limit: Int) {
    var common = 0
    while common < min(limit, tokens.count), tokens[common] == prefix[common] { common += 1 }
    let heldCount = tokens.count
    let isExact = common == heldCount || pass.keep(common)
    if !isExact {
      common = 0
      _ = pass.keep(0)
    }
    if common < heldCount { logits = [] }
    tokens.removeLast(heldCount - common)
    lastReuse = PrefixReuse(
      keptTokenCount: common, computedTokenCount: 0, droppedTokenCount: heldCount - common,
      restarted: !isExact)
  }

  /// Computes what `prefix` has beyond `tokens`, in chunks. `onChunk` gets each chunk's indices in
  /// the prefix, while its logits can be had.
  private func extend(
    to prefix: [TokenID], control: PrefillControl,
    onChunk: (Range<Int>) throws(InferenceError) -> Void
  ) throws(InferenceError) {
    control.onProgress(tokens.count, prefix.count)
    while tokens.count < prefix.count {
      let end = min(prefix.count, tokens.count + engine.options.chunkTokenCount)
      let chunk = tokens.count..<end
      let isComplete = try pass.append(prefix[chunk], isCancelled: control.isCancelled)
      guard isComplete else { throw .cancelled(done: tokens.count, total: prefix.count) }
      logits = []
      tokens += prefix[chunk]
      lastReuse.computedTokenCount += chunk.count
      try onChunk(chunk)
      control.onProgress(tokens.count, prefix.count)
    }
  }
}
