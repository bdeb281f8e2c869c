// CommandLineProgram.swift — picks the command, runs it, turns what happened into an exit code.

import Glibc
import Sandbox

/// The program `martlet` as a function of its words.
public enum CommandLineProgram {
  /// Runs the process's own arguments and exits.
  public static func main() -> Never {
    openStandardStreams()
    let code = run(Array(ProgramArguments.all.dropFirst()))
    exit(code.rawValue)
  }

  /// Where one of the standard streams is closed, the next file that is opened would take its number:
  /// a ledger would be written to by progress, a command behind walls would read what is the host's.
  private static func openStandardStreams() {
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
    }
  }

  static let version = "0.1.0"

  static let commands: [Command] = [
    .run, .chat, .doctor, .sessionList, .sessionShow, .sessionVerify, .memoryAdd, .memorySearch,
    .memoryList, .memoryForget, .policyCheck, .policyExplain, .policyTest, .policyLint,
    .policyLeaseAdd, .policyLeaseList, .policyLeaseRevoke, .sandboxRun, .sandboxDoctor,
    .toolList, .toolPin, .toolServe, .docsAdd, .docsList, .docsRemove, .modelPull, .modelList,
    .modelRemove, .modelInfo, .modelVerify, .modelScore, .modelGenerate, .modelBench,
    .harmonyRender, .harmonyParse, .tokenize,
  ]

  /// Runs `words` and returns the code to exit with. Errors are one line on stderr.
  static func run(_ words: [String]) -> ExitCode {
    do {
      return try dispatch(words)
    } catch let error as CommandError {
      Progress.line("martlet: \(error.sentence)")
      return error.exitCode
    } catch {
      Progress.line("martlet: internal error: \(error)")
      return .internalError
    }
  }

  private static func dispatch(_ words: [String]) throws -> ExitCode {
    guard let first = words.first else {
      Progress.line(overview)
      return .usage
    }
    switch first {
    case "--version":
      Output.line("martlet \(version)")
      return .success
    case "--help", "-h", "help":
      return try showHelp(Array(words.dropFirst()))
    default: break
    }
    let (command, rest) = try find(words)
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      Output.write(command.help)
      return .success
    }
    return try command.run(Arguments(rest, for: command))
  }

  private static func showHelp(_ words: [String]) throws -> ExitCode {
    guard !words.isEmpty else {
      Output.line(overview)
      return .success
    }
    Output.write(try find(words).command.help)
    return .success
  }

  /// The command with the longest name that `words` begin with.
  private static func find(
    _ words: [String]
  ) throws(CommandError) -> (command: Command, rest: ArraySlice<String>) {
    for length in [3, 2, 1] where words.count >= length {
      let name = words.prefix(length).joined(separator: " ")
      if let command = commands.first(where: { $0.name == name }) {
        return (command, words.dropFirst(length))
      }
    }
    for length in [2, 1] where words.count >= length {
      let stem = words.prefix(length).joined(separator: " ")
      let group = commands.filter { $0.name.hasPrefix(stem + " ") }
      guard !group.isEmpty else { continue }
      var names: [String] = []
      for name in group.map({ $0.name.dropFirst(stem.count + 1).prefix { $0 != " " } })
      where !names.contains(String(name)) { names.append(String(name)) }
      let given = words.dropFirst(length).first { !$0.hasPrefix("-") }
      let problem =
        given.map { "\"\(stem)\" has no \"\($0)\"." } ?? "\"\(stem)\" needs a word after it."
      throw .usage(
        "\(problem)\(given.map { suggestion(for: $0, among: names) } ?? "") It knows: \(names.joined(separator: ", ")). See: martlet --help"
      )
    }
    let names = commands.map { String($0.name.prefix { $0 != " " }) }
    throw .usage(
      "there is no command \"\(words[0])\".\(suggestion(for: words[0], among: names)) See: martlet --help"
    )
  }

  static var overview: String {
    var text = """
      martlet runs agent tasks with gpt-oss on this machine: the model proposes, the policy decides,
      the sandbox enforces, the ledger remembers.

      usage: martlet COMMAND [OPTIONS]

      commands:

      """
    text += Command.table(commands.map { ($0.name, $0.summary) })
    text += "\nexamples:\n"
    for example in [Command.run, .chat, .sessionShow, .doctor].compactMap(\.examples.first) {
      text += "  \(example.command)\n      \(example.meaning)\n"
    }
    text += "\nMore about one command: martlet COMMAND --help"
    return text
  }
}
