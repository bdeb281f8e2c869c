// ModelPullCommand.swift — `martlet model pull`: the one command that fetches weights.

import Base
import Hub
import Planner
import Policy
import Runtime
import Synchronization

extension Command {
  static let modelPull = Command(
    name: "model pull",
    summary: "Fetch a model into the cache that programs share.",
    synopsis: "NAME [--revision R] [--policy POLICY] [--token-file FILE] [--json]",
    details: """
      NAME is gpt-oss-20b, gpt-oss-120b, or ORG/NAME[@REVISION][:FILE]; with FILE, that GGUF file. Fetched
      is what loading needs, at one commit, and every file's digest is checked before it gets its name.
      What was broken off, by whatever, goes on where it stopped. Standard output is the path.

      The policy is asked first, as model.pull by the user, with {"model": "ORG/NAME"}.

      environment: HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE; proxy and authorities as in
      network.json (Docs/network.md), else https_proxy, no_proxy, SSL_CERT_FILE

      exit codes: 0 it is here · 1 the disk · 2 usage, no such model, no right to it · 3 the policy says
      no · 4 approval needed · 10 the network · 130 interrupted
      """,
    options: [
      Option(name: "--revision", value: "R", help: "a branch, a tag or a commit; default: main"),
      Option(
        name: "--policy", value: "POLICY", help: "a shipped policy's name, or a file"),
      Option(
        name: "--token-file", value: "FILE", help: "holds the token; default: HF_TOKEN, if set"),
      Option(name: "--headless", help: "ask nobody, also at a terminal"),
      Option(name: "--json", help: "one JSON object on standard output"),
    ],
    positionalCount: 1...1,
    examples: [
      Example(command: "./martlet model pull gpt-oss-20b", meaning: "13.8 GB, then: martlet run"),
      Example(
        command: "./martlet model pull ggml-org/gpt-oss-20b-GGUF:gpt-oss-20b-MXFP4.gguf",
        meaning: "one GGUF file"),
    ]
  ) { arguments in try PullRequest(arguments).perform() }
}

/// One call of the command.
private struct PullRequest {
  private let reference: ModelReference
  private let engine: PolicyEngine
  private let places: Places
  private let tokenFile: String?
  private let isHeadless: Bool
  private let isJSON: Bool

  init(_ arguments: Arguments) throws(CommandError) {
    places = Places.ofThisProcess()
    tokenFile = arguments["--token-file"]
    isHeadless = arguments.has("--headless")
    isJSON = arguments.has("--json")
    do throws(HubError) {
      var reference = try ModelReference(arguments.positional[0])
      if let revision = arguments["--revision"] { try reference.setRevision(revision) }
      self.reference = reference
    } catch {
      throw CommandError(error)
    }
    do {
      engine = try PolicyLoading.engine(
        chosen: arguments["--policy"], places: places, workspace: arguments.workspaceHere())
    } catch let error as CommandError {
      throw error
    } catch {
      throw .usage("\(error)")
    }
  }

  func perform() throws(CommandError) -> ExitCode {
    let signals = SignalWatch()
    try permit()
    let settings: HubSettings
    do throws(RunError) { settings = try places.fetchSettings(tokenFile: tokenFile) } catch {
      throw CommandError(error)
    }
    let interruption = Mutex<Interruption?>(nil)
    let result = fetch(
      settings, signals,
      interruption: { word in
        interruption.withLock { $0 = $0 ?? word }
      })
    switch result {
    case .success(let model):
      tell(model)
      return .success
    case .failure(.cancelled):
      Progress.line("martlet: \(HubError.cancelled)")
      return interruption.withLock { $0 } == .terminated ? .terminated : .interrupted
    case .failure(let error): throw CommandError(error)
    }
  }

  /// Asks the policy, and a person where it says so.
  private func permit() throws(CommandError) {
    let effects = UserEffects(
      policy: engine, approver: isHeadless ? nil : TerminalApprover(), places: places)
    var more: JSONObject = [:]
    more["revision"] = reference.revision.map { .string($0) }
    more["file"] = reference.file.map { .string($0) }
    let facts = more
    let model = reference.repository.description
    try Permission.need("Fetching \(model)") { () async throws(CancellationError) in
      try await effects.judgePull(of: model, facts)
    }
  }

  private func fetch(
    _ settings: HubSettings, _ signals: SignalWatch,
    interruption: @escaping @Sendable (Interruption) -> Void
  ) -> Result<PulledModel, HubError> {
    let meter = PullMeter()
    let pull = ModelPull(reference, settings: settings, meter: meter)
    let name = reference.shortText
    defer {
      signals.tell(nil)
      Progress.endUpdates()
    }
    return waiting { () async -> Result<PulledModel, HubError> in
      let work = Task { () async -> Result<PulledModel, HubError> in
        do throws(HubError) { return .success(try await pull.perform()) } catch {
          return .failure(error)
        }
      }
      signals.tell { word in
        interruption(word)
        work.cancel()
      }
      let display = Task { await Self.show(meter, name: name) }
      defer { display.cancel() }
      return await work.value
    }
  }

  /// Shows the meter until the task is cancelled; only at a terminal.
  private static func show(_ meter: PullMeter, name: String) async {
    guard Progress.isTerminal else { return }
    let clock = ContinuousClock()
    let start = clock.now
    var progress = PullProgress(name: name)
    while !Task.isCancelled {
      let seconds = (clock.now - start) / .seconds(1)
      Progress.update(progress.line(meter.reading, seconds: seconds).oneLine(lengthMax: 160))
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  private func tell(_ model: PulledModel) {
    guard isJSON else { return Output.line(model.path) }
    Output.jsonLine([
      "model": .string(model.reference.description), "commit": .string(model.commit),
      "path": .string(model.path),
      "files": .array(
        model.files.map {
          [
            "path": .string($0.path), "bytes": .number(.integer(Int64($0.byteCount))),
            "digest": .string($0.content.description),
          ]
        }),
      "fetched_bytes": .number(.integer(Int64(model.fetchedBytes))),
    ])
  }
}

extension Arguments {
  /// The current folder, whose policy narrows the user's.
  fileprivate func workspaceHere() throws(CommandError) -> String {
    guard let folder = ".".resolvingLinks else {
      throw .usage("The current folder is gone. Change to one that exists.")
    }
    return folder
  }
}

extension CommandError {
  init(_ error: HubError) {
    let code: ExitCode =
      switch error {
      case .nameUnusable, .revisionUnusable, .fileUnusable, .endpointUnusable, .tokenUnreadable,
        .tokenUnusable, .offline, .repositoryNotFound, .revisionNotFound, .fileNotFound, .gated,
        .unauthorized, .forbidden, .nothingToLoad, .fileMustBeNamed, .inUse:
        .usage
      case .rateLimited, .serverFailed, .statusUnexpected, .transfer, .notAHub, .answerUnusable,
        .pathHostile, .tooLarge, .changed, .rangeWrong, .rangeIgnored, .linkRefused, .damaged:
        .networkFailure
      case .diskFull, .cannotWrite, .cannotRead: .internalError
      case .cancelled: .interrupted
      }
    self.init(exitCode: code, sentence: error.description.plain)
  }
}
