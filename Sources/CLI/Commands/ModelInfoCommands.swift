// ModelInfoCommands.swift — what a model on disk is, and whether its bytes make sense.

import Base
import Hub
import Inference
import ModelFiles
import Runtime

extension Command {
  static let modelInfo = Command(
    name: "model info",
    summary: "What a model on disk is: files, types, dimensions.",
    synopsis: "(--model PATH | PATH) [--json]",
    options: [.model, Option(name: "--json", help: "one JSON object")],
    positionalCount: 0...1,
    examples: [
      Example(
        command: "./martlet model info gpt-oss-20b.gguf",
        meaning: "container, layout, types, parameters, dimensions")
    ]
  ) { arguments in
    let facts = try Opening.loading { try GPTOSSCheckpoint(path: arguments.modelPath()) }.facts
    if arguments.has("--json") {
      Output.jsonLine(facts.json)
    } else {
      Output.write(Command.table(facts.rows))
    }
    return .success
  }

  static let modelVerify = Command(
    name: "model verify",
    summary: "Read every weight of a model and look for values that no model has.",
    synopsis: "(--model PATH | PATH)",
    details: """
      Opening a model checks its tables and small tensors only. This reads everything: scales that mean
      NaN, weights that are NaN or infinite; and of a model in the shared cache, or in Ollama's store, the
      digest of each file.
      It takes as long as reading the files does.
      """,
    options: [.model],
    positionalCount: 0...1,
    examples: [
      Example(
        command: "./martlet model verify gpt-oss-20b/",
        meaning: "names the first damaged tensor and exits with 6, or says that all is well")
    ]
  ) { arguments in
    if let name = arguments.positional.first,
      let packed = Places.ofThisProcess().packedStore.files().first(where: { $0.name == name })
    {
      Progress.update("reading \(packed.path)")
      defer { Progress.endUpdates() }
      guard packed.verify() else {
        throw CommandError.model(
          "\(packed.path) is damaged. Remove it: martlet model remove \(name)")
      }
      Output.line("\(name): every matrix is as it was packed.")
      return .success
    }
    let path = try arguments.modelPath()
    Progress.update("reading \(path)")
    defer { Progress.endUpdates() }
    let matchCount = try arguments.compareDigests(path)
    let checkpoint = try Opening.loading { try GPTOSSCheckpoint(path: path) }
    try Opening.loading { try checkpoint.verify() }
    let digests =
      matchCount == 0
      ? ""
      : " \(matchCount) \(matchCount == 1 ? "file matches its digest" : "files match their digests")."
    Output.line("\(path): all \(checkpoint.facts.tensorCount) tensors make sense.\(digests)")
    return .success
  }
}

extension Arguments {
  /// Where the model lies that is given as `--model` or as the only word.
  fileprivate func modelPath() throws(CommandError) -> String {
    guard let word = positional.first else { return Opening.path(try required("--model")) }
    guard self["--model"] == nil else { throw .usage("The model is given twice.") }
    let path = Opening.path(word)
    guard path == word, word.resolvingLinks == nil else { return path }
    // Ollama's names mean nothing elsewhere, but they are what is listed.
    let foreign = Places.ofThisProcess().otherStores.models()
    return foreign.first { $0.owner == .ollama && $0.name == word }?.path ?? word
  }

  /// Compares the files of a model in the shared cache, or in Ollama's store, with their names; returns how many they are.
  fileprivate func compareDigests(_ path: String) throws(CommandError) -> Int {
    let check: (fileCount: Int, damaged: [CacheCheck.Damage])
    do throws(HubError) { check = try CacheCheck.check(path) } catch { throw CommandError(error) }
    guard let damage = check.damaged.first else { return check.fileCount }
    throw .model(
      "\(damage.path) is damaged: its digest is \(damage.found), and it ought to be "
        + "\(damage.expected). Remove the model and fetch it again, with the program that brought it: "
        + "martlet model remove, pull")
  }
}

extension ModelFacts {
  /// Label and value, for people.
  fileprivate var rows: [(String, String)] {
    let model = configuration
    let slidingCount = model.layerIsSliding.count { $0 }
    var rows = [
      ("container", "\(container), \(layout.rawValue) layout"),
      (
        "files", files.map { "\($0.path) (\(ByteText.size($0.byteCount)))" }.joined(separator: ", ")
      ),
      (
        "parameters", "\(Self.short(parameterCount)), \(Self.short(activeParameterCount)) per token"
      ),
      (
        "tensors",
        types.map { "\($0.tensorCount) \($0.name) (\(ByteText.size($0.byteCount)))" }
          .joined(separator: ", ")
      ),
      (
        "layers",
        "\(model.layerCount), \(slidingCount) of them with a window of \(model.slidingWindow)"
      ),
      ("hidden size", "\(model.hiddenSize)"),
      (
        "heads",
        "\(model.headCount) of size \(model.headSize), \(model.kvHeadCount) for keys and values"
      ),
      (
        "experts",
        "\(model.expertCount) of size \(model.intermediateSize), \(model.expertsPerToken) per token"
      ),
      ("vocabulary", "\(model.vocabularySize)"),
      ("context", "\(model.contextLengthMax)"),
    ]
    if !unusedTensors.isEmpty {
      rows.append(("unused tensors", unusedTensors.prefix(8).joined(separator: ", ")))
    }
    return rows
  }

  fileprivate var json: JSONValue {
    let model = configuration
    return [
      "container": .string(container), "layout": .string(layout.rawValue),
      "files": .array(
        files.map { ["path": .string($0.path), "bytes": .number(.integer(Int64($0.byteCount)))] }),
      "types": .array(
        types.map {
          [
            "name": .string($0.name), "tensors": .number(.integer(Int64($0.tensorCount))),
            "bytes": .number(.integer(Int64($0.byteCount))),
          ]
        }),
      "unused_tensors": .array(unusedTensors.map(JSONValue.string)),
      "parameters": .number(.integer(Int64(parameterCount))),
      "parameters_per_token": .number(.integer(Int64(activeParameterCount))),
      "layers": .number(.integer(Int64(model.layerCount))),
      "hidden_size": .number(.integer(Int64(model.hiddenSize))),
      "intermediate_size": .number(.integer(Int64(model.intermediateSize))),
      "heads": .number(.integer(Int64(model.headCount))),
      "kv_heads": .number(.integer(Int64(model.kvHeadCount))),
      "head_size": .number(.integer(Int64(model.headSize))),
      "experts": .number(.integer(Int64(model.expertCount))),
      "experts_per_token": .number(.integer(Int64(model.expertsPerToken))),
      "vocabulary": .number(.integer(Int64(model.vocabularySize))),
      "sliding_window": .number(.integer(Int64(model.slidingWindow))),
      "context": .number(.integer(Int64(model.contextLengthMax))),
    ]
  }

  private static func short(_ count: Int) -> String {
    let millions = Double(count) / 1e6
    return millions < 1000
      ? "\((millions * 10).rounded() / 10) million" : "\((millions / 100).rounded() / 10) billion"
  }
}
