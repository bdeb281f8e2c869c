// ModelShelfCommands.swift — what models are on this machine, and removing one.

import Base
import Glibc
import Hub
import Inference
import Runtime

extension Command {
  static let modelList = Command(
    name: "model list",
    summary: "The models on this machine, whoever brought them here.",
    synopsis: "[--json]",
    details: """
      Looks at what ships with the program, at the store, at the cache that programs share, and at what
      Ollama, LM Studio and llama.cpp have; those are only read. Tables are opened, weights are not.
      Packed weights are copies in the form that computes fastest, made when a large model first ran.
      """,
    options: [Option(name: "--json", help: "one JSON object a line")],
    examples: [
      Example(
        command: "./martlet model list", meaning: "name, size, place; or why it cannot be used")
    ]
  ) { arguments in
    let places = Places.ofThisProcess()
    for (path, reason) in places.otherStores.unreadable() {
      Progress.line("martlet: \(path) cannot be read: \(reason).".plain)
    }
    let models = ModelShelf(places).models()
    if arguments.has("--json") {
      models.forEach { Output.jsonLine($0.json) }
      return .success
    }
    guard !models.isEmpty else {
      Progress.line("martlet: there is no model here. Fetch one: martlet model pull gpt-oss-20b")
      return .success
    }
    let nameWidth = models.map(\.name.count).max() ?? 0
    let placeWidth = models.map(\.place.rawValue.count).max() ?? 0
    for model in models {
      let name = model.name.filled(to: nameWidth)
      let place = model.place.rawValue.filled(to: placeWidth)
      Output.line("\(name)  \(place)  \(ByteText.size(model.byteCount))".plain)
      if let problem = model.problem {
        Output.line("    cannot be used: \(problem)".plain)
      } else if model.place == .ollama {
        Output.line("    --model \(model.path)".plain)
      } else if let source = model.source {
        Output.line("    made from \(source)".plain)
      }
    }
    return .success
  }

  static let modelRemove = Command(
    name: "model remove",
    summary: "Remove a model from the store or the shared cache; asks first.",
    synopsis: "NAME [--yes]",
    details: """
      NAME is a name of the store, a repository of the shared cache: gpt-oss-20b, ORG/NAME, or the name
      of packed weights, which are made again when they are needed. The cache is shared: other programs
      lose the model too. What ships with the program, and what other programs keep in stores of their
      own, is left alone.
      """,
    options: [Option(name: "--yes", help: "do not ask")],
    positionalCount: 1...1,
    examples: [
      Example(
        command: "./martlet model remove gpt-oss-20b", meaning: "says what would go, and asks")
    ]
  ) { arguments in
    let doomed = try DoomedModel(arguments.positional[0], .ofThisProcess())
    if !arguments.has("--yes") { try doomed.confirm() }
    try doomed.remove()
    Output.line("Removed \(doomed.name): \(ByteText.size(doomed.byteCount)).".plain)
    return .success
  }
}

extension String {
  fileprivate func filled(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

extension ShelvedModel {
  fileprivate var json: JSONValue {
    var object: JSONObject = [
      "name": .string(name), "place": .string(place.rawValue), "path": .string(path),
      "bytes": .number(.integer(Int64(byteCount))), "usable": .bool(problem == nil),
    ]
    object["problem"] = problem.map(JSONValue.string)
    object["source"] = source.map(JSONValue.string)
    return .object(object)
  }
}

/// A model that is to go.
private struct DoomedModel {
  let name: String
  let byteCount: Int
  private let path: String
  private let target: Target
  private enum Target {
    /// A folder, a file, or a link, which is not followed.
    case stored(ModelStore)
    case cached(HubCache, RepositoryName)
    case packed
  }

  init(_ name: String, _ places: Places) throws(CommandError) {
    self.name = name
    let store = ModelStore(folder: places.modelsFolder)
    if let size = store.bytesTaken(by: name) {
      path = store.path(of: name)
      byteCount = size
      target = .stored(store)
      return
    }
    if let file = places.packedStore.files().first(where: { $0.name == name }) {
      path = file.path
      byteCount = file.byteCount
      target = .packed
      return
    }
    let reference: ModelReference
    do throws(HubError) { reference = try ModelReference(name) } catch {
      throw Self.missing(name, places)
    }
    guard reference.file == nil, reference.revision == nil else {
      throw .usage(
        "A model is removed as a whole: martlet model remove \(reference.repository)")
    }
    guard places.modelCache.holds(reference.repository) else { throw Self.missing(name, places) }
    path = places.modelCache.folder(of: reference.repository)
    byteCount = places.modelCache.bytesTaken(by: reference.repository)
    target = .cached(places.modelCache, reference.repository)
  }

  /// Why nothing of that name is removed here.
  private static func missing(_ name: String, _ places: Places) -> CommandError {
    switch ModelShelf(places).models().first(where: { $0.name == name })?.place {
    case .shipped: .usage("\(name) ships with the program, and stays.".plain)
    case let place? where [.ollama, .lmStudio, .llamaCpp].contains(place):
      .usage(
        "\(name) is in a store of \(place.rawValue), which is only read here. Remove it with that program."
          .plain)
    default: .usage("There is no model \"\(name)\" to remove. See: martlet model list".plain)
    }
  }

  private static let askSecondsMax = 300

  /// Asks the person at the terminal.
  func confirm() throws(CommandError) {
    guard let approver = TerminalApprover() else {
      throw CommandError(
        exitCode: .approvalNeeded,
        sentence: "Nobody can be asked whether to remove \(path). If it is to go: --yes".plain)
    }
    let question = "This removes \(path), \(ByteText.size(byteCount))."
    let answer = waiting { () async -> ApprovalAnswer in
      (try? await approver.confirm(question, secondsMax: Self.askSecondsMax)) ?? .no
    }
    guard answer == .yes else {
      throw CommandError(exitCode: .denied, sentence: "Nothing was removed.")
    }
  }

  func remove() throws(CommandError) {
    do throws(HubError) {
      switch target {
      case .stored(let store): try store.remove(name)
      case .cached(let cache, let repository): try cache.remove(repository)
      case .packed:
        guard unlink(path) == 0 else {
          throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
      }
    } catch {
      throw CommandError(error)
    }
  }
}
