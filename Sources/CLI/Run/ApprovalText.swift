// ApprovalText.swift — a question to a person: the whole action, in characters that do nothing to a
// terminal, and what may be answered.

import Base
import Runtime

/// The words of a question.
struct ApprovalText: CustomStringConvertible {
  enum Choice: Equatable, Sendable { case once, run, lease, no }

  private let question: ApprovalQuestion

  init(_ question: ApprovalQuestion) { self.question = question }

  /// What is shown: who wants what, with which arguments, inside what, because of which rule.
  var description: String {
    let who =
      switch question.asker {
      case .model: "The model wants to call"
      case .plugin: "To answer the model's call, a tool wants to do"
      case .planner: "To have the task answered elsewhere, the run wants to do"
      case .user: "This command needs"
      }
    var lines = ["", "\(who) \(question.call.tool.plain):", ""]
    lines += question.call.body.indented(by: 2)
    // What was judged, where that is not what was written: other spellings, repeated spaces.
    let judged = question.arguments.compactText
    if Self.differs(question.call.body, question.arguments) {
      lines += ["", "as it was judged:", ""] + judged.indented(by: 2)
    }
    lines.append("")
    let walls = question.sandboxProfiles
    lines.append(
      "sandbox: \(walls.isEmpty ? "none of its own" : walls.joined(separator: ", "))".plain)
    if !question.labels.isEmpty {
      lines.append("what has been read: \(question.labels.joined(separator: ", "))".plain)
    }
    lines.append("\(question.reason.plain) (\(question.rules.joined(separator: ", ").plain))")
    return lines.joined(separator: "\n") + "\n" + choices
  }

  /// The line that an answer is typed behind.
  var choices: String {
    var words = ["[y]es, once"]
    if question.mayRemember { words.append("[r]un: yes, in this run") }
    if question.mayLease { words.append("[l]ease: yes, in later runs too") }
    words.append("[N]o")
    return words.joined(separator: "; ") + "? "
  }

  /// What a line means, lower case; nil for nothing that was offered.
  static func choice(_ line: String, _ question: ApprovalQuestion) -> Choice? {
    switch line {
    case "y", "yes", "once": .once
    case "r", "run", "a", "always": question.mayRemember ? .run : nil
    case "l", "lease": question.mayLease ? .lease : nil
    case "n", "no", "": .no
    default: nil
    }
  }

  static let leaseQuestion =
    "How many times, and for how long? For example: 10 2h, or 100 30d; nothing means no: "

  /// "10 2h", "1 30m", "100 30d".
  static func terms(_ line: String) -> LeaseTerms? {
    let words = line.split(separator: " ")
    guard words.count == 2, let uses = Int(words[0]), let seconds = seconds(String(words[1]))
    else { return nil }
    return LeaseTerms(uses: uses, seconds: seconds)
  }

  /// "90s", "30m", "2h", "7d".
  static func seconds(_ text: String) -> Int? {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
      count > 0, count <= LeaseTerms.secondsMax / unit
    else { return nil }
    return count * unit
  }

  /// Whether the arguments say other than the body: a body that is text counts as one argument.
  private static func differs(_ body: String, _ arguments: JSONValue) -> Bool {
    if let value = try? JSONReader.value(body, source: "the call") {
      return value.sorted != arguments
    }
    guard case .object(let object) = arguments, object.count == 1, let key = object.keys.first
    else {
      return true
    }
    return object[key]?.stringValue.map { !$0.utf8.elementsEqual(body.utf8) } ?? true
  }
}
