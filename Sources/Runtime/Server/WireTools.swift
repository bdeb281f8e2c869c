// WireTools.swift — tools under the names that servers allow, and their calls back under their own.
//
//     browser.search        browser_search
//     functions.apply_patch apply_patch         takes raw text: {"patch": "…"}
//     python                python              takes raw text: {"code": "…"}

import Base
import Harmony
import Planner
import Providers
import ToolHost

/// The tools of one run for Chat and Responses.
struct WireTools: Sendable {
  private struct Entry: Sendable {
    /// The full name.
    var name: String
    var tool: ProviderTool
    /// The argument that is the whole body of the call; nil for calls that are JSON.
    var rawArgument: String?
  }

  private let entries: [Entry]

  private static let nameCharactersMax = 64

  init(_ offered: OfferedTools) {
    var entries: [Entry] = []
    func add(
      _ name: String, _ description: String, _ parameters: JSONValue?, raw: String? = nil
    ) {
      guard offered.names.contains(name) else { return }
      let wire = Self.wireName(name, taken: Set(entries.map(\.tool.name)))
      let schema: JSONValue =
        if let raw {
          [
            "type": "object", "properties": [raw: ["type": "string"]], "required": [.string(raw)],
          ]
        } else {
          Self.objectSchema(parameters)
        }
      entries.append(
        Entry(
          name: name,
          tool: ProviderTool(name: wire, description: description, parameters: schema),
          rawArgument: raw))
    }
    for manifest in offered.catalog.manifests {
      // What is said of the whole namespace stands with its first tool.
      var before = manifest.namespaceDescription ?? ""
      for tool in manifest.tools where offered.names.contains(tool.name) {
        let description = [before, tool.description].filter { !$0.isEmpty }.joined(
          separator: "\n\n")
        before = ""
        switch tool.body {
        case .json: add(tool.name, description, tool.parameters)
        case .raw(let argument): add(tool.name, description, nil, raw: argument)
        }
      }
    }
    for tool in MemoryTools.namespace.tools {
      add("memory.\(tool.name)", tool.description, tool.parameters)
    }
    self.entries = entries
  }

  /// Those of the tools whose full names are in `names`.
  func tools(_ names: [String]) -> [ProviderTool] {
    let names = Set(names)
    return entries.filter { names.contains($0.name) }.map(\.tool)
  }

  /// A call of the model under the tool's own name, with the body that the tool takes.
  func message(_ call: ProviderCall) -> ModelMessage {
    let entry = entries.first { $0.tool.name == call.name }
    var text = call.arguments
    if let argument = entry?.rawArgument,
      let body = (try? JSONReader.value(call.arguments, source: "a call"))?[argument]?.stringValue
    {
      text = body
    }
    return ModelMessage(
      channel: .commentary, recipient: entry?.name ?? "functions.\(call.name)",
      contentType: entry?.rawArgument == nil ? "json" : nil, text: text,
      echo: ["id": .string(call.id)])
  }

  /// The name and the arguments of a call in the history.
  func call(_ name: String, _ text: String) -> (name: String, arguments: String) {
    let entry = entries.first { $0.name == name }
    let wire = entry?.tool.name ?? Self.wireName(name, taken: [])
    if let argument = entry?.rawArgument {
      return (wire, JSONValue.object([argument: .string(text)]).compactText)
    }
    // What is no JSON would be refused by servers that read it.
    let isJSON = (try? JSONReader.value(text, source: "a call"))?.objectValue != nil
    return (wire, isJSON ? text : JSONValue.object(["text": .string(text)]).compactText)
  }

  private static func objectSchema(_ parameters: JSONValue?) -> JSONValue {
    parameters?.objectValue.map(JSONValue.object) ?? ["type": "object", "properties": [:]]
  }

  private static func wireName(_ name: String, taken: Set<String>) -> String {
    let own = ToolNamespace.functionsName + "."
    let short = name.hasPrefix(own) ? name.dropFirst(own.count) : name[...]
    let isFine: (Character) -> Bool = {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")
    }
    let base = String(short.map { isFine($0) ? $0 : "_" }.prefix(nameCharactersMax))
    guard taken.contains(base) else { return base }
    // Two names that differ in such characters only.
    var number = 2
    while true {
      let suffix = "_\(number)"
      let candidate = base.prefix(nameCharactersMax - suffix.count) + suffix
      if !taken.contains(String(candidate)) { return String(candidate) }
      number += 1
    }
  }
}
