// PolicyEngine+Approval.swift — what exactly a person approves.

public import Base

extension PolicyEngine {
  /// The bytes whose SHA-256 an approval is for. If any of it differs, the approval is for something
  /// else, and the effect is judged and asked about again (rule 13).
  ///
  /// Tool and its manifest, the canonical arguments with sorted keys, the profiles, the labels, and
  /// the policies in force.
  public func approvalBytes(for effect: Effect, _ decision: PolicyDecision) -> [UInt8] {
    func strings(_ values: some Sequence<String>) -> JSONValue {
      .array(values.sorted().map { .string($0) })
    }
    let bound: JSONValue = [
      "tool": .string(effect.tool),
      "manifest": effect.manifestDigest.map { .string($0) } ?? .null,
      "actor": .string(effect.actor.rawValue),
      "arguments": effect.arguments.sorted,
      "derived": JSONValue.object(effect.derivedArguments).sorted,
      "sandbox": strings(decision.sandboxProfiles),
      "contextLabels": strings(decision.contextLabels),
      "argumentLabels": strings(decision.argumentLabels),
    ]
    return Array("martlet-approval-1\n\(bound.compactText)\n".utf8) + revisionBytes
  }
}

extension Effect {
  /// The arguments as an approval is bound to them: keys of objects sorted by their bytes.
  public var canonicalArguments: JSONValue { arguments.sorted }
}
