// Findings.swift — what a doctor found, for people and for programs.

import Base
import Sandbox

/// Prints findings: the state, what it is about, what was seen, and what to do about it.
func show(_ findings: [SandboxDoctor.Finding], asJSON: Bool) {
  if asJSON { return findings.forEach { Output.jsonLine($0.json) } }
  let stateWidth = SandboxDoctor.State.allCases.map(\.rawValue.count).max() ?? 0
  let subjectWidth = findings.map(\.subject.count).max() ?? 0
  for finding in findings {
    let state = finding.state.rawValue.padded(to: stateWidth)
    Output.line("\(state)  \(finding.subject.padded(to: subjectWidth))  \(finding.detail)".plain)
    guard let remedy = finding.remedy else { continue }
    let margin = String(repeating: " ", count: stateWidth + subjectWidth + 4)
    Output.line("\(margin)-> \(remedy)".plain)
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

extension SandboxDoctor.Finding {
  fileprivate var json: JSONValue {
    var object: JSONObject = [
      "subject": .string(subject), "state": .string(state.rawValue), "detail": .string(detail),
    ]
    object["remedy"] = remedy.map(JSONValue.string)
    return .object(object)
  }
}

extension [SandboxDoctor.Finding] {
  /// Whether some wall stands and holds.
  var hasSandbox: Bool {
    contains { $0.subject.hasPrefix("sandbox tier") && $0.state == .works }
  }
}
