// PolicyEngine+ArgumentMask.swift — what the rules leave of a tool's arguments, as a JSON schema for the decoder.
//
// It is conservative: every call that the policy allows or asks about fits the schema, in whatever
// state of the run. What a rule says about words of others (`from`, `notFrom`), about labels,
// budgets, models and manifests is left open, and so is what no schema can say. The judgement of
// the call itself stays the authority.
//
//     oneOf                 enum
//     under                 the folder's path, or one that leads back up ("/x/../y") or around
//     hosts, schemes        the beginning of a URL
//     prefix                the first elements of a list
//     re                    a pattern, where both syntaxes say the same
//     min, max, bytesMax    numbers and lengths
//     deny … oneOf          every other text

public import Base

extension PolicyEngine {
  /// More rules than these about one tool, and more letters in a pattern, are not narrowed.
  fileprivate static let ruleCountMax = 32
  fileprivate static let patternBytesMax = 160

  /// What the arguments of every call of `tool` fit that some state could allow, or ask about: a JSON
  /// schema of an object; nil where the rules narrow nothing.
  public func argumentMask(of tool: String) -> JSONValue? {
    // What the model writes for these is no JSON, or is read in more than one way.
    guard tool != ToolNames.python, !ToolNames.isPatch(tool) else { return nil }
    let subject = Subject(Effect(tool: tool))
    var demands: [JSONValue] = []
    for layer in layers {
      let rules = layer.files.flatMap(\.rules).filter { rule in
        rule.tools.contains { $0.matches(anyOf: subject.names) }
          && rule.actors?.contains(.model) ?? true
      }
      demands += rules.compactMap { $0.verdict == .deny ? ArgumentMask.exclusion($0, tool) : nil }
      guard layer.isClosed,
        let grant = ArgumentMask.grant(rules.filter { $0.verdict != .deny }, tool)
      else { continue }
      demands.append(grant)
    }
    guard let first = demands.first else { return nil }
    return demands.count == 1 ? first : ["allOf": .array(demands)]
  }
}

/// Rules as JSON schemas.
private enum ArgumentMask {
  /// What one of `rules` has to match; nil where that is anything.
  static func grant(_ rules: [Rule], _ tool: String) -> JSONValue? {
    guard !rules.isEmpty, rules.count <= PolicyEngine.ruleCountMax else { return nil }
    var choices: [JSONValue] = []
    for rule in rules {
      guard case .named(let matchers) = rule.arguments else { return nil }
      choices.append(object(matchers, tool))
    }
    return choices.count == 1 ? choices.first : ["anyOf": .array(choices)]
  }

  private static func object(_ matchers: [Rule.NamedMatcher], _ tool: String) -> JSONValue {
    var properties: JSONObject = [:]
    var required: [JSONValue] = []
    for matcher in matchers {
      let names = spellings(of: matcher.name, tool)
      let value = schema(matcher.matcher, isRelative: isShell(tool) && matcher.name == "workdir")
      for name in names { properties[name] = value }
      if names.count == 1, !matcher.matcher.isOptional { required.append(.string(matcher.name)) }
    }
    return [
      "type": "object", "properties": .object(properties), "required": .array(required),
      "additionalProperties": false,
    ]
  }

  /// What a deny rule that looks at one text alone leaves.
  static func exclusion(_ rule: Rule, _ tool: String) -> JSONValue? {
    guard rule.manifestDigest == nil, case .named(let matchers) = rule.arguments,
      matchers.count == 1, let matcher = matchers.first, !matcher.matcher.isOptional,
      matcher.matcher.checks.count == 1, case .oneOf(let literals)? = matcher.matcher.checks.first,
      let pattern = TextPattern.others(than: literals.compactMap(\.bytes))
    else { return nil }
    let value: JSONValue = [
      "anyOf": [
        ["type": "string", "pattern": .string(pattern)],
        ["type": ["number", "boolean", "null", "array", "object"]],
      ]
    ]
    var properties: JSONObject = [:]
    for name in spellings(of: matcher.name, tool) { properties[name] = value }
    return ["properties": .object(properties)]
  }

  private static func isShell(_ tool: String) -> Bool { tool == ToolNames.shell }

  private static func spellings(of name: String, _ tool: String) -> [String] {
    isShell(tool) && ToolNames.shellArgumentNames.contains(name)
      ? ToolNames.shellArgumentNames : [name]
  }

  // MARK: Matchers

