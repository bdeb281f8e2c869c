// WalledFetcher.swift — a fetcher behind the walls, and a broker that grants what a test says.

import Base
import Foundation
import Sandbox
import Synchronization
import TestKit
import Testing
import Transfer

/// Grants by a closure on the URL's parts; names lead to this machine.
final class StandInGate: EgressGate {
  /// Where every connection leads; nil for the port of the URL.
  private let port: Int?
  private let refusal: @Sendable (WebURL) -> String?
  private let bindsRequests: Bool
  private let heard = Mutex<(urls: [String], outcomes: [EgressOutcome])>(([], []))

  init(
    bindsRequests: Bool = false, port: Int? = nil,
    _ refusal: @escaping @Sendable (WebURL) -> String? = { _ in nil }
  ) {
    self.port = port
    self.refusal = refusal
    self.bindsRequests = bindsRequests
  }

  var urls: [String] { heard.withLock { $0.urls } }
  var outcomes: [EgressOutcome] { heard.withLock { $0.outcomes } }

  func judge(_ request: EgressRequest) async -> EgressVerdict {
    heard.withLock { $0.urls.append("\(request.hop) \(request.method) \(request.url)") }
    guard let url = WebURL(request.url) else { return .refused(reason: "That is no URL.") }
    if let reason = refusal(url) { return .refused(reason: reason) }
    return .granted(
      EgressGrant(
        host: url.origin.host, port: port ?? url.origin.port, rule: "R", bindsRequest: bindsRequests
      ) { $0.reach == .machine })
  }

  func ended(_ outcome: EgressOutcome) async { heard.withLock { $0.outcomes.append(outcome) } }
}

/// The program `page-fetch` in the sandbox of the browser.
final class WalledFetcher: Sendable {
  let gate: StandInGate
  private let process: WalledProcess
  private let broker: EgressBroker
  private let rest = Mutex<[UInt8]>([])

  /// `authority` is a file of certificates for it, `cache` a folder to keep pages in; `refusal` says why a URL
  /// is not granted. `bindsRequests` has the host make them, in a process behind `fetcherProfile`.
  init(
    environment: [String: String] = [:], authority: String? = nil, cache: String? = nil,
    settings: EgressSettings = EgressSettings(), bindsRequests: Bool = false,
    hasFetcher: Bool = true, fetcherProfile: String = "fetcher",
    refusal: @escaping @Sendable (WebURL) -> String? = { _ in nil }
  ) async throws {
    let wall = try WallProgram(path: Repository.path(".build/wall/martlet-wall"))
    let profile = try SandboxProfile(named: "browser", in: [Repository.path("Sandboxes")])
    var folders: [String: String] = [:]
    folders["authorities"] = authority
    folders["cache"] = cache
    let plan = try SandboxPlan(profile, folders: folders, wall: wall)
    gate = StandInGate(bindsRequests: bindsRequests, refusal)
    var settings = settings
    if hasFetcher {
      let command = SandboxCommand(
        ["martlet", "tool", "serve", "fetcher"], hostProgram: Program.path)
      settings.fetcher = EgressFetcher(command) { [folders] () throws(SandboxError) in
        try SandboxPlan(
          SandboxProfile(named: fetcherProfile, in: [Repository.path("Sandboxes")]),
          folders: folders, wall: wall)
      }
    }
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

  /// What became of the first `count` connections, once it is known.
  func outcomes(_ count: Int) async throws -> [EgressOutcome] {
    for _ in 0..<500 where gate.outcomes.count < count {
      try await Task.sleep(for: .milliseconds(10))
    }
    return gate.outcomes
  }

  /// Ends what the last call has left open, as the tool host does behind each answer.
  func endCall() async { await broker.endCall() }

  /// Peak of its memory in bytes.
  func peakBytes() async throws -> Int {
    (try await order(["peak": true])["peak"]?.intValue ?? .max / 1024) * 1024
  }
}
