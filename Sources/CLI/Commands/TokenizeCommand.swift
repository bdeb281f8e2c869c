// TokenizeCommand.swift — text to token ids and back, JSON lines in, JSON lines out.

import Base
import Runtime
import Tokenizer

extension Command {
  static let tokenize = Command(
    name: "tokenize",
    summary: "Text to token ids and back, one JSON object a line.",
    synopsis: "--model PATH [--special] [--decode]",
    details: """
      Reads {"text": "…"} lines and writes {"ids": […]} lines; with --decode the other way round.
      Special tokens such as <|start|> are plain text unless --special says otherwise.
      """,
    options: [
      Option(
        name: "--model", value: "PATH",
        help: "a model folder, a GGUF file, a tokenizer.json or a .tiktoken file"),
      Option(name: "--special", help: "recognise special tokens by their text"),
      Option(name: "--decode", help: "ids to text"),
    ],
    examples: [
      Example(
        command: #"echo '{"text":"hello world"}' | ./martlet tokenize --model gpt-oss-20b/"#,
        meaning: #"{"ids":[24912,2375]}"#)
    ]
  ) { arguments in
    let path = Opening.path(try arguments.required("--model"))
    let tokenizer = try Opening.tokenizer(path)
    if arguments.has("--decode") {
      try Input.forEachJSONLine { value, number in
        let text = tokenizer.decode(try value.tokenIDs("ids", lineNumber: number))
        Output.jsonLine(["text": .string(text)])
      }
      return .success
    }
    let withSpecials = arguments.has("--special")
    try Input.forEachJSONLine { value, number in
      guard let text = value["text"]?.stringValue else {
        throw CommandError.usage("Line \(number) needs \"text\": a string.")
      }
      let ids = withSpecials ? tokenizer.encodeWithSpecials(text) : tokenizer.encode(text)
      Output.jsonLine(["ids": JSONValue(ids)])
    }
    return .success
  }
}
