// Command.swift — what a command is: its words, its options, its help, its action.

/// One command of the program, such as `model score`.
struct Command: Sendable {
  /// The words that select it.
  let name: String
  /// One line for the list of commands.
  let summary: String
  /// What may follow the name, as the usage line shows it.
  let synopsis: String
  /// The longer text under the usage line.
  var details = ""
  var options: [Option] = []
  /// Positional arguments allowed, at least and at most.
  var positionalCount = 0...0
  var examples: [Example] = []
  let run: @Sendable (Arguments) throws -> ExitCode

  /// An option or, without a value name, a flag.
  struct Option: Sendable {
    /// With its dashes.
    let name: String
    /// How the help names the value; nil for a flag.
    var value: String?
    let help: String
    /// Whether it may be given several times.
    var isRepeatable = false
  }

  struct Example: Sendable {
    let command: String
    let meaning: String
  }

  /// The text of `--help`.
  var help: String {
    var text = "usage: martlet \(name) \(synopsis)\n\n\(summary)\n"
    if !details.isEmpty { text += "\n\(details)\n" }
    let rows = options.map { option in
      (option.name + (option.value.map { " " + $0 } ?? ""), option.help)
    }
    if !rows.isEmpty { text += "\noptions:\n" + Self.table(rows) }
    if !examples.isEmpty {
      text += "\nexamples:\n"
      for example in examples { text += "  \(example.command)\n      \(example.meaning)\n" }
    }
    return text
  }

  /// Two aligned columns, indented.
  static func table(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { left, right in
      "  " + left + String(repeating: " ", count: width - left.count + 2) + right + "\n"
    }.joined()
  }
}
