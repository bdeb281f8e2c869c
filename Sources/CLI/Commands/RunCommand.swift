// RunCommand.swift — `martlet run`: one task, from its text to an answer and an exit code.

import Base
import Planner
import Runtime
import Store

extension Command {
  static let run = Command(
    name: "run",
    summary: "Do a task: the model proposes, the policy decides, the sandbox enforces.",
    synopsis: "[TASK | -] [OPTIONS]",
    details: """
      The answer goes to standard output, everything else to standard error. What is piped in follows
      the task as context; without a task it is the task. Every event is in the ledger before it is
      acted on: see martlet session.

      exit codes: 0 answered · 2 usage or configuration · 3 something was refused · 4 approval needed ·
      5 a budget ran out · 6 the model failed · 7 a tool failed · 8 no sandbox · 9 the answer does not
      match the schema · 130, 143 interrupted, terminated
      """,
    options: Option.forRuns + [
      Option(
        name: "--output-schema", value: "FILE", help: "the answer must match this JSON schema"),
      Option(name: "--json", help: "one event a line on standard output"),
      Option(name: "--print-prompt", help: "print what the model would read first, and do nothing"),
      Option(name: "--resume", value: "ID", help: "go on with a run that was broken off; or: last"),
      Option(
        name: "--tasks", value: "FILE",
        help: "a task a line: {\"task\": …, \"workspace\"?, \"id\"?}; a line of JSON for each"),
    ],
    positionalCount: 0...1,
    examples: [
      Example(command: #"./martlet run "What is 37 * 91?""#, meaning: "prints the answer"),
      Example(
        command: #"./martlet run --model gpt-oss-20b --workspace src "Which files have no tests?""#,
        meaning: "the tools see that folder and nothing else of yours"),
      Example(
        command: #"journalctl -n 200 | ./martlet run "What went wrong?" --max-time 10m"#,
        meaning: "what is piped in is the context"),
      Example(
        command: "./martlet run --resume last",
        meaning: "goes on where the last run was broken off"),
    ]
  ) { arguments in
    let places = Places.ofThisProcess()
    if arguments["--resume"] != nil { return try RunResumption(arguments, places).perform() }
    if let path = arguments["--tasks"] {
      return try RunBatch(arguments, places, path: path).perform()
    }
    let task = try RunTask(arguments.positional.first)
    var request = try RunRequest(arguments, places: places)
    request.settings.outputSchema = try arguments["--output-schema"].map(Self.schema)
    let stage = try RunStage(request, places)
    if arguments.has("--print-prompt") { return try stage.printPrompt(task.text) }
    return try stage.perform { (stage) async throws(RunError) in
      let session = try await stage.begin()
      return await stage.show(session) { await session.run(task.text, typed: task.typed) }.outcome
    }
  }

  /// The JSON of a schema file.
  private static func schema(_ path: String) throws(CommandError) -> JSONValue {
    do {
      return try JSONReader.value(wholeFile(path, bytesMax: 4 << 20), source: path)
    } catch let error as FileReadError {
      throw .usage("\(path) cannot be read: \(error.reason).")
    } catch {
      throw .usage("\(error)")
    }
  }
}
