// TextState.swift — inside a JSON string, byte by byte: UTF-8, escapes, and what the characters spell.

import Base

/// The strings that a schema lets be.
struct TextShape: Sendable {
  let automaton: ScalarAutomaton
  /// Characters, which are Unicode scalars.
  let least: Int
  let most: Int?
  /// Whether any text will do, its length aside.
  let takesAnything: Bool

  init(automaton: ScalarAutomaton, least: Int = 0, most: Int? = nil, takesAnything: Bool = false) {
    self.automaton = automaton
    // Counts are kept in 32 bits; no text gets that long.
    self.least = min(least, Int(Int32.max) - 1)
    self.most = most.map { min($0, Int(Int32.max) - 1) }
    self.takesAnything = takesAnything
  }

  static let free = TextShape(automaton: .anything, takesAnything: true)
}

/// The keys that may still be written, where only known ones may.
struct OpenKeys {
  /// For each state of the automaton, the keys that it can still become.
  let spans: [Range<Int>]
  let closed: KeySet

  func isOpen(_ state: Int) -> Bool { !closed.containsAll(of: spans[state]) }
}

/// Where a string stands behind its opening quote.
struct TextState: Hashable, Sendable {
  /// What has begun and is no character yet.
  enum Pending: Hashable, Sendable {
    case none
    /// UTF-8: the bits so far, the bytes to come and the bytes in all.
    case bytes(bits: UInt32, rest: UInt8, length: UInt8)
    case backslash
    /// `\u` and so many digits.
    case hex(UInt32, digitCount: UInt8)
    /// Behind a high surrogate: a backslash is due, then a "u", then digits.
    case pairBackslash(high: UInt32)
    case pairU(high: UInt32)
    case pairHex(high: UInt32, UInt32, digitCount: UInt8)
  }

  /// What a byte does.
  enum Step {
    case refused
    case inside(TextState)
    /// The string is over, and this is what the automaton calls it.
    case closed(Int)
  }

  /// Of the shape's automaton.
  var state: Int32 = 0
  /// Complete characters; where the shape has no upper bound, no more than its lower one.
  var count: Int32 = 0
  var pending = Pending.none

  /// Characters, the one that has only begun included.
  var begunCount: Int { Int(count) + (pending == .none ? 0 : 1) }

  func taking(_ byte: UInt8, _ shape: TextShape, _ keys: OpenKeys?) -> Step {
    switch pending {
    case .none: begin(byte, shape, keys)
    case .bytes(let bits, let rest, let length):
      byte & 0xC0 == 0x80
        ? utf8(bits << 6 | UInt32(byte & 0x3F), rest: rest - 1, length: length, shape, keys)
        : .refused
    case .backslash: escape(byte, shape, keys)
    case .hex(let value, let digitCount):
      hex(byte, value, digitCount, shape, keys)
    case .pairBackslash(let high):
      byte == UInt8(ascii: "\\") ? pend(.pairU(high: high)) : .refused
    case .pairU(let high):
      byte == UInt8(ascii: "u") ? pend(.pairHex(high: high, 0, digitCount: 0)) : .refused
    case .pairHex(let high, let value, let digitCount):
      pairHex(byte, high, value, digitCount, shape, keys)
    }
  }

  @inline(__always)
  private func begin(_ byte: UInt8, _ shape: TextShape, _ keys: OpenKeys?) -> Step {
    switch byte {
    case UInt8(ascii: "\""):
      guard Int(count) >= shape.least, let label = shape.automaton.label(Int(state)) else {
        return .refused
      }
      return keys?.closed.contains(label) == true ? .refused : .closed(label)
    case UInt8(ascii: "\\"):
      return canTake(0...0x10FFFF, shape, keys) ? pend(.backslash) : .refused
    case 0x20...0x7F: return take(UInt32(byte), shape, keys)
    case 0xC2...0xDF: return utf8(UInt32(byte & 0x1F), rest: 1, length: 2, shape, keys)
    case 0xE0...0xEF: return utf8(UInt32(byte & 0x0F), rest: 2, length: 3, shape, keys)
    case 0xF0...0xF4: return utf8(UInt32(byte & 0x07), rest: 3, length: 4, shape, keys)
    default: return .refused
    }
  }

  private func utf8(
    _ bits: UInt32, rest: UInt8, length: UInt8, _ shape: TextShape, _ keys: OpenKeys?
  ) -> Step {
    let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    if rest == 0 { return bits >= least ? take(bits, shape, keys) : .refused }
    let first = max(bits << UInt32(6 * rest), least)
    let last = (bits + 1) << UInt32(6 * rest) - 1
    guard first <= last, canTake(first...last, shape, keys) else { return .refused }
    return pend(.bytes(bits: bits, rest: rest, length: length))
  }

