// ModelOptions.swift — the options that every command with a model shares.

import Base
import Inference
import Runtime

extension Command.Option {
  static let model = Self(
    name: "--model", value: "PATH", help: "a model folder, a GGUF file, or a name")
  static let precision = Self(
    name: "--precision", value: "NAME",
    help: "native (default): weights as stored, fast; f32: the plain reference")
  static let threads = Self(
    name: "--threads", value: "N", help: "threads that compute; default: the physical cores")
}

extension Arguments {
  /// What `--precision` and `--threads` say.
  func inferenceOptions() throws(CommandError) -> InferenceOptions {
    var options = InferenceOptions()
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
    return options
  }
}

extension Opening {
  /// Opens the model that `--model` names, and says on stderr what is being done.
  static func model(_ arguments: Arguments) throws(CommandError) -> LoadedModel {
    let path = Opening.path(try arguments.required("--model"))
    let options = try arguments.inferenceOptions()
    Progress.update("loading \(path)")
    defer { Progress.endUpdates() }
    return try loading { try LoadedModel(path: path, options: options) }
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
