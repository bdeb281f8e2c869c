// JSONPlace.swift — where a JSON text stands in a schema's grammar, and where the next byte leads.

import Base

/// White space between tokens of JSON: up to two blanks, and a line end with up to four blanks for each
/// level. Around a colon there is no line end, and behind the whole value nothing. Models write no
/// more, and a model that wanders must not.
struct JSONGap: Equatable, Sendable {
  private var mayBreak: Bool
  private var isBroken = false
  private var isAfterReturn = false
  private var blanks: UInt16 = 0

  static let any = JSONGap(mayBreak: true)
  static let inLine = JSONGap(mayBreak: false)

  private init(mayBreak: Bool) { self.mayBreak = mayBreak }

  /// Whether anything but a line end may come next.
  var isOpen: Bool { !isAfterReturn }

  func taking(_ byte: UInt8, level: Int) -> JSONGap? {
    var next = self
    next.isAfterReturn = false
    switch byte {
    case UInt8(ascii: "\n"):
      guard mayBreak, !isBroken else { return nil }
      next.isBroken = true
      next.blanks = 0
    case UInt8(ascii: "\r"):
      guard mayBreak, !isBroken, !isAfterReturn else { return nil }
      next.isAfterReturn = true
    case UInt8(ascii: " "), UInt8(ascii: "\t"):
      guard !isAfterReturn, Int(blanks) < (isBroken ? 4 * level : 2) else { return nil }
      next.blanks += 1
    default: return nil
    }
    return next
  }
}

/// An array or object that is open. Its parent does not change while it is.
final class JSONFrame: Sendable {
  enum Content: Equatable, Sendable {
    /// Of this shape, with so many complete elements.
    case array(Int, count: Int)
    /// Of this shape; the keys that may not be written any more, and the other ones that were, as
    /// they were spelled.
    case object(Int, closed: KeySet, others: Set<[UInt8]>)
  }

  let parent: JSONFrame?
  let content: Content
  /// Open ones, this one included.
  let level: Int

  init(_ content: Content, in parent: JSONFrame?) {
    self.content = content
    self.parent = parent
    level = (parent?.level ?? 0) + 1
  }

  static func areEqual(_ left: JSONFrame?, _ right: JSONFrame?) -> Bool {
    var (left, right) = (left, right)
    while let one = left, let other = right {
      if one === other { return true }
      guard one.content == other.content else { return false }
      (left, right) = (one.parent, other.parent)
    }
    return left == nil && right == nil
  }
}

/// One reading of the text so far. Where a schema has alternatives there can be several.
struct JSONPlace: Equatable, Sendable {
  enum Part: Equatable, Sendable {
    /// A value of this rule is due.
    case value(Int, JSONGap)
    /// Behind an opening bracket or brace.
    case opened(JSONGap)
    /// Behind a comma in an object.
    case member(JSONGap)
    /// In a key that has been spelled like this.
    case key(TextState, [UInt8])
    /// Behind a key whose value is of this rule.
    case colon(Int, JSONGap)
    case text(Int, TextState)
    case word(Int, Int)
    case number(NumberShape, NumberState)
    /// Behind a complete value.
    case complete(JSONGap)
  }

  var frame: JSONFrame?
  var part: Part

  var level: Int { frame?.level ?? 0 }

  static func == (left: JSONPlace, right: JSONPlace) -> Bool {
    left.part == right.part && JSONFrame.areEqual(left.frame, right.frame)
  }
}

extension SchemaGrammar {
  /// Readings that are kept apart at once. Beyond that they are loosened, until they are alike.
  static let placeCountMax = 32

  var start: JSONPlace { JSONPlace(frame: nil, part: .value(root, .any)) }

  /// Whether the text may end here.
  func mayEnd(_ place: JSONPlace) -> Bool {
    guard place.frame == nil else { return false }
    return switch place.part {
    case .complete: true
    case .number(_, let state): state.isComplete
    case .word(let shape, let node): words[shape].nodes[node].isEnd
    case .value, .opened, .member, .key, .colon, .text: false
    }
  }

  /// Where a byte leads from any of `places`.
  func next(_ byte: UInt8, from places: [JSONPlace]) -> [JSONPlace] {
    var next: [JSONPlace] = []
    for place in places { add(byte, from: place, to: &next) }
    if next.count > 1 { next = reduced(next) }
    return next
  }

