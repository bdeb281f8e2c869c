// WallCase.swift — one case of the table in Docs/SANDBOX.md, and how it is shown.

import Testing

struct WallCase: Sendable, CustomTestStringConvertible {
  /// Something that a command tries.
  struct Attempt: Sendable {
    enum Control: Sendable {
      /// It succeeds in the open, for every user: otherwise the walls would prove nothing.
      case open
      /// It succeeds in the open on most machines and for most users.
      case mostlyOpen
      /// In the open it would do harm, or is refused anyway.
      case untried
    }

    var act: String
    var control: Control
    /// What the walls answer in each tier.
    var full: Set<String>
    var landlock: Set<String>

    init(_ act: String, _ control: Control, _ full: Set<String>, _ landlock: Set<String>? = nil) {
      (self.act, self.control, self.full) = (act, control, full)
      self.landlock = landlock ?? full
    }
  }

  /// Numbers up to 110 are those of the project's case list; from 201 on they are the project's own.
  var number: Int
  var title: String
  var attempts: [Attempt]
  /// Shown by a test of its own; its name, and in words what each tier does.
  var test = ""
  var full = ""
  var landlock = ""
  /// As whom it is shown.
  var who = Who.both

  enum Who: String, Sendable {
    /// As root in the full tier, as an ordinary user in both.
    case both = "root, user"
    /// Only for one of them there is such a case.
    case root
    case user
    /// It is about the host's own tools, whatever tier a command is in.
    case host
  }

  init(_ number: Int, _ title: String, _ attempts: [Attempt]) {
    (self.number, self.title, self.attempts) = (number, title, attempts)
  }

  init(
    _ number: Int, _ title: String, full: String, landlock: String, test: String, who: Who = .both
  ) {
    (self.number, self.title, self.attempts) = (number, title, [])
    (self.full, self.landlock, self.test, self.who) = (full, landlock, test, who)
  }

  var testDescription: String { "\(number) \(title)" }

  static let all =
    (filesAndProcesses + networkAndKernel + identityAndResources + own)
    .sorted { $0.number < $1.number }
  static let tried = all.filter { !$0.attempts.isEmpty }
}

// MARK: - The table of Docs/SANDBOX.md

extension WallCase {
  private static func answers(_ sets: [Set<String>]) -> String {
    sets.reduce(into: Set()) { $0.formUnion($1) }.sorted().joined(separator: ", ")
  }

  private var control: String {
    if attempts.contains(where: { $0.control == .open }) { return "yes" }
    return attempts.contains { $0.control == .mostlyOpen } ? "mostly" : ""
  }

  /// A row: number, case, what each tier does, as whom it is shown, whether the act is shown to succeed
  /// without walls, test.
  var row: String {
    let cells =
      attempts.isEmpty
      ? [title, full, landlock, who.rawValue, "", "`\(test)`"]
      : [
        title, Self.answers(attempts.map(\.full)), Self.answers(attempts.map(\.landlock)),
        who.rawValue, control,
        attempts.map { "`\($0.act.replacing("|", with: "/"))`" }.joined(separator: " "),
      ]
    return "| \(number) | " + cells.joined(separator: " | ") + " |"
  }
}
