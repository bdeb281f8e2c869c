// ToolNames.swift — tools with several names, and arguments with several names.

/// What the model calls a tool and its arguments, however it was trained to.
enum ToolNames {
  static let patch = "functions.apply_patch"
  static let shell = "container.exec"
  static let python = "python"

  /// gpt-oss calls the patch tool by three names (OpenAI's own harnesses each used another one).
  private static let patchNames = [patch, "repo_browser.apply_patch", "apply_patch"]

  /// Every name of the tool, `name` first. A rule that names any of them means the tool.
  static func all(of name: String) -> [String] {
    guard isPatch(name) else { return [name] }
    return [name] + patchNames.filter { $0 != name }
  }

  static func isPatch(_ name: String) -> Bool { patchNames.contains(name) }

  /// The names under which gpt-oss passes `container.exec` its argument list; the first is ours.
  static let shellArgumentNames = ["cmd", "command", "commands", "argv"]

  /// The name by which rules on `tool` and calls of it meet.
  static func argument(_ name: [UInt8], ofShell isShell: Bool) -> [UInt8] {
    guard isShell, shellArgumentNames.contains(where: { name.elementsEqual($0.utf8) }) else {
      return name
    }
    return Array(shellArgumentNames[0].utf8)
  }
}
