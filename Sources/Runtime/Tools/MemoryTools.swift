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
  let secrets: RecordedSecrets

  private static let limitMax = 50

  /// Runs a call of one of the two tools, judged and allowed before. A note that is saved now gets
  /// `trust`: "untrusted" where the run has read such text.
  func run(_ call: ToolCall, trust: String) -> ToolResult {
    do {
      let arguments = try Arguments(call)
      let memories = try Memories(path: path)
      return call.tool == Self.searchName
        ? try search(arguments, in: memories) : try save(arguments, in: memories, trust: trust)
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
    let lines = found.map { memory in
      "[\(memory.id)] (\(memory.trust), from \(memory.origin)) \(memory.text)"
    }
    return ToolResult(
      status: .succeeded, text: lines.joined(separator: "\n"),
      structured: ["trust": .array(found.map { .string($0.trust) })])
  }

  /// Labels that found notes bring back: what was untrusted when it was saved still is.
  static func labels(of result: ToolResult, tool: String) -> Set<String> {
    guard tool == searchName, result.structured?["trust"]?.arrayValue?.contains("untrusted") == true
    else { return [] }
    return ["untrusted"]
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
