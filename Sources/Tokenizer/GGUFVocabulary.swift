// GGUFVocabulary.swift — a vocabulary as GGUF metadata carries it.
//
// Source: ggml docs/gguf.md, `tokenizer.ggml.*`; token types as in llama.cpp's `llama_token_type`.

enum GGUFVocabulary {
  /// The name by which llama.cpp knows o200k's pattern, `tokenizer.ggml.pre`.
  private static let preTokenizer = "gpt-4o"
  private static let digitRunMax = 3

  static func model(
    tokens: [String], merges: [String], tokenTypes: [Int32], preTokenizer: String, source: String
  ) throws(TokenizerError) -> BPEModel {
    guard preTokenizer == Self.preTokenizer else {
      throw .unsupported(
        source: source, found: "the pre-tokenizer \"\(preTokenizer)\"",
        supported: "The one of gpt-oss, \"\(Self.preTokenizer)\", is supported.")
    }
    guard tokenTypes.count == tokens.count else {
      throw .tokenTypesDiffer(source: source, tokens: tokens.count, types: tokenTypes.count)
    }
    var builder = Vocabulary.Builder(source: source)
    var bytes: [UInt8] = []
    for (id, (text, type)) in zip(tokens, tokenTypes).enumerated() {
      switch type {
      case 1:  // normal
        bytes.removeAll(keepingCapacity: true)
        guard ByteAlphabet.decode(text.utf8, into: &bytes) else {
          throw .notByteAlphabet(source: source, token: text, id: id)
        }
        try builder.add(bytes, id: id)
      case 3, 4: try builder.addSpecial(text, id: id)  // control, user-defined
      case 5: try builder.reserve(id)  // unused: padding up to the model's rows
      default:
        throw .unsupported(
          source: source, found: "a token of type \(type)",
          supported: "Normal, control, user-defined and unused tokens (1, 3, 4, 5) are supported.")
      }
    }
    let vocabulary = try Vocabulary(builder)
    var list = MergeList(vocabulary)
    for merge in merges { try list.add(merge.utf8) }
    return BPEModel(
      vocabulary: vocabulary, merges: list.table(idsMayRank: true), wholePieceFirst: true,
      digitRunMax: digitRunMax)
  }
}
