// FailClosedTests.swift — cases 27 and 104 to 110: where a wall cannot be built, nothing runs, and that
// is said.

import Base
import CSandbox
import Foundation
import Sandbox
import TestKit
import Testing

@Suite struct `A command whose wall cannot be built` {
  /// A namespace of users in which no more of them can be made. Its host keeps its user.
  private static func withoutNamespaces(_ setting: Setting) -> [String] {
    let identity = setting.user == .root ? ["-r"] : ["-c", "--keep-caps"]
    return ["/usr/bin/unshare", "-U"] + identity
      + [
        "/bin/sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces || exit 99; exec \"$@\"",
        "none",
      ]
  }

  private static func expectRefusal(
    _ result: StageResult, in stage: Stage, step: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == 8, "\(result)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
    #expect(
      result.record["failure"]?["step"]?.stringValue == step, "\(result.record)",
      sourceLocation: sourceLocation)
    #expect(
      !FileManager.default.fileExists(atPath: stage.workspace + "/ran"),
      sourceLocation: sourceLocation)
  }

  @Test(arguments: Setting.all)
  func `does not run where user namespaces are used up`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let result = try stage.walled(
      ["touch", "ran"], setting.tier, before: Self.withoutNamespaces(setting))
    if setting.tier == .full {
      Self.expectRefusal(result, in: stage, step: "clone")
      #expect(result.error.contains("permits no user namespaces"), "\(result.error)")
    } else {
      #expect(result.status == 0, "\(result)")
    }
  }

  /// Without a tier asked for, what accepts the Landlock tier gets it, and the record says why.
  @Test(arguments: Setting.all.filter { $0.tier == .landlock })
  func `falls to the Landlock tier only where its profile accepts that`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let host = try #require(Installed.folder)
    func run(_ profile: String) -> Bare.End {
      stage.openly(
        Self.withoutNamespaces(setting)
          + [
            host + "/sandbox-host", "run", profile, "--profiles", host + "/Sandboxes",
            "--workspace", stage.workspace, "--", "sh", "-c", "echo ran",
          ])
    }
    let accepted = run("container")
    #expect(accepted.output == "ran\n")
    let record = try JSONReader.value(accepted.error, source: "the record")
    #expect(record["tier"] == "landlock")
    #expect(record["droppedFrom"]?["step"] == "clone")
    let refused = run("closed")
    #expect(refused.status == 8)
    #expect(refused.output.isEmpty)
  }

  @Test(arguments: Setting.all)
  func `does not run where Landlock is too old`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    try stage.profile("young", ["tier: \"landlock\",": "tier: \"landlock\", landlockAbi: 64,"])
    let result = try stage.walled(["touch", "ran"], setting.tier, profile: "young")
    Self.expectRefusal(result, in: stage, step: "landlock")
    #expect(result.error.contains("Landlock's ABI 64"), "\(result.error)")
    try stage.profile("old", ["tier: \"landlock\",": "tier: \"landlock\", landlockAbi: 1,"])
    #expect(try stage.walled(["true"], setting.tier, profile: "old").status == 0)
  }

  /// A wall of our own making, which says what `records` says and ends.
  private static func fakeWall(
    _ records: [wall_record], in folder: TemporaryFolder
  ) throws
    -> WallProgram
  {
    let bytes = records.map { record in
      withUnsafeBytes(of: record) { $0.map { "\\" + String($0, radix: 8) }.joined() }
    }
    // printf writes in one piece, and one piece is one record.
    let lines = bytes.map { "/usr/bin/printf '\($0)' >&3\n" }.joined()
    let path = try folder.write("martlet-wall", "#!/bin/sh\n\(lines)".utf8)
    chmod(path, 0o755)
    return try WallProgram(path: path)
  }

  private static func run(_ wall: WallProgram, tier: SandboxTier) async throws -> SandboxOutcome {
    let world = try World()
    let plan = try SandboxPlan(
      Walls.profile("container"), folders: world.folders, wall: wall, tier: tier)
    return try await plan.run(SandboxCommand(["/bin/echo", "ran"])).outcome
  }

  /// The error of a wall that did not start.
  private static func startFailure(_ outcome: SandboxOutcome) -> Int32? {
    guard case .wallFailed(let failure) = outcome.verdict, failure.step == .start else {
      return nil
    }
    return failure.errno
  }

  @Test(arguments: Walls.tiers)
  func `does not run behind a program that is not the wall`(tier: SandboxTier) async throws {
    // Says nothing, and that all went well.
    let outcome = try await Self.run(WallProgram(path: "/bin/true"), tier: tier)
    #expect(Self.startFailure(outcome) == EPROTO)
    #expect(outcome.verdict.exitStatus == 8)
    let folder = try TemporaryFolder()
    let file = try folder.write("martlet-wall", [])
    #expect(throws: SandboxError.self) { try WallProgram(path: file) }
    chmod(file, 0o777)
    #expect(throws: SandboxError.self) { try WallProgram(path: file) }
    #expect(throws: SandboxError.self) { try WallProgram(path: folder.path + "/none") }
    // Ready, it says, and does not name the filter.
    let few = wall_record(
      kind: UInt16(WALL_KIND_READY.rawValue), step: 0, code: 7, index: 0, layers: 31, elapsed: 0,
      a: 0, b: 0, c: 0)
    let thin = try await Self.run(Self.fakeWall([few], in: folder), tier: tier)
    #expect(Self.startFailure(thin) == EPROTO)
  }

  @Test(arguments: Walls.tiers)
  func `is no success where the wall died`(tier: SandboxTier) async throws {
    let folder = try TemporaryFolder()
    let ready = wall_record(
      kind: UInt16(WALL_KIND_READY.rawValue), step: 0, code: 7, index: 0, layers: 127, elapsed: 0,
      a: 0, b: 0, c: 0)
    let outcome = try await Self.run(Self.fakeWall([ready], in: folder), tier: tier)
    #expect(outcome.verdict == .killed(.wallDied))
    #expect(outcome.verdict.exitStatus == 137)
  }

  @Test(arguments: Setting.all)
  func `does not run where no proc can be mounted`(setting: Setting) throws {
    guard geteuid() == 0 else { try Test.cancel("It takes root to cover a part of /proc.") }
    let stage = try Stage(setting.user)
    // As containers do: something lies over a part of /proc.
    let cover = [
      "/usr/bin/unshare", "-m", "/bin/sh", "-c",
      "mount -t tmpfs none /proc/sys && exec \"$@\"", "cover",
    ]
    let host = try #require(Installed.folder)
    let end = Bare.run(
      cover
        + Stage.words(
          [
            host + "/sandbox-host", "run", "container", "--profiles", host + "/Sandboxes",
            "--workspace", stage.workspace, "--tier", setting.tier.rawValue, "--", "touch", "ran",
          ], as: setting.user))
    let line = end.error.split(separator: "\n").last.map(String.init) ?? ""
    let result = StageResult(
      status: end.status, output: end.output, error: end.error,
      record: try JSONReader.value(line, source: "the record"))
    if setting.tier == .landlock {
      #expect(result.status == 0)
    } else if result.status == 0 {
      try Test.cancel("This kernel mounts a /proc of processes beside one that is covered.")
    } else {
      Self.expectRefusal(result, in: stage, step: "proc")
      #expect(result.error.contains("Say proc: \"none\""))
    }
  }

  @Test(arguments: Setting.all)
  func `does not run where what is to be protected became a link`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    mkdir(stage.workspace + "/.git", 0o755)
    symlink(stage.secret, stage.workspace + "/.git/config")
    try stage.give()
    let result = try stage.walled(["touch", "ran"], setting.tier)
    #expect(result.status == 2, "\(result)")
    #expect(result.error.contains("reached without symbolic links"), "\(result.error)")
    #expect(!FileManager.default.fileExists(atPath: stage.workspace + "/ran"))
  }

  @Test(arguments: Walls.tiers)
  func `is refused where the workspace became a link`(tier: SandboxTier) async throws {
    let world = try World()
    let plan = try await world.plan(tier)
    #expect(try await plan.run(SandboxCommand(["true"])).outcome.verdict == .exited(code: 0))
    rename(world.workspace, world.folder.path + "/moved")
    symlink(world.folder.path + "/moved", world.workspace)
    await #expect(throws: SandboxError.cannotRead(path: world.workspace, errno: ELOOP)) {
      try await plan.run(SandboxCommand(["true"]))
    }
    unlink(world.workspace)
    await #expect(throws: SandboxError.cannotRead(path: world.workspace, errno: ENOENT)) {
      try await plan.run(SandboxCommand(["true"]))
    }
  }

  @Test(arguments: Setting.all)
  func `does not run where namespaces vanish between two runs`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let script = """
      "$@" || exit 98
      rm ran
      echo 0 >/proc/sys/user/max_user_namespaces || exit 99
      exec "$@"
      """
    var before = Self.withoutNamespaces(setting)
    before[before.count - 2] = script
    let result = try stage.walled(["touch", "ran"], setting.tier, before: before)
    if setting.tier == .full {
      Self.expectRefusal(result, in: stage, step: "clone")
    } else {
      #expect(result.status == 0, "\(result)")
    }
  }
}
