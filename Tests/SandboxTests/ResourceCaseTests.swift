// ResourceCaseTests.swift — cases about what a command uses up: it is refused more, or stopped and that
// is said, and nothing of it is left.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

/// A profile with limits that are soon reached.
private let smallLimits = [
  "wallSeconds: 600": "wallSeconds: 20", "memoryMiB: 2048": "memoryMiB: 192",
  "fileMiB: 1024": "fileMiB: 16", "scratchMiB: 512": "scratchMiB: 24",
  "scratchFiles: 16384": "scratchFiles: 300, growthMiB: 64", "processes: 256": "processes: 32",
  "openFiles: 1024": "openFiles: 256",
]

/// Of this process, the host.
private var residentBytes: Int {
  let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
  let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}

extension Stage {
  fileprivate static func small(_ user: Setting.User, seconds: Int = 20) throws -> Stage {
    let stage = try Stage(user)
    try stage.profile(
      "small", smallLimits.merging(["wallSeconds: 600": "wallSeconds: \(seconds)"]) { $1 })
    return stage
  }

  /// Expects that an act is stopped by the host for one of these reasons, and leaves nothing.
  fileprivate func expectStopped(
    _ acts: [String], _ tier: SandboxTier, for reasons: Set<String>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try attempt(acts, tier, profile: "small")
    #expect(result.status == 137, "\(result)", sourceLocation: sourceLocation)
    let reason = result.record.reason ?? result.record.verdict ?? ""
    #expect(reasons.contains(reason), "\(result.record)", sourceLocation: sourceLocation)
    #expect(result.error.contains("The command was stopped"), sourceLocation: sourceLocation)
    #expect(await isQuiet(), sourceLocation: sourceLocation)
    #expect(isBystanderAlive, sourceLocation: sourceLocation)
  }
}

