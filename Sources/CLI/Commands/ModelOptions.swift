// ModelOptions.swift — the options that every command with a model shares.

import Base
import Inference
import Runtime

extension Command.Option {
  static let model = Self(
    name: "--model", value: "PATH", help: "a model folder, a GGUF file, or a name")
  static let precision = Self(
    name: "--precision", value: "NAME",
    help:
      "mixed: fast, packed where nothing is lost, unembedding in 8 bits; q8: faster, 8 bits where MXFP4 is not; native: as stored; f32: the plain reference. Default: mixed for 1 GiB or more, else native"
  )
  static let threads = Self(
    name: "--threads", value: "N", help: "threads that compute; default: the physical cores")
}

extension Command.Option {
  static let draft = Self(
    name: "--draft", value: "N",
    help:
      "guess up to N tokens from what was said before, and compute them together; the same tokens come out; default: 0"
  )
}

extension Arguments {
  /// What `--precision`, `--threads` and `--draft` say.
  func inferenceOptions() throws(CommandError) -> InferenceOptions {
    let places = Places.ofThisProcess()
    var options = InferenceOptions(
      packedStore: places.packedStore, prefixStore: places.prefixStore)
    if let name = self["--precision"] {
      guard let precision = Precision(rawValue: name) else {
        let names = Precision.allCases.map(\.rawValue)
        throw .usage(
          "--precision is one of: \(names.joined(separator: ", ")); \"\(name)\" is not.\(suggestion(for: name, among: names))"
        )
      }
      options.precision = precision
    }
    options.threadCount = try integer("--threads", in: 1...1024)
    options.draftTokenCount = try integer("--draft", in: 0...64) ?? 0
    return options
  }
}

extension Opening {
  /// Opens the model that `--model` names, and says on stderr what is being done.
  static func model(
    _ arguments: Arguments, _ options: InferenceOptions? = nil
  ) throws(CommandError) -> LoadedModel {
    let path = Opening.path(try arguments.required("--model"))
    let options = if let options { options } else { try arguments.inferenceOptions() }
    Progress.update("loading \(path)")
    defer { Progress.endUpdates() }
    let model = try loading {
      try LoadedModel(path: path, options: options, onPacking: Progress.packing)
    }
    Progress.notePacking(model.engine.packingProblem)
    return model
  }
}

extension Progress {
  /// How far packing is, at a terminal.
  static let packing: @Sendable (PackingProgress) -> Void = { progress in
    let percent = 100 * progress.done / max(1, progress.total)
    let gigabytes = Double(progress.total / 100_000_000) / 10
    update("packing the weights, once for this model: \(percent) % of \(gigabytes) GB")
  }

  /// Says why the next start will have to pack the weights again.
  static func notePacking(_ problem: String?) {
    guard let problem else { return }
    line("martlet: packed weights cannot be kept for the next start: \(problem)")
  }
}

extension PrefillControl {
  /// Shows how much of a prompt has been computed, at a terminal.
  static func showingProgress() -> PrefillControl {
    let clock = ContinuousClock()
    let start = clock.now
    return PrefillControl(onProgress: { done, total in
      guard done < total else { return Progress.endUpdates() }
      let seconds = (clock.now - start) / .seconds(1)
      let speed = seconds > 0.1 ? ", \(Int(Double(done) / seconds)) tokens/s" : ""
      Progress.update("reading the prompt: \(100 * done / total) % of \(total) tokens\(speed)")
    })
  }
}
