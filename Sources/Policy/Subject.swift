// Subject.swift — an effect made ready to be matched: names as bytes, paths and URLs read once.

import Base

/// What the rules look at.
struct Subject: Sendable {
  /// More than this is no call that a tool here could use; matching it would only cost time.
  static let bytesMax = 8 << 20
  static let valueCountMax = 500_000
  static let depthMax = 64

  struct Argument: Sendable {
    let name: [UInt8]
    let value: Value
    /// Found by us in another argument, not sent by the model: no rule has to account for it.
    let isDerived: Bool
  }

  indirect enum Value: Sendable {
    case text(Text)
    case integer(Int64)
    /// A number that is written with a fraction or an exponent.
    case decimal(Double)
    case bool(Bool)
    case list([Value])
    /// Objects, null, and numbers that no double holds: only `any` accepts them.
    case other
  }

  struct Text: Sendable {
    let string: String
    let bytes: [UInt8]
    let path: CanonicalPath?
    let web: WebAddress?
  }

  /// The tool under each of its names; the one in the effect comes first.
  let names: [[UInt8]]
  private let isShell: Bool
  let actor: Effect.Actor
  let manifestDigest: String?
  /// Nil where the arguments are no object.
  let arguments: [Argument]?
  /// What was said so far, see ``PolicyState/context``.
  let context: [ContextSpan]
  /// Labels of what has been read, see ``PolicyState/labels``.
  let labels: Set<String>
  /// What the tool can do; everything until it is known.
  var kinds = Set(Effect.Kind.allCases)
  /// The arguments as they were sent, for conditions on the whole call.
  let sentArguments: JSONValue
  /// Arguments that may be the model's own words, see ``Effect/contentArguments``.
  let contentArguments: Set<String>
  /// Arguments that stand for a record, see ``Effect/referenceArguments``.
  let referenceArguments: Set<String>
  /// What the same server's answers told of, see ``PolicyState/records``.
  let records: [NamedRecord]
  /// Why no rule can be asked about this effect.
  let flaw: Effect.Flaw?

  init(
    _ effect: Effect, context: [ContextSpan] = [], labels: Set<String> = [],
    records: [NamedRecord] = []
  ) {
    self.context = context
    self.labels = labels
    sentArguments = effect.arguments
    contentArguments = effect.contentArguments
    referenceArguments = effect.referenceArguments
    let server = effect.referenceArguments.isEmpty ? nil : NamedRecord.server(of: effect.tool)
    self.records =
      server == nil ? [] : records.filter { NamedRecord.server(of: $0.tool) == server }
    names = ToolNames.all(of: effect.tool).map { Array($0.utf8) }
    isShell = effect.tool == ToolNames.shell
    actor = effect.actor
    manifestDigest = effect.manifestDigest
    var preparer = Preparer(effect)
    guard case .object(let object) = effect.arguments else {
      arguments = nil
      flaw = effect.flaw
      return
    }
    var arguments: [Argument] = []
    for (key, value) in object {
      arguments.append(
        Argument(
          name: ToolNames.argument(Array(key.utf8), ofShell: isShell),
          value: preparer.value(value, at: key, depth: 1), isDerived: false))
    }
    for (key, value) in effect.derivedArguments {
      arguments.append(
        Argument(
          name: Array(key.utf8),
          value: preparer.value(value, at: key, depth: 1), isDerived: true))
    }
    self.arguments = arguments
    flaw = effect.flaw ?? (preparer.isTooLarge ? .tooLarge : nil)
  }

  /// The argument that a rule calls `name`.
  func argument(_ name: [UInt8]) -> Argument? {
    let name = ToolNames.argument(name, ofShell: isShell)
    return arguments?.first { $0.name == name }
  }

  /// The first argument that none of `names` accounts for.
  func firstArgument(notIn names: [[UInt8]]) -> Argument? {
    arguments?.first { argument in
      !argument.isDerived
        && !names.contains { ToolNames.argument($0, ofShell: isShell) == argument.name }
    }
  }
}

extension Subject.Value {
  var text: Subject.Text? {
    guard case .text(let text) = self else { return nil }
    return text
  }

  var list: [Subject.Value]? {
    guard case .list(let elements) = self else { return nil }
    return elements
  }

  var literal: Literal? {
    switch self {
    case .text(let text): .text(text.bytes)
    case .integer(let value): .integer(value)
    case .bool(let value): .bool(value)
    case .decimal, .list, .other: nil
    }
  }

  /// The number, whole or not.
  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .decimal(let value): value
    case .text, .bool, .list, .other: nil
    }
  }

  /// The elements of an argument list: strings that a program can be given. It may be empty.
  var argumentList: [[UInt8]]? {
    guard case .list(let elements) = self else { return nil }
    var list: [[UInt8]] = []
    list.reserveCapacity(elements.count)
    for element in elements {
      guard case .text(let text) = element, !text.bytes.contains(0) else { return nil }
      list.append(text.bytes)
    }
    return list
  }
}

/// Walks the arguments once, within bounds.
private struct Preparer {
  private let links: [[UInt8]: [UInt8]]
  private let webAddresses: [String: WebAddress]
  private var bytes = 0
  private var valueCount = 0
  private(set) var isTooLarge = false

  init(_ effect: Effect) {
    var links: [[UInt8]: [UInt8]] = [:]
    for (path, target) in effect.links {
      // A link's own path is written canonically, or it is never met.
      links[Array(path.utf8)] = Array(target.utf8)
    }
    self.links = links
    webAddresses = effect.webAddresses
  }

  mutating func value(_ value: JSONValue, at key: String, depth: Int) -> Subject.Value {
    valueCount += 1
    guard !isTooLarge, depth <= Subject.depthMax, valueCount <= Subject.valueCountMax else {
      isTooLarge = true
      return .other
    }
    switch value {
    case .null: return .other
    case .bool(let value): return .bool(value)
    case .number(.integer(let value)): return .integer(value)
    case .number(let number):
      let value = number.doubleValue
      return value.isFinite ? .decimal(value) : .other
    case .string(let string): return text(string, at: key)
    case .array(let elements):
      var list: [Subject.Value] = []
      for element in elements { list.append(self.value(element, at: "", depth: depth + 1)) }
      return .list(list)
    case .object(let object):
      // Only its size matters: no matcher looks inside.
      for (key, member) in object {
        bytes += key.utf8.count
        _ = self.value(member, at: "", depth: depth + 1)
      }
      return .other
    }
  }

  private mutating func text(_ string: String, at key: String) -> Subject.Value {
    let utf8 = Array(string.utf8)
    bytes += utf8.count
    guard bytes <= Subject.bytesMax else {
      isTooLarge = true
      return .other
    }
    let web =
      key.isEmpty ? nil : webAddresses.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    return .text(
      Subject.Text(
        string: string, bytes: utf8, path: CanonicalPath(utf8, links: links),
        web: web ?? WebAddress(plain: string)))
  }
}
