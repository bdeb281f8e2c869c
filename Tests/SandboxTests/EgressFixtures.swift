// EgressFixtures.swift — the egress tests' gate, plugin's end, and servers of this machine.

import Base
import CSandbox
import Foundation
import Sandbox
import Synchronization
import Testing

/// Grants what its closure grants and keeps what it hears.
final class TestGate: EgressGate {
  private let decide: @Sendable (EgressRequest) -> EgressVerdict
  private let heard = Mutex<(requests: [EgressRequest], outcomes: [EgressOutcome])>(([], []))

  init(_ decide: @escaping @Sendable (EgressRequest) -> EgressVerdict) { self.decide = decide }

  /// Grants every request to one port of this machine, and loopback addresses alone.
  convenience init(port: UInt16, host: String = "127.0.0.1") {
    self.init { _ in .granted(.loopback(port, host: host)) }
  }

  var requests: [EgressRequest] { heard.withLock { $0.requests } }
  var outcomes: [EgressOutcome] { heard.withLock { $0.outcomes } }

  func judge(_ request: EgressRequest) async -> EgressVerdict {
    heard.withLock { $0.requests.append(request) }
    return decide(request)
  }

  func ended(_ outcome: EgressOutcome) async { heard.withLock { $0.outcomes.append(outcome) } }

  /// Waits until `count` outcomes were heard, at most five seconds.
  func outcomes(_ count: Int) async -> [EgressOutcome] {
    for _ in 0..<500 where outcomes.count < count { try? await Task.sleep(for: .milliseconds(10)) }
    return outcomes
  }
}

extension EgressGrant {
  static func loopback(_ port: UInt16, host: String = "127.0.0.1") -> EgressGrant {
    EgressGrant(host: host, port: Int(port), rule: "R") { $0.reach == .machine }
  }
}

/// What a plugin does with its end of the channel.
final class PluginEnd: Sendable {
  let channel: Int32

  private let broker: EgressBroker

  init(_ broker: EgressBroker) {
    self.broker = broker
    channel = broker.takeCommandEnd()
  }

  deinit { close(channel) }

  func send(_ bytes: [UInt8]) {
    var bytes = bytes
    _ = cs_send_packet(channel, &bytes, bytes.count, -1)
  }

  func ask(_ id: Int, _ url: String = "http://127.0.0.1/", hop: Int = 0) {
    send(EgressRequest(id: id, url: url, hop: hop).packet)
  }

  /// The next answer and what came with it; nil at the end of the channel, or after five seconds.
  func answer() async -> (answer: EgressAnswer, socket: Int32)? {
    await waiting { self.nextAnswer() }
  }

  private func nextAnswer() -> (answer: EgressAnswer, socket: Int32)? {
    var ready = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, 5000) == 1 else { return nil }
    var buffer = [UInt8](repeating: 0, count: EgressRequest.packetBytesMax)
    var socket: Int32 = -1
    let count = cs_receive_packet(channel, &buffer, buffer.count, 0, &socket)
    guard count > 0 else { return nil }
    return EgressAnswer(packet: buffer[..<count]).map { ($0, socket) }
  }

  /// Asks, and takes the connection that has to be granted.
  func connect(_ id: Int = 1) async throws -> Stream {
    ask(id)
    let (answer, socket) = try #require(await self.answer())
    guard case .granted = answer else {
      throw EgressTestError.notGranted(answer)
    }
    return Stream(socket)
  }
}

enum EgressTestError: Error { case notGranted(EgressAnswer) }

/// A connected socket of a test.
final class Stream: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  @discardableResult func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// What comes until the end, at most five seconds apart.
  func readAll(_ countMax: Int = .max) -> [UInt8] {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while all.count < countMax {
      var ready = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, 5000) == 1 else { break }
      let count = recv(number, &chunk, min(chunk.count, countMax - all.count), 0)
      guard count > 0 else { break }
      all += chunk[..<count]
    }
    return all
  }

  /// As `readAll`, for tests, whose thread is not theirs to block.
  func bytes(_ countMax: Int = .max) async -> [UInt8] {
    await waiting { self.readAll(countMax) }
  }

  func text(_ countMax: Int = .max) async -> String {
    String(decoding: await bytes(countMax), as: UTF8.self)
  }
}

/// Does what blocks on a thread of its own.
func waiting<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    Thread { continuation.resume(returning: body()) }.start()
  }
}

/// A TCP server on a loopback port, whose closure serves each connection on a thread of its own.
final class LoopbackServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let accepted = Atomic(0)

  var acceptedCount: Int { accepted.load(ordering: .relaxed) }

  init(_ serve: @escaping @Sendable (Stream) -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0
          && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    try #require(bound)
    port = UInt16(bigEndian: address.sin_port)
    Thread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        self?.accepted.add(1, ordering: .relaxed)
        let stream = Stream(connection)
        Thread { serve(stream) }.start()
      }
    }.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }
}
