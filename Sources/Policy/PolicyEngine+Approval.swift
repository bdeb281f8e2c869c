// PolicyEngine+Approval.swift — what exactly a person approves.

import Base

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

extension JSONValue {
  /// The value with the keys of every object in the order of their bytes.
  fileprivate var sorted: JSONValue {
    switch self {
    case .null, .bool, .number, .string: return self
    case .array(let elements): return .array(elements.map(\.sorted))
    case .object(let object):
      var result = JSONObject()
      for key in object.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        result[key] = object[key]?.sorted
      }
      return .object(result)
    }
  }
}
