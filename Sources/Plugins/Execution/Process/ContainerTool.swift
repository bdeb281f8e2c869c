// ContainerTool.swift — the tool `exec` of `container`: a command in, its status and streams out.

package import Base
import Glibc
package import MCP

/// What a call of `exec` asks for.
struct ContainerCommand: Equatable {
  static let secondsMaxDefault = 120.0
  /// Within the host's own patience (`callSeconds` in `Tools/container/manifest.json`).
  static let secondsMaxLimit = 590.0

  /// A problem with the arguments, in a sentence for the model.
  struct Problem: Error, Equatable {
    var sentence: String
  }

  var arguments: [String]
  var folder: String?
  var secondsMax = secondsMaxDefault

  /// Reads the call's arguments. The model was trained on a list of words under "cmd", and writes it
  /// under "command" and "commands" too; a plain text is a line for the shell.
  init(_ json: JSONObject) throws(Problem) {
    let names = ["cmd", "command", "commands"]
    let known = Set(names + ["workdir", "timeout", "timeout_ms"])
    if let other = json.keys.first(where: { !known.contains($0) }) {
      throw Problem(
        sentence: """
          exec does not know the argument "\(other.prefix(80))"; it takes "cmd", "workdir" and \
          "timeout".
          """)
    }
    let given = names.compactMap { json[$0] }
    guard given.count == 1, let words = Self.words(given[0]) else {
      throw Problem(
        sentence: """
          exec needs "cmd": a list of words such as ["ls", "-l"], or one line for the shell.
          """)
    }
    guard !words.contains(where: { $0.utf8.contains(0) }) else {
      throw Problem(sentence: "A word of the command contains a NUL byte.")
    }
    arguments = words
    switch json["workdir"] {
    case nil, .null?: folder = nil
    case .string(let path)?: folder = path.isEmpty ? nil : path
    default: throw Problem(sentence: "\"workdir\" is a path, as a string.")
    }
    if folder?.utf8.contains(0) == true {
      throw Problem(sentence: "\"workdir\" contains a NUL byte.")
    }
    secondsMax = try Self.seconds(json)
  }

  private static func words(_ json: JSONValue) -> [String]? {
    if let line = json.stringValue { return line.isEmpty ? nil : [shell, "-lc", line] }
    guard let elements = json.arrayValue, !elements.isEmpty else { return nil }
    let words = elements.compactMap(\.stringValue)
    return words.count == elements.count && !words[0].isEmpty ? words : nil
  }

  private static var shell: String { access("/bin/bash", X_OK) == 0 ? "bash" : "sh" }

  /// Seconds; a "timeout" of 1000 or more can only be meant in milliseconds, as other harnesses have it.
  private static func seconds(_ json: JSONObject) throws(Problem) -> Double {
    var seconds = secondsMaxDefault
    for (key, factor) in [("timeout", 1.0), ("timeout_ms", 0.001)] {
      guard let value = json[key], !value.isNull else { continue }
      guard let number = value.doubleValue, number.isFinite, number > 0 else {
        throw Problem(sentence: "\"\(key)\" is a number greater than 0.")
      }
      seconds = number * (factor == 1 && number >= 1000 ? 0.001 : factor)
    }
    return min(seconds, secondsMaxLimit)
  }
}

/// Runs commands.
package struct ContainerTool: PluginTool {
  package init() {}

  package let description = MCPTool(
    name: "exec",
    description: "Runs a command and returns its exit status and output.",
    inputSchema: [
      "type": "object",
      "properties": [
        "cmd": ["type": "array", "items": ["type": "string"]],
        "workdir": ["type": "string"],
        "timeout": ["type": "number"],
      ],
      "required": ["cmd"],
    ])

  package func call(_ arguments: JSONObject) -> MCPToolResult {
    let command: ContainerCommand
    do throws(ContainerCommand.Problem) { command = try ContainerCommand(arguments) } catch {
      return MCPToolResult(text: error.sentence, isError: true)
    }
    do throws(ChildProcessError) {
      let outcome = try CommandRun.run(
        command.arguments, folder: command.folder, secondsMax: command.secondsMax)
      return Self.result(outcome, secondsMax: command.secondsMax)
    } catch {
      let place = command.folder.map { " in \($0)" } ?? ""
      return MCPToolResult(text: "The command cannot be started\(place): \(error).", isError: true)
    }
  }

  /// One line of status, then each stream that said something. A status other than 0 is the command's
  /// answer, not a failure of the tool.
  static func result(_ outcome: CommandOutcome, secondsMax: Double) -> MCPToolResult {
    var text = "Exit status \(outcome.status)"
    text += outcome.timedOut ? "; killed after \(secondsMax) seconds.\n" : ".\n"
    for (name, stream) in [("stdout", outcome.output), ("stderr", outcome.errors)]
    where !stream.isEmpty {
      text += "\(name):\n\(stream)" + (stream.unicodeScalars.last == "\n" ? "" : "\n")
    }
    let structured: JSONValue = [
      "exitStatus": .number(.integer(Int64(outcome.status))),
      "stdout": .string(outcome.output),
      "stderr": .string(outcome.errors),
      "timedOut": .bool(outcome.timedOut),
    ]
    return MCPToolResult(
      content: [.text(text)], structured: structured, isError: outcome.timedOut)
  }
}
