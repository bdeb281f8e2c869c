// HarmonyCommands.swift — messages to token ids and back, for inspection and conformance.

import Base
import Harmony
import Runtime
import Tokenizer

extension Command {
  private static let vocabularyOption = Option(
    name: "--vocab", value: "PATH",
    help: "a .tiktoken file, a tokenizer.json or a model; default: the one of gpt-oss")

  static let harmonyRender = Command(
    name: "harmony render",
    summary: "Conversations to token ids, one JSON object a line.",
    synopsis: "[--vocab PATH] [--keep-analysis | --current-turn]",
    details: """
      Reads {"conversation": {"messages": […]}} lines in the shape of openai-harmony's to_dict and
      writes {"ids": […], "text": "…"} lines: the prompt for the assistant's next message. Chain of
      thought is dropped as openai-harmony drops it.
      """,
    options: [
      vocabularyOption,
      Option(
        name: "--keep-analysis",
        help: "drop nothing; the text is also given as text_keeping_analysis"),
      Option(
        name: "--current-turn", help: "drop thoughts before the last final answer, as runs do"),
    ],
    examples: [
      Example(
        command:
          #"echo '{"conversation":{"messages":[{"role":"user","content":"Hi"}]}}' | ./martlet harmony render"#,
        meaning:
          #"{"ids":[200006,1428,…],"text":"<|start|>user<|message|>Hi<|end|><|start|>assistant"}"#)
    ]
  ) { arguments in
    guard !(arguments.has("--keep-analysis") && arguments.has("--current-turn")) else {
      throw CommandError.usage("--keep-analysis and --current-turn exclude each other.")
    }
    let vocabulary = try Opening.harmonyVocabulary(arguments["--vocab"])
    let renderer = HarmonyRenderer(vocabulary)
    let keepsAnalysis = arguments.has("--keep-analysis")
    let retention: AnalysisRetention =
      keepsAnalysis ? .all : arguments.has("--current-turn") ? .currentTurn : .openAIHarmony
    try Input.forEachJSONLine { value, number in
      guard let json = value["conversation"] else {
        throw CommandError.usage("Line \(number) needs \"conversation\": {\"messages\": […]}.")
      }
      do {
        let conversation = try HarmonyConversation(json: json)
        let ids = try renderer.renderForCompletion(conversation, keeping: retention)
        let text = JSONValue.string(vocabulary.tokenizer.decode(ids))
        var line: JSONObject = ["ids": JSONValue(ids), "text": text]
        if keepsAnalysis { line["text_keeping_analysis"] = text }
        Output.jsonLine(.object(line))
      } catch let error as HarmonyError {
        throw CommandError.usage("Line \(number): \(error.description)")
      }
    }
    return .success
  }
}

extension Command {
  static let harmonyParse = Command(
    name: "harmony parse",
    summary: "Sampled token ids to messages, one JSON object a line.",
    synopsis: "[--vocab PATH] [--tools NAMES]",
    details: """
      Reads {"ids": […]} lines, the tokens that followed <|start|>assistant, and writes
      {"messages": […], "truncated": …} lines. Every stream is parsed; nothing of its text is lost.
      """,
    options: [
      vocabularyOption,
      Option(
        name: "--tools", value: "NAMES",
        help: "the declared tools, such as python,functions.get_weather; mends misspelled names"),
    ],
    examples: [
      Example(
        command: #"echo '{"ids":[200005,17196,200008,12194,200002]}' | ./martlet harmony parse"#,
        meaning:
          #"{"messages":[{"role":"assistant","channel":"final",…,"content":"Hi"}],"truncated":false}"#
      )
    ]
  ) { arguments in
    let vocabulary = try Opening.harmonyVocabulary(arguments["--vocab"])
    let tools = arguments["--tools"].map { Set($0.split(separator: ",").map(String.init)) }
    try Input.forEachJSONLine { value, number in
      let ids = try value.tokenIDs("ids", lineNumber: number)
      Output.jsonLine(HarmonyTranscript(ids, vocabulary, knownTools: tools).json)
    }
    return .success
  }
}
