// ContextSpan.swift — where the words of a run came from, as far as a rule may rely on it.
//
// The runtime tells what came from whom; the policy says who may be relied on. Text of no origin is not
// passed on at all: it can vouch for nothing.

public import Base

/// A piece of the conversation together with who vouches for it.
public struct ContextSpan: Equatable, Sendable {
  /// What the user typed as the task.
  public static let task = "task"
  /// What the sets of the policy file itself list; rules know it without the runtime.
  public static let policy = "policy"

  /// Notes that the user typed (`martlet memory add`), once the model has read them.
  public static let notes = "notes"
  /// What every policy may rely on without defining it.
  static let own = [task, policy, notes]

  /// ``task``, ``notes``, or "POLICY/NAME" for an origin that a policy file defines.
  public var origins: Set<String>
  public var text: String

  public init(origins: Set<String>, text: String) {
    self.origins = origins
    self.text = text
  }
}

/// What a policy file calls an origin: results of some tools, or one field in them.
struct Origin: Equatable, Sendable {
  let name: String
  let tools: [NamePattern]
  let arguments: [Rule.NamedMatcher]
  /// The key of structured results whose texts count; nil for the whole text.
  let field: String?

  /// How the spans of this origin are marked.
  func mark(in policy: String) -> String { "\(policy)/\(name)" }
}

extension PolicyEngine {
  /// The pieces of a tool's answer that some policy takes for an origin.
  ///
  /// - Parameters:
  ///   - effect: The call that was answered.
  ///   - text: What the model reads of the answer.
  ///   - structured: What the tool said for programs; where there is none, fields are looked for in
  ///     `text` if that is JSON.
  /// - Returns: Spans, none where no policy relies on the answer.
  public func spans(
    of effect: Effect, text: String, structured: JSONValue? = nil
  ) -> [ContextSpan] {
    let subject = Subject(effect)
    var whole: Set<String> = []
    var spans: [ContextSpan] = []
    for file in layers.flatMap(\.files) {
      for origin in file.origins where origin.covers(subject) {
        let mark = origin.mark(in: file.id)
        guard let field = origin.field else {
          whole.insert(mark)
          continue
        }
        let fields = structured ?? (try? JSONReader.value(text, source: "the result"))
        fields?.forEachString(under: field) { text in
          spans.append(ContextSpan(origins: [mark], text: text))
        }
      }
    }
    if !whole.isEmpty { spans.append(ContextSpan(origins: whole, text: text)) }
    return spans
  }

  /// Whether any rule asks where a value came from; else nobody has to keep spans.
  public var usesOrigins: Bool {
    layers.flatMap(\.files).flatMap(\.rules).contains { rule in
      if !rule.condition.origins.isEmpty { return true }
      guard case .named(let matchers) = rule.arguments else { return false }
      return matchers.contains { $0.matcher.usesOrigins }
    }
  }
}

extension Origin {
  fileprivate func covers(_ subject: Subject) -> Bool {
    tools.contains { $0.matches(anyOf: subject.names) }
      && arguments.allSatisfy { named in
        guard let argument = subject.argument(named.nameBytes) else {
          return named.matcher.isOptional
        }
        return named.matcher.failure(on: argument.value, Reading(.granting)) == nil
      }
  }
}

extension Matcher {
  /// Whether a check of this matcher, or of one within it, looks at origins.
  var usesOrigins: Bool {
    checks.contains { check in
      switch check {
      case .from, .notFrom: true
      case .all(let inner), .some(let inner): inner.usesOrigins
      default: false
      }
    }
  }
}

extension JSONValue {
  /// Every string and number that is a value of the key, or within one, at any depth.
  fileprivate func forEachString(under field: String, _ body: (String) -> Void) {
    switch self {
    case .null, .bool, .number, .string: return
    case .array(let elements): for element in elements { element.forEachString(under: field, body) }
    case .object(let object):
      for (key, value) in object {
        if key.utf8.elementsEqual(field.utf8) {
          value.forEachScalar(body)
        } else {
          value.forEachString(under: field, body)
        }
      }
    }
  }

  private func forEachScalar(_ body: (String) -> Void) {
    switch self {
    case .null, .bool, .object: return
    case .number(.integer(let value)): body(String(value))
    case .number(let value): if value.doubleValue.isFinite { body(String(value.doubleValue)) }
    case .string(let text): body(text)
    case .array(let elements): for element in elements { element.forEachScalar(body) }
    }
  }
}
