// ProviderRequest.swift — what is asked of a model server, whichever of its interfaces is used.

public import Base

/// The interfaces that servers have in common.
public enum ProviderInterface: String, CaseIterable, Equatable, Sendable {
  /// `POST {base}/chat/completions`
  case chat
  /// `POST {base}/responses`
  case responses
  /// `POST {base}/completions`, with token ids for a prompt.
  case completions

  /// What is appended to the base address.
  public var path: String {
    switch self {
    case .chat: "/chat/completions"
    case .responses: "/responses"
    case .completions: "/completions"
    }
  }
}

/// A call that the model made, as the wire has it.
public struct ProviderCall: Equatable, Sendable {
  /// Links the call to its result.
  public var id: String
  public var name: String
  /// JSON text as the model wrote it, so not always JSON.
  public var arguments: String

  public init(id: String, name: String, arguments: String) {
    self.id = id
    self.name = name
    self.arguments = arguments
  }
}

/// Chain of thought. What the server needs to recognise its own stands beside the text.
public struct ProviderReasoning: Equatable, Sendable {
  /// Empty where the server shows none.
  public var text: String
  /// What Chat calls the field: servers read back only the name that they use themselves.
  public var field: String?
  /// Of Responses.
  public var id: String?
  /// Of Responses: what a server keeps from readers but wants back.
  public var encrypted: String?
  /// OpenRouter's `reasoning_details`, to be given back unchanged.
  public var details: JSONValue?

  public init(
    text: String, field: String? = nil, id: String? = nil, encrypted: String? = nil,
    details: JSONValue? = nil
  ) {
    self.text = text
    self.field = field
    self.id = id
    self.encrypted = encrypted
    self.details = details
  }
}

/// One piece of a conversation, in order. Chat puts neighbours of the assistant into one message.
public enum ProviderItem: Equatable, Sendable {
  public enum Role: String, Equatable, Sendable { case system, developer, user, assistant }

  /// Which part of an answer a message is, where a server says so.
  public enum Phase: String, Equatable, Sendable {
    case commentary
    case final = "final_answer"
  }

  case message(Role, String, phase: Phase? = nil)
  case reasoning(ProviderReasoning)
  case call(ProviderCall)
  case result(callID: String, String)
}

/// A tool that the model may call.
public struct ProviderTool: Equatable, Sendable {
  /// At most 64 of A-Z a-z 0-9 _ -, as servers demand.
  public var name: String
  public var description: String
  /// A JSON Schema of an object.
  public var parameters: JSONValue

  public init(name: String, description: String, parameters: JSONValue) {
    self.name = name
    self.description = description
    self.parameters = parameters
  }
}

/// What has to be known about a server's habits; the rest is the same everywhere.
public struct ProviderDialect: Equatable, Sendable {
  /// Chat's name for the bound on the answer: `max_tokens` everywhere, but at OpenAI itself, whose
  /// newer models refuse it.
  public var chatTokensField: String
  /// Whether the developer's words go out under that role; as the system's otherwise.
  public var knowsDeveloper: Bool
  /// Whether fields that only some servers know (`reasoning_effort`, `seed`) are sent.
  public var sendsExtras: Bool

  public init(
    chatTokensField: String = "max_tokens", knowsDeveloper: Bool = false, sendsExtras: Bool = true
  ) {
    self.chatTokensField = chatTokensField
    self.knowsDeveloper = knowsDeveloper
    self.sendsExtras = sendsExtras
  }

  /// What engines that people run themselves have in common (vLLM, SGLang, llama-server, Ollama).
  public static let engine = ProviderDialect()

  /// OpenAI's own service.
  public static let openAI = ProviderDialect(
    chatTokensField: "max_completion_tokens", knowsDeveloper: true)

  /// The habits of the server on `host`.
  public static func of(host: String) -> ProviderDialect {
    host == "api.openai.com" || host.hasSuffix(".openai.com") || host.hasSuffix(".openai.azure.com")
      ? .openAI : .engine
  }
}