@Suite struct `A greedy command` {
  @Test(arguments: Setting.all)
  func `stops a fork bomb`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user, seconds: 1)
    if setting.user == .root {
      // The kernel counts none of root's processes, unless a control group does.
      let limits = smallLimits.merging([
        "wallSeconds: 600": "wallSeconds: 1", "outputKiB: 1024,": "outputKiB: 1024, hard: true,",
      ]) { $1 }
      try stage.profile("small", limits)
      let first = try stage.attempt(["forks=20"], .full, profile: "small")
      if first.record.verdict == "notStarted" { try Test.cancel("\(first.error)") }
      #expect(
        try stage.attempt(["forks=40"], .full, profile: "small").answers == ["forks=40": "EAGAIN"])
    }
    try await stage.expectStopped(
      ["fork-bomb"], setting.tier, for: ["timedOut", "processes", "memory"])
    let storm = try stage.walled(
      ["sh", "-c", "f() { f | f & }; f; sleep 30", stage.probe], setting.tier, profile: "small")
    #expect(storm.status == 137 || storm.status == 2, "\(storm)")
    #expect(await stage.isQuiet())
    if setting.user == .ordinary, setting.tier == .full {
      #expect(
        try stage.attempt(["forks=40"], .full, profile: "small").answers == ["forks=40": "EAGAIN"])
    }
  }

  /// A group of the machine's that bounds processes, to hold what the walls might not.
  private static func outerGroup() throws -> (path: String, isVersion1: Bool) {
    for (root, isVersion1) in [("/sys/fs/cgroup/pids", true), ("/sys/fs/cgroup", false)] {
      let path = "\(root)/martlet-outer-\(getpid())"
      guard mkdir(path, 0o755) == 0 else { continue }
      let file = FileHandle(forWritingAtPath: path + "/pids.max")
      if (try? file?.write(contentsOf: Data("8000".utf8))) != nil, file != nil {
        return (path, isVersion1)
      }
      rmdir(path)
    }
    try Test.cancel("It takes a control group that bounds the test itself.")
  }

  /// Where the control groups of this machine cannot be seen, and in one of them.
  private static func withoutGroups(in outer: String) -> [String] {
    let cover = "mount -t tmpfs none /sys/fs/cgroup && exec \"$@\""
    return [
      "/bin/sh", "-c",
      "echo $$ >\(outer)/cgroup.procs && exec /usr/bin/unshare -m /bin/sh -c '\(cover)' cover \"$@\"",
      "outer",
    ]
  }

  @Test func `stops a fork bomb of root's where no control group can be made`() async throws {
    guard geteuid() == 0 else { try Test.cancel("This is not root.") }
    let outer = try Self.outerGroup()
    defer { rmdir(outer.path) }
    let stage = try Stage.small(.root)
    let start = ContinuousClock.now
    let result = try stage.walled(
      ["./\(stage.probe)", "fork-bomb"], .full, profile: "small",
      before: Self.withoutGroups(in: outer.path))
    #expect(result.status == 137, "\(result)")
    #expect(["processes", "memory"].contains(result.record.reason ?? ""), "\(result.record)")
    #expect(result.record["memoryLimit"] == "watchdog")
    if result.record["processLimit"] == "watchdog" {
      try Test.cancel("This kernel bounds nothing: the watchdog ended it after \(.now - start).")
    }
    #expect(result.record["processLimit"] == "process-numbers")
    #expect(await stage.isQuiet())
    // By the watchdog, that is, not at the end of its time; and what bounds the test was not needed.
    let events = try String(contentsOfFile: outer.path + "/pids.events", encoding: .utf8)
    #expect(events.contains("max 0"), "\(events)")
  }

  /// Of root's processes the kernel bounds the numbers: those for as many as there may be, and 300 more.
  @Test(arguments: Setting.all)
  func `is counted by the kernel where that can be`(setting: Setting) throws {
    let stage = try Stage.small(setting.user)
    let result = try stage.attempt(["forks=20", "forks=400"], setting.tier, profile: "small")
    #expect(result.output.hasPrefix("forks=20 ok\n"), "\(result)")
    let limit = result.record["processLimit"]?.stringValue ?? ""
    if setting.tier == .landlock {
      #expect(limit == "watchdog")
    } else if setting.user == .ordinary {
      #expect(limit == "rlimit" || limit.hasPrefix("cgroup"), "\(limit)")
    } else if limit == "watchdog" {
      try Test.cancel("This kernel bounds nothing of root's, and no control group can be made.")
    }
    if limit != "watchdog" {
      #expect(
        result.answers["forks=400"] == "EAGAIN" || result.record.reason == "processes", "\(result)")
    }
  }

  /// `hard` is kept by the kernel or there is no sandbox.
  @Test(arguments: Setting.all)
  func `with hard limits is refused where no control group can be made`(setting: Setting) throws {
    let stage = try Stage.small(setting.user)
    try stage.profile(
      "hard", smallLimits.merging(["outputKiB: 1024,": "outputKiB: 1024, hard: true,"]) { $1 })
    var before: [String] = []
    if geteuid() == 0, setting.user == .root {
      before = ["/usr/bin/unshare", "-m", "/bin/sh", "-c"]
      before += ["mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"", "cover"]
    }
    let result = try stage.walled(["touch", "ran"], setting.tier, profile: "hard", before: before)
    if setting.user == .ordinary, setting.tier == .full, result.status == 0 {
      try Test.cancel("This user may make control groups.")
    }
    #expect(result.status == 8 && result.record.verdict == "notStarted", "\(result)")
    #expect(result.error.contains("no control group is writable here"))
    #expect(!FileManager.default.fileExists(atPath: stage.workspace + "/ran"))
  }

  @Test(arguments: Setting.all)
  func `bounds the number of files in the workspace`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    try stage.profile(
      "small",
      smallLimits.merging(["scratchFiles: 16384": "scratchFiles: 300, growthFiles: 2000"]) { $1 })
    let script = "./\(stage.probe) many-files=4000,{workspace}; sleep 5"
    let result = try stage.walled(
      ["sh", "-c", stage.spell(script), stage.probe], setting.tier, profile: "small")
    #expect(result.record.reason == "disk", "\(result)")
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `leaves no sibling behind`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let result = try stage.attempt(["sibling=60"], setting.tier, profile: "small")
    #expect(result.answers == ["sibling=60": "ok"] && result.status == 0, "\(result)")
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `is not of the real-time class where its user may`(setting: Setting) throws {
    guard geteuid() == 0 else { try Test.cancel("It takes root to let a user be.") }
    let stage = try Stage(setting.user)
    let host = try #require(Installed.folder)
    // Root lends the limit, then becomes the user.
    let allowed = ["/usr/bin/prlimit", "--rtprio=10:10", "--nice=40:40"]
    let openly = Bare.run(
      allowed
        + Stage.words([stage.workspace + "/" + stage.probe, "real-time-limit"], as: setting.user))
    if openly.error.contains("Operation not permitted") {
      try Test.cancel("Root may not lend that here: \(openly.error)")
    }
    #expect(openly.output == "real-time-limit ok\n", "\(openly)")
    let end = Bare.run(
      allowed
        + Stage.words(
          [
            host + "/sandbox-host", "run", "container", "--profiles", host + "/Sandboxes",
            "--workspace", stage.workspace, "--tier", setting.tier.rawValue, "--",
            "./" + stage.probe, "real-time-limit", "real-time", "nice-up",
          ], as: setting.user))
    let lines = end.output.split(separator: "\n")
    #expect(lines.first == "real-time-limit EPERM", "\(end)")
    #expect(lines.dropFirst().allSatisfy { $0.hasSuffix("EPERM") || $0.hasSuffix("EACCES") })
  }

  @Test(arguments: Setting.all)
  func `counts threads too`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let result = try stage.attempt(["threads=2000"], setting.tier, profile: "small")
    let isRefused = result.answers["threads=2000"] == "EAGAIN"
    #expect(isRefused || result.record.reason == "processes", "\(result)")
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `does not count the processes of others`(setting: Setting) throws {
    let stage = try Stage.small(setting.user)
    let others = try (0..<40).map { _ in
      let words = Stage.words(["/bin/sleep", "60"], as: setting.user)
      return try Process.run(URL(filePath: words[0]), arguments: Array(words.dropFirst()))
    }
    defer { for other in others { kill(other.processIdentifier, SIGKILL) } }
    let result = try stage.attempt(["forks=20"], setting.tier, profile: "small")
    #expect(result.answers == ["forks=20": "ok"])
  }

  @Test(arguments: Setting.all)
  func `refuses memory to one process and ends several`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let alone = try stage.attempt(["memory=400"], setting.tier, profile: "small")
    #expect(alone.answers == ["memory=400": "ENOMEM"], "\(alone)")
    try await stage.expectStopped(["memory-together=80,6"], setting.tier, for: ["memory"])
    try stage.profile(
      "hard", smallLimits.merging(["outputKiB: 1024,": "outputKiB: 1024, hard: true,"]) { $1 })
    let hard = try stage.attempt(["memory-together=80,6"], setting.tier, profile: "hard")
    // Where no control group can be made, hard limits are refused.
    if hard.record.verdict == "notStarted" {
      #expect(hard.status == 8 && hard.error.contains("no control group is writable"), "\(hard)")
      #expect(hard.output.isEmpty)
    } else {
      #expect(hard.record["memoryLimit"]?.stringValue?.hasPrefix("cgroup") == true)
      #expect(
        hard.record.reason == "memory" || hard.answers.values.contains { $0 != "ok" }, "\(hard)")
    }
  }

  @Test(
    arguments: Setting.all,
    [
      "memory-unseen=600",
      "memory-in-sockets=120|memory-in-sockets=120|memory-in-sockets=120|memory-in-sockets=120",
      "memory-in-tables=400",
    ])
  func `finds memory that no process shows`(setting: Setting, act: String) async throws {
    let stage = try Stage.small(setting.user)
    let acts = act.split(separator: "|").map(String.init)
    if acts.count > 1 {
      // As many descriptors as one process may have are not enough.
      let script = acts.map { "./\(stage.probe) \($0) &" }.joined(separator: " ") + " wait"
      let result = try stage.walled(["sh", "-c", script], setting.tier, profile: "small")
      #expect(result.record.reason == "memory", "\(result)")
    } else {
      try await stage.expectStopped(acts, setting.tier, for: ["memory"])
    }
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `bounds the temporary folder`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let script = """
      cd "$TMPDIR"; for i in 1 2 3 4 5 6; do head -c 8388608 /dev/zero >f$i || exit 3; done; sleep 5
      """
    let bytes = try stage.walled(["sh", "-c", script, stage.probe], setting.tier, profile: "small")
    let names = try stage.walled(
      [
        "sh", "-c",
        "./\(stage.probe) many-files=500,\"$TMPDIR\"; sleep \(setting.tier == .full ? 0 : 5)",
      ], setting.tier, profile: "small")
    if setting.tier == .full {
      #expect(bytes.status == 3 && bytes.error.contains("No space left"), "\(bytes)")
      #expect(names.output.hasSuffix(" ENOSPC\n"), "\(names)")
    } else {
      #expect(bytes.record.reason == "disk", "\(bytes)")
      #expect(names.record.reason == "disk", "\(names)")
    }
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `bounds what is written to the workspace`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let one = try stage.attempt(["fill=40,{workspace}/big"], setting.tier, profile: "small")
    #expect(one.answers.values.first == "EFBIG", "\(one)")
    let script = "for i in $(seq 40); do head -c 8388608 /dev/zero >f$i; done; sleep 5"
    let many = try stage.walled(["sh", "-c", script, stage.probe], setting.tier, profile: "small")
    #expect(many.record.reason == "disk", "\(many)")
    #expect(many.error.contains("wrote more to the disk than its limit"))
    for i in 1...40 { unlink("\(stage.workspace)/f\(i)") }
    try await stage.expectStopped(["fill-unnamed=40,8,{workspace}"], setting.tier, for: ["disk"])
  }

  @Test(arguments: Setting.all)
  func `is stopped at the end of its time`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user, seconds: 1)
    let start = ContinuousClock.now
    let scripts = [
      "sleep 60 <&0", "exec >&- 2>&-; sleep 60", "trap '' TERM HUP INT; while :; do :; done",
      "kill -STOP $$", "kill -STOP 0", "kill -STOP -1; sleep 60",
    ]
    let records = try stage.walled(scripts: scripts, setting.tier, profile: "small")
    #expect(records.map(\.verdict) == scripts.map { _ in "timedOut" }, "\(records)")
    #expect(.now - start < .seconds(15))
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `leaves no daemon behind`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let script = """
      (setsid sh -c 'trap "" HUP TERM; while :; do echo x >>beat; sleep 0.02; done' \(stage.probe) &) &
      while [ ! -s beat ]; do sleep 0.02; done
      """
    let result = try stage.walled(["sh", "-c", script], setting.tier, profile: "small")
    #expect(result.status == 0)
    #expect(await stage.isQuiet())
    let beat = stage.workspace + "/beat"
    let size = try Data(contentsOf: URL(filePath: beat)).count
    try await Task.sleep(for: .milliseconds(200))
    #expect(try Data(contentsOf: URL(filePath: beat)).count == size)
  }

  @Test(arguments: Setting.all)
  func `has its orphans reaped`(setting: Setting) throws {
    let stage = try Stage.small(setting.user)
    // They count until process 1 gets its turn, which on a busy machine takes a moment.
    let acts = (0..<5).map { _ in "orphans=20" }
    let result = try stage.attempt(acts + ["pause=1", "forks=20"], setting.tier, profile: "small")
    #expect(result.answers == ["orphans=20": "ok", "pause=1": "ok", "forks=20": "ok"], "\(result)")
  }

  @Test(arguments: Setting.all)
  func `survives a storm of signals`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let result = try stage.attempt(["signal-storm=1"], setting.tier, profile: "small")
    #expect(result.answers == ["signal-storm=1": "ok"], "\(result)")
    #expect(await stage.isQuiet())
  }

  @Test(arguments: Setting.all)
  func `does not outlive its host`(setting: Setting) async throws {
    let stage = try Stage.small(setting.user)
    let script = """
      "$@" & host=$!
      while [ ! -e started ]; do sleep 0.02; done
      kill -9 $host; wait $host; echo null >&2
      """
    _ = try stage.walled(
      [
        "sh", "-c", "(setsid sleep 60 &) ; ./\(stage.probe) pause=60 & touch started; wait",
        stage.probe,
      ], setting.tier, before: ["/bin/sh", "-c", script, "killer"])
    #expect(await stage.isQuiet())
  }
}

