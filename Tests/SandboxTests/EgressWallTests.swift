// EgressWallTests.swift — a hostile program in the browser's place: what it does with a connection that
// it was granted, and without one.

import Base
import Foundation
import Sandbox
import Synchronization
import TestKit
import Testing

@Suite struct `A hostile plugin` {
  /// Greets whoever connects, and counts them.
  private static func greeter(_ words: String) throws -> LoopbackServer {
    try LoopbackServer { stream in
      stream.write(Array(words.utf8))
      _ = stream.readAll()
    }
  }

  /// Runs an act of the probe in the browser's sandbox, with a broker that grants one port.
  private static func attempt(
    _ act: String, granting server: LoopbackServer, settings: EgressSettings = EgressSettings(),
    tier: SandboxTier = .full, refusing: Bool = false
  ) async throws -> (answer: String, gate: TestGate, result: SandboxResult) {
    let plan = try await Walls.plan(tier, profile: "browser", folders: [:]) { profile in
      profile.leastTier = .landlock
    }
    let grant = EgressGrant.loopback(server.port)
    let gate = TestGate { _ in refusing ? .refused(reason: "No.") : .granted(grant) }
    let broker = try EgressBroker(gate: gate, settings: settings)
    let process = try await WalledProcess.start(
      SandboxCommand(["probe", act], hostProgram: Walls.probe), in: plan,
      streams: SandboxStreams(broker: broker))
    let result = await process.result()
    broker.close()
    await broker.whenClosed()
    #expect(result.outcome.verdict == .exited(code: 0), "\(result.error.text)")
    let answer = result.output.text.split(separator: "\n").last?.split(separator: " ").last
    return (answer.map(String.init) ?? "", gate, result)
  }

  @Test(arguments: Walls.tiers)
  func `gets the connection that was granted and no other`(tier: SandboxTier) async throws {
    let granted = try Self.greeter("granted")
    let other = try Self.greeter("other!!")
    let port = granted.port
    #expect(try await Self.attempt("egress=\(port)", granting: granted, tier: tier).answer == "ok")
    // What it asks for is its word; where it gets to is the grant's.
    let elsewhere = try await Self.attempt(
      "egress=\(other.port)", granting: granted, tier: tier)
    #expect(elsewhere.answer == "ok")
    #expect(
      try await Self.attempt("egress=\(port)", granting: granted, tier: tier, refusing: true)
        .answer == "EACCES")
    #expect(other.acceptedCount == 0)
  }

  @Test(arguments: Walls.tiers)
  func `cannot aim a connection elsewhere`(tier: SandboxTier) async throws {
    let granted = try Self.greeter("granted")
    let other = try Self.greeter("other!!")
    let aimed = try await Self.attempt(
      "egress-aim=\(granted.port),\(other.port)", granting: granted, tier: tier)
    #expect(["EISCONN", "EOPNOTSUPP", "EINVAL"].contains(aimed.answer), "\(aimed.answer)")
    let family = try await Self.attempt(
      "egress-family=\(granted.port)", granting: granted, tier: tier)
    #expect(family.answer == "EAFNOSUPPORT")
    #expect(other.acceptedCount == 0)
    #expect(granted.acceptedCount == 2)
  }

  @Test(arguments: Walls.tiers)
  func `cannot dial by itself`(tier: SandboxTier) async throws {
    let server = try Self.greeter("granted")
    let dialled = try await Self.attempt("egress-dial=\(server.port)", granting: server, tier: tier)
    #expect(dialled.answer == "EPERM")
    let world = try World()
    let listeners = try Listeners(folder: world.folder.path)
    for name in ["@" + listeners.name, listeners.path] {
      let paired = try await Self.attempt("egress-pair=\(name)", granting: server, tier: tier)
      #expect(paired.answer == "EISCONN", "\(name)")
    }
    for act in ["tcp=\(server.port)", "udp=\(server.port)", "socket=1,1,0", "socket=16,3,0"] {
      #expect(try await Self.attempt(act, granting: server, tier: tier).answer == "EPERM", "\(act)")
    }
    #expect(server.acceptedCount == 0)
  }

  @Test(arguments: Walls.tiers)
  func `cannot fill the host with descriptors`(tier: SandboxTier) async throws {
    let server = try Self.greeter("granted")
    func openCount() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
    _ = try await Self.attempt("egress-descriptors=\(server.port)", granting: server, tier: tier)
    let before = try openCount()
    for _ in 0..<3 {
      let sent = try await Self.attempt(
        "egress-descriptors=\(server.port)", granting: server, tier: tier)
      #expect(sent.answer == "ok")
    }
    // Sixteen each would show; sockets of the server's that are closing do not.
    #expect(try openCount() < before + 16)
  }

  @Test func `cannot outlive its bytes`() async throws {
    let server = try LoopbackServer { stream in
      while stream.write([UInt8](repeating: 7, count: 64 << 10)) {}
    }
    var settings = EgressSettings()
    settings.receivedBytesMax = 2 << 20
    let taken = try await Self.attempt(
      "egress-take=\(server.port)", granting: server, settings: settings)
    #expect(taken.answer == "EPIPE")
    let count = taken.result.output.text.split(separator: "\n").first?.split(separator: " ").last
      .flatMap { Int($0) }
    #expect((count ?? .max) <= 2 << 20)
    #expect(taken.gate.outcomes.map(\.ending) == [.bytesSpent])
  }

  @Test func `cannot outlive its time`() async throws {
    let server = try LoopbackServer { stream in
      while stream.write([7]) { usleep(20_000) }
    }
    var settings = EgressSettings()
    settings.connectionTimeMax = .seconds(1)
    let start = ContinuousClock.now
    let taken = try await Self.attempt(
      "egress-take=\(server.port)", granting: server, settings: settings)
    #expect(taken.answer == "EPIPE")
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(taken.gate.outcomes.map(\.ending) == [.timeSpent])
  }

  @Test(arguments: Walls.tiers)
  func `leaves no connection behind`(tier: SandboxTier) async throws {
    let ended = Mutex(0)
    let server = try LoopbackServer { stream in
      _ = stream.readAll()
      ended.withLock { $0 += 1 }
    }
    let left = try await Self.attempt("egress-outlive=\(server.port)", granting: server, tier: tier)
    #expect(left.answer == "ok")
    #expect(await Walls.eventually { ended.withLock { $0 == 1 } })
    #expect(left.gate.outcomes.count == 1)
  }

  /// A profile that has the broker for a network, and a host that runs none.
  @Test func `has no network where the host runs no broker`() async throws {
    let server = try Self.greeter("granted")
    let plan = try await Walls.plan(.full, profile: "browser", folders: [:])
    for act in ["egress=\(server.port)", "tcp=\(server.port)"] {
      let result = try await plan.run(SandboxCommand(["probe", act], hostProgram: Walls.probe))
      let answer = result.output.text.split(separator: "\n").last?.split(separator: " ").last
      #expect(["EBADF", "EPERM"].contains(answer.map(String.init) ?? ""), "\(act)")
    }
    let connected = try await plan.run(
      SandboxCommand(["probe", "egress-pair=@x"], hostProgram: Walls.probe))
    #expect(connected.output.text.contains("EISCONN"))
    #expect(server.acceptedCount == 0)
  }
}
