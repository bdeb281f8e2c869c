// PolicyLint.swift — what a policy says and probably does not mean.
//
// A policy with findings loads and decides all the same. Each check is sure of what it says: where it
// cannot tell, it is silent.

/// Something that a policy's author should look at.
public struct PolicyFinding: Equatable, Sendable {
  public enum Severity: String, CaseIterable, Equatable, Sendable {
    /// The policy does not do what it says.
    case error
    /// It opens more than it should.
    case warning
    /// It could say it better.
    case note
  }

  /// The kinds of findings.
  public enum Check: String, CaseIterable, Equatable, Sendable {
    /// A rule that grants, where another one denies whatever it matches.
    case unreachable
    /// A rule that allows, where another one asks about whatever it matches.
    case shadowed
    /// A rule that says what another one says already.
    case repeated
    /// A rule that allows in a layer that denies nothing by itself: it changes nothing.
    case idle
    case unknownTool = "unknown-tool"
    case unknownArgument = "unknown-argument"
    case denyWithoutReason = "deny-without-reason"
    /// A wildcard over names that strangers can register under.
    case wideHost = "wide-host"
    case writeOutside = "write-outside"
    /// A program that runs whatever its arguments say.
    case interpreter
    /// A program whose flags nobody looked at.
    case flags
    /// A rule that allows any arguments of a tool that writes, runs or sends, without a wall.
    case broad
    /// A cloud that may be told everything.
    case cloudLabels = "cloud-labels"
    /// A tool that reads what strangers wrote and can send, and nothing between the two.
    case trifecta
    /// A rule that no test of its file shows to decide.
    case untested
    /// A budget that no rule charges.
    case unusedBudget = "unused-budget"
    case unusedSet = "unused-set"
    case unusedOrigin = "unused-origin"
  }

  public var check: Check
  public var severity: Severity
  /// The file.
  public var source: String
  /// 1-based; nil for the file as a whole.
  public var line: Int?
  public var policy: String
  /// The rule; nil where it is not about one.
  public var rule: String?
  /// What is wrong, and what to do.
  public var sentence: String
}

extension PolicyFinding: CustomStringConvertible {
  public var description: String {
    let place = line.map { "\(source), line \($0)" } ?? source
    return "\(place): \(severity.rawValue) \(check.rawValue): \(sentence)"
  }
}

/// Tools that there are, with the names of their arguments; none where that is not known.
public typealias KnownTools = [String: Set<String>]

extension PolicyEngine {
  /// Looks for what the policies say and probably do not mean, in the order of files and lines.
  ///
  /// - Parameter tools: The tools of this machine. The tools of the format itself and those that a
  ///   policy lists under "effects" are known anyway.
  /// - Returns: The findings; none for a policy that says what it means.
  public func lint(tools: KnownTools = [:]) -> [PolicyFinding] {
    var lint = PolicyLint(engine: self, tools: tools)
    for (index, layer) in layers.enumerated() {
      for file in layer.files { lint.check(file, inLayer: index) }
    }
    lint.checkWhole()
    return lint.findings
  }
}

/// One run over all files.
struct PolicyLint {
  let engine: PolicyEngine
  let tools: KnownTools
  private(set) var findings: [PolicyFinding] = []

  init(engine: PolicyEngine, tools: KnownTools) {
    self.engine = engine
    self.tools = tools
  }

  mutating func check(_ file: PolicyFile, inLayer index: Int) {
    for (number, rule) in file.rules.enumerated() {
      let place = Place(file: file, path: ["rules", "#\(number)"], rule: rule.id)
      checkReach(rule, place, layer: index)
      checkNames(rule, place)
      checkBreadth(rule, place)
    }
    checkTests(file, layer: index)
    checkUse(file)
  }

  /// What a finding is about.
  struct Place {
    let file: PolicyFile
    let path: [String]
    var rule: String?
  }

  mutating func report(
    _ check: PolicyFinding.Check, _ severity: PolicyFinding.Severity, _ place: Place,
    _ sentence: String
  ) {
    let node = place.file.root.node(at: place.path)
    let error = node?.error(.notUsable(""))
    findings.append(
      PolicyFinding(
        check: check, severity: severity, source: place.file.source.name, line: error?.line,
        policy: place.file.id, rule: place.rule, sentence: sentence))
  }

  // MARK: Whether a rule can decide at all

