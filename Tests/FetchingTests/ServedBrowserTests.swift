// ServedBrowserTests.swift — `martlet tool serve browser` in its sandbox, on the hostile part of the web.

import Base
import Foundation
import Sandbox
import TestKit
import Testing
import ToolHost

@Suite struct `The browser as the program serves it` {
  /// What a page does, and words of what is then shown of it.
  private static let hostile = [
    ("/nested", "needle"), ("/nested-tables", "needle"), ("/nested-links", "needle"),
    ("/attribute", "[The page is longer; only its first 8388608 bytes were read.]"),
    ("/attributes", "[The page is longer; only its first 8388608 bytes were read.]"),
    ("/tags", "[The page is longer; only its first 8388608 bytes were read.]"),
    ("/endless", "[The page is longer; only its first 8388608 bytes were read.]"),
    ("/utf16", "of "), ("/bomb-gzip", "unfolds to more than 200 times its size"),
    ("/bomb-br", "unfolds to more than 200 times its size"),
    ("/bomb-chunked", "unfolds to more than 200 times its size"),
    ("/flood", "are larger than the 65536 bytes"),
    ("/one-header", "are larger than the 65536 bytes"),
    ("/pdf-large", "is larger than the 33554432 bytes"),
    ("/loop", "redirects more than 5 times"), ("/reset", "ended the connection"),
  ]

  @Test(.timeLimit(.minutes(8)))
  func `needs less than 300 MB whatever the web sends, and says what is wrong`() async throws {
    let web = try WebStandIn()
    let gate = StandInGate { _ in nil }
    let mark = "mark-\(UInt64.random(in: 0 ... .max))"
    let host = ToolHost(
      catalog: try ToolCatalog(folders: [Repository.path("Tools")]),
      places: ToolHost.Places(
        profileFolders: [Repository.path("Sandboxes")], folders: [:], program: Program.path))
    await host.connect(
      ToolHost.Network(variables: ["MARTLET_ROBOTS": "ignore", "MARTLET_MARK": mark]) { _ in gate })
    var cursor = -1
    for (path, words) in Self.hostile {
      func open(_ arguments: JSONObject) async throws -> ToolResult {
        try await host.call(
          ToolCall(id: 1, tool: "browser.open", body: JSONValue.object(arguments).compactText))
      }
      var result = try await open(["id": .string(web.url(path))])
      #expect(result.status != .broken, "\(path): \(result.text)")
      if result.status == .succeeded {
        cursor += 1
        // What is wrong with a page stands at its end.
        let last = result.text.split(separator: "\n").dropFirst().first?.split(separator: " ").last
        let line = try #require(last.flatMap { Int($0.prefix { $0 != "*" }) }, "\(path)")
        if !result.text.contains(words) {
          cursor += 1
          result = try await open(["loc": .number(.integer(Int64(max(0, line - 3))))])
        }
      }
      #expect(result.text.contains(words), "\(path): \(result.text.suffix(300))")
    }
    let peak = try Self.peakBytes(of: mark)
    #expect(peak > 0 && peak < 300_000_000, "\(peak)")
    await host.shutdown()
  }

  /// What `BrowserPluginTests` holds to the character without a network, with servers, walls and broker in between.
  @Test(.timeLimit(.minutes(4)))
  func `holds every golden session over loopback as it was read`() async throws {
    let web = try WebStandIn(pages: Vectors.path(GoldenSession.folder))
    let folder = try TemporaryFolder()
    let search = try folder.write(
      "search.json", #"{"engine":"searxng","url":"http://search.test"}"#.utf8)
    let port = web.ports["plain"]
    var settings = EgressSettings()
    settings.resolve = { _ in .addresses([IPAddress(v4: "127.0.0.1")].compactMap(\.self)) }
    #expect(GoldenSession.all.count >= 40)
    var callCount = 0
    for session in GoldenSession.all {
      let host = ToolHost(
        catalog: try ToolCatalog(folders: [Repository.path("Tools")]),
        places: ToolHost.Places(
          profileFolders: [Repository.path("Sandboxes")], folders: ["search": search],
          program: Program.path))
      await host.connect(
        ToolHost.Network(settings: settings, variables: ["MARTLET_ROBOTS": "ignore"]) { _ in
          StandInGate(port: port)
        })
      for (number, step) in try session.steps().enumerated() {
        let result = try await host.call(
          ToolCall(
            id: 1, tool: "browser.\(step.tool)", body: JSONValue.object(step.arguments).compactText)
        )
        // A server has its own words for a page that is not there.
        let answer = result.text.replacing(
          "The server answered with status 404.", with: "There is no such page.")
        #expect(answer == step.answer, "\(session), call \(number + 1): \(step.tool)")
        callCount += 1
      }
      await host.shutdown()
    }
    #expect(callCount >= 80)
  }

  /// The largest peak of memory among the processes that hold `mark` in their environment.
  private static func peakBytes(of mark: String) throws -> Int {
    var peak = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(name) != nil
    {
      guard
        let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ"),
        environment.range(of: Data(mark.utf8)) != nil,
        let status = FileManager.default.contents(atPath: "/proc/\(name)/status")
      else { continue }
      let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
        .first { $0.hasPrefix("VmHWM:") }
      let kibibytes = line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
      peak = max(peak, (kibibytes ?? 0) * 1024)
    }
    return peak
  }
}