  /// What a value has to be. `isRelative`: a path may be written from the workspace on.
  private static func schema(_ matcher: Matcher, isRelative: Bool = false) -> JSONValue {
    let demands = matcher.checks.compactMap { schema($0, isRelative: isRelative) }
    guard demands.count != 1 else { return demands[0] }
    return demands.isEmpty ? [:] : ["allOf": .array(demands)]
  }

  /// Nil where nothing can be said.
  private static func schema(_ check: Matcher.Check, isRelative: Bool) -> JSONValue? {
    switch check {
    case .anything, .from, .notFrom: nil
    case .oneOf(let literals): enumeration(literals)
    case .notOneOf: ["type": ["string", "integer", "boolean"]]
    case .pattern(let pattern): TextPattern.whole(pattern.text).map(text) ?? ["type": "string"]
    case .notPattern: ["type": "string"]
    case .bytesMax(let count): ["type": "string", "maxLength": .number(.integer(Int64(count)))]
    case .under(let folders):
      isRelative ? ["type": "string"] : text(TextPattern.paths(under: folders))
    case .notUnder: isRelative ? ["type": "string"] : text("^/")
    case .web(let matcher): text(TextPattern.urls(matcher))
    case .integers(let range): integers(range)
    case .numbers: ["type": "number"]
    case .prefix(let positions): list(positions)
    case .notPrefix, .denyFlags: ["type": "array", "items": ["type": "string"]]
    case .countMax(let count): ["type": "array", "maxItems": .number(.integer(Int64(count)))]
    case .all(let matcher): ["type": "array", "items": schema(matcher)]
    case .some: ["type": "array"]
    }
  }

  private static func text(_ pattern: String) -> JSONValue {
    ["type": "string", "pattern": .string(pattern)]
  }

  private static func integers(_ range: ClosedRange<Int64>) -> JSONValue {
    var schema: JSONObject = ["type": "integer"]
    if range.lowerBound > .min { schema["minimum"] = .number(.integer(range.lowerBound)) }
    if range.upperBound < .max { schema["maximum"] = .number(.integer(range.upperBound)) }
    return .object(schema)
  }

  private static func enumeration(_ literals: Set<Literal>) -> JSONValue? {
    var values: [JSONValue] = []
    for literal in literals {
      switch literal {
      case .text(let bytes):
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        values.append(.string(text))
      case .integer(let value): values.append(.number(.integer(value)))
      case .bool(let value): values.append(.bool(value))
      }
    }
    values.sort { $0.compactText < $1.compactText }
    return values.isEmpty ? nil : ["enum": .array(values)]
  }

  /// The program may also be written as its path in the system's folders.
  private static func list(_ positions: [Set<[UInt8]>]) -> JSONValue {
    var elements: [JSONValue] = []
    for (index, alternatives) in positions.enumerated() {
      var words = Set(alternatives.map { Literal.text($0) })
      if index == 0 {
        for word in alternatives where !word.contains(0x2F) {
          for folder in ["/usr/bin/", "/bin/"] { words.insert(.text(Array(folder.utf8) + word)) }
        }
      }
      elements.append(enumeration(words) ?? ["type": "string"])
    }
    return [
      "type": "array", "prefixItems": .array(elements), "items": ["type": "string"],
      "minItems": .number(.integer(Int64(positions.count))),
    ]
  }
}

extension Literal {
  fileprivate var bytes: [UInt8]? {
    guard case .text(let bytes) = self else { return nil }
    return bytes
  }
}

/// Patterns in the syntax of JSON schemas, which is ECMAScript's, anchored by themselves.
private enum TextPattern {
  private static let anything = "[\\s\\S]*"

  /// Paths that a kernel without links finds below one of `folders`.
  static func paths(under folders: [CanonicalPath]) -> String {
    var branches: [String] = []
    for folder in folders {
      guard !folder.components.isEmpty,
        let path = String(validating: folder.bytes, as: UTF8.self)
      else { return "^/" }
      branches.append("^\(escaped(path))(?:/\(anything))?$")
    }
    // Empty components, "." and "..": where they lead, a pattern does not tell.
    branches.append("^(?:/\(anything))?/(?:\\.\\.?)?/\(anything)$")
    branches.append("^(?:/\(anything))?/\\.\\.?$")
    let pattern = branches.joined(separator: "|")
    return pattern.utf8.count <= PolicyEngine.patternBytesMax ? pattern : "^/"
  }