  /// Adds the places that a byte leads to.
  private func add(_ byte: UInt8, from place: JSONPlace, to next: inout [JSONPlace]) {
    func add(_ part: JSONPlace.Part) { next.append(JSONPlace(frame: place.frame, part: part)) }
    switch place.part {
    case .value(let rule, let gap):
      if let gap = gap.taking(byte, level: place.level) { return add(.value(rule, gap)) }
      if gap.isOpen { begin(rule, byte, in: place.frame, &next) }
    case .opened(let gap):
      if let gap = gap.taking(byte, level: place.level) { return add(.opened(gap)) }
      if gap.isOpen { addContents(byte, of: place.frame, isFirst: true, to: &next) }
    case .member(let gap):
      if let gap = gap.taking(byte, level: place.level) { return add(.member(gap)) }
      if gap.isOpen, byte == UInt8(ascii: "\"") { add(.key(TextState(), [])) }
    case .colon(let rule, let gap):
      if let gap = gap.taking(byte, level: place.level) { return add(.colon(rule, gap)) }
      if gap.isOpen, byte == UInt8(ascii: ":") { add(.value(rule, .inLine)) }
    case .complete(let gap):
      guard place.frame != nil else { return }
      if let gap = gap.taking(byte, level: place.level) { return add(.complete(gap)) }
      if gap.isOpen { addContents(byte, of: place.frame, isFirst: false, to: &next) }
    case .key(let state, let spelling):
      guard let (keys, open) = keys(of: place.frame) else { return }
      switch state.taking(byte, texts[keys], open) {
      case .refused: break
      case .inside(let state): add(.key(state, spelling + [byte]))
      case .closed(let label): next += named(label, spelling, in: place.frame)
      }
    case .text(let shape, let state):
      switch state.taking(byte, texts[shape], nil) {
      case .refused: break
      case .inside(let state): add(.text(shape, state))
      case .closed: next.append(completed(in: place.frame))
      }
    case .word(let shape, let node):
      if let node = words[shape].next(byte, from: node) { return add(.word(shape, node)) }
      guard words[shape].nodes[node].isEnd else { return }
      self.add(byte, from: completed(in: place.frame), to: &next)
    case .number(let shape, let state):
      if let state = state.taking(byte, shape) { return add(.number(shape, state)) }
      guard state.isComplete else { return }
      self.add(byte, from: completed(in: place.frame), to: &next)
    }
  }

  /// The first byte of a value.
  private func begin(
    _ rule: Int, _ byte: UInt8, in frame: JSONFrame?, _ next: inout [JSONPlace]
  ) {
    let levelsLeft = Self.levelsMax - (frame?.level ?? 0)
    for choice in rules[rule].choices where choice.levels <= levelsLeft {
      switch choice.kind {
      case .text(let shape):
        guard byte == UInt8(ascii: "\"") else { continue }
        next.append(JSONPlace(frame: frame, part: .text(shape, TextState())))
      case .number(let shape):
        guard let state = NumberState(byte, shape) else { continue }
        next.append(JSONPlace(frame: frame, part: .number(shape, state)))
      case .word(let shape):
        guard let node = words[shape].next(byte, from: 0) else { continue }
        next.append(JSONPlace(frame: frame, part: .word(shape, node)))
      case .array(let shape):
        guard byte == UInt8(ascii: "[") else { continue }
        let inner = JSONFrame(.array(shape, count: 0), in: frame)
        next.append(JSONPlace(frame: inner, part: .opened(.any)))
      case .object(let shape):
        guard byte == UInt8(ascii: "{") else { continue }
        let inner = JSONFrame(
          .object(shape, closed: closedKeys(shape, levelsLeft: levelsLeft - 1), others: []),
          in: frame)
        next.append(JSONPlace(frame: inner, part: .opened(.any)))
      }
    }
  }

  /// Behind an opening bracket or a complete value: the end, a comma, or (the first) contents.
  private func addContents(
    _ byte: UInt8, of frame: JSONFrame?, isFirst: Bool, to next: inout [JSONPlace]
  ) {
    guard let frame else { return }
    switch frame.content {
    case .array(let index, let count):
      let shape = arrays[index]
      if byte == UInt8(ascii: "]") {
        if count >= shape.least { next.append(completed(in: frame.parent)) }
        return
      }
      guard let rule = shape.rule(at: count), fits(rule, in: frame) else { return }
      if isFirst {
        begin(rule, byte, in: frame, &next)
      } else if byte == UInt8(ascii: ",") {
        next.append(JSONPlace(frame: frame, part: .value(rule, .any)))
      }
    case .object(let index, let closed, _):
      let shape = objects[index]
      if byte == UInt8(ascii: "}") {
        if closed.containsAll(of: shape.required) { next.append(completed(in: frame.parent)) }
        return
      }
      let takesOthers = shape.others.map { fits($0, in: frame) } ?? false
      guard takesOthers || !closed.containsAll(of: 0..<shape.rules.count) else { return }
      if isFirst, byte == UInt8(ascii: "\"") {
        next.append(JSONPlace(frame: frame, part: .key(TextState(), [])))
      } else if !isFirst, byte == UInt8(ascii: ",") {
        next.append(JSONPlace(frame: frame, part: .member(.any)))
      }
    }
  }

