// InterruptionTests.swift — signals, kill -9, and going on afterwards.

import Base
import Foundation
import TestKit
import Testing

struct InterruptionTests {
  private static let turns = [
    Turn.call("python", "open('log', 'a').write('a')"),
    Turn.call("python", "open('log', 'a').write('b')"),
    Turn.call("container.exec", #"{"cmd":["sh","-c","printf c >>log"]}"#),
    Turn.call("python", "print(open('log').read())"),
    Turn.answer("All done."),
  ]

  /// Starts a run, sends `signal` after `delay`, and waits for its end.
  private func interrupted(
    _ home: Home, _ turns: [String], by signal: Int32, after delay: Duration
  ) async throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: Program.path)
    process.arguments = [
      "run", "--model", try home.script(turns), "--workspace", home.workspace, "Go.",
    ]
    process.environment = ProcessInfo.processInfo.environment.merging(home.environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try await Task.sleep(for: delay)
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    let code = process.terminationStatus
    return process.terminationReason == .exit ? code : 128 + code
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends the run cleanly and it can go on`(_ signal: Int32) async throws {
    let home = try Home()
    let turns = [
      Turn.call("python", "open('began', 'w'); import time; time.sleep(60)"),
      Turn.answer("After all."),
    ]
    let code = try await interrupted(home, turns, by: signal, after: .seconds(2))
    #expect(code == 128 + signal)
    #expect(try home.lastEvents().names.last == "run.finished")
    let resumed = try home.run("run", "--resume", "last")
    #expect(resumed.exitCode == 0)
    #expect(resumed.output == "After all.\n")
    let remarks = try home.lastEvents().named("planner.remarked")
    #expect(remarks.last?["remark"]?.stringValue == "call_unknown")
  }

  @Test func `wherever a run is killed the ledger holds a prefix of it and the run goes on`()
    async throws
  {
    var random = SplitMix64(seed: 7)
    let complete = try Home()
    let clock = ContinuousClock()
    let start = clock.now
    #expect(try complete.run(script: Self.turns, ["Go."]).exitCode == 0)
    let length = (clock.now - start) / .milliseconds(1)
    let whole = try complete.lastEvents().names
    for _ in 0..<repetitions(4, full: 50) {
      let home = try Home()
      let delay = Duration.milliseconds(random.nextUnit() * length * 1.1)
      _ = try await interrupted(home, Self.turns, by: SIGKILL, after: delay)
      // The kernel takes a moment to end what the dead process walled in.
      for _ in 0..<40 where try !processes(with: home.path).isEmpty {
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(try processes(with: home.path) == [])
      let listed = try home.run("session", "list", "--json")
      guard listed.exitCode == 0, !listed.output.isEmpty else { continue }
      #expect(try home.run("session", "verify").exitCode == 0)
      let names = try home.lastEvents().names
      #expect(names == Array(whole.prefix(names.count)))
      guard names.contains("task.given") else { continue }
      let resumed = try home.run("run", "--resume", "last")
      #expect(resumed.exitCode == 0)
      #expect(resumed.output == "All done.\n")
      #expect(try home.run("session", "verify").exitCode == 0)
      // A call whose result was recorded is not made again, and one that is unknown is not either.
      let log = try home.shell("cat log 2>/dev/null; true").output
      #expect(Set(log).count == log.count, "\(log)")
    }
  }

  @Test func `a finished run that is resumed gives its answer again`() throws {
    let home = try Home()
    _ = try home.run(script: [Turn.answer("Yes.")], ["Hi"])
    let again = try home.run("run", "--resume", "last")
    #expect(again.exitCode == 0)
    #expect(again.output == "Yes.\n")
  }

  @Test func `a resumed run may have more steps`() throws {
    let home = try Home()
    let turns = [Turn.call("python", "1"), Turn.call("python", "2"), Turn.answer("x")]
    #expect(try home.run(script: turns, ["--max-steps", "1", "Hi"]).exitCode == 5)
    #expect(try home.run("run", "--resume", "last", "--max-steps", "5").output == "x\n")
  }

  @Test func `the model of a run cannot be changed`() throws {
    let home = try Home()
    _ = try home.run(script: [Turn.answer("Yes.")], ["Hi"])
    let result = try home.run("run", "--resume", "last", "--model", "nano")
    #expect(result.exitCode == 2)
    #expect(
      result.errors
        == "martlet: --model cannot be changed in a run that is resumed. Leave it out.\n")
  }
}