  private mutating func checkReach(_ rule: Rule, _ place: Place, layer index: Int) {
    guard rule.verdict != .deny || index > 0 else { return checkRepeats(rule, place, layer: index) }
    if rule.verdict == .allow, index > 0, !engine.layers[index].isClosed {
      report(
        .idle, .note, place,
        "\"\(rule.id)\" allows, and nothing in this layer denies by itself: it changes nothing. Write "
          + "noMatch: \"deny\" to make the layer a closed list, or remove the rule.")
    }
    for (other, file) in allRules where !isSame(other, file, as: rule, place.file) {
      guard other.verdict > rule.verdict, other.covers(rule) else { continue }
      let isDenied = other.verdict == .deny
      report(
        isDenied ? .unreachable : .shadowed, isDenied ? .error : .warning, place,
        isDenied
          ? "\"\(rule.id)\" never \(rule.verdict == .ask ? "asks" : "allows"): \"\(other.id)\" of "
            + "\"\(file.id)\" denies whatever it matches. Narrow the one, or remove the other."
          : "\"\(rule.id)\" never allows: \"\(other.id)\" of \"\(file.id)\" asks about whatever it "
            + "matches. Exclude that there with a \"not…\" matcher, or remove the rule.")
      return
    }
    checkRepeats(rule, place, layer: index)
  }

  private mutating func checkRepeats(_ rule: Rule, _ place: Place, layer index: Int) {
    for (other, file) in engine.layers[index].files.flatMap({ file in file.rules.map { ($0, file) }
    })
    where !isSame(other, file, as: rule, place.file) {
      guard other.verdict == rule.verdict, other.covers(rule),
        other.sandboxProfile == rule.sandboxProfile, other.budget == rule.budget,
        // Of two that say the same, one is reported.
        !rule.covers(other) || other.id < rule.id
      else { continue }
      report(
        .repeated, .note, place,
        "\"\(rule.id)\" says what \"\(other.id)\" says already. Remove it.")
      return
    }
  }

  private var allRules: [(Rule, PolicyFile)] {
    engine.layers.flatMap(\.files).flatMap { file in file.rules.map { ($0, file) } }
  }

  private func isSame(
    _ other: Rule, _ otherFile: PolicyFile, as rule: Rule, _ file: PolicyFile
  ) -> Bool {
    other.id == rule.id && otherFile.source == file.source
  }

  // MARK: Tests and loose ends

  private mutating func checkTests(_ file: PolicyFile, layer index: Int) {
    guard !file.rules.isEmpty, let proven = try? engine.proven(ofLayer: index) else { return }
    guard !file.tests.isEmpty else {
      return report(
        .untested, .note, Place(file: file, path: []),
        "the file has no tests. Add one for each rule under \"tests\".")
    }
    for (number, rule) in file.rules.enumerated() where !proven.contains(rule.id) {
      // An allow rule of an open layer decides nothing that a test could see from outside.
      report(
        .untested, .note, Place(file: file, path: ["rules", "#\(number)"], rule: rule.id),
        "no test shows that \"\(rule.id)\" decides. Add one under \"tests\".")
    }
  }

  private mutating func checkUse(_ file: PolicyFile) {
    let used = Set(engine.layers.flatMap(\.files).flatMap(\.rules).compactMap(\.budget))
    for budget in file.budgets where !used.contains(budget.id) {
      report(
        .unusedBudget, .warning, Place(file: file, path: ["budgets", budget.id]),
        "no rule charges the budget \"\(budget.id)\", so it limits nothing. Name it in a rule.")
    }
    let text = String(decoding: file.source.bytes, as: UTF8.self)
    for member in (try? file.root.node(at: ["sets"])?.members()) ?? []
    where !text.contains("@\(member.key)") && !file.usesPolicyOrigin {
      report(
        .unusedSet, .note, Place(file: file, path: ["sets", member.key]),
        "nothing uses the set \"\(member.key)\". Remove it.")
    }
    for origin in file.origins where !file.usedOrigins.contains(origin.mark(in: file.id)) {
      report(
        .unusedOrigin, .note, Place(file: file, path: ["origins", origin.name]),
        "no rule says from: [\"\(origin.name)\"]. Remove the origin.")
    }
  }
}

extension PolicyFile {
  /// Marks of the origins that the file's rules rely on.
  fileprivate var usedOrigins: Set<String> {
    var used: Set<String> = []
    for rule in rules {
      used.formUnion(rule.condition.origins)
      guard case .named(let matchers) = rule.arguments else { continue }
      for check in matchers.flatMap(\.matcher.allChecks) {
        switch check {
        case .from(let matcher), .notFrom(let matcher): used.formUnion(matcher.origins)
        default: continue
        }
      }
    }
    return used
  }

  fileprivate var usesPolicyOrigin: Bool { usedOrigins.contains(ContextSpan.policy) }
}
