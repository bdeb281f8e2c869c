// IdentityCaseTests.swift — cases about what a command is and has: names, rights, environment, core
// files, and whom its calls can reach.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

@Suite struct `A stranger behind walls` {
  @Test(arguments: Setting.all)
  func `resolves no name`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let result = try stage.walled(
      ["sh", "-c", "getent hosts martlet-canary.example; echo $?"], setting.tier)
    #expect(result.output == "2\n")
  }

  @Test(arguments: Setting.all)
  func `gains nothing from programs that lend a user`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let own = try stage.walled(["id", "-u"], setting.tier).output
    let script = """
      for program in su sudo newgrp mount passwd; do
        path=$(command -v $program) || continue
        timeout 0.5 "$path" -c 'id -u' </dev/null 2>/dev/null
      done
      id -u
      """
    let result = try stage.walled(["sh", "-c", script], setting.tier)
    #expect(result.output.hasSuffix(own))
    #expect(!result.output.split(separator: "\n").contains("0"))
    #expect(own != "0\n")
  }

  @Test(arguments: Setting.all)
  func `gains nothing from programs that have capabilities`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let program = stage.workspace + "/" + stage.probe
    let setter = ["/sbin/setcap", "/usr/sbin/setcap"].first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
    guard geteuid() == 0, let setter else {
      try Test.cancel("It takes root and setcap to make one.")
    }
    #expect(Bare.run([setter, "cap_net_raw,cap_dac_override+ep", program]).status == 0)
    #expect(stage.openly(attempt: ["hold-capability"])["hold-capability"] == "ok")
    let result = try stage.attempt(["hold-capability", "be-privileged"], setting.tier)
    #expect(result.answers == ["hold-capability": "EPERM", "be-privileged": "EPERM"])
  }

  @Test(arguments: Setting.all)
  func `holds nothing, by its own status`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    #expect(stage.openly(attempt: ["be-privileged"]) == ["be-privileged": "ok"])
    let acts = ["hold-capability", "be-privileged"]
    #expect(
      try stage.attempt(acts, setting.tier).answers
        == ["hold-capability": "EPERM", "be-privileged": "EPERM"])
    guard setting.tier == .full else { return }
    let script = "grep -E '^(Cap|NoNewPrivs|Seccomp:|NSpid|Groups)' /proc/self/status"
    let lines = try stage.walled(["sh", "-c", script], .full).output.split(separator: "\n")
    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
      #expect(lines.contains { $0 == "\(name):\t0000000000000000" })
    }
    #expect(lines.contains("NoNewPrivs:\t1") && lines.contains("Seccomp:\t2"))
    let process = try #require(lines.first { $0.hasPrefix("NSpid:") })
    #expect(process.split(separator: "\t").count == 2, "\(process)")
  }

  @Test(arguments: Setting.all)
  func `has the environment of its profile and no other`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let result = try stage.walled(["/usr/bin/env"], setting.tier)
    let names = result.output.split(separator: "\n").compactMap { $0.split(separator: "=").first }
    #expect(
      Set(names) == [
        "PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LANG", "GIT_CONFIG_NOSYSTEM", "TZ",
      ])
    #expect(!result.output.contains("canary"))
    #expect(stage.openly(["/usr/bin/env"]).output.contains("SECRET_X=canary-7391"))
  }

  @Test(arguments: Setting.all)
  func `shows neither orders nor environment while it starts`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let seen = try stage.walled(
      ["sh", "-c", "sleep 0.3; echo done"], setting.tier,
      before: ["/bin/sh", "-c", Self.watch, "watch"])
    let lines = seen.error.split(separator: "\n").filter { $0.hasPrefix("wall: ") }
    #expect(!lines.isEmpty, "\(seen.error)")
    for line in lines { #expect(line == "wall: martlet-wall ,", "\(line)") }
  }

  /// Starts the host and writes the command line and environment of each wall below it, each NUL a space.
  private static let watch = """
    "$@" & host=$!
    while kill -0 $host 2>/dev/null; do
      for wall in $(cat /proc/$host/task/*/children 2>/dev/null); do
        line=$(tr '\\0' ' ' </proc/$wall/cmdline 2>/dev/null) || continue
        environment=$(tr '\\0' ' ' </proc/$wall/environ 2>/dev/null) || continue
        case $line in martlet-wall*) echo "wall: $line,$environment" >&2 ;; esac
      done
      sleep 0.05
    done
    wait $host
    """

  @Test(arguments: Setting.all)
  func `leaves no core file`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let script =
      "ulimit -c; ulimit -c unlimited 2>/dev/null; sh -c 'kill -SEGV $$'; ls -A | grep -c core"
    let result = try stage.walled(["sh", "-c", script], setting.tier)
    #expect(result.output == "0\n0\n", "\(result)")
  }

  @Test(arguments: Setting.all)
  func `cannot run the wall inside the wall`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let result = try stage.walled(["/proc/self/exe"], setting.tier)
    #expect(result.record.verdict == "notExecuted", "\(result.record)")
    #expect(result.output.isEmpty)
  }

  @Test(arguments: Setting.all)
  func `kills nobody but itself`(setting: Setting) async throws {
    let stage = try Stage(setting.user)
    _ = try stage.attempt(["signal-all"], setting.tier)
    #expect(stage.isBystanderAlive)
    #expect(await stage.isQuiet())
  }

  /// A process that has nothing to lose, of a user who has no other.
  private static func victim(_ user: UInt32) throws -> Process {
    let number = String(user)
    let words = ["/usr/bin/setpriv", "--reuid", number, "--regid", number, "--clear-groups"]
    let victim = Process()
    victim.executableURL = URL(filePath: words[0])
    victim.arguments = Array(words.dropFirst()) + ["/bin/sleep", "600"]
    try victim.run()
    return victim
  }

  private static func niceness(_ process: Process) -> Int32 {
    getpriority(Int32(PRIO_PROCESS.rawValue), id_t(process.processIdentifier))
  }

  /// In the open only where that is a user whom nobody else has: otherwise all of somebody's processes
  /// would be slow from then on.
  @Test(arguments: Setting.all)
  func `cannot slow down the processes of a user`(setting: Setting) async throws {
    guard geteuid() == 0 else { try Test.cancel("It takes root to be another user for this.") }
    let stage = try Stage(setting.user)
    // Root may slow down anybody; a user the own processes.
    let user: UInt32 = setting.user == .root ? 54_322 : 54_321
    let victim = try Self.victim(user)
    defer {
      kill(victim.processIdentifier, SIGKILL)
      victim.waitUntilExit()
    }
    _ = await Walls.eventually {
      (try? String(contentsOfFile: "/proc/\(victim.processIdentifier)/comm", encoding: .utf8))
        == "sleep\n"
    }
    let walled = try stage.attempt(["renice-all-of=\(user),5"], setting.tier)
    let expected: Set = setting.tier == .full ? ["ok", "ESRCH"] : ["EPERM"]
    #expect(expected.contains(walled.answers["renice-all-of=\(user),5"] ?? ""), "\(walled)")
    #expect(Self.niceness(victim) == 0)
    #expect(stage.openly(attempt: ["renice-all-of=\(user),5"]) == ["renice-all-of=\(user),5": "ok"])
    #expect(Self.niceness(victim) == 5)
  }

  @Test(arguments: Setting.all)
  func `has nobody killed by news`(setting: Setting) async throws {
    let stage = try Stage(setting.user)
    let words = Stage.words(["/bin/sleep", "600"], as: setting.user)
    let victim = try Process.run(URL(filePath: words[0]), arguments: Array(words.dropFirst()))
    defer {
      kill(victim.processIdentifier, SIGKILL)
      victim.waitUntilExit()
    }
    let act = "kill-by-news=\(victim.processIdentifier)"
    let walled = try stage.attempt([act], setting.tier)
    #expect((setting.tier == .full ? ["ESRCH"] : ["ok", "EPERM"]).contains(walled.answers[act]))
    try await Task.sleep(for: .milliseconds(100))
    #expect(victim.isRunning)
    #expect(stage.openly(attempt: [act]) == [act: "ok"])
    #expect(await Walls.eventually { !victim.isRunning })
  }

  private static let changes = [
    "descriptor-mode", "descriptor-mode-by-name", "descriptor-times", "descriptor-owner",
    "descriptor-attribute", "descriptor-flags",
  ]

  private static func status(_ path: String) -> [Int] {
    var status = stat()
    guard stat(path, &status) == 0 else { return [] }
    return [
      Int(status.st_mode), status.st_mtim.tv_sec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
    ]
  }

  @Test(arguments: Setting.all)
  func `changes nothing of its input`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let acts = Self.changes.map { "\($0)=0" } + ["open-again=0"]
    let input = ["/bin/sh", "-c", "exec \"$@\" <\(stage.secret)", "input"]
    let before = Self.status(stage.secret)
    let result = try stage.walled(["./\(stage.probe)"] + acts, setting.tier, before: input)
    #expect(result.answers.count == acts.count, "\(result)")
    #expect(Self.status(stage.secret) == before, "\(result.answers)")
    #expect(try String(contentsOfFile: stage.secret, encoding: .utf8) == "the secret")
    // The bytes are there, and what is left of them is the next reader's.
    let script = "{ \"$@\" 2>/dev/null; cat; } <\(stage.secret); echo null >&2"
    let read = try stage.walled(
      ["head", "-c", "4"], setting.tier, before: ["/bin/sh", "-c", script, "input"])
    #expect(read.output.hasPrefix("the "), "\(read)")
    let unread = try stage.walled(
      ["true"], setting.tier, before: ["/bin/sh", "-c", script, "input"])
    #expect(unread.output == "the secret", "\(unread)")
    let openly = stage.openly(
      ["/bin/sh", "-c", "exec ./\(stage.probe) descriptor-mode=0 <\(stage.secret)"])
    #expect(openly.output == "descriptor-mode=0 ok\n")
  }

  @Test(arguments: Setting.all)
  func `changes nothing of what it may only read`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let folder = stage.folder.path + "/readable"
    mkdir(folder, 0o755)
    let file = try stage.folder.write("readable/file", "text".utf8)
    chmod(file, 0o644)
    try stage.profile(
      "reader",
      [
        "{ folder: \"system\", access: \"read\" },":
          "{ folder: \"system\", access: \"read\" }, { folder: \"\(folder)\", access: \"read\" },"
      ])
    let before = Self.status(file)
    let acts = Self.changes.map { "\($0)=\(file)" } + ["change-mode=\(file)", "read=\(file)"]
    let result = try stage.attempt(acts, setting.tier, profile: "reader")
    for act in acts.dropLast() { #expect(result.answers[act] != "ok", "\(act)") }
    #expect(result.answers["read=\(file)"] == "ok", "\(result)")
    #expect(Self.status(file) == before)
    // Of its own files it may.
    let own = ["descriptor-mode=movable", "descriptor-times=movable"]
    #expect(try stage.attempt(own, setting.tier).answers.values.allSatisfy { $0 == "ok" })
    #expect(
      stage.openly(attempt: ["descriptor-mode=\(file)"]) == ["descriptor-mode=\(file)": "ok"])
  }

  private static let callCount =
    ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? 450 : 20_000

  @Test(.timeLimit(.minutes(5)), arguments: Setting.all)
  func `harms nobody with random calls`(setting: Setting) async throws {
    let stage = try Stage(setting.user)
    let wall = try Data(contentsOf: URL(filePath: #require(Installed.folder) + "/martlet-wall"))
    for seed in 1...3 {
      let result = try stage.attempt(["random-calls=\(seed),\(Self.callCount / 3)"], setting.tier)
      #expect(
        ["exited", "signalled", "killed", "timedOut"].contains(result.record.verdict),
        "\(result.record)")
      #expect(await stage.isQuiet())
    }
    #expect(stage.isBystanderAlive)
    #expect(try String(contentsOfFile: stage.secret, encoding: .utf8) == "the secret")
    var status = stat()
    #expect(stat(stage.secret, &status) == 0 && status.st_mode & 0o7777 == 0o600)
    #expect(
      try Data(contentsOf: URL(filePath: #require(Installed.folder) + "/martlet-wall")) == wall)
    let names = try FileManager.default.contentsOfDirectory(atPath: stage.folder.path)
    #expect(Set(names) == ["workspace", "profiles", "secret"])
  }
}
