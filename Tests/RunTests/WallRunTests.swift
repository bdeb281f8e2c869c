// WallRunTests.swift — commands that use everything up, in a whole run: the call fails with its own reason,
// the run goes on, nothing is left behind.

import Base
import Foundation
import TestKit
import Testing

struct WallRunTests {
  /// The container's profile with limits that are soon reached.
  private static func tighten(_ home: Home, isHard: Bool) throws {
    var text = try String(
      contentsOfFile: Repository.path("Sandboxes/container.json5"), encoding: .utf8)
    for (old, new) in [
      ("memoryMiB: 2048", "memoryMiB: 256"), ("fileMiB: 1024", "fileMiB: 16"),
      ("scratchFiles: 16384", "scratchFiles: 1024, growthMiB: 64"),
      ("processes: 256", "processes: 40"),
      ("outputKiB: 1024,", "outputKiB: 1024, hard: \(isHard),"),
    ] {
      try #require(text.contains(old))
      text = text.replacing(old, with: new)
    }
    try home.write("config/martlet/sandboxes/container.json5", text)
  }

  private static let bombs: [(name: String, script: String, answer: String)] = [
    ("fork bomb", "f() { f | f & }; f; sleep 3", ""),
    (
      "memory bomb",
      "for i in 1 2 3 4 5 6; do python3 -c 'import time; x = bytearray(100 << 20); time.sleep(9)' & done; wait",
      "memory"
    ),
    (
      "disk fill", "for i in $(seq 40); do head -c 8388608 /dev/zero >f$i; done; sleep 9", "disk"
    ),
    (
      "descriptor flood", "python3 -c 'x = [open(\"/dev/null\") for _ in range(9999)]'",
      "Too many open files"
    ),
    ("output flood", "yes | head -c 60000000", ""),
    ("signal storm", "./storm signal-storm=1", ""),
  ]

  @Test(arguments: bombs.map(\.name))
  func `a command that uses everything up costs the call and nothing else`(_ name: String) throws {
    let home = try Home()
    // The kernel counts none of root's processes, unless a control group does.
    let isHard = name == "fork bomb" && geteuid() == 0
    if isHard, access("/sys/fs/cgroup/pids/cgroup.procs", W_OK) != 0 {
      try Test.cancel("No control group can be made here that counts root's processes.")
    }
    try Self.tighten(home, isHard: isHard)
    let bomb = try #require(Self.bombs.first { $0.name == name })
    let marker = "martlet-bomb-\(UInt32.random(in: 0 ... .max))"
    let probe = Repository.path(".build/wall/martlet-probe")
    if FileManager.default.isExecutableFile(atPath: probe) {
      try FileManager.default.copyItem(atPath: probe, toPath: home.workspace + "/storm")
    }
    let command = JSONValue.object([
      "cmd": ["sh", "-c", .string(bomb.script), .string(marker)], "timeout": 20,
    ])
    let result = try home.run(
      script: [
        Turn.call("container.exec", command.compactText),
        Turn.call("container.exec", #"{"cmd":["echo","still here"]}"#), Turn.answer("I went on."),
      ], ["Go."])
    #expect(result.exitCode == 0, "\(result)")
    #expect(result.output == "I went on.\n")
    let answers = try home.lastEvents().named("tool.answered")
    #expect(answers.count == 2)
    let text = answers.first?["text"]?.stringValue ?? ""
    #expect(bomb.answer.isEmpty || text.contains(bomb.answer), "\(text.prefix(400))")
    #expect(answers.last?["text"]?.stringValue?.contains("still here") == true)
    #expect(try home.lastEvents().named("policy.judged").allSatisfy { $0["tier"] != nil })
    #expect(try processes(with: marker) == [])
    #expect(try home.run("session", "verify").exitCode == 0)
  }
}
