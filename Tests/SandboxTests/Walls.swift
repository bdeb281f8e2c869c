// Walls.swift — what the sandbox tests share: a built wall, a small world with a secret in it, and a
// way to try an act behind the walls and in the open.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

/// The wall of this checkout, and what this machine lets us build with it.
enum Walls {
  /// Built from the present sources before the first test that needs it.
  static let program: WallProgram? = {
    let script = Repository.path("Sources/CSandbox/wall/build.sh")
    let built = Bare.run(
      ["/bin/sh", script], environment: ProcessInfo.processInfo.environment)
    guard built.status == 0 else { return nil }
    return try? WallProgram(path: Repository.path(".build/wall/martlet-wall"))
  }()

  static var probe: String { Repository.path(".build/wall/martlet-probe") }

  /// The tiers that this user can ask for. Root gets no Landlock tier.
  static let tiers: [SandboxTier] = geteuid() == 0 ? [.full] : [.full, .landlock]

  static func profile(_ name: String) throws -> SandboxProfile {
    try SandboxProfile(named: name, in: [Repository.path("Sandboxes")])
  }

  /// A plan in exactly `tier`; cancels the test where this machine refuses that.
  static func plan(
    _ tier: SandboxTier, profile name: String = "container", folders: [String: String],
    change: (inout SandboxProfile) -> Void = { _ in }
  ) async throws -> SandboxPlan {
    var profile = try profile(name)
    change(&profile)
    let plan = try SandboxPlan(
      profile, folders: folders, wall: try #require(program), tier: tier)
    try await require(tier)
    return plan
  }

  /// What a wall of each tier says on this machine; nil where it stands.
  private static let failures = Task { () -> [SandboxTier: String] in
    var failures: [SandboxTier: String] = [:]
    for tier in tiers {
      guard let program, var profile = try? profile("closed") else { continue }
      profile.leastTier = .landlock
      guard let plan = try? SandboxPlan(profile, folders: [:], wall: program, tier: tier) else {
        continue
      }
      guard let result = try? await plan.run(SandboxCommand(["/bin/true"])) else { continue }
      if case .wallFailed(let failure) = result.outcome.verdict, failure.isAboutNamespaces {
        failures[tier] = failure.description
      }
    }
    return failures
  }

  static func require(_ tier: SandboxTier) async throws {
    if let sentence = await failures.value[tier] {
      try Test.cancel("This machine has no \(tier.rawValue) tier. \(sentence)")
    }
  }

  /// The same for an ordinary user, whom root can become: there the case itself says what is missing.
  static func requireForUser(_ tier: SandboxTier) async throws {
    if geteuid() != 0 { try await require(tier) }
  }

  /// Processes whose command line contains `marker`, other than this one.
  static func survivors(_ marker: String) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { process in
      guard process != getpid(),
        let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
      else { return false }
      return String(decoding: line, as: UTF8.self).contains(marker)
    }
  }

  /// Waits until `condition` holds, at most two seconds or as many as are said.
  static func eventually(seconds: Int = 2, _ condition: () -> Bool) async -> Bool {
    for _ in 0..<(seconds * 100) {
      if condition() { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
  }
}

/// Programs run in the open: the control of every escape test.
enum Bare {
  struct End: Equatable {
    var status: Int32
    var output: String
    var error: String
  }

  static func run(
    _ words: [String], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
    folder: String = "/"
  ) -> End {
    let process = Process()
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = environment
    process.currentDirectoryURL = URL(filePath: folder)
    let output = Pipe()
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    // A file: a storm of complaints must not wait for whoever reads the output first.
    guard let folder = try? TemporaryFolder(), let file = try? folder.write("error", []),
      let error = try? FileHandle(forUpdating: URL(filePath: file))
    else { return End(status: -1, output: "", error: "") }
    process.standardError = error
    guard (try? process.run()) != nil else { return End(status: -1, output: "", error: "") }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let complaint = FileManager.default.contents(atPath: file) ?? Data()
    return End(
      status: process.terminationStatus, output: text,
      error: String(decoding: complaint, as: UTF8.self))
  }

  /// What the probe says of one act: "ok", "EPERM", "SIGSYS".
  static func probe(_ act: String) -> String {
    let end = run([Walls.probe, act])
    return end.output.split(separator: "\n").last?.split(separator: " ").last.map(String.init) ?? ""
  }
}

/// A workspace, and beside it things that a command in it must not reach.
final class World: Sendable {
  let folder: TemporaryFolder
  let workspace: String
  /// A file of ours outside the workspace, for our eyes only.
  let secret: String

  init() throws {
    folder = try TemporaryFolder()
    workspace = folder.path + "/workspace"
    try FileManager.default.createDirectory(
      atPath: workspace, withIntermediateDirectories: true)
    secret = try folder.write("secret", "the secret".utf8)
    chmod(secret, 0o600)
  }

  var folders: [String: String] { ["workspace": workspace] }

  func plan(
    _ tier: SandboxTier, profile: String = "container",
    change: (inout SandboxProfile) -> Void = { _ in }
  ) async throws -> SandboxPlan {
    try await Walls.plan(tier, profile: profile, folders: folders, change: change)
  }

  /// Runs a shell script in the workspace.
  func shell(
    _ script: String, _ tier: SandboxTier, change: (inout SandboxProfile) -> Void = { _ in }
  ) async throws -> SandboxResult {
    try await plan(tier, change: change).run(SandboxCommand(["sh", "-c", script]))
  }

  /// What the probe says of one act behind the walls.
  func probe(
    _ act: String, _ tier: SandboxTier, change: (inout SandboxProfile) -> Void = { _ in }
  ) async throws -> String {
    let command = SandboxCommand(["probe", act], hostProgram: Walls.probe)
    let result = try await plan(tier, change: change).run(command)
    #expect(result.outcome.verdict == .exited(code: 0), "\(result.error.text)")
    return result.output.text.split(separator: "\n").last?.split(separator: " ").last
      .map(String.init) ?? ""
  }

  /// The act with the world's paths put in.
  func spell(_ act: String) -> String {
    act.replacing("{workspace}", with: workspace).replacing("{secret}", with: secret)
      .replacing("{outside}", with: folder.path).replacing("{host}", with: String(getpid()))
  }
}

/// Something that a walled command must not be able to do.
struct Act: Sendable, CustomTestStringConvertible {
  enum Control: Sendable {
    /// It succeeds in the open, everywhere.
    case succeeds
    /// It succeeds in the open on most machines; where it does not, walled it proves nothing.
    case mostlySucceeds
    /// In the open it would do harm, or needs what nobody has.
    case untried
  }

  var text: String
  var control: Control
  /// What the kernel may answer behind the walls.
  var answers: Set<String>

  init(_ text: String, _ control: Control, _ answers: Set<String>) {
    (self.text, self.control, self.answers) = (text, control, answers)
  }

  var testDescription: String { text }

  /// Tries the act in the open, then behind the walls.
  func attempt(
    in world: World, _ tier: SandboxTier, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let act = world.spell(text)
    switch control {
    case .succeeds: #expect(Bare.probe(act) == "ok", sourceLocation: sourceLocation)
    case .mostlySucceeds:
      let answer = Bare.probe(act)
      if answer != "ok" { try Test.cancel("In the open this machine answers \(answer).") }
    case .untried: break
    }
    let answer = try await world.probe(act, tier)
    #expect(answers.contains(answer), "\(act) gave \(answer)", sourceLocation: sourceLocation)
  }
}
