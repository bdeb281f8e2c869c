// HarmonyJSONTests.swift — conversations in the shape of openai-harmony's to_dict.

import Base
import Harmony
import TestKit
import Testing
import Tokenizer

@Suite struct `A conversation as JSON` {
  @Test func `reads back as it was written`() throws {
    for vector in try Vectors.jsonLines("harmony_render.jsonl") {
      let conversation = try HarmonyConversation(json: vector["conversation"] ?? .null)
      #expect(try HarmonyConversation(json: conversation.json) == conversation)
    }
  }

  @Test func `writes the members of to_dict and none that are not set`() throws {
    let message = HarmonyMessage(
      role: .assistant, channel: .commentary, recipient: "functions.f",
      contentType: "<|constrain|>json", text: "{}")
    #expect(
      message.json == [
        "role": "assistant", "name": nil, "content": [["type": "text", "text": "{}"]],
        "channel": "commentary", "recipient": "functions.f", "content_type": "<|constrain|>json",
      ])
    let content = HarmonyMessage(role: .system, content: [.system(SystemContent(tools: [.python]))])
    #expect(content.json["content"]?.arrayValue?.first?["reasoning_effort"] == "Medium")
    #expect(
      content.json["content"]?.arrayValue?.first?.objectValue?.keys == [
        "model_identity", "reasoning_effort", "knowledge_cutoff", "channel_config", "tools", "type",
      ])
  }

  @Test func `takes plain strings, absent members, nulls and members it does not know`() throws {
    let json = try JSONReader.value(
      #"{"messages":[{"role":"user","content":"Hi","channel":null,"mood":"fine"},"#
        + #"{"role":"system","content":[{"type":"system_content","reasoning_effort":"high","x":1}]}]}"#,
      source: "test")
    #expect(
      try HarmonyConversation(json: json).messages == [
        HarmonyMessage(role: .user, text: "Hi"),
        HarmonyMessage(
          role: .system,
          content: [
            .system(
              SystemContent(
                modelIdentity: nil, reasoningEffort: .high, knowledgeCutoff: nil,
                channelConfiguration: nil))
          ]),
      ])
  }

  @Test(arguments: [
    ("[]", "The document is a list; it should be an object."),
    ("{}", "messages is missing; it should be a list."),
    (#"{"messages":{}}"#, "messages is an object; it should be a list."),
    (#"{"messages":[{"content":"x"}]}"#, "messages[0].role is missing; it should be a role."),
    (
      #"{"messages":[{"role":"bot","content":"x"}]}"#,
      "messages[0].role is \"bot\"; it should be one of: system, developer, user, assistant, tool."
    ),
    (
      #"{"messages":[{"role":"user"}]}"#,
      "messages[0].content is missing; it should be a string or a list."
    ),
    (
      #"{"messages":[{"role":"user","content":7}]}"#,
      "messages[0].content is a number; it should be a string or a list."
    ),
    (
      #"{"messages":[{"role":"user","content":[{"type":"image"}]}]}"#,
      "messages[0].content[0].type is \"image\"; it should be one of: text, system_content, developer_content."
    ),
    (
      #"{"messages":[{"role":"user","content":[{"type":"text","text":true}]}]}"#,
      "messages[0].content[0].text is true or false; it should be a string."
    ),
    (
      #"{"messages":[{"role":"user","content":"x","channel":["final"]}]}"#,
      "messages[0].channel is a list; it should be a string."
    ),
    (
      #"{"messages":[{"role":"system","content":[{"type":"system_content","reasoning_effort":"Max"}]}]}"#,
      "messages[0].content[0].reasoning_effort is \"Max\"; it should be one of: Low, Medium, High."
    ),
    (
      #"{"messages":[{"role":"developer","content":[{"type":"developer_content","tools":{"functions":{"name":"functions","tools":[{"description":"d"}]}}}]}]}"#,
      "messages[0].content[0].tools.functions.tools[0].name is missing; it should be a string."
    ),
    (
      #"{"messages":[{"role":"system","content":[{"type":"system_content","channel_config":{"valid_channels":["final"]}}]}]}"#,
      "messages[0].content[0].channel_config.channel_required is missing; it should be true or false."
    ),
  ])
  func `says where it is wrong`(text: String, sentence: String) throws {
    let json = try JSONReader.value(text, source: "test")
    let error = #expect(throws: HarmonyError.self) { try HarmonyConversation(json: json) }
    #expect(error?.description == sentence)
  }
}
