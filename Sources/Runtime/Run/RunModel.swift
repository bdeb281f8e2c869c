// RunModel.swift — a model that is loaded and can serve any number of runs, one after the other.

import Base
import Harmony
public import Inference
import Planner

/// A model, or a script in its place.
public struct RunModel: Sendable {
  enum Engine: Sendable {
    case local(LocalModel)
    case scripted(Script)
    case server(ServerModel)
  }

  let engine: Engine
  let vocabulary: HarmonyVocabulary
  public let choice: ModelChoice
  public let record: ModelRecord
  /// Tokens that a prompt and an answer may have together; nil for a script without a bound.
  public let contextTokensMax: Int?

  /// Opens the model.
  ///
  /// - Parameters:
  ///   - choice: What to open.
  ///   - options: How to compute.
  ///   - contextTokensMax: Nil for what the model was made for; a script knows no bound of its own.
  ///   - isCostBounded: Whether a server needs a price.
  ///   - places: For the vocabulary that scripts are written in, and what is known of servers.
  ///   - onPacking: Told now and then while weights are packed, which may take minutes.
  /// - Returns: The model, ready for its first run.
  /// - Throws: ``RunError``: the model cannot be used.
  public static func load(
    _ choice: ModelChoice, options: InferenceOptions = InferenceOptions(),
    contextTokensMax: Int? = nil, isCostBounded: Bool = false, places: Places,
    onPacking: @Sendable (PackingProgress) -> Void = { _ in }
  ) async throws(RunError) -> RunModel {
    switch choice {
    case .server(let address):
      let server = try await ServerModel.open(
        address, contextTokensMax: contextTokensMax, isCostBounded: isCostBounded, places: places,
        vocabulary: try scriptVocabulary(places))
      return RunModel(
        engine: .server(server), vocabulary: server.vocabulary, choice: choice,
        record: server.record, contextTokensMax: server.contextTokensMax)
    case .checkpoint(let name, let path):
      let model = try LocalModel(
        name: name, path: path, options: options, contextTokensMax: contextTokensMax,
        onPacking: onPacking)
      return RunModel(
        engine: .local(model), vocabulary: model.vocabulary, choice: choice, record: model.record,
        contextTokensMax: model.contextTokensMax)
    case .script(let path):
      let vocabulary = try scriptVocabulary(places)
      let script = try Script(path: path, vocabulary: vocabulary)
      return RunModel(
        engine: .scripted(script), vocabulary: vocabulary, choice: choice,
        record: ModelRecord(
          name: choice.shownName, isScripted: true,
          details: ["lines": .number(.integer(Int64(script.lines.count)))]),
        contextTokensMax: contextTokensMax)
    }
  }

  /// Why the next start will have to pack the weights again; nil where it will not.
  public var packingProblem: String? {
    switch engine {
    case .local(let model): model.packingProblem
    case .scripted, .server: nil
    }
  }

  /// How a server is used, and what that loses; nil for a model in this process.
  public var serverNotice: String? {
    guard case .server(let server) = engine else { return nil }
    return server.notice
  }

  private static func scriptVocabulary(_ places: Places) throws(RunError) -> HarmonyVocabulary {
    guard let path = places.resources?.vocabularyPath else {
      throw RunError(
        .misconfigured("The program's own vocabulary was not found; a script needs it."))
    }
    do { return try HarmonyVocabulary(TokenizerSource.open(path)) } catch {
      throw RunError(.misconfigured("\(error)"))
    }
  }
}
