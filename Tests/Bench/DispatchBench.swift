// DispatchBench.swift — what a call costs between the model's words and the tool's answer.
//
// Prints CSV: what, count, p50, p90, p99 in milliseconds. "host" is the tool host alone: a parsed call
// in, a result out, a warm plugin behind its walls that does nothing. "turn" is a whole turn of
// `martlet run` on a script: prompt, decision, durable appends to the ledger, call, result. "python,
// first call" starts the python tool behind its walls and runs `pass` in it, alternating with a bare
// `python3 -c pass`.

import Base
import Foundation
import TestKit
import ToolHost

enum DispatchBench {
  static func run(count: Int) async throws {
    print("what,count,p50_ms,p90_ms,p99_ms")
    try await host(count)
    try await firstCalls(min(count, 50))
    try turns(count)
  }

  private static func host(_ count: Int) async throws {
    let plugin = try FakePluginFiles()
    let workspace = try TemporaryFolder()
    let host = ToolHost(
      catalog: try ToolCatalog(folders: [plugin.folder.path]),
      places: ToolHost.Places(
        profileFolders: [Repository.path("Sandboxes")], folders: ["workspace": workspace.path]))
    let call = ToolCall(id: 1, tool: "fake.act", body: #"{"do":"count"}"#)
    _ = try await host.call(call)
    var times: [Double] = []
    for _ in 0..<count {
      let start = ContinuousClock.now
      let result = try await host.call(call)
      times.append((ContinuousClock.now - start) / .milliseconds(1))
      guard result.status == .succeeded else { throw CocoaError(.featureUnsupported) }
    }
    await host.shutdown()
    report("host", times)
  }

  private static func firstCalls(_ count: Int) async throws {
    let workspace = try TemporaryFolder()
    let catalog = try ToolCatalog(folders: [Repository.path("Tools")])
    var walled: [Double] = []
    var bare: [Double] = []
    for _ in 0..<count {
      let host = ToolHost(
        catalog: catalog,
        places: ToolHost.Places(
          profileFolders: [Repository.path("Sandboxes")], folders: ["workspace": workspace.path],
          program: Program.path))
      let start = ContinuousClock.now
      let result = try await host.call(ToolCall(id: 1, tool: "python", body: "pass"))
      walled.append((ContinuousClock.now - start) / .milliseconds(1))
      guard result.status == .succeeded else { throw CocoaError(.featureUnsupported) }
      await host.shutdown()
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/python3")
      process.arguments = ["-c", "pass"]
      let bareStart = ContinuousClock.now
      try process.run()
      process.waitUntilExit()
      bare.append((ContinuousClock.now - bareStart) / .milliseconds(1))
    }
    report("python first call", walled)
    report("python3 -c pass", bare)
  }

  /// The time of a run with `count` calls over that of a run with one, shared out.
  private static func turns(_ count: Int) throws {
    let home = try Home()
    try home.write(
      "config/martlet/policy.json5",
      """
      { schema: 'tool-policy/1', id: 'bench', revision: 1, defaults: { noMatch: 'deny' },
        rules: [{ id: 'fake', effect: 'allow', tool: 'fake.*', args: 'any' }] }
      """)
    let plugin = try FakePluginFiles()
    var times: [Double] = []
    for _ in 0..<5 {
      let one = try time(1, home, plugin)
      times.append((try time(count + 1, home, plugin) - one) / Double(count))
    }
    report("turn", times)
  }

  private static func time(
    _ count: Int, _ home: Home, _ plugin: FakePluginFiles
  ) throws -> Double {
    var lines = (0..<count).map { number in
      let body = #"{\"do\":\"count\",\"n\":\#(number)}"#
      return #"{"completion":"<|channel|>analysis to=fake.act code<|message|>\#(body)<|call|>"}"#
    }
    lines.append(#"{"completion":"<|channel|>final<|message|>Done.<|return|>"}"#)
    let script = try home.write("script.jsonl", lines.joined(separator: "\n"))
    let start = ContinuousClock.now
    let result = try home.run(
      "run", "--model", "script:" + script, "--tools", plugin.folder.path, "--workspace",
      home.workspace, "--max-steps", "100000", "--max-tool-calls", "100000", "--quiet", "Go.")
    guard result.exitCode == 0 else {
      print(result.errors)
      throw CocoaError(.featureUnsupported)
    }
    return (ContinuousClock.now - start) / .milliseconds(1)
  }

  private static func report(_ what: String, _ times: [Double]) {
    let sorted = times.sorted()
    let figures = [50, 90, 99].map { sorted[min(sorted.count - 1, sorted.count * $0 / 100)] }
    let text = figures.map { String(format: "%.3f", $0) }.joined(separator: ",")
    print("\(what),\(sorted.count),\(text)")
  }
}
