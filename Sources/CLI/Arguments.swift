// Arguments.swift — a command's words, sorted into options, flags and the rest.

import FoundationEssentials

/// Parsed words of one command.
struct Arguments: Equatable, Sendable {
  private(set) var positional: [String] = []
  private var values: [String: [String]] = [:]
  private var flags: Set<String> = []
  private let commandName: String

  /// Sorts `words` by the options that `command` declares. `--name value` and `--name=value` are the
  /// same; after `--` everything is positional.
  init(_ words: some Sequence<String>, for command: Command) throws(CommandError) {
    commandName = command.name
    var words = Array(words)[...]
    while let word = words.popFirst() {
      if word == "--" {
        positional += words
        break
      }
      guard word.hasPrefix("-"), word != "-" else {
        positional.append(word)
        continue
      }
      try takeOption(word, rest: &words, command: command)
    }
    guard command.positionalCount.contains(positional.count) else {
      let problem =
        positional.count < command.positionalCount.lowerBound
        ? "an argument is missing"
        : "\"\(positional[command.positionalCount.upperBound])\" is one argument too many"
      throw .usage("\(problem). Usage: martlet \(command.name) \(command.synopsis)")
    }
  }

  private mutating func takeOption(
    _ word: String, rest: inout ArraySlice<String>, command: Command
  ) throws(CommandError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.options.first(where: { $0.name == name }) else {
      let known = command.options.map(\.name) + ["--help"]
      throw .usage(
        "\"\(name)\" is not an option of \"martlet \(command.name)\".\(suggestion(for: name, among: known)) "
          + "See: martlet \(command.name) --help")
    }
    guard values[name] == nil || option.isRepeatable, !flags.contains(name) else {
      throw .usage("\(name) is given twice.")
    }
    guard let valueName = option.value else {
      guard parts.count == 1 else { throw .usage("\(name) takes no value.") }
      flags.insert(name)
      return
    }
    if parts.count == 2 {
      values[name, default: []].append(String(parts[1]))
    } else if let value = rest.popFirst() {
      values[name, default: []].append(value)
    } else {
      throw .usage("\(name) needs a value: \(name) \(valueName)")
    }
  }

  /// The value of an option, or nil where it was not given.
  subscript(option: String) -> String? { values[option]?.last }

  /// All values of an option that may be given several times, in their order.
  func all(_ option: String) -> [String] { values[option] ?? [] }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// The value of an option that the command cannot do without.
  func required(_ option: String) throws(CommandError) -> String {
    guard let value = self[option] else {
      throw .usage("\(option) is missing. See: martlet \(commandName) --help")
    }
    return value
  }

  /// The value of an option as a whole number within `range`.
  func integer(_ option: String, in range: ClosedRange<Int>) throws(CommandError) -> Int? {
    guard let text = self[option] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      let bounds =
        range.upperBound == .max
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
      throw .usage("\(option) takes a whole number, \(bounds); \"\(text)\" is not one.")
    }
    return value
  }

  /// The value of an option as a number within `range`.
  func number(_ option: String, in range: ClosedRange<Double>) throws(CommandError) -> Double? {
    guard let text = self[option] else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw .usage(
        "\(option) takes a number, \(range.lowerBound) to \(range.upperBound); \"\(text)\" is not one."
      )
    }
    return value
  }
}

/// " Did you mean …?" where one of `known` is near `word`; else nothing.
func suggestion(for word: String, among known: [String]) -> String {
  let near = known.map { ($0, editDistance(Array(word.utf8), Array($0.utf8))) }
    .filter { $0.1 <= max(1, $0.0.utf8.count / 3) }
    .min { $0.1 < $1.1 }
  return near.map { " Did you mean \($0.0)?" } ?? ""
}

/// Levenshtein's distance over bytes.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var row = Array(0...right.count)
  for (i, leftByte) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, rightByte) in right.enumerated() {
      let substituted = diagonal + (leftByte == rightByte ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
    }
  }
  return row[right.count]
}
