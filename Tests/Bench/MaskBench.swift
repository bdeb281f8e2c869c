// MaskBench.swift — what a schema's constraint costs per token.

import Base
import Foundation
import Harmony
import Tokenizer

enum MaskBench {
  private struct Example {
    var name: String
    var schema: JSONValue
    var text: String
  }

  private static let examples = [
    Example(
      name: "arguments",
      schema: [
        "type": "object", "required": ["command"], "additionalProperties": false,
        "properties": [
          "command": ["type": "array", "items": ["type": "string"]],
          "workdir": ["type": "string"], "timeout": ["type": "integer", "minimum": 1],
        ],
      ],
      text:
        #"{"command": ["bash", "-lc", "grep -rn \"TODO\" src | wc -l\n"], "workdir": "/home/user", "timeout": 60}"#
    ),
    Example(
      name: "answer",
      schema: [
        "type": "object", "required": ["title", "date", "items"], "additionalProperties": false,
        "properties": [
          "title": ["type": "string", "maxLength": 80],
          "date": ["type": "string", "pattern": #"^\d{4}-\d{2}-\d{2}$"#],
          "items": [
            "type": "array", "maxItems": 20,
            "items": [
              "anyOf": [
                [
                  "type": "object", "required": ["kind", "name"], "additionalProperties": false,
                  "properties": [
                    "kind": ["const": "file"], "name": ["type": "string", "pattern": "^[^/]+$"],
                    "size": ["type": "integer"],
                  ],
                ],
                [
                  "type": "object", "required": ["kind"], "additionalProperties": false,
                  "properties": [
                    "kind": ["enum": ["folder", "link"]],
                    "parent": ["type": ["string", "null"], "minLength": 1],
                  ],
                ],
              ]
            ],
          ],
        ],
      ],
      text: """
        {
          "title": "What lies in the folder, größer als 漢字 🚀",
          "date": "2025-11-25",
          "items": [
            {"kind": "file", "name": "Package.swift", "size": 5987},
            {"kind": "folder", "parent": null},
            {"kind": "link", "parent": "Sources"}
          ]
        }
        """),
    Example(
      name: "any JSON", schema: [:],
      text: #"{"a key": [1, 2.5e3, {"nested": "text with words"}, null], "b": true, "c": {}}"#),
  ]

  /// Makes the trie, then for each example takes its text token by token: first cold, then again.
  static func run(vocabulary: String) throws {
    let tokenizer =
      try vocabulary.hasSuffix(".json")
      ? Tokenizer(tokenizerJSON: vocabulary) : Tokenizer(tiktokenFile: vocabulary)
    let clock = ContinuousClock()
    var made: TokenTrie?
    let making = clock.measure { made = TokenTrie(tokenizer) }
    guard let trie = made else { return }
    print("trie,\(milliseconds(making)),ms")
    for example in examples {
      let schema = try JSONSchema(example.schema, source: example.name)
      var constraint: SchemaConstraint?
      let making = clock.measure { constraint = SchemaConstraint(schema, trie) }
      guard let constraint else { continue }
      print("make,\(example.name),\(milliseconds(making)),ms")
      for round in ["cold", "warm"] {
        let durations = take(tokenizer.encode(example.text), constraint).sorted()
        let mean = durations.reduce(.zero, +) / durations.count
        let line = [mean, durations[durations.count / 2], durations[durations.count - 1]]
          .map(milliseconds).joined(separator: ",")
        print("mask,\(example.name),\(round),\(line),ms mean median max")
      }
    }
  }

  /// How long each token took: what is allowed, and the step.
  private static func take(_ tokens: [TokenID], _ constraint: SchemaConstraint) -> [Duration] {
    var constraint = constraint
    let clock = ContinuousClock()
    return tokens.map { token in
      clock.measure {
        guard constraint.allowed.contains(token) else {
          preconditionFailure("the bench's text is not allowed")
        }
        constraint.advance(token)
      }
    }
  }

  private static func milliseconds(_ duration: Duration) -> String {
    String(format: "%.3f", duration / .milliseconds(1))
  }
}