  /// Whether a value of the rule can be written in `frame` without too deep a nesting.
  private func fits(_ rule: Int, in frame: JSONFrame) -> Bool {
    frame.level + rules[rule].levels <= Self.levelsMax
  }

  /// Keys whose values would be nested too deep, and those that are never written.
  private func closedKeys(_ shape: Int, levelsLeft: Int) -> KeySet {
    var closed = objects[shape].closed
    guard objects[shape].levels > levelsLeft else { return closed }
    for (key, rule) in objects[shape].rules.enumerated() where rules[rule].levels > levelsLeft {
      closed.insert(key)
    }
    return closed
  }

  // MARK: Parts that walks need, too

  /// The shape of the keys in `frame`, and, where not every key will do, which are left.
  func keys(of frame: JSONFrame?) -> (shape: Int, open: OpenKeys?)? {
    guard case .object(let index, let closed, _) = frame?.content else { return nil }
    let shape = objects[index]
    return (
      shape.keys, shape.others == nil ? OpenKeys(spans: shape.spans, closed: closed) : nil
    )
  }

  /// Behind a key; nothing where it may not be written.
  func named(
    _ label: Int, _ spelling: @autoclosure () -> [UInt8], in frame: JSONFrame?
  ) -> [JSONPlace] {
    guard let frame, case .object(let index, var closed, var others) = frame.content else {
      return []
    }
    let shape = objects[index]
    let rule: Int
    if label < shape.rules.count {
      guard !closed.contains(label) else { return [] }
      rule = shape.rules[label]
      closed.insert(label)
    } else {
      guard let other = shape.others, fits(other, in: frame),
        others.insert(spelling()).inserted
      else { return [] }
      rule = other
    }
    let named = JSONFrame(.object(index, closed: closed, others: others), in: frame.parent)
    return [JSONPlace(frame: named, part: .colon(rule, .inLine))]
  }

  /// Behind a complete value that stands in `frame`.
  func completed(in frame: JSONFrame?) -> JSONPlace {
    guard let frame, case .array(let index, let count) = frame.content,
      arrays[index].normalized(count + 1) != count
    else { return JSONPlace(frame: frame, part: .complete(.any)) }
    let counted = JSONFrame(.array(index, count: count + 1), in: frame.parent)
    return JSONPlace(frame: counted, part: .complete(.any))
  }

  // MARK: Loosening

  /// Without doubles; loosened where they are too many.
  private func reduced(_ places: [JSONPlace]) -> [JSONPlace] {
    let places = Self.distinct(places)
    return places.count > Self.placeCountMax ? loosened(places) : places
  }

  private static func distinct(_ places: [JSONPlace]) -> [JSONPlace] {
    var distinct: [JSONPlace] = []
    for place in places where !distinct.contains(place) { distinct.append(place) }
    return distinct
  }

  /// The same places in the grammar of all JSON, which is never at a loss how to go on.
  func loosened(_ places: [JSONPlace]) -> [JSONPlace] {
    Self.distinct(
      places.map { place in
        JSONPlace(frame: Self.loosened(place.frame), part: Self.loosened(place.part))
      })
  }

  private static func loosened(_ frame: JSONFrame?) -> JSONFrame? {
    var open: [JSONFrame] = []
    var next = frame
    while let frame = next {
      open.append(frame)
      next = frame.parent
    }
    return open.reversed().reduce(nil) { parent, frame in
      switch frame.content {
      case .array: JSONFrame(.array(free, count: 0), in: parent)
      case .object(_, _, let others):
        JSONFrame(.object(free, closed: KeySet(), others: others), in: parent)
      }
    }
  }

  private static func loosened(_ part: JSONPlace.Part) -> JSONPlace.Part {
    switch part {
    case .value(_, let gap): .value(free, gap)
    case .colon(_, let gap): .colon(free, gap)
    case .key(let state, let spelling): .key(state.loosened, spelling)
    case .text(_, let state): .text(free, state.loosened)
    case .number(_, let state): .number(.free, state)
    case .opened, .member, .word, .complete: part
    }
  }
}

extension TextState {
  /// The same in a string without any rule.
  fileprivate var loosened: TextState { TextState(state: 0, count: 0, pending: pending) }
}
