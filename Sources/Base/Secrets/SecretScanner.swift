// SecretScanner.swift — finds secrets in a text, and takes them out. The one place that knows them.
//
// A text is read in several ways: as it stands; with `%41` and `\u0041` resolved (twice over); with
// wrapped lines joined; what its base64 and hex say; backwards. Each reading is one pass.

/// Finds secrets: values that it was given, and what is a secret by its looks.
///
/// The time is linear in the text's length. Nothing of a text is kept.
public struct SecretScanner: Sendable {
  private var known: KnownSecrets

  /// - Parameter known: Values to find whatever they look like: as they are, backwards, in base64 of
  ///   either alphabet wherever it begins, in hex, percent-encoded, with escapes of JSON, and
  ///   wrapped over lines.
  public init(known: [KnownSecret] = []) { self.known = KnownSecrets(known) }

  /// Has `secret` found from now on.
  public mutating func learn(_ secret: KnownSecret) { known.insert(secret) }

  /// Whether a variable of this name holds a secret, as people name them: "DB_PASSWORD".
  public static func isSecretName(_ name: String) -> Bool { SecretName(Array(name.utf8)[...]) != nil }

  /// Every secret in `text`, from left to right, none overlapping another.
  public func scan(_ text: String) -> [SecretFinding] { scan(Array(text.utf8)) }

  /// Every secret in `bytes`, which need not be UTF-8.
  public func scan(_ bytes: [UInt8]) -> [SecretFinding] {
    guard bytes.count >= 6 else { return [] }
    var findings: [SecretFinding] = []
    let plain = SecretView(bytes)
    var view = plain
    for depth in 0...2 {
      scan(view, into: &findings)
      guard depth < 2, let next = view.unescaped() else { break }
      view = next
    }
    let backwards = plain.reversed()
    findings += SecretScan.tokens(in: backwards.bytes).map { Self.placed($0, backwards) }
    return Self.merged(findings)
  }

  private func scan(_ view: SecretView, into findings: inout [SecretFinding]) {
    findings += SecretScan.all(in: view.bytes).map { Self.placed($0, view) }
    findKnown(view, &findings)
    scanDecoded(view.decodedRuns(), &findings)
    guard let unwrapped = view.unwrapped() else { return }
    findKnown(unwrapped, &findings)
    scanDecoded(unwrapped.decodedRuns(crossing: true), &findings)
  }

  private func scanDecoded(_ views: [SecretView], _ findings: inout [SecretFinding]) {
    for view in views {
      let inside = SecretScan.all(in: view.bytes).filter { $0.confidence > .possible }
      findings += inside.map { Self.placed($0, view) }
      findKnown(view, &findings)
    }
  }

  private func findKnown(_ view: SecretView, _ findings: inout [SecretFinding]) {
    for (range, name) in known.occurrences(in: view.bytes) {
      findings.append(
        SecretFinding(
          kind: .known, range: view.origin(of: range), confidence: .certain, name: name))
    }
  }

  private static func placed(_ finding: SecretFinding, _ view: SecretView) -> SecretFinding {
    var finding = finding
    finding.range = view.origin(of: finding.range)
    return finding
  }

  /// Findings that overlap become one, of the kind that is surest.
  private static func merged(_ findings: [SecretFinding]) -> [SecretFinding] {
    let sorted = findings.sorted { left, right in
      (left.range.lowerBound, -left.confidence.rawValue, right.range.upperBound)
        < (right.range.lowerBound, -right.confidence.rawValue, left.range.upperBound)
    }
    var result: [SecretFinding] = []
    for finding in sorted {
      guard let last = result.last, finding.range.lowerBound < last.range.upperBound else {
        result.append(finding)
        continue
      }
      let end = max(last.range.upperBound, finding.range.upperBound)
      var merged = finding.confidence > last.confidence ? finding : last
      merged.range = last.range.lowerBound..<end
      result[result.count - 1] = merged
    }
    return result
  }

  // MARK: - Taking out

  /// `text` with a mark in place of each secret that `isTaken`, by default what is at least likely;
  /// and what was taken out.
  public func redact(
    _ text: String, where isTaken: (SecretFinding) -> Bool = { $0.confidence >= .likely }
  ) -> (text: String, findings: [SecretFinding]) {
    let bytes = Array(text.utf8)
    let findings = scan(bytes).filter(isTaken)
    guard !findings.isEmpty else { return (text, []) }
    var result: [UInt8] = []
    var end = 0
    for finding in findings {
      result += bytes[end..<finding.range.lowerBound]
      result += Array(finding.mark.utf8)
      end = finding.range.upperBound
    }
    result += bytes[end...]
    return (String(decoding: result, as: UTF8.self), findings)
  }
}