  private func escape(_ byte: UInt8, _ shape: TextShape, _ keys: OpenKeys?) -> Step {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      take(UInt32(byte), shape, keys)
    case UInt8(ascii: "b"): take(0x08, shape, keys)
    case UInt8(ascii: "f"): take(0x0C, shape, keys)
    case UInt8(ascii: "n"): take(0x0A, shape, keys)
    case UInt8(ascii: "r"): take(0x0D, shape, keys)
    case UInt8(ascii: "t"): take(0x09, shape, keys)
    case UInt8(ascii: "u"): pend(.hex(0, digitCount: 0))
    default: .refused
    }
  }

  private func hex(
    _ byte: UInt8, _ value: UInt32, _ digitCount: UInt8, _ shape: TextShape, _ keys: OpenKeys?
  ) -> Step {
    guard let digit = Self.hexValue(byte) else { return .refused }
    let value = value << 4 | digit
    let shift = UInt32(4 * (3 - digitCount))
    if shift == 0, !(0xD800...0xDBFF).contains(value) { return take(value, shape, keys) }
    let (first, last) = (value << shift, (value + 1) << shift - 1)
    let (high, highLast) = (max(first, 0xD800), min(last, 0xDBFF))
    let isLive =
      canTake(first...last, shape, keys)
      || high <= highLast
        && canTake(Self.scalar(high, 0xDC00)...Self.scalar(highLast, 0xDFFF), shape, keys)
    guard isLive else { return .refused }
    return pend(
      shift == 0 ? .pairBackslash(high: value) : .hex(value, digitCount: digitCount + 1))
  }

  private func pairHex(
    _ byte: UInt8, _ high: UInt32, _ value: UInt32, _ digitCount: UInt8, _ shape: TextShape,
    _ keys: OpenKeys?
  ) -> Step {
    guard let digit = Self.hexValue(byte) else { return .refused }
    let value = value << 4 | digit
    let shift = UInt32(4 * (3 - digitCount))
    let (first, last) = (max(value << shift, 0xDC00), min((value + 1) << shift - 1, 0xDFFF))
    guard first <= last else { return .refused }
    if shift == 0 { return take(Self.scalar(high, value), shape, keys) }
    guard canTake(Self.scalar(high, first)...Self.scalar(high, last), shape, keys) else {
      return .refused
    }
    return pend(.pairHex(high: high, value, digitCount: digitCount + 1))
  }

  // MARK: Characters

  private func pend(_ pending: Pending) -> Step {
    var next = self
    next.pending = pending
    return .inside(next)
  }

  @inline(__always)
  private func take(_ scalar: UInt32, _ shape: TextShape, _ keys: OpenKeys?) -> Step {
    guard hasRoom(shape), let state = shape.automaton.next(scalar, from: Int(state)),
      keys?.isOpen(state) ?? true
    else { return .refused }
    let isCounting = shape.most != nil || Int(count) < shape.least
    return .inside(TextState(state: Int32(state), count: isCounting ? count + 1 : count))
  }

  @inline(__always)
  private func hasRoom(_ shape: TextShape) -> Bool { shape.most.map { Int(count) < $0 } ?? true }

  /// Whether one of the scalars in the range may come next.
  private func canTake(
    _ range: ClosedRange<UInt32>, _ shape: TextShape, _ keys: OpenKeys?
  ) -> Bool {
    guard hasRoom(shape) else { return false }
    let edges = shape.automaton.edges(
      from: Int(state), first: range.lowerBound, last: range.upperBound)
    guard let keys else { return !edges.isEmpty }
    return edges.contains { keys.isOpen($0.next) }
  }

  private static func scalar(_ high: UInt32, _ low: UInt32) -> UInt32 {
    0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
  }

  private static func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 0x30
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte) - 0x61 + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte) - 0x41 + 10
    default: nil
    }
  }
}

/// Walks the part of a trie that one string can take.
struct TextWalk {
  let bytes: [UInt8]
  let ends: [Int32]
  let depths: [UInt16]

  /// Goes through all nodes below `top` that stay inside the string, in order, and those that close
  /// it, without going on behind them. Returns the number of nodes looked at.
  @discardableResult
  func run(
    _ shape: TextShape, _ start: TextState, below top: Int, keys: OpenKeys?,
    inside: (_ node: Int, TextState) -> Void,
    closed: (_ node: Int, _ before: TextState, _ label: Int) -> Void
  ) -> Int {
    let base = Int(depths[top])
    var states = [start]
    var node = top + 1
    let end = Int(ends[top])
    var lookCount = 0
    while node < end {
      lookCount += 1
      let level = Int(depths[node]) - base
      let before = states[level - 1]
      switch before.taking(bytes[node], shape, keys) {
      case .refused: node = Int(ends[node])
      case .inside(let state):
        if level < states.count { states[level] = state } else { states.append(state) }
        inside(node, state)
        node += 1
      case .closed(let label):
        closed(node, before, label)
        node = Int(ends[node])
      }
    }
    return lookCount
  }
}