@Suite struct `A flood` {
  @Test(arguments: Walls.tiers)
  func `keeps a flood of output out of the host's memory`(tier: SandboxTier) async throws {
    let world = try World()
    let before = residentBytes
    let result = try await world.shell("yes & yes >&2 & sleep 1", tier)
    let outcome = result.outcome
    #expect(outcome.isTruncated)
    #expect(outcome.outputByteCount > 4 << 20 && outcome.errorByteCount > 4 << 20)
    #expect(result.output.text.utf8.count <= (1 << 20) + 200)
    #expect(residentBytes - before < 24 << 20, "\(residentBytes - before)")
  }

  @Test(arguments: Walls.tiers)
  func `cuts one endless line, and keeps it text`(tier: SandboxTier) async throws {
    let world = try World()
    // Three bytes a character, so that the cut falls between them; and bytes that are no text at all.
    let result = try await world.shell(
      "yes '€€€€€€€€' | head -c 32000000 | tr -d '\\n'; printf '\\377\\376'", tier)
    #expect(result.outcome.verdict == .exited(code: 0))
    #expect(result.outcome.isTruncated)
    let text = result.output.text
    #expect(text.contains("€") && text.utf8.count <= (1 << 20) + 400)
    #expect(text.unicodeScalars.count { $0 == "\u{FFFD}" } < 8)
  }

