// OfferedTools.swift — what a run offers: every tool of this machine that the policy could allow in
// it, in the words for the model, for the planner and for the grammar.

import Base
import Harmony
import Planner
import Policy
import ToolHost

/// The tools of one run. Fixed when it starts.
struct OfferedTools: Sendable {
  /// Full names of what the model is told of, plugins' first.
  let names: [String]
  /// All tools, those that the policy never allows hidden.
  let declarations: [ToolDeclaration]
  /// Namespaces of the system message.
  let system: [ToolNamespace]
  /// Functions of the developer message.
  let functions: [ToolDescription]
  let catalog: ToolCatalog
  /// Of the tools that are called with JSON and have one, by their full names.
  let schemas: [String: JSONValue]
  /// What each tool's manifest says that it can do, by full name; none where it says nothing.
  let claimedKinds: [String: Set<Effect.Kind>]

  /// Arguments that may be the model's own words, by the tool's full name: see ``ToolManifest/Tool/content``.
  let contentArguments: [String: Set<String>]
  /// Arguments that stand for a record, by the tool's full name: see ``ToolManifest/Tool/references``.
  let referenceArguments: [String: Set<String>]

  /// Leaves out what `isCallable` does not list.
  init(
    catalog: ToolCatalog, isCallable: ([String], [String: Set<Effect.Kind>]) -> [String]
  ) {
    self.catalog = catalog
    var claims: [String: Set<Effect.Kind>] = [:]
    for tool in catalog.manifests.flatMap(\.tools) {
      claims[tool.name] = tool.effects.map { Set($0.compactMap(Effect.Kind.init)) }
    }
    claimedKinds = claims
    contentArguments = Dictionary(
      catalog.manifests.flatMap(\.tools).map { ($0.name, Set($0.content)) },
      uniquingKeysWith: { $0.intersection($1) })
    referenceArguments = Dictionary(
      catalog.manifests.flatMap(\.tools).map { ($0.name, Set($0.references)) },
      uniquingKeysWith: { $0.intersection($1) })
    let memory = [MemoryTools.searchName, MemoryTools.saveName]
    let all = catalog.manifests.flatMap { $0.tools.map(\.name) } + memory
    let callable = Set(isCallable(all, claims))
    names = all.filter(callable.contains)
    var declarations: [ToolDeclaration] = []
    var system: [ToolNamespace] = []
    var functions: [ToolDescription] = []
    var schemas: [String: JSONValue] = [:]
    for manifest in catalog.manifests {
      declarations += manifest.tools.map { $0.declaration(isHidden: !callable.contains($0.name)) }
      let tools = manifest.tools.filter { callable.contains($0.name) }
      for tool in tools where tool.body == .json { schemas[tool.name] = tool.parameters }
      guard !tools.isEmpty else { continue }
      switch manifest.audience {
      case .developer: functions += tools.map { $0.description(in: manifest.namespace) }
      case .system:
        system.append(
          ToolNamespace(
            name: manifest.namespace, description: manifest.namespaceDescription,
            tools: tools.filter { $0.name != manifest.namespace }
              .map { $0.description(in: manifest.namespace) }))
      }
    }
    var notes = MemoryTools.namespace
    declarations += notes.tools.map { tool in
      let name = "memory.\(tool.name)"
      return ToolDeclaration(
        name: name, inputSchema: tool.parameters?.objectValue ?? [:],
        isHidden: !callable.contains(name))
    }
    notes.tools.removeAll { !callable.contains("memory.\($0.name)") }
    for tool in notes.tools { schemas["memory.\(tool.name)"] = tool.parameters }
    if !notes.tools.isEmpty { system.append(notes) }
    self.schemas = schemas
    self.declarations = declarations
    self.system = system
    self.functions = functions
  }

  /// Every name of every tool, as a call may spell it.
  var spellings: Set<String> { Set(declarations.flatMap { [$0.name] + $0.aliases }) }

  /// How the grammar is told of the tools named, and of what their arguments may be.
  func callableTools(
    _ names: [String], arguments: [String: SchemaConstraint]
  ) -> [CallableTool] {
    names.map { name in
      name.hasPrefix("functions.")
        ? .function(name, arguments: arguments[name])
        : .builtIn(name, arguments: arguments[name])
    }
  }
}

extension ToolManifest.Tool {
  fileprivate func declaration(isHidden: Bool) -> ToolDeclaration {
    let aliases = aliases.filter { !$0.hasSuffix("*") }
    switch body {
    case .raw:
      return ToolDeclaration(name: name, aliases: aliases, body: .raw, isHidden: isHidden)
    case .json:
      return ToolDeclaration(
        name: name, aliases: aliases, inputSchema: parameters?.objectValue ?? [:],
        isHidden: isHidden)
    }
  }

  fileprivate func description(in namespace: String) -> ToolDescription {
    ToolDescription(
      name: String(name.dropFirst(namespace.count + 1)), description: description,
      parameters: parameters)
  }
}
