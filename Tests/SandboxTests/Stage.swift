// Stage.swift — a user with a host of its own, things that a command of that user must not reach, and
// ways to try: in the open, and behind walls that `sandbox-host` builds as `martlet sandbox run` does.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

/// As whom the host runs, and which wall it builds. Root gets no Landlock tier: see case 106 and on.
struct Setting: Sendable, CustomTestStringConvertible {
  enum User: String, Sendable { case root, ordinary }

  var user: User
  var tier: SandboxTier

  /// All that this process can try: root can become an ordinary user.
  static let all: [Setting] =
    (geteuid() == 0 ? [Setting(user: .root, tier: .full)] : [])
    + [Setting(user: .ordinary, tier: .full), Setting(user: .ordinary, tier: .landlock)]

  var testDescription: String { "\(user.rawValue), \(tier.rawValue)" }
}

/// The host's programs where every user can reach them.
enum Installed {
  /// Nil where they are not built.
  static let folder: String? = {
    let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let host = tests.appending(path: "sandbox-host").path(percentEncoded: false)
    var template = Array("/tmp/martlet-stage-XXXXXX".utf8CString)
    guard let wall = Walls.program, mkdtemp(&template) != nil else { return nil }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    path = folder
    atexit { try? FileManager.default.removeItem(atPath: Installed.path) }
    do {
      for (name, source) in [
        ("sandbox-host", host), ("martlet-wall", wall.path), ("probe", Walls.probe),
      ] { try copy(source, to: "\(folder)/\(name)") }
      mkdir(folder + "/Sandboxes", 0o755)
      let profiles = Repository.path("Sandboxes")
      for name in try FileManager.default.contentsOfDirectory(atPath: profiles) {
        try copy("\(profiles)/\(name)", to: "\(folder)/Sandboxes/\(name)")
      }
    } catch { return nil }
    chmod(folder, 0o755)
    return folder
  }()

  /// Owned by whoever copies, for everybody to read and run.
  private static func copy(_ source: String, to target: String) throws {
    try Data(contentsOf: URL(filePath: source)).write(to: URL(filePath: target))
    chmod(target, 0o755)
  }

  nonisolated(unsafe) private static var path = ""
}

/// What a command behind walls left behind.
struct StageResult {
  var status: Int32
  var output: String
  /// Standard error without the record.
  var error: String
  /// What `--json` would have said.
  var record: JSONValue

  /// The probe's word for each act.
  var answers: [String: String] {
    var answers: [String: String] = [:]
    for line in output.split(separator: "\n") {
      guard let space = line.lastIndex(of: " ") else { continue }
      answers[String(line[..<space])] = String(line[line.index(after: space)...])
    }
    return answers
  }
}

final class Stage: Sendable {
  let user: Setting.User
  let folder: TemporaryFolder
  let workspace: String
  /// The probe as it lies in the workspace, under a name that no other process has.
  let probe = "probe-\(UInt32.random(in: 0 ... .max))"
  /// A file of the user's outside the workspace, for the user's eyes only.
  let secret: String
  let listeners: Listeners
  /// A process of the user's that has nothing to do with the sandbox.
  private let bystander: Process
  /// A System V segment of the host's.
  private let segment: Int32
  private let installed: String

  init(_ user: Setting.User) throws {
    self.user = user
    installed = try #require(Installed.folder, "sandbox-host and martlet-wall are not built")
    folder = try TemporaryFolder()
    workspace = folder.path + "/workspace"
    for name in ["/workspace", "/workspace/inner", "/profiles"] {
      try FileManager.default.createDirectory(
        atPath: folder.path + name, withIntermediateDirectories: true)
    }
    secret = try folder.write("secret", "the secret".utf8)
    try folder.write("workspace/movable", [])
    symlink(secret, workspace + "/link-out")
    let program = try Data(contentsOf: URL(filePath: installed + "/probe"))
    try program.write(to: URL(filePath: workspace + "/" + probe))
    chmod(workspace + "/" + probe, 0o755)
    listeners = try Listeners(folder: workspace)
    segment = shmget(key_t(0), 4096, 0o1000 | 0o666)
    bystander = Process()
    try Self.give(folder.path, to: user)
    chmod(secret, 0o600)
    chmod(folder.path, 0o755)
    let words = Self.words(["/bin/sleep", "600"], as: user)
    bystander.executableURL = URL(filePath: words[0])
    bystander.arguments = Array(words.dropFirst())
    (bystander.standardInput, bystander.standardOutput) = (
      FileHandle.nullDevice, FileHandle.nullDevice
    )
    bystander.standardError = FileHandle.nullDevice
    try bystander.run()
  }

  deinit {
    // Where a wall did not hold, the machine is to go on all the same.
    for process in Walls.survivors(probe) { kill(process, SIGKILL) }
    // A process that Swift starts from a task has SIGTERM blocked.
    kill(bystander.processIdentifier, SIGKILL)
    bystander.waitUntilExit()
    shmctl(segment, IPC_RMID, nil)
  }

  var isBystanderAlive: Bool { bystander.isRunning }

