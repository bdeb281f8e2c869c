// ServerModel.swift — a model on a server, looked at once before the first run: which way to talk to it,
// and what that way loses.

import Base
import Harmony
import Planner
import Providers
import Tokenizer

/// A server that can be asked for generations.
struct ServerModel: Sendable {
  /// How it is talked to, the best way first.
  enum Way: String, Equatable, Sendable {
    /// Token ids in, token ids out: Harmony stays ours.
    case tokens
    case responses, chat

    var interface: ProviderInterface {
      switch self {
      case .tokens: .completions
      case .responses: .responses
      case .chat: .chat
      }
    }

    /// What this way loses against a model in this process, for people.
    var losses: String {
      switch self {
      case .tokens: "not kept: the same tokens again by --seed"
      case .responses, .chat:
        "not kept: the sampled tokens, the header grammar, schemas while sampling, --seed"
      }
    }
  }

  let connection: ServerConnection
  let way: Way
  let vocabulary: HarmonyVocabulary
  /// Tokens that prompt and answer may have together; nil where nobody says.
  let contextTokensMax: Int?

  var address: ServerAddress { connection.address }

  /// One line for people, when a run starts.
  var notice: String {
    let name =
      switch way {
      case .tokens: "token completions"
      case .responses: "the Responses interface"
      case .chat: "Chat Completions"
      }
    return "\(address.base) is used by \(name); \(way.losses) (Docs/SERVERS.md)"
  }

  var record: ModelRecord {
    ModelRecord(
      name: address.text, isScripted: false,
      details: ["server": .string(address.base), "interface": .string(way.rawValue)])
  }

  /// Looks at the server.
  ///
  /// - Parameters:
  ///   - address: Where it is.
  ///   - contextTokensMax: Nil for what the configuration or the server says.
  ///   - isCostBounded: Whether what it costs has to be counted.
  ///   - places: For the configuration.
  ///   - fallback: The vocabulary where the configuration names none.
  /// - Returns: The model, and the way to talk to it.
  /// - Throws: ``RunError``: it cannot be reached, not in the configured way, or has no price where its cost
  ///   is bounded; then nothing was sent.
  static func open(
    _ address: ServerAddress, contextTokensMax: Int?, isCostBounded: Bool, places: Places,
    vocabulary fallback: HarmonyVocabulary
  ) async throws(RunError) -> ServerModel {
    let settings = try Configuration(places).servers[address.base] ?? ServerSettings()
    guard !isCostBounded || settings.prices.prices[address.model] != nil else {
      throw RunError(
        .misconfigured(
          """
          What the run may cost is bounded, and config.json has no price for "\(address.model)" of \
          \(address.base), so nothing is sent. Add it there under "servers", "prices"; what costs nothing \
          has { "input": 0, "output": 0 }. See Docs/SERVERS.md.
          """))
    }
    let vocabulary: HarmonyVocabulary
    do {
      vocabulary =
        try settings.vocabulary.map { try HarmonyVocabulary(TokenizerSource.open($0)) } ?? fallback
    } catch {
      throw RunError(.misconfigured("\(error)"))
    }
    let connection = try ServerConnection(address, settings, places)
    do throws(EngineFailure) {
      let listed = try await connection.document(address.url(of: "/models"))
      let context = contextTokensMax ?? settings.contextTokensMax ?? Self.context(listed, address)
      let way = try await Self.way(connection, vocabulary)
      return ServerModel(
        connection: connection, way: way, vocabulary: vocabulary, contextTokensMax: context)
    } catch {
      switch error {
      case .network(let reason), .model(let reason): throw RunError(.networkFailed(reason))
      case .cancelled: throw RunError(.interrupted)
      case .contextOverflow:
        throw RunError(.networkFailed("\(address.origin) has no room for a token."))
      case .costSpent: throw RunError(.budgetExhausted(.cost))
      }
    }
  }

  /// What the list of models says about this one: vLLM's `max_model_len`, llama-server's `meta.n_ctx`.
  private static func context(_ list: JSONValue?, _ address: ServerAddress) -> Int? {
    let models = list?["data"]?.arrayValue ?? []
    let model = models.first { $0["id"]?.stringValue == address.model }
    guard let model = model ?? (models.count == 1 ? models.first : nil) else { return nil }
    let size = model["max_model_len"]?.intValue ?? model["meta"]?["n_ctx"]?.intValue
    return size.flatMap { $0 >= 256 ? $0 : nil }
  }

  private static func way(
    _ connection: ServerConnection, _ vocabulary: HarmonyVocabulary
  ) async throws(EngineFailure) -> Way {
    let isOpenAI = ProviderDialect.of(host: connection.address.host) == .openAI
    switch connection.settings.interface {
    case .responses: return .responses
    case .chat: return .chat
    case .automatic where isOpenAI: return .responses
    case .automatic: return try await takesTokens(connection, vocabulary) ? .tokens : .chat
    case .tokens:
      guard try await takesTokens(connection, vocabulary) else {
        throw .network(
          """
          \(connection.address.base) has no completions by token ids, or another vocabulary than is \
          assumed here ("vocabulary" in config.json). Without "interface": "tokens" it is used by Chat.
          """)
      }
      return .tokens
    }
  }

  /// Holds what would go wrong first: special tokens, white space, digits, other scripts.
  private static let sample =
    "<|start|>user<|message|>Größe:  12345 \n\tпривет 你好 🙂 don't<|end|><|start|>assistant"

  /// Whether the server has our vocabulary, takes ids for a prompt, and gives ids back.
  private static func takesTokens(
    _ connection: ServerConnection, _ vocabulary: HarmonyVocabulary
  ) async throws(EngineFailure) -> Bool {
    let ids = vocabulary.tokenizer.encodeWithSpecials(sample)
    let address = connection.address
    // The first line is vLLM's and SGLang's, the second llama-server's.
    let question: JSONValue = [
      "model": .string(address.model), "prompt": .string(sample), "add_special_tokens": false,
      "content": .string(sample), "add_special": false, "parse_special": true,
    ]
    let answer = try await connection.document(address.rootURL(of: "/tokenize"), question)
    guard let tokens = answer?["tokens"]?.arrayValue,
      tokens.map(\.intValue) == ids.map({ Int($0.rawValue) })
    else { return false }
    let request = TokenRequest(
      model: address.model, prompt: ids, tokensMax: 1, seed: 0,
      stopTokens: vocabulary.stopTokens)
    let reply = try await connection.document(
      address.url(of: ProviderInterface.completions.path), request.body)
    guard let reply else { return false }
    var reader = AnswerReader(.completions)
    do throws(ProviderError) {
      try reader.begin(status: 200, header: { _ in "application/json" }, unixTime: 0)
      _ = try reader.take(Array(reply.compactText.utf8))
      return try reader.end().tokens?.count == 1
    } catch {
      return false
    }
  }
}

extension HarmonyVocabulary {
  /// Tokens that end a turn.
  var stopTokens: [TokenID] { [tokens.return, tokens.call, tokens.endOfText] }
}