/// One generation by messages.
public struct ProviderRequest: Equatable, Sendable {
  /// What the answer has to be, as a JSON Schema.
  public struct Format: Equatable, Sendable {
    public var name: String
    public var schema: JSONValue

    public init(name: String, schema: JSONValue) {
      self.name = name
      self.schema = schema
    }
  }

  public enum ToolChoice: Equatable, Sendable {
    case automatic, none, required
  }

  public var model: String
  public var items: [ProviderItem]
  /// Without tools, nothing about tools is sent.
  public var tools: [ProviderTool] = []
  public var toolChoice = ToolChoice.automatic
  /// Of the answer, its reasoning included.
  public var tokensMax: Int?
  public var temperature: Double?
  public var seed: Int64?
  /// "low", "medium" or "high".
  public var effort: String?
  public var format: Format?
  public var isStreamed = true

  public init(model: String, items: [ProviderItem]) {
    self.model = model
    self.items = items
  }

  /// The body of the request, ready to be posted to the interface's path.
  ///
  /// - Precondition: The interface is Chat or Responses; a prompt of tokens is ``TokenRequest``'s.
  public func body(_ interface: ProviderInterface, _ dialect: ProviderDialect) -> JSONValue {
    switch interface {
    case .chat: chatBody(dialect)
    case .responses: responsesBody(dialect)
    case .completions: preconditionFailure("Completions take tokens, not messages.")
    }
  }
}

/// One generation by token ids.
public struct TokenRequest: Equatable, Sendable {
  public var model: String
  public var prompt: [TokenID]
  public var tokensMax: Int
  public var temperature: Double
  /// 0 for no bound.
  public var topK: Int
  public var topP: Double
  public var minP: Double
  public var seed: Int64
  /// Tokens after which nothing is sampled.
  public var stopTokens: [TokenID]
  /// Texts of tokens that must come back as they are written, and not vanish as control tokens.
  public var specialTexts: [String] = []
  /// Tokens that must not be sampled.
  public var banned: [TokenID] = []
  /// Where there are any, one of them has to be sampled: all get the same bias, the largest there is.
  public var favoured: [TokenID] = []

  public init(
    model: String, prompt: [TokenID], tokensMax: Int, temperature: Double = 1, topK: Int = 0,
    topP: Double = 1, minP: Double = 0, seed: Int64, stopTokens: [TokenID]
  ) {
    self.model = model
    self.prompt = prompt
    self.tokensMax = tokensMax
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.seed = seed
    self.stopTokens = stopTokens
  }

  /// The body of the request. It asks for ids in the ways that vLLM (`return_token_ids`), SGLang and
  /// llama-server (`return_tokens`, shown under `__verbose`) have; each ignores the others' words.
  ///
  /// It is not streamed: llama-server leaves out the ids of tokens that end inside of a character.
  public var body: JSONValue {
    func ids(_ tokens: [TokenID]) -> JSONValue {
      .array(tokens.map { .number(.integer(Int64($0.rawValue))) })
    }
    var object: JSONObject = [
      "model": .string(model), "prompt": ids(prompt),
      "max_tokens": .number(.integer(Int64(tokensMax))),
      "temperature": .number(.double(temperature)),
      "top_k": .number(.integer(Int64(topK > 0 ? topK : -1))), "top_p": .number(.double(topP)),
      "min_p": .number(.double(minP)), "seed": .number(.integer(seed)), "stream": false,
      "stop_token_ids": ids(stopTokens), "skip_special_tokens": false,
      "spaces_between_special_tokens": false, "add_special_tokens": false,
      "return_token_ids": true, "return_tokens": true, "verbose": true,
    ]
    if !specialTexts.isEmpty {
      object["preserved_tokens"] = .array(specialTexts.map(JSONValue.string))
    }
    if !banned.isEmpty || !favoured.isEmpty {
      var bias: JSONObject = [:]
      for token in favoured { bias["\(token.rawValue)"] = 100 }
      for token in banned { bias["\(token.rawValue)"] = -100 }
      object["logit_bias"] = .object(bias)
    }
    return .object(object)
  }
}
