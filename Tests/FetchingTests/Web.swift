// Web.swift — a fetcher behind the walls, a broker that grants what a test says, and the web it meets.

import Base
import Foundation
import Sandbox
import Synchronization
import TestKit
import Testing
import Transfer

/// `Tests/StandIns/web.py`, with certificates made for the occasion.
final class StandInWeb: Sendable {
  let folder: TemporaryFolder
  let ports: [String: Int]
  private let process: Int32
  private let orders: FileHandle
  private let answers: FileHandle

  /// Authority that signed the good one of the certificates.
  var authority: String { folder.path + "/authority.crt" }

  init(certificates: Bool = false) throws {
    folder = try TemporaryFolder()
    if certificates { try Self.makeCertificates(in: folder.path) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", Repository.path("Tests/StandIns/web.py"), folder.path]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    self.process = process.processIdentifier
    orders = input.fileHandleForWriting
    answers = output.fileHandleForReading
    ports =
      try Self.line(of: answers).objectValue?.reduce(into: [:]) { ports, member in
        ports[member.key] = member.value.intValue
      } ?? [:]
  }

  deinit { kill(process, SIGKILL) }

  /// `http://127.0.0.1:PORT` and a path.
  func url(_ path: String, port: String = "plain") -> String {
    "http://127.0.0.1:\(ports[port] ?? 0)\(path)"
  }

  /// What was asked since the last look, as "METHOD TARGET".
  func log() throws -> [String] {
    try order(.null)["requests"]?.arrayValue?.map {
      "\($0["method"]?.stringValue ?? "") \($0["target"]?.stringValue ?? "")"
    } ?? []
  }

  func setRobots(_ value: JSONValue) throws { _ = try order(["robots": value]) }

  private func order(_ value: JSONValue) throws -> JSONValue {
    try orders.write(contentsOf: Data((value.compactText + "\n").utf8))
    return try Self.line(of: answers)
  }

  private static func line(of file: FileHandle) throws -> JSONValue {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n") {
      let more = file.availableData
      if more.isEmpty { break }
      bytes += more
    }
    return try JSONReader.value(bytes, source: "web.py")
  }

  /// One authority; a certificate of it that is good, one that is over, one for another name; and one
  /// that nobody signed.
  private static func makeCertificates(in folder: String) throws {
    let script = """
      set -e; cd '\(folder)'
      key='ec -pkeyopt ec_paramgen_curve:prime256v1'
      openssl req -x509 -newkey $key -nodes -keyout authority.key -out authority.crt -days 2 -subj '/CN=Test'
      openssl req -newkey $key -nodes -keyout site.key -out site.csr -subj '/CN=good.test'
      printf 'subjectAltName=DNS:good.test,DNS:expired.test' >good.ext
      printf 'subjectAltName=DNS:elsewhere.test' >other.ext
      sign() { openssl x509 -req -in site.csr -CA authority.crt -CAkey authority.key -CAcreateserial "$@"; }
      sign -days 2 -extfile good.ext -out good.pem
      sign -days -1 -extfile good.ext -out expired.pem
      sign -days 2 -extfile other.ext -out other.pem
      openssl x509 -req -in site.csr -signkey site.key -days 2 -extfile good.ext -out self.pem
      """
    let result = try Program.run(["-c", script], of: "/bin/sh")
    try #require(result.exitCode == 0, "\(result.errors)")
  }
}

/// Grants by a closure on the URL's parts; names lead to this machine.
final class StandInGate: EgressGate {
  private let refusal: @Sendable (WebURL) -> String?
  private let heard = Mutex<(urls: [String], outcomes: [EgressOutcome])>(([], []))

  init(_ refusal: @escaping @Sendable (WebURL) -> String?) { self.refusal = refusal }

  var urls: [String] { heard.withLock { $0.urls } }
  var outcomes: [EgressOutcome] { heard.withLock { $0.outcomes } }

  func judge(_ request: EgressRequest) async -> EgressVerdict {
    heard.withLock { $0.urls.append("\(request.hop) \(request.method) \(request.url)") }
    guard let url = WebURL(request.url) else { return .refused(reason: "That is no URL.") }
    if let reason = refusal(url) { return .refused(reason: reason) }
    return .granted(
      EgressGrant(host: url.origin.host, port: url.origin.port, rule: "R") { $0.reach == .machine })
  }

  func ended(_ outcome: EgressOutcome) async { heard.withLock { $0.outcomes.append(outcome) } }
}

/// The program `page-fetch` in the sandbox of the browser.
final class WalledFetcher: Sendable {
  let gate: StandInGate
  private let process: WalledProcess
  private let broker: EgressBroker
  private let rest = Mutex<[UInt8]>([])

  /// - Parameters:
  ///   - environment: More variables for it.
  ///   - authority: A file of certificates for it.
  ///   - refusal: Why a URL is not granted; nil where it is.
  init(
    environment: [String: String] = [:], authority: String? = nil,
    settings: EgressSettings = EgressSettings(),
    refusal: @escaping @Sendable (WebURL) -> String? = { _ in nil }
  ) async throws {
    let wall = try WallProgram(path: Repository.path(".build/wall/martlet-wall"))
    let profile = try SandboxProfile(named: "browser", in: [Repository.path("Sandboxes")])
    var folders: [String: String] = [:]
    folders["authorities"] = authority
    let plan = try SandboxPlan(profile, folders: folders, wall: wall)
    gate = StandInGate(refusal)
    var settings = settings
    settings.resolve = { _ in .addresses([IPAddress(v4: "127.0.0.1")].compactMap(\.self)) }
    broker = try EgressBroker(gate: gate, settings: settings)
    let program = URL(filePath: Program.path).deletingLastPathComponent()
      .appending(path: "page-fetch").path(percentEncoded: false)
    process = try await WalledProcess.start(
      SandboxCommand(
        ["page-fetch"], hostProgram: program, environment: environment, lifetime: .unbounded),
      in: plan,
      streams: SandboxStreams(input: .stream, output: .stream, error: .capture, broker: broker))
  }

  deinit {
    process.stop()
    broker.close()
  }

  func order(_ order: JSONValue) async throws -> JSONValue {
    try await process.input.send(Array((order.compactText + "\n").utf8))
    while true {
      let line = rest.withLock { rest -> [UInt8]? in
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        defer { rest.removeSubrange(...end) }
        return Array(rest[..<end])
      }
      if let line { return try JSONReader.value(line, source: "page-fetch") }
      guard let more = await process.output.receive() else {
        let result = await process.result()
        Issue.record("page-fetch ended: \(result.outcome.summary) \(result.error.text)")
        return .null
      }
      rest.withLock { $0 += more }
    }
  }

  func fetch(_ url: String) async throws -> JSONValue { try await order(["url": .string(url)]) }

  /// The text of a page that has to come; the failure's words otherwise.
  func text(_ url: String) async throws -> String {
    let answer = try await fetch(url)
    return answer["text"]?.stringValue ?? answer["failure"]?.stringValue ?? ""
  }

  /// Peak of its memory in bytes.
  func peakBytes() async throws -> Int {
    (try await order(["peak": true])["peak"]?.intValue ?? .max / 1024) * 1024
  }
}
