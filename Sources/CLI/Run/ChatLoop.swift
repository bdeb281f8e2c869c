// ChatLoop.swift — `martlet chat`: line after line from a terminal, each a task of the same session.

import Dispatch
import Glibc
import Planner
import Runtime

extension Command {
  static let chat = Command(
    name: "chat",
    summary: "Talk at a terminal: the same loop as run, turn after turn.",
    synopsis: "[OPTIONS]",
    details: """
      /new begins a new session, /exit or Ctrl-D ends. Ctrl-C breaks off what is under way. A session
      can be gone on with later: martlet chat --resume ID.
      """,
    options: Option.forRuns + [
      Option(name: "--resume", value: "ID", help: "go on with an earlier session; or: last")
    ],
    examples: [
      Example(command: "./martlet chat", meaning: "with the best model that is here"),
      Example(command: "./martlet chat --resume last", meaning: "where you left off"),
    ]
  ) { arguments in
    guard isatty(STDIN_FILENO) == 1 else {
      throw CommandError.usage(
        "chat reads from a terminal. For what is piped in there is: martlet run -")
    }
    let places = Places.ofThisProcess()
    if arguments["--resume"] != nil { return try RunResumption(arguments, places).chat() }
    return try RunStage(RunRequest(arguments, places: places), places).perform {
      (stage) async throws(RunError) in
      try await ChatLoop(stage).run(try await stage.begin())
    }
  }
}

/// Reads lines and has them done.
struct ChatLoop {
  private let stage: RunStage

  init(_ stage: RunStage) { self.stage = stage }

  /// Goes on until the user ends it.
  func run(_ first: AgentSession) async throws(RunError) -> Outcome {
    var session = first
    Progress.line("martlet: session \(session.id); /exit ends, /new starts over")
    while let line = await read() {
      switch line {
      case "": continue
      case "/exit", "/quit": return await end(session)
      case "/new":
        await session.close()
        session = try await stage.begin()
        Progress.line("martlet: session \(session.id)")
      case _ where line.hasPrefix("/") && !line.contains(" "):
        Progress.line("martlet: \"\(line.plain)\" is no command; there are: /new, /exit")
      default:
        let current = session
        let summary = await stage.follow(current) { await current.run(line) }
        stage.tell(summary, current.id, isChat: true)
        if summary.outcome == .terminated { return await end(session, .terminated) }
      }
    }
    Progress.line("")
    return await end(session)
  }

  private func end(_ session: AgentSession, _ outcome: Outcome = .answered) async -> Outcome {
    await session.close()
    return outcome
  }

  /// The next line without surrounding white space; nil at the end of input. Waits on a thread of its
  /// own.
  private func read() async -> String? {
    Progress.write("> ")
    return await withCheckedContinuation { continuation in
      DispatchQueue(label: "martlet.chat").async {
        continuation.resume(returning: readLine()?.trimmed)
      }
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...].drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
