// ToolTests.swift — arguments in, results out: what each tool makes of a call.

import Base
import ExecutionPlugin
import Foundation
import MCP
import TestKit
import Testing

@Suite struct `The tool python` {
  @Test func `answers as the model was trained`() {
    let tool = PythonTool(folder: "/tmp")
    #expect(tool.call(["code": "6 * 7"]) == MCPToolResult(text: "42\n"))
    #expect(
      tool.call(["code": "x = 1"])
        == MCPToolResult(text: "[WARN] There was no output. Use print() to see a value."))
  }

  @Test func `says that the time was up, and keeps what was printed`() {
    let tool = PythonTool(folder: "/tmp", secondsMax: 0.5)
    let result = tool.call(["code": "print('early')\nwhile True: pass"])
    #expect(result.isError)
    #expect(result.text.hasPrefix("early\n"))
    #expect(
      result.text.hasSuffix(
        "[ERROR] Execution timed out after 0.5 seconds; the variables are kept."))
  }

  @Test(arguments: [[:], ["code": 1], ["code": "1", "more": "2"]] as [JSONObject])
  func `refuses other arguments`(arguments: JSONObject) {
    #expect(
      PythonTool(folder: "/tmp").call(arguments)
        == MCPToolResult(
          text: "[ERROR] python takes one argument, \"code\": a string.", isError: true))
  }
}

@Suite struct `The tool exec` {
  @Test(
    arguments: [
      ["cmd": ["printf", "a b"]], ["command": ["printf", "a b"]], ["commands": ["printf", "a b"]],
      ["cmd": "printf 'a b'"], ["cmd": ["bash", "-lc", "printf 'a b'"], "timeout": 5],
      ["cmd": ["printf", "a b"], "workdir": "/", "timeout": 5000],
    ] as [JSONObject])
  func `takes a command in every form that the model writes`(arguments: JSONObject) {
    let result = ContainerTool().call(arguments)
    #expect(result.text == "Exit status 0.\nstdout:\na b\n")
    #expect(!result.isError)
  }

  @Test func `starts in the folder that is named`() {
    let result = ContainerTool().call(["cmd": ["pwd"], "workdir": "/usr"])
    #expect(result.text == "Exit status 0.\nstdout:\n/usr\n")
  }

  @Test func `reads a time of 1000 or more as milliseconds`() {
    let start = ContinuousClock.now
    let result = ContainerTool().call(["cmd": ["sleep", "30"], "timeout": 1000])
    #expect(result.isError)
    #expect(result.text == "Exit status 137; killed after 1.0 seconds.\n")
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func `says why a command cannot be started`() {
    let result = ContainerTool().call(["cmd": ["no-such-program"]])
    #expect(result.isError)
    #expect(
      result.text
        == "The command cannot be started: no-such-program: No such file or directory.")
  }

  @Test(
    arguments: [
      (
        [:],
        "exec needs \"cmd\": a list of words such as [\"ls\", \"-l\"], or one line for the shell."
      ),
      (
        ["cmd": []],
        "exec needs \"cmd\": a list of words such as [\"ls\", \"-l\"], or one line for the shell."
      ),
      (
        ["cmd": ["a", 1]],
        "exec needs \"cmd\": a list of words such as [\"ls\", \"-l\"], or one line for the shell."
      ),
      (["cmd": ["a"], "timeout": "soon"], "\"timeout\" is a number greater than 0."),
      (["cmd": ["a"], "workdir": 1], "\"workdir\" is a path, as a string."),
      (["cmd": ["a\0b"]], "A word of the command contains a NUL byte."),
      (
        ["cmd": ["a"], "user": "root"],
        "exec does not know the argument \"user\"; it takes \"cmd\", \"workdir\" and \"timeout\"."
      ),
    ] as [(JSONObject, String)])
  func `says what is wrong with its arguments`(arguments: JSONObject, sentence: String) {
    #expect(ContainerTool().call(arguments) == MCPToolResult(text: sentence, isError: true))
  }
}

