// GGUFTokenizer.swift — what a GGUF file says about its tokenizer: the makings, not the tokenizer.

/// The tokenizer's data in a GGUF file. The long arrays are decoded on each call.
public struct GGUFTokenizer: Sendable {
  private let metadata: GGUFMetadata
  /// `tokenizer.ggml.model`: "gpt2" for byte-level BPE.
  public let model: String?
  /// `tokenizer.ggml.pre`: "gpt-4o" for gpt-oss.
  public let preTokenizer: String?
  public let bosTokenID: Int?
  /// One of the ids that end a turn; some files name `<|endoftext|>`. Not a set of stop tokens.
  public let eosTokenID: Int?
  public let paddingTokenID: Int?
  /// A Jinja template.
  public let chatTemplate: String?

  init(_ metadata: GGUFMetadata) throws(ModelFileError) {
    self.metadata = metadata
    model = try metadata.string("tokenizer.ggml.model")
    preTokenizer = try metadata.string("tokenizer.ggml.pre")
    bosTokenID = try metadata.integer("tokenizer.ggml.bos_token_id")
    eosTokenID = try metadata.integer("tokenizer.ggml.eos_token_id")
    paddingTokenID = try metadata.integer("tokenizer.ggml.padding_token_id")
    chatTemplate = try metadata.string("tokenizer.chat_template")
  }

  /// The vocabulary in id order, each token in GPT-2's byte alphabet. Throws where it is missing.
  public func tokens() throws(ModelFileError) -> [String] {
    let key = "tokenizer.ggml.tokens"
    return try metadata.required(key, metadata.strings(key))
  }

  /// Per token: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. Nil where absent.
  public func tokenTypes() throws(ModelFileError) -> [Int]? {
    try metadata.integers("tokenizer.ggml.token_type")
  }

  /// Merges in rank order, each two tokens with a space between. Throws where they are missing.
  public func merges() throws(ModelFileError) -> [String] {
    let key = "tokenizer.ggml.merges"
    return try metadata.required(key, metadata.strings(key))
  }
}
