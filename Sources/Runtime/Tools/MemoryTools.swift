// MemoryTools.swift — `memory.search` and `memory.save`, which run in this process over the store: no
// plugin opens it.

import Base
import Harmony
import Planner
import Store

/// The tools that run in this process; all others are plugins.
public enum OwnTools {
  /// Full names, and a sentence for people.
  public static let all = MemoryTools.namespace.tools.map { tool in
    (name: "\(MemoryTools.namespace.name).\(tool.name)", purpose: tool.description)
  }
}

/// The memories of one run.
struct MemoryTools: Sendable {
  static let namespace = ToolNamespace(
    name: "memory",
    description: """
      Short notes that outlive this run. Search them before you ask the user for what may have been \
      said before; save what will be useful later.
      """,
    tools: [
      ToolDescription(
        name: "search", description: "Finds saved notes by their words.",
        parameters: [
          "type": "object",
          "properties": [
            "query": ["type": "string"],
            "limit": ["type": "number", "default": 5],
          ],
          "required": ["query"],
        ]),
      ToolDescription(
        name: "save", description: "Saves a note that makes sense by itself.",
        parameters: [
          "type": "object",
          "properties": [
            "text": ["type": "string"],
            "scope": [
              "type": "string", "enum": ["workspace", "global"], "default": "workspace",
              "description": "Who may find it: runs in this workspace, or all runs.",
            ],
          ],
          "required": ["text"],
        ]),
    ])

  static let searchName = "memory.search"
  static let saveName = "memory.save"

  /// Where the file lies; it is opened by the first call.
  let path: String
  let session: String
  let workspace: String
  /// What no note keeps.
  var secrets: RecordedSecrets

  private static let limitMax = 50

  /// Runs a call of one of the two tools, judged and allowed before. A note that is saved now keeps
  /// `labels`, those of what the run has read.
  func run(_ call: ToolCall, labels: Set<String>) -> ToolResult {
    do {
      let arguments = try Arguments(call)
      let memories = try Memories(path: path)
      return call.tool == Self.searchName
        ? try search(arguments, in: memories)
        : try save(arguments, in: memories, trust: Self.trust(labels))
    } catch let error as Arguments.Problem {
      return ToolResult(status: .failed, text: error.sentence)
    } catch {
      return ToolResult(status: .failed, text: "The memories cannot be used: \(error)")
    }
  }

  private func search(_ arguments: Arguments, in memories: Memories) throws -> ToolResult {
    try arguments.allow(["query", "limit"])
    let query = try arguments.text("query")
    let limit = try arguments.count("limit", in: 1...Self.limitMax) ?? 5
    let found = try memories.search(
      query, scopes: [.global, .workspace(workspace)], limit: limit)
    guard !found.isEmpty else {
      return ToolResult(status: .succeeded, text: "No saved note fits.")
    }
    var text = ""
    var typed: [JSONValue] = []
    for memory in found {
      if !text.isEmpty { text += "\n" }
      text += "[\(memory.id)] (\(memory.trust), from \(memory.origin)) "
      let start = text.utf8.count
      text += memory.text
      guard memory.origin == Self.user, memory.trust == Self.user else { continue }
      typed.append(
        .array([.number(.integer(Int64(start))), .number(.integer(Int64(text.utf8.count)))]))
    }
    var structured: JSONObject = ["trust": .array(found.map { .string($0.trust) })]
    if !typed.isEmpty { structured["typed"] = .array(typed) }
    return ToolResult(status: .succeeded, text: text, structured: .object(structured))
  }

  /// The origin and the trust of what the user typed.
  private static let user = "user"
  /// The trust of what the model saved when nothing labelled had been read.
  private static let model = "model"

  /// What is kept with a note: the labels of what had been read when it was saved.
  private static func trust(_ labels: Set<String>) -> String {
    labels.isEmpty ? model : labels.sorted().joined(separator: ",")
  }

  /// Labels that found notes bring back: what was untrusted when it was saved still is.
  static func labels(of result: ToolResult, tool: String) -> Set<String> {
    guard tool == searchName, let trusts = result.structured?["trust"]?.arrayValue else {
      return []
    }
    let words = trusts.compactMap(\.stringValue).flatMap { $0.split(separator: ",") }
    return Set(words.map(String.init)).subtracting([user, model])
  }

  /// The found notes that the user typed, and nothing that only looks like one.
  static func typedNotes(in result: ToolResult, tool: String) -> [String] {
    guard tool == searchName, let ranges = result.structured?["typed"]?.arrayValue else {
      return []
    }
    let bytes = Array(result.text.utf8)
    return ranges.compactMap { range in
      guard let ends = range.arrayValue?.compactMap(\.intValue), ends.count == 2,
        0 <= ends[0], ends[0] <= ends[1], ends[1] <= bytes.count
      else { return nil }
      return String(decoding: bytes[ends[0]..<ends[1]], as: UTF8.self)
    }
  }

  private func save(
    _ arguments: Arguments, in memories: Memories, trust: String
  ) throws -> ToolResult {
    try arguments.allow(["text", "scope"])
    let (text, secretCount) = secrets.redacted(try arguments.text("text"))
    let scope: MemoryScope
    switch arguments.object["scope"]?.stringValue ?? "workspace" {
    case "workspace": scope = .workspace(workspace)
    case "global": scope = .global
    default: throw Arguments.Problem(sentence: "\"scope\" is \"workspace\" or \"global\".")
    }
    let memory = try memories.save(
      NewMemory(
        text: text, origin: "model", session: session, trust: trust, scope: scope, created: .now()))
    let remark = secretCount > 0 ? " Secrets were left out: notes do not keep them." : ""
    return ToolResult(
      status: .succeeded, text: "Saved as note \(memory.id).\(remark)",
      structured: ["memory": .number(.integer(memory.id))])
  }
}

/// The arguments of a call, each asked for by name.
private struct Arguments {
  struct Problem: Error {
    var sentence: String
  }

  let object: JSONObject

  init(_ call: ToolCall) throws(Problem) {
    let value = try? JSONReader.value(call.body, source: "arguments")
    guard let object = value?.objectValue else {
      throw Problem(sentence: "The arguments have to be one JSON object.")
    }
    self.object = object
  }

  func allow(_ names: [String]) throws(Problem) {
    guard let other = object.keys.first(where: { !names.contains($0) }) else { return }
    throw Problem(
      sentence:
        "\"\(other.prefix(80))\" is no argument here; there are: \(names.joined(separator: ", ")).")
  }

  func text(_ name: String) throws(Problem) -> String {
    guard let text = object[name]?.stringValue, text.contains(where: { !$0.isWhitespace }) else {
      throw Problem(sentence: "\"\(name)\" is needed: a text.")
    }
    return text
  }

  func count(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let value = object[name], !value.isNull else { return nil }
    guard let number = value.doubleValue, let whole = Int(exactly: number), range.contains(whole)
    else {
      throw Problem(
        sentence: "\"\(name)\" is a whole number, \(range.lowerBound) to \(range.upperBound).")
    }
    return whole
  }
}