  /// Has the user own everything beneath `path`.
  private static func give(_ path: String, to user: Setting.User) throws {
    if user == .ordinary { try OrdinaryUser.give(path) }
  }

  func give() throws { try Self.give(folder.path, to: user) }

  /// A command line that runs `words` as the user.
  static func words(_ words: [String], as user: Setting.User) -> [String] {
    user == .ordinary ? OrdinaryUser.words(words) : words
  }

  /// The words with the stage's things put in.
  func spell(_ text: String) -> String {
    text.replacing("{workspace}", with: workspace).replacing("{secret}", with: secret)
      .replacing("{outside}", with: folder.path).replacing("{port}", with: "\(listeners.port)")
      .replacing("{host}", with: "\(bystander.processIdentifier)")
      .replacing("{stream}", with: listeners.path).replacing(
        "{datagram}", with: listeners.datagramPath
      )
      .replacing("{abstract}", with: "@" + listeners.name).replacing(
        "{segment}", with: "\(segment)")
  }

  /// The user's environment: full of things that are nobody else's business.
  static let environment = [
    "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC",
    "SECRET_X": "canary-7391", "AWS_SECRET_ACCESS_KEY": "canary-7391", "LD_PRELOAD": "libm.so.6",
    "BASH_ENV": "/canary-7391", "GIT_DIR": "/canary-7391", "SSH_AUTH_SOCK": "/canary-7391",
    "http_proxy": "http://canary-7391/", "PYTHONPATH": "/canary-7391",
  ]

  /// Runs words as the user, in the open, with descriptors 7 and 8 that are not meant for anybody.
  func openly(_ words: [String], folder: String? = nil) -> Bare.End {
    let script = "exec 7<\"$0\" 8</proc/self/ns/net; exec \"$@\""
    return Bare.run(
      ["/bin/sh", "-c", script, secret] + Self.words(words, as: user),
      environment: Self.environment, folder: folder ?? workspace)
  }

  /// Runs words behind walls.
  func walled(
    _ words: [String], _ tier: SandboxTier, profile: String = "container", before: [String] = []
  ) throws -> StageResult {
    let isOwn = FileManager.default.fileExists(atPath: "\(folder.path)/profiles/\(profile).json5")
    let end = openly(
      before + [installed + "/sandbox-host", "run", profile]
        + ["--profiles", isOwn ? folder.path + "/profiles" : installed + "/Sandboxes"]
        + ["--workspace", workspace, "--tier", tier.rawValue, "--"] + words)
    var lines = end.error.split(separator: "\n", omittingEmptySubsequences: true)
    let last = lines.lastIndex { $0.hasPrefix("{\"profile\"") }
    let text = last.map { String(lines.remove(at: $0)) } ?? "null"
    let record = try JSONReader.value(text, source: "the record")
    return StageResult(
      status: end.status, output: end.output, error: lines.joined(separator: "\n"), record: record)
  }

  /// Runs scripts of sh behind walls, all at the same time; returns their records.
  func walled(scripts: [String], _ tier: SandboxTier, profile: String) throws -> [JSONValue] {
    let host = """
      for script in "$@"; do
        \(installed)/sandbox-host run \(profile) --profiles \(folder.path)/profiles \\
          --workspace \(workspace) --tier \(tier.rawValue) -- sh -c "$script" \(probe) &
      done
      wait
      """
    // Not sh, which waits in vain where SIGCHLD is blocked, as Swift's tasks have it.
    let end = openly(["/bin/bash", "-c", host, "all"] + scripts)
    return try end.error.split(separator: "\n").filter { $0.hasPrefix("{\"profile\"") }.map {
      try JSONReader.value(String($0), source: "a record")
    }
  }

  /// Tries acts of the probe behind walls, in one sandbox.
  func attempt(
    _ acts: [String], _ tier: SandboxTier, profile: String = "container"
  ) throws -> StageResult {
    try walled(["./\(probe)"] + acts.map(spell), tier, profile: profile)
  }

  /// What the probe says of acts in the open.
  func openly(attempt acts: [String]) -> [String: String] {
    let end = openly([workspace + "/" + probe] + acts.map(spell))
    return StageResult(status: end.status, output: end.output, error: "", record: .null).answers
  }

  /// Whether nothing of what was run is left.
  func isQuiet() async -> Bool { await Walls.eventually { Walls.survivors(self.probe).isEmpty } }

  /// Writes a profile of one's own: that of `base` with some of its text replaced.
  func profile(_ name: String, from base: String = "container", _ changes: [String: String]) throws
  {
    var text = String(
      decoding: try Data(contentsOf: URL(filePath: "\(installed)/Sandboxes/\(base).json5")),
      as: UTF8.self)
    for (old, new) in changes {
      try #require(text.contains(old), "the profile \(base) has no \(old)")
      text = text.replacing(old, with: new)
    }
    try folder.write("profiles/\(name).json5", text.utf8)
    try give()
  }
}

extension JSONValue {
  /// Why the host ended the command: "memory", "disk".
  var reason: String? { self["reason"]?.stringValue }
  var verdict: String? { self["verdict"]?.stringValue }
}