  /// URLs of the schemes and hosts that a granting rule names, as `WebAddress` reads them.
  static func urls(_ matcher: WebMatcher) -> String {
    let schemes = (matcher.schemes ?? ["http", "https"]).sorted().map(inAnyCase)
    let user = matcher.mayHaveUserinfo == true ? "(?:[^/?#@]*@)?" : ""
    let beginning = "^(?:\(schemes.joined(separator: "|")))://\(user)"
    guard let hosts = matcher.hosts else { return beginning }
    let names = hosts.map { host -> String in
      if host.name.contains(0x3A) { return "\\[[0-9A-Fa-f:.]*\\]" }
      let name = inAnyCase(String(decoding: host.name, as: UTF8.self)) + "\\.?"
      return host.isWildcard ? "[A-Za-z0-9._-]+" + name : name
    }
    let pattern =
      "\(beginning)(?:\(names.joined(separator: "|")))(?::[0-9]*)?(?:[/?#]\(anything))?$"
    return pattern.utf8.count <= 4 * PolicyEngine.patternBytesMax ? pattern : beginning
  }

  /// Every text but `words`; nil where that takes too long a pattern.
  static func others(than words: [[UInt8]]) -> String? {
    let texts = words.compactMap { String(validating: $0, as: UTF8.self) }
    guard !texts.isEmpty, texts.count == words.count,
      texts.reduce(0, { $0 + $1.utf8.count }) <= PolicyEngine.patternBytesMax * 3 / 8
    else { return nil }
    return "^\(rest(texts.map { Array($0.unicodeScalars)[...] }))$"
  }

  /// What may stand where none of `words` may stand whole.
  private static func rest(_ words: [ArraySlice<Unicode.Scalar>]) -> String {
    let firsts = Set(words.compactMap(\.first)).sorted { $0.value < $1.value }
    guard !firsts.isEmpty else { return "[\\s\\S]\(anything)" }
    var branches = ["[^\(firsts.map(escapedInClass).joined())]\(anything)"]
    for first in firsts {
      let tails = words.filter { $0.first == first }.map { $0.dropFirst() }
      branches.append(escaped(String(Character(first))) + rest(tails))
    }
    let mayEnd = !words.contains { $0.isEmpty }
    return "(?:\(branches.joined(separator: "|")))\(mayEnd ? "?" : "")"
  }

  /// A pattern of POSIX that has to match the whole; nil where ECMAScript reads it otherwise.
  static func whole(_ posix: String) -> String? {
    var scalars = Array(posix.unicodeScalars)[...]
    if scalars.first == "^" { scalars = scalars.dropFirst() }
    if scalars.last == "$", scalars.dropLast().last != "\\" { scalars = scalars.dropLast() }
    var result = ""
    while let scalar = scalars.popFirst() {
      switch scalar {
      case ".": result += "[\\s\\S]"
      case "^", "$": return nil
      case "\\":
        guard let escape = scalars.popFirst() else { return nil }
        result += escaped(String(Character(escape)))
      case "[":
        guard let set = simpleSet(&scalars) else { return nil }
        result += set
      case "]": result += "\\]"
      default: result.unicodeScalars.append(scalar)
      }
    }
    let pattern = "^(?:\(result))$"
    let schema: JSONValue = ["pattern": .string(pattern)]
    return (try? JSONSchema(schema, source: "a rule's pattern")) == nil ? nil : pattern
  }

  /// A bracket expression of letters, digits and ranges; the opening bracket is behind us.
  private static func simpleSet(_ scalars: inout ArraySlice<Unicode.Scalar>) -> String? {
    var set = "["
    if scalars.first == "^" {
      set += "^"
      scalars.removeFirst()
    }
    guard scalars.first != "]", let end = scalars.firstIndex(of: "]") else { return nil }
    let members = scalars[..<end]
    guard !members.contains(where: { "[\\^".unicodeScalars.contains($0) }) else { return nil }
    set.unicodeScalars.append(contentsOf: members)
    scalars = scalars[(end + 1)...]
    return set + "]"
  }

  // MARK: Letters

  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      if ".[]()*+?{}|^$\\".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
  }

  private static func escapedInClass(_ scalar: Unicode.Scalar) -> String {
    ("]\\^-[".unicodeScalars.contains(scalar) ? "\\" : "") + String(Character(scalar))
  }

  private static func inAnyCase(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      let (upper, lower) = (scalar.properties.uppercaseMapping, scalar.properties.lowercaseMapping)
      result += scalar.isASCII && upper != lower ? "[\(upper)\(lower)]" : escaped(String(scalar))
    }
  }
}