@Suite struct `The tool apply_patch` {
  private static let patch = "*** Begin Patch\n*** Update File: f\n-a\n+b\n*** End Patch"

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write("f", Array("a\n".utf8))
    return folder
  }

  private func text(_ folder: TemporaryFolder, _ file: String) -> String? {
    FileManager.default.contents(atPath: folder.path + "/" + file).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  @Test(
    arguments: [
      ["patch": .string(patch)], ["input": .string(patch)],
      ["patch": .string("apply_patch <<'EOF'\n\(patch)\nEOF\n")],
      ["patch": .string("<<EOF\n\(patch)\nEOF")],
      ["patch": .string(JSONValue.object(["patch": .string(patch)]).compactText)],
      ["patch": .string(JSONValue.string(patch).compactText)],
      ["command": ["apply_patch", .string(patch)]],
    ] as [JSONObject])
  func `finds the patch in every wrapping`(arguments: JSONObject) throws {
    let folder = try folder()
    #expect(PatchTool(folder: folder.path).call(arguments).text == "Done!")
    #expect(text(folder, "f") == "b\n")
  }

  @Test(arguments: [[:], ["patch": 1], ["patch": "x", "more": "y"]] as [JSONObject])
  func `refuses other arguments`(arguments: JSONObject) throws {
    let result = PatchTool(folder: try folder().path).call(arguments)
    #expect(
      result
        == MCPToolResult(
          text: "Error: apply_patch takes one argument, \"patch\": the patch as a string.",
          isError: true))
  }

  @Test func `lists the changes with the contents before and after`() throws {
    let folder = try folder()
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o750], ofItemAtPath: folder.path + "/f")
    let patch = """
      *** Begin Patch
      *** Update File: ./f
      *** Move to: new//g
      -a
      +b
      *** End Patch
      """
    let result = PatchTool(folder: folder.path).call(["patch": .string(patch)])
    #expect(
      result.structured == [
        "changes": [
          ["path": "f", "action": "deleted", "before": "YQo=", "mode": 0o750],
          ["path": "new/g", "action": "added", "after": "Ygo=", "mode": 0o750],
        ]
      ])
    #expect(text(folder, "f") == nil && text(folder, "new/g") == "b\n")
    let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/new/g")
    #expect(mode[.posixPermissions] as? Int == 0o750)
  }

  @Test(arguments: ["/etc/hosts", "../f", "a/../../f", "link/f", "file-link"])
  func `never leaves its folder`(path: String) throws {
    let outside = try TemporaryFolder()
    try outside.write("f", Array("a\n".utf8))
    let folder = try folder()
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: outside.path)
    try manager.createSymbolicLink(
      atPath: folder.path + "/file-link", withDestinationPath: outside.path + "/f")
    for action in ["*** Update File: \(path)\n-a\n+b", "*** Delete File: \(path)"] {
      let patch = "*** Begin Patch\n\(action)\n*** End Patch"
      let result = PatchTool(folder: folder.path).call(["patch": .string(patch)])
      #expect(result.isError && result.text.hasPrefix("Error: "), "\(result.text)")
    }
    for target in [path, path + "-new"] where target != "file-link-new" {
      for action in [
        "*** Add File: \(target)\n+x", "*** Update File: f\n*** Move to: \(target)\n-a\n+b",
      ] {
        let patch = "*** Begin Patch\n\(action)\n*** End Patch"
        #expect(PatchTool(folder: folder.path).call(["patch": .string(patch)]).isError)
      }
    }
    #expect(text(outside, "f") == "a\n" && text(folder, "f") == "a\n")
    #expect(try manager.contentsOfDirectory(atPath: outside.path) == ["f"])
  }

  @Test func `changes nothing where one of its parts fails`() throws {
    let folder = try folder()
    try folder.write("blocked", [])
    // "blocked" is a file, so a file beneath it fails only when it is written.
    let patch = """
      *** Begin Patch
      *** Update File: f
      -a
      +b
      *** Add File: new
      +n
      *** Add File: \(String(repeating: "n", count: 255))x
      +n
      *** End Patch
      """
    let result = PatchTool(folder: folder.path).call(["patch": .string(patch)])
    #expect(result.isError)
    #expect(text(folder, "f") == "a\n" && text(folder, "new") == nil)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["blocked", "f"])
  }

  @Test func `takes back what it wrote when a later file cannot be written`() throws {
    let folder = try folder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/alias", withDestinationPath: ".")
    // Two paths of one file: the second finds it changed.
    let patch = """
      *** Begin Patch
      *** Update File: f
      -a
      +b
      *** Update File: alias/f
      -a
      +c
      *** End Patch
      """
    let result = PatchTool(folder: folder.path).call(["patch": .string(patch)])
    #expect(
      result.text == """
        Error: alias/f changed while the patch was applied, or the patch names it twice; nothing was \
        changed.
        """)
    #expect(text(folder, "f") == "a\n")
  }

  @Test func `refuses more than travels to the host`() throws {
    let folder = try folder()
    try folder.write("big", [UInt8](repeating: UInt8(ascii: "a"), count: (8 << 20) + 1))
    let patch = "*** Begin Patch\n*** Delete File: big\n*** End Patch"
    let result = PatchTool(folder: folder.path).call(["patch": .string(patch)])
    #expect(result.text == "Error: big is larger than 8388608 bytes.")
  }
}

@Suite struct `A served plugin` {
  private static func request(_ id: Int, _ method: String, _ params: String) -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"# + "\n"
  }

  @Test func `speaks MCP on its standard streams until the input ends`() throws {
    let opening =
      #"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#
    let input =
      Self.request(1, "initialize", opening)
      + #"{"jsonrpc":"2.0","method":"notifications/initialized"}"# + "\n"
      + Self.request(2, "tools/list", "{}")
      + Self.request(3, "tools/call", #"{"name":"exec","arguments":{"cmd":["printf","hi"]}}"#)
      + "garbage\n" + Self.request(4, "ping", "{}")
    let result = try Program.run(["tool", "serve", "container"], input: input)
    #expect(result.exitCode == 0)
    #expect(result.errors.isEmpty)
    let answers = try result.output.split(separator: "\n").map {
      try JSONReader.value(String($0), source: "an answer")
    }
    #expect(
      answers.map { $0["id"] } == [1, 2, 3, nil, 4]
        || answers.map { $0["id"] } == [1, 2, 3, .null, 4])
    #expect(
      answers[2]["result"]?["content"]?.arrayValue?.first?["text"]
        == "Exit status 0.\nstdout:\nhi\n")
    #expect(answers[2]["result"]?["structuredContent"]?["exitStatus"] == 0)
  }

  @Test func `is named when there is none of that name`() throws {
    let result = try Program.run(["tool", "serve", "pyton"])
    #expect(result.exitCode == 2)
    #expect(
      result.errors
        == "martlet: There is no built-in plugin \"pyton\". Did you mean python? There are: python, container, patch, browser, documents, cloud.\n"
    )
  }

  @Test func `is listed with its sandbox`() throws {
    let result = try Program.run(["tool", "list"])
    #expect(result.exitCode == 0)
    for text in ["python", "container.exec", "functions.apply_patch", "[container] "] {
      #expect(result.output.contains(text))
    }
  }
}
