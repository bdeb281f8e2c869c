// LocalModel.swift — gpt-oss in this process: one loaded model, one timeline, a thread of its own.

public import Base
import Digests
import FoundationEssentials
import Harmony
import Inference
import ModelFiles
import Planner
import Store
import Synchronization
import Tokenizer

/// What a model is, for the record of a run.
public struct ModelRecord: Equatable, Sendable {
  public var name: String
  public var isScripted: Bool
  /// Name, size and, where they were read as a whole anyway, SHA-256 of the files.
  public var details: JSONObject
}

/// A loaded model. Runs take turns; what one computed of a prompt the next need not compute again.
actor LocalModel {
  nonisolated let vocabulary: HarmonyVocabulary
  nonisolated let record: ModelRecord
  nonisolated let contextTokensMax: Int
  nonisolated let defaults: GenerationDefaults
  /// Entries of the logits, which may be more than the tokenizer knows.
  nonisolated let vocabularyRowCount: Int
  nonisolated let packingProblem: String?
  private nonisolated let thread = InferenceThread()
  private nonisolated let trie = Mutex<TokenTrie?>(nil)
  private let engine: InferenceEngine
  private let session: InferenceSession
  /// What this process computed first.
  private var firstPrompt: [TokenID] = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Opens the model at `path`.
  ///
  /// - Throws: ``RunError``, in the words of whatever could not be used.
  init(
    name: String, path: String, options: InferenceOptions, contextTokensMax: Int?,
    onPacking: @Sendable (PackingProgress) -> Void
  ) throws(RunError) {
    do {
      let model = try LoadedModel(path: path, options: options, onPacking: onPacking)
      vocabulary = try HarmonyVocabulary(TokenizerSource.open(path))
      let size = vocabulary.tokenizer.vocabularySize
      guard size <= model.engine.configuration.vocabularySize else {
        throw RunError(
          .modelFailed(
            """
            \(path): the tokenizer has \(size) entries, and the model only \
            \(model.engine.configuration.vocabularySize). They belong to different models.
            """))
      }
      engine = model.engine
      packingProblem = engine.packingProblem
      vocabularyRowCount = engine.configuration.vocabularySize
      session = try InferenceSession(engine: engine, contextLimit: contextTokensMax)
      self.contextTokensMax = session.contextLimit
      defaults = try GenerationDefaults(beside: path)
      record = ModelRecord(
        name: name, isScripted: false,
        details: Self.details(model.checkpoint.facts, engine.precision))
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError(.modelFailed("\(error)"))
    }
  }

  /// The vocabulary's tokens as a tree, for constraints; made when it is first asked for.
  nonisolated var tokenTrie: TokenTrie {
    trie.withLock { trie in
      let made = trie ?? TokenTrie(vocabulary.tokenizer)
      trie = made
      return made
    }
  }

  /// One turn and how it ended.
  struct Sampled {
    var tokens: [TokenID]
    var ending: ModelTurn.Ending
  }

  /// Samples one turn after `prompt`, whose first `beginning` tokens other runs will begin with, too.
  /// Blocks this actor's thread, and looks at each step whether the task was cancelled.
  func generate(
    after prompt: [TokenID], beginning: Int, sampler: Sampler, tokensMax: Int,
    grammar: HeaderGrammar?,
    parser: HarmonyParser, news: AsyncStream<RunNews>.Continuation
  ) throws(EngineFailure) -> Sampled {
    var sampler = sampler
    var grammar = grammar
    var watcher = SampleWatcher(parser: parser, news: news)
    let tokens = vocabulary.tokens
    do throws(InferenceError) {
      let control = PrefillControl(
        onProgress: { done, _ in watcher.prefilled(done, of: prompt.count) },
        isCancelled: { Task.isCancelled })
      try prepare(prompt, beginning: beginning, control)
      let generation = try session.generate(
        after: prompt, sampler: &sampler,
        stopTokens: [tokens.return, tokens.call, tokens.endOfText],
        tokenCountMax: tokensMax,
        control: control,
        constraint: { _ in grammar?.allowed() },
        onToken: { token in
          _ = grammar?.advance(token)
          watcher.sampled(token)
          return !Task.isCancelled
        })
      switch generation.end {
      case .stopToken(let token):
        return Sampled(
          tokens: generation.tokens, ending: token == tokens.call ? .called : .returned)
      case .tokenLimit: return Sampled(tokens: generation.tokens, ending: .tokenLimit)
      case .contextLimit: return Sampled(tokens: generation.tokens, ending: .contextFull)
      case .caller: throw .cancelled(done: 0, total: 0)
      }
    } catch {
      switch error {
      case .cancelled: throw .cancelled
      case .contextExceeded: throw .contextOverflow
      default: throw .model(error.description)
      }
    }
  }

  // MARK: - Prefixes on the disk

  /// Weights from which on a prompt's beginning is worth a file; smaller models compute it at once.
  private static let prefixByteCountMin = 1 << 30

  private var prefixStore: PrefixStore? {
    engine.weightByteCount >= Self.prefixByteCountMin ? engine.options.prefixStore : nil
  }

  /// Takes over what an earlier process computed of the prompt, and leaves its beginning for later ones.
  private func prepare(
    _ prompt: [TokenID], beginning: Int, _ control: PrefillControl
  ) throws(InferenceError) {
    guard let store = prefixStore, prompt != session.tokens else { return }
    if session.tokens.isEmpty { firstPrompt = prompt }
    session.restore(prompt, from: store)
    guard beginning > 0, beginning < prompt.count,
      !session.tokens.starts(with: prompt[..<beginning])
    else { return }
    _ = try session.logits(after: Array(prompt[..<beginning]), control: control)
    session.save(beginning, to: store)
  }

  /// Leaves what the session holds for the process that goes on with it, and what its task began with
  /// for one that has the same task. That one has to compute the last token, for its logits.
  func keepSession() {
    guard let store = prefixStore else { return }
    session.save(session.tokens.count, to: store)
    let task = firstPrompt.dropLast()
    if session.tokens.starts(with: task) { session.save(task.count, to: store) }
  }

  // MARK: - For the record

  /// Files up to this size are hashed; larger ones would delay every run by seconds.
  private static let hashedBytesMax = 64 << 20

  private static func details(_ facts: ModelFacts, _ precision: Precision) -> JSONObject {
    let files = facts.files.map { file -> JSONValue in
      var object: JSONObject = [
        "name": .string(file.path.split(separator: "/").last.map(String.init) ?? file.path),
        "bytes": .number(.integer(Int64(file.byteCount))),
      ]
      if file.byteCount <= hashedBytesMax,
        let bytes = try? wholeFile(file.path, bytesMax: hashedBytesMax)
      {
        object["sha256"] = .string(SHA256.digest(of: bytes).hex)
      }
      return .object(object)
    }
    return [
      "layout": .string(facts.layout.rawValue),
      "precision": .string(precision.rawValue),
      "parameters": .number(.integer(Int64(facts.parameterCount))),
      "files": .array(files),
    ]
  }
}
