// TokenizerJSONFile.swift — Hugging Face's tokenizer.json, as far as gpt-oss and its kin use it.
//
// Source: the `tokenizers` library's serialisation. Members: added_tokens, normalizer, pre_tokenizer,
// decoder, model {type, vocab, merges, ignore_merges, …}. What would change the ids and is not
// implemented is refused by name; truncation, padding and post-processing are the caller's affair.

import Base

/// Reads one tokenizer.json.
struct TokenizerJSONFile {
  /// Values outside `vocab` and `merges`: 1,090 added tokens of seven members are 9,000.
  private static let valueCountMax = 1 << 18

  private let source: String
  private var reader: VocabularyReader
  private var builder: Vocabulary.Builder
  private var seen: Set<String> = []
  private var added: [(text: String, id: Int)] = []
  /// Tokens of `vocab` that are no byte-level text; each must turn out to be an added token.
  private var literals: [(text: [UInt8], id: Int)] = []
  /// Stands at the value of `merges`, which is read when the vocabulary is known.
  private var mergesReader: VocabularyReader?
  private var ignoreMerges = false
  private var digitRunMax = 0

  static func model(_ bytes: [UInt8], source: String) throws(TokenizerError) -> BPEModel {
    var file = TokenizerJSONFile(bytes, source: source)
    try file.readMembers()
    return try file.model()
  }

  private init(_ bytes: [UInt8], source: String) {
    self.source = source
    reader = VocabularyReader(bytes, source: source, valueCountMax: Self.valueCountMax)
    builder = Vocabulary.Builder(source: source)
  }

  // MARK: Members

  private mutating func readMembers() throws(TokenizerError) {
    var first = true
    try reader.beginObject()
    while let key = try reader.nextKey(first: &first) {
      try notice(key)
      switch key {
      case "added_tokens": try readAddedTokens()
      case "normalizer": try PipelineCheck.normalizer(try reader.readTree(), source)
      case "pre_tokenizer":
        digitRunMax = try PipelineCheck.digitRunMax(try reader.readTree(), source)
      case "decoder": try PipelineCheck.decoder(try reader.readTree(), source)
      case "model": try readModel()
      default: try reader.skipValue()
      }
    }
    try reader.expectEnd()
    for member in ["added_tokens", "pre_tokenizer", "decoder", "model"] where !seen.contains(member)
    {
      throw .missingMember(source: source, member: member)
    }
  }

  private mutating func readModel() throws(TokenizerError) {
    var first = true
    try reader.beginObject()
    while let key = try reader.nextKey(first: &first) {
      try notice("model." + key)
      switch key {
      case "vocab": try readVocabulary()
      case "merges":
        mergesReader = reader
        try reader.skipValue()
      case "ignore_merges": ignoreMerges = try reader.readBool()
      default: try PipelineCheck.modelMember(key, try reader.readTree(), source)
      }
    }
    for member in ["type", "vocab", "merges"] where !seen.contains("model." + member) {
      throw .missingMember(source: source, member: "model." + member)
    }
  }

  private mutating func readVocabulary() throws(TokenizerError) {
    var first = true
    var key: [UInt8] = []
    var previous: [UInt8] = []
    var token: [UInt8] = []
    // A file that is cut off may end inside a number, so an id counts once something follows it.
    var id: Int?
    try reader.beginObject()
    while true {
      swap(&key, &previous)
      key.removeAll(keepingCapacity: true)
      let isMore = try reader.nextKey(into: &key, first: &first)
      if let id { try add(previous, id, &token) }
      guard isMore else { return }
      id = try reader.readInteger()
    }
  }

  private mutating func add(
    _ key: [UInt8], _ id: Int, _ token: inout [UInt8]
  ) throws(TokenizerError) {
    token.removeAll(keepingCapacity: true)
    if ByteAlphabet.decode(key, into: &token) {
      try builder.add(token, id: id)
    } else {
      literals.append((key, id))
    }
  }

  private mutating func readAddedTokens() throws(TokenizerError) {
    let wrongForm = TokenizerError.unsupported(
      source: source, found: "\"added_tokens\" in another form",
      supported: "It should be an array of objects with \"content\" and \"id\".")
    guard let tokens = try reader.readTree().arrayValue else { throw wrongForm }
    for token in tokens {
      guard let text = token["content"]?.stringValue, let id = token["id"]?.intValue else {
        throw wrongForm
      }
      guard token["special"] == true else {
        throw .unsupported(
          source: source, found: "the added token \"\(text.prefix(40))\" that is not special",
          supported: "Added tokens must be special, as gpt-oss's are.")
      }
      for option in ["single_word", "lstrip", "rstrip"] where token[option] == true {
        throw .unsupported(
          source: source, found: "an added token with \"\(option)\": true",
          supported: "Added tokens must match exactly their own text.")
      }
      added.append((text, id))
    }
  }

  // MARK: Assembly

  private mutating func model() throws(TokenizerError) -> BPEModel {
    for (text, id) in added { try builder.addSpecial(text, id: id) }
    var specials = Dictionary(added.map { ($0.id, $0.text) }) { first, _ in first }
    for (text, id) in literals {
      // Each is taken once, so that a literal written twice is not overlooked.
      guard let special = specials.removeValue(forKey: id), special.utf8.elementsEqual(text) else {
        throw .notByteAlphabet(source: source, token: String(decoding: text, as: UTF8.self), id: id)
      }
    }
    let vocabulary = try Vocabulary(builder)
    var list = MergeList(vocabulary)
    try readMerges(into: &list)
    return BPEModel(
      vocabulary: vocabulary, merges: list.table(idsMayRank: ignoreMerges),
      wholePieceFirst: ignoreMerges, digitRunMax: digitRunMax)
  }

  private mutating func readMerges(into list: inout MergeList) throws(TokenizerError) {
    guard let mergesReader else { return }
    reader = mergesReader
    var first = true
    var left: [UInt8] = []
    var right: [UInt8] = []
    try reader.beginArray()
    while try reader.nextElement(first: &first) {
      left.removeAll(keepingCapacity: true)
      if try reader.nextIsArray() {
        right.removeAll(keepingCapacity: true)
        var firstPart = true
        try reader.beginArray()
        guard try reader.nextElement(first: &firstPart) else {
          throw list.malformed
        }
        try reader.readString(into: &left)
        guard try reader.nextElement(first: &firstPart) else {
          throw list.malformed
        }
        try reader.readString(into: &right)
        guard try !reader.nextElement(first: &firstPart) else {
          throw list.malformed
        }
        try list.add(left, right)
      } else {
        try reader.readString(into: &left)
        try list.add(left)
      }
    }
  }

  // MARK: Reading

  private mutating func notice(_ member: String) throws(TokenizerError) {
    guard seen.insert(member).inserted else {
      throw .duplicateMember(source: source, member: member)
    }
  }
}
