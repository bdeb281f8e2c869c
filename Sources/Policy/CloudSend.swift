// CloudSend.swift — the exact bytes that would go to a model elsewhere, and what was found in them.
//
// The effect is `cloud.send { endpoint, model, payload }`. Beside it stand, for rules that want to name
// them:
//
//     secrets   kinds of secrets that are in the payload, after whatever was redacted
//     files     files of the workspace that the payload has words of, as absolute paths
//     scan      "whole", or "partial" where the workspace was too large to be compared as a whole
//     reason    why it would be sent, see ``CloudSend/Reason``
//
// Labels of what was found are labels of the arguments, so flow rules and `cloud.denyLabels` see them.

public import Base

/// One request to a cloud model, before anything of it was sent.
public struct CloudSend: Equatable, Sendable {
  /// The effect's name in rules.
  public static let tool = "cloud.send"
  static let derivedNames = ["secrets", "files", "scan", "reason"]

  /// Who wants an answer from elsewhere, and why.
  public enum Reason: String, CaseIterable, Hashable, Sendable {
    /// The model called `cloud.ask`.
    case modelAsked = "model-asked"
    /// The local model gave no usable answer.
    case modelFailed = "model-failed"
    /// The local model has used up its steps.
    case stepsSpent = "steps-spent"
    /// The user handed the task over.
    case taskMarked = "task-marked"
  }

  /// The address that the payload is posted to.
  public var endpoint: String
  public var model: String
  /// The body of the request, as it is sent.
  public var payload: String
  public var reason: Reason
  public var secrets: [String] = []
  public var files: [String] = []
  public var isScanWhole = true
  public var labels: Set<String> = []
  /// The most that it may use of budgets.
  public var cost = BudgetAmounts()

  public init(endpoint: String, model: String, payload: String, reason: Reason) {
    self.endpoint = endpoint
    self.model = model
    self.payload = payload
    self.reason = reason
  }

  /// What the rules look at.
  public var effect: Effect {
    var effect = Effect(
      tool: Self.tool,
      arguments: [
        "endpoint": .string(endpoint), "model": .string(model), "payload": .string(payload),
      ], actor: reason == .modelAsked ? .plugin : .planner)
    effect.derivedArguments = [
      "secrets": .array(secrets.map { .string($0) }), "files": .array(files.map { .string($0) }),
      "scan": .string(isScanWhole ? "whole" : "partial"), "reason": .string(reason.rawValue),
    ]
    effect.argumentLabels = labels
    effect.cost = cost
    effect.cloudEndpoint = Self.origin(endpoint)
    effect.cloudReason = reason.rawValue
    if let address {
      effect.webAddresses["endpoint"] = address
    } else {
      effect.flaw = .malformed("The endpoint is no http or https URL that all programs read alike.")
    }
    return effect
  }

  /// Nil where different parsers read the endpoint differently.
  public var address: WebAddress? { WebAddress(plain: endpoint) }

  /// What `cloud.endpoints` lists: scheme, host, and the port where it is not the scheme's own.
  public static func origin(_ url: String) -> String? {
    guard let web = WebAddress(plain: url) else { return nil }
    let host = web.host.utf8.contains(UInt8(ascii: ":")) ? "[\(web.host)]" : web.host
    let own = web.scheme == "https" ? 443 : 80
    return "\(web.scheme)://\(host)" + (web.port == own ? "" : ":\(web.port)")
  }

  /// Whether the endpoint may be reached without TLS at all: only this machine and this site may.
  public var isPlainRemote: Bool {
    guard let address else { return false }
    return address.scheme == "http" && !address.isSpecial
  }
}

extension PolicyEngine {
  /// Whether an address of the endpoint's host may be dialled, once the payload was granted in `state`,
  /// whose approval holds for the address too.
  public func admits(_ address: IPAddress, for send: CloudSend, _ state: PolicyState) -> Bool {
    guard let web = send.address else { return false }
    var effect = send.effect
    effect.webAddresses["endpoint"]?.host = address.description
    return admits(address, of: web, effect, state)
  }

