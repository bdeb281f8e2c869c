// HarmonyParserVectorTests.swift — agreement with openai-harmony's parser, and no text lost.

import Base
import Harmony
import TestKit
import Testing
import Tokenizer

@Suite struct `Parsing the vectors` {
  /// A message as the vectors and the command line compare it.
  struct Fields: Equatable {
    var channel: String?
    var recipient: String?
    var type: String?
    var text: String?

    init(reference message: JSONValue) {
      channel = message["channel"]?.stringValue
      recipient = message["recipient"]?.stringValue
      let type = message["content_type"]?.stringValue?.replacing("<|constrain|>", with: "")
      self.type = type == "" ? nil : type
      text = message["content"]?.arrayValue?.first?["text"]?.stringValue
    }

    init(ours message: JSONValue) {
      channel = message["channel"]?.stringValue
      recipient = message["recipient"]?.stringValue
      type = message["content_type"]?.stringValue
      text = message["content"]?.stringValue
    }

    /// Where the reference is not known to be wrong.
    var isTrusted: Bool {
      ["analysis", "commentary", "final"].contains(channel) && recipient?.hasPrefix("<|") != true
        && recipient != "json" && recipient != "code" && text?.contains("<|") == false
    }
  }

  @Test func `agrees with the reference wherever that is right`() throws {
    let vocabulary = try Streams.full.get()
    var count = 0
    for vector in try Vectors.jsonLines("harmony_parse.jsonl") {
      let expected = vector["strict"]?["messages"]?.arrayValue?.map(Fields.init(reference:))
      guard let expected, expected.allSatisfy(\.isTrusted) else { continue }
      let transcript = HarmonyTranscript(Streams.ids(vector["ids"]), vocabulary)
      let ours = transcript.json["messages"]?.arrayValue?.map(Fields.init(ours:))
      #expect(ours == expected, "\(vector["text"]?.stringValue ?? "")")
      count += 1
    }
    #expect(count == 110)
  }

  @Test(arguments: [nil, ["functions.get_weather0", "functions.x", "browser.search", "python"]])
  func `loses no text of any stream`(tools: Set<String>?) throws {
    let vocabulary = try Streams.full.get()
    let vectors = try Vectors.jsonLines("harmony_parse.jsonl")
    for vector in vectors {
      let ids = Streams.ids(vector["ids"])
      let transcript = HarmonyTranscript(ids, vocabulary, knownTools: tools)
      #expect(
        Streams.keepsText(transcript, of: ids, vocabulary), "\(vector["text"]?.stringValue ?? "")")
    }
    #expect(vectors.count == 250)
  }

  @Test func `the check for lost text finds a missing word`() throws {
    let vocabulary = try Streams.full.get()
    let ids = vocabulary.tokenizer.encodeWithSpecials(
      "<|channel|>commentary to=python json<|message|>one two<|end|>")
    var transcript = HarmonyTranscript(ids, vocabulary)
    #expect(Streams.keepsText(transcript, of: ids, vocabulary))
    transcript.messages[0].message.content = [.text("one")]
    #expect(!Streams.keepsText(transcript, of: ids, vocabulary))
    transcript.messages[0].message.content = [.text("one two")]
    transcript.messages[0].message.recipient = nil
    #expect(!Streams.keepsText(transcript, of: ids, vocabulary))
  }

  @Test func `tells the same whole message by message as piece by piece`() throws {
    let vocabulary = try Streams.full.get()
    for vector in try Vectors.jsonLines("harmony_parse.jsonl") {
      let ids = Streams.ids(vector["ids"])
      var parser = HarmonyParser(vocabulary)
      var begun: [HarmonyMessage] = []
      var texts: [String] = []
      var ended: [ParsedMessage] = []
      for event in ids.flatMap({ parser.handle($0) }) + parser.finish() {
        switch event {
        case .messageBegan(let message):
          begun.append(message)
          texts.append("")
        case .content(let text):
          #expect(!text.isEmpty)
          texts[texts.count - 1] += text
        case .messageEnded(let message): ended.append(message)
        }
      }
      let whole = HarmonyTranscript(ids, vocabulary)
      #expect(ended == whole.messages)
      #expect(texts == ended.map(\.message.text))
      #expect(
        begun
          == ended.map {
            var header = $0.message
            header.content = []
            return header
          })
    }
  }
}
