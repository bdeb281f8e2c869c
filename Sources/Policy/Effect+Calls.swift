// Effect+Calls.swift — the built-in tools' calls as effects that rules can be written for.
//
//     python                  { code }                          the body is the code
//     container.exec          { cmd: [...], workdir?, ... }     cmd, command, commands, argv are one
//     functions.apply_patch   { patch }  and derived: { paths } every file that the patch names
//     cloud.send              { endpoint, model, payload }  and derived: see CloudSend
//
// All other tools' arguments are what the model sent.

public import Base

extension Effect {
  /// The effect of a call that the model made.
  ///
  /// - Parameters:
  ///   - call: As the model wrote it.
  ///   - workspace: Absolute; relative paths of built-in tools are paths in it.
  public init(call: ToolCall, workspace: String) {
    if ToolNames.python.utf8.elementsEqual(call.tool.utf8) || ToolNames.isPatch(call.tool) {
      let body: JSONValue = .string(call.body)
      // A patch may come bare or as JSON with one member; no patch begins with a brace.
      let object = ToolNames.isPatch(call.tool) ? Self.object(in: call.body) : nil
      self.init(tool: call.tool, arguments: object ?? body, workspace: workspace)
      return
    }
    let arguments = Self.isBlank(call.body) ? .object([:]) : Self.json(call.body)
    self.init(tool: call.tool, arguments: arguments ?? .null, workspace: workspace)
    if arguments == nil { flaw = .malformed("The arguments are not JSON.") }
  }

  /// The effect of calling `tool` with `arguments`, which need not be an object for `python` and
  /// for patches.
  public init(
    tool: String, arguments: JSONValue, workspace: String, links: [String: String] = [:]
  ) {
    self.init(tool: tool, arguments: arguments, links: links)
    if ToolNames.python.utf8.elementsEqual(tool.utf8) {
      if case .string = arguments { self.arguments = ["code": arguments] }
    } else if ToolNames.isPatch(tool) {
      readPatch(workspace: workspace)
    } else if ToolNames.shell.utf8.elementsEqual(tool.utf8) {
      readShellCall(workspace: workspace)
    } else if CloudSend.tool.utf8.elementsEqual(tool.utf8) {
      readCloudSend(workspace: workspace)
    }
  }

  private static func isBlank(_ text: String) -> Bool {
    text.utf8.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
  }

  private static func json(_ text: String) -> JSONValue? {
    try? JSONReader.value(text, source: "the call")
  }

  private static func object(in text: String) -> JSONValue? {
    guard let value = json(text), case .object = value else { return nil }
    return value
  }

  // MARK: Patches

  private mutating func readPatch(workspace: String) {
    var patch = arguments
    if case .object(let object) = arguments {
      guard object.count == 1, let key = object.keys.first, let member = object[key] else {
        flaw = .malformed("A patch is one string, alone or as the only argument.")
        return
      }
      patch = member
    }
    guard case .string(let text) = patch else {
      flaw = .malformed("A patch is a string.")
      return
    }
    arguments = ["patch": patch]
    let paths = Self.patchPaths(text)
    if paths.contains(where: Self.isOddlyBordered) {
      flaw = .malformed("A path in the patch has white space or a control character at its edge.")
    }
    derivedArguments = [
      "paths": .array(paths.map { .string(Self.absolute($0, in: workspace)) })
    ]
  }

  /// Every path that a line of the patch names, also where a strict reader would see only context:
  /// a path too many can only make the decision stricter.
  private static func patchPaths(_ patch: String) -> [String] {
    let marks = ["*** Add File:", "*** Update File:", "*** Delete File:", "*** Move to:"]
      .map { Array($0.utf8) }
    var paths: [String] = []
    for line in patch.utf8.split(separator: UInt8(ascii: "\n")) {
      let trimmed = trim(line)
      guard let mark = marks.first(where: { trimmed.starts(with: $0) }) else { continue }
      paths.append(String(decoding: trim(trimmed.dropFirst(mark.count)), as: UTF8.self))
    }
    return paths
  }

  private static func trim(_ line: Substring.UTF8View) -> Substring.UTF8View {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    var line = line.drop(while: isSpace)
    while let last = line.last, isSpace(last) { line = line.dropLast() }
    return line
  }

  /// Whether whoever applies the patch could take the path for another one, by trimming more than
  /// plain spaces: then no rule on paths could be trusted.
  private static func isOddlyBordered(_ path: String) -> Bool {
    (path.first?.isWhitespace ?? false) || (path.last?.isWhitespace ?? false)
      || path.utf8.contains { $0 < 0x20 }
  }

  private static func absolute(_ path: String, in workspace: String) -> String {
    path.utf8.first == UInt8(ascii: "/") ? path : workspace + "/" + path
  }

  // MARK: Cloud

  /// A rehearsal writes what was found in the payload beside the payload.
  private mutating func readCloudSend(workspace: String) {
    guard case .object(var object) = arguments else { return }
    for key in CloudSend.derivedNames {
      guard var value = object[key] else { continue }
      object[key] = nil
      if key == "files", let paths = value.arrayValue {
        value = .array(
          paths.map { path in
            path.stringValue.map { .string(Self.absolute($0, in: workspace)) } ?? path
          })
      }
      derivedArguments[key] = value
    }
    cloudEndpoint = object["endpoint"]?.stringValue.flatMap(CloudSend.origin)
    cloudReason = derivedArguments["reason"]?.stringValue
    arguments = .object(object)
  }

  // MARK: Shell

  private mutating func readShellCall(workspace: String) {
    guard case .object(var object) = arguments else { return }
    let given = object.keys.filter { key in
      ToolNames.shellArgumentNames.contains { $0.utf8.elementsEqual(key.utf8) }
    }
    guard given.count <= 1 else {
      flaw = .malformed("The command is given as \"\(given[0])\" and as \"\(given[1])\".")
      return
    }
    let elements = given.first.flatMap { object[$0]?.arrayValue } ?? []
    // The kernel ends a program's argument at a NUL: it would run another command than was judged.
    if elements.contains(where: { $0.stringValue?.utf8.contains(0) ?? false }) {
      flaw = .malformed("An element of the command contains a NUL.")
    }
    if let folder = object["workdir"]?.stringValue {
      object["workdir"] = .string(Self.absolute(folder, in: workspace))
    }
    arguments = .object(object)
  }
}