  /// Labels of the file at an absolute path.
  public func labels(ofFile path: String) -> Set<String> {
    guard !fileLabels.isEmpty else { return [] }
    let bytes = Array(path.utf8)
    let value = Subject.Value.text(
      Subject.Text(string: path, bytes: bytes, path: CanonicalPath(bytes), web: nil))
    return fileLabels.reduce(into: []) { labels, file in
      if file.path.failure(on: value, Reading(.denying)) == nil {
        labels.formUnion(file.labels)
      }
    }
  }

  /// Labels that any file could have: what may be in a payload that was not compared with all of them.
  public var possibleFileLabels: Set<String> {
    fileLabels.reduce(into: []) { $0.formUnion($1.labels) }
  }
}

// MARK: - Redaction

/// A part of a text, what it was known by, and its labels.
public struct LabelledSpan: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    /// Known by its looks; the name of the pattern or of the scanner's rule.
    case secret(String)
    /// Words of a file of the workspace.
    case file(String)
    /// Words that a tool answered in this run.
    case toolOutput(tool: String)
  }

  /// In the text's UTF-8.
  public var range: Range<Int>
  public var kind: Kind
  public var labels: Set<String>

  public init(range: Range<Int>, kind: Kind, labels: Set<String>) {
    self.range = range
    self.kind = kind
    self.labels = labels
  }

  /// What stands in its place. Names of files stay here.
  public var mark: String {
    switch kind {
    case .secret(let name): "[redacted: \(name)]"
    case .file: "[redacted: file]"
    case .toolOutput(let tool): "[redacted: output of \(tool)]"
    }
  }
}

extension PolicyEngine {
  /// Spans of the policies' own content patterns in `text`.
  public func contentSpans(in text: String) -> [LabelledSpan] {
    contentPatterns.flatMap { content -> [LabelledSpan] in
      guard content.pattern.occurs(in: text) else { return [] }
      return content.pattern.coveredRanges(in: text).map {
        LabelledSpan(range: $0, kind: .secret(content.id), labels: content.labels)
      }
    }
  }

  /// Whether the policies want the span left out of what goes to the cloud.
  public func redacts(_ span: LabelledSpan) -> Bool {
    if case .toolOutput = span.kind, cloud.stripsToolOutput { return true }
    return !span.labels.isDisjoint(with: cloud.redactLabels)
  }

  /// `text` as it may go to the cloud.
  ///
  /// - Parameters:
  ///   - text: The text itself.
  ///   - spans: What was found in it, in any order; they may overlap.
  /// - Returns: The text with a mark in place of each span that the policies want left out, those
  ///   spans, and the spans that stay.
  public func redacted(
    _ text: String, _ spans: [LabelledSpan]
  ) -> (text: String, taken: [LabelledSpan], left: [LabelledSpan]) {
    let taken = spans.filter(redacts).sorted { $0.range.lowerBound < $1.range.lowerBound }
    let left = spans.filter { span in
      // What a mark covers is gone, whatever else it was.
      !redacts(span)
        && !taken.contains {
          $0.range.lowerBound <= span.range.lowerBound
            && span.range.upperBound <= $0.range.upperBound
        }
    }
    guard !taken.isEmpty else { return (text, [], left) }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var end = 0
    for span in taken {
      let range = Self.scalarBorders(span.range, in: bytes)
      guard range.upperBound > end else { continue }
      result += bytes[end..<max(end, range.lowerBound)]
      if range.lowerBound >= end { result += Array(span.mark.utf8) }
      end = range.upperBound
    }
    result += bytes[end...]
    return (String(decoding: result, as: UTF8.self), taken, left)
  }

  /// The range widened so that it cuts no scalar.
  private static func scalarBorders(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    var (low, high) = (min(range.lowerBound, bytes.count), min(range.upperBound, bytes.count))
    while low > 0, low < bytes.count, bytes[low] & 0xC0 == 0x80 { low -= 1 }
    while high < bytes.count, bytes[high] & 0xC0 == 0x80 { high += 1 }
    return low..<high
  }
}
