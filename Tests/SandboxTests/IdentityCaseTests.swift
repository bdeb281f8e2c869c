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