  @Test(arguments: Walls.tiers)
  func `of input that nobody reads ends with the command`(tier: SandboxTier) async throws {
    let world = try World()
    let plan = try await world.plan(tier) { $0.limits.wallTimeMax = .seconds(1) }
    let bytes = [UInt8](repeating: 0x61, count: 10 << 20)
    let result = try await plan.run(
      SandboxCommand(["sleep", "60"]), streams: SandboxStreams(input: .bytes(bytes)))
    #expect(result.outcome.verdict == .timedOut)
    #expect(result.outcome.inputByteCount < 1 << 20)
  }
}

@Suite struct `A sandbox that was used` {
  private static let count =
    ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? 25 : 1_000

  private struct Traces: Equatable {
    var descriptors: Int
    var children: Int
    var mounts: Int
    var folders: Int
    var groups: Int

    func isNoMore(than other: Traces) -> Bool {
      descriptors <= other.descriptors && children <= other.children
        && mounts <= other.mounts && folders <= other.folders
        && groups <= other.groups
    }
  }

  private static func count(_ folder: String, prefix: String = "") -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).count {
      $0.hasPrefix(prefix)
    }
  }

  private static var traces: Traces {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    let children = tasks.reduce(0) { sum, task in
      let text = try? String(contentsOfFile: "/proc/self/task/\(task)/children", encoding: .utf8)
      return sum + (text ?? "").split(separator: " ").count
    }
    let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
    let groups = ["", "/unified", "/memory", "/pids"].reduce(0) {
      $0 + count("/sys/fs/cgroup" + $1, prefix: "martlet-\(getpid())-")
    }
    return Traces(
      descriptors: count("/proc/self/fd"), children: children,
      mounts: mounts.split(separator: "\n").count,
      folders: count("/tmp", prefix: "martlet-") + count("/var/tmp", prefix: "martlet-"),
      groups: groups)
  }

  @Test(.timeLimit(.minutes(10)), arguments: Walls.tiers)
  func `leaves nothing behind however often it runs`(tier: SandboxTier) async throws {
    let world = try World()
    let plan = try await world.plan(tier)
    let commands = [["/bin/true"], ["sh", "-c", "echo x; (sleep 30 &)"], ["no-such-program"]]
    for command in commands { _ = try await plan.run(SandboxCommand(command)) }
    // Sleeping opens what the clock of this process's tasks needs, once.
    try await Task.sleep(for: .milliseconds(20))
    // The wall itself is waited for after the result is told.
    _ = await Walls.eventually { Self.traces.children == 0 }
    let before = Self.traces
    let memory = residentBytes
    for turn in 0..<Self.count {
      let result = try await plan.run(SandboxCommand(commands[turn % commands.count]))
      #expect(result.outcome.layers.contains("filter"))
    }
    _ = await Walls.eventually { Self.traces.isNoMore(than: before) }
    let after = Self.traces
    #expect(after.isNoMore(than: before), "\(after), before \(before)")
    let growth = residentBytes - memory
    #expect(growth < 8 << 20, "\(growth) bytes after \(Self.count) runs")
  }
}
