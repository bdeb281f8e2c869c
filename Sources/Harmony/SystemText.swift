// SystemText.swift — system and developer content as the text that the model reads.
//
// Layout and wording: openai/harmony, `src/encoding.rs` (Apache-2.0).

import Base

extension SystemContent {
  /// The message's text. `hasFunctions`: whether a developer message of the conversation has
  /// functions; adds the line that says where their calls go.
  func text(hasFunctions: Bool) -> String {
    var sections: [String] = []
    var head: [String] = []
    if let modelIdentity { head.append(modelIdentity) }
    if let knowledgeCutoff { head.append("Knowledge cutoff: \(knowledgeCutoff)") }
    if let conversationStartDate { head.append("Current date: \(conversationStartDate)") }
    if !head.isEmpty { sections.append(head.joined(separator: "\n")) }
    if let reasoningEffort { sections.append("Reasoning: \(reasoningEffort.rawValue)") }
    if !tools.isEmpty { sections.append(ToolNamespace.section(tools)) }
    if let line = channelConfiguration?.line {
      sections.append(
        hasFunctions
          ? line + "\nCalls to these tools must go to the commentary channel: 'functions'." : line)
    }
    return sections.joined(separator: "\n\n")
  }
}

extension ChannelConfiguration {
  /// Nil where no channel is named.
  fileprivate var line: String? {
    guard !validChannels.isEmpty else { return nil }
    return "# Valid channels: \(validChannels.joined(separator: ", "))."
      + (isChannelRequired ? " Channel must be included for every message." : "")
  }
}

extension DeveloperContent {
  var text: String {
    var sections: [String] = []
    if let instructions { sections += ["# Instructions", instructions] }
    if !tools.isEmpty { sections.append(ToolNamespace.section(tools)) }
    if !responseFormats.isEmpty {
      sections.append("# Response Formats")
      sections += responseFormats.map { "## \($0.name)\n\n\($0.schema.compactText)" }
    }
    return sections.joined(separator: "\n\n")
  }

  /// Whether the namespace `functions` is there and not empty.
  var hasFunctions: Bool { tools[ToolNamespace.functionsName]?.tools.isEmpty == false }
}

extension ToolNamespace {
  /// The `# Tools` section.
  fileprivate static func section(_ tools: [String: Self]) -> String {
    (["# Tools"] + sorted(tools).map(\.text)).joined(separator: "\n\n")
  }

  private var text: String {
    var lines = ["## \(name)\n"]
    let mark = tools.isEmpty ? "" : "// "
    for line in Self.lines(of: description ?? "") { lines.append(mark + line) }
    guard !tools.isEmpty else { return lines.joined(separator: "\n") }
    lines.append("namespace \(name) {\n")
    for tool in tools {
      for line in Self.lines(of: tool.description) { lines.append("// " + line) }
      let argument = tool.parameters.map { "_: " + TypeScriptType.text($0) } ?? ""
      lines.append("type \(tool.name) = (\(argument)) => any;\n")
    }
    lines.append("} // namespace \(name)")
    return lines.joined(separator: "\n")
  }

  /// Lines without their ends, which are LF or CR LF; a text that ends in one has no line after it.
  private static func lines(of text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.enumerated().map { index, line in
      // The reference keeps a CR that no LF follows.
      let isEnded = index < lines.count - 1 || text.utf8.last == UInt8(ascii: "\n")
      let isCut = isEnded && line.last == UInt8(ascii: "\r")
      return String(decoding: isCut ? line.dropLast() : line, as: UTF8.self)
    }
  }
}
