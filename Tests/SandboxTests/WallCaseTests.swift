// WallCaseTests.swift — the table of cases, tried: as root and as an ordinary user, in both tiers, and
// in the open.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

/// All acts of the table tried once in one setting; the cases look their own up.
private struct Trial: Sendable {
  var openly: [String: String]
  var walled: [String: String]
  var record: JSONValue
  var spell: [String: String]

  static let all = [
    "root, full": Task { try await run(Setting(user: .root, tier: .full)) },
    "ordinary, full": Task { try await run(Setting(user: .ordinary, tier: .full)) },
    "ordinary, landlock": Task { try await run(Setting(user: .ordinary, tier: .landlock)) },
  ]

  private static func run(_ setting: Setting) async throws -> Trial {
    let stage = try Stage(setting.user)
    let attempts = WallCase.tried.flatMap(\.attempts)
    let openly = stage.openly(attempt: attempts.filter { $0.control != .untried }.map(\.act))
    let result = try stage.attempt(attempts.map(\.act), setting.tier)
    let quiet = await stage.isQuiet()
    try #require(stage.isBystanderAlive && quiet)
    let spell = Dictionary(attempts.map { ($0.act, stage.spell($0.act)) }) { old, _ in old }
    return Trial(openly: openly, walled: result.answers, record: result.record, spell: spell)
  }
}

@Suite struct `A walled command tries` {
  @Test(arguments: Setting.all, WallCase.tried)
  func `each way out of the table`(setting: Setting, wallCase: WallCase) async throws {
    if geteuid() == 0 {
      try await Walls.require(.full)
    } else {
      try await Walls.require(setting.tier)
    }
    let trial = try #require(try await Trial.all[setting.testDescription]?.value)
    #expect(trial.record["tier"]?.stringValue == setting.tier.rawValue, "\(trial.record)")
    var closedAnyway: [String] = []
    for attempt in wallCase.attempts {
      let act = trial.spell[attempt.act] ?? ""
      let expected = setting.tier == .full ? attempt.full : attempt.landlock
      let answer = trial.walled[act] ?? "nothing"
      #expect(expected.contains(answer), "\(act) gave \(answer) behind the walls")
      let open = trial.openly[act] ?? "nothing"
      switch attempt.control {
      case .untried: break
      case .open: #expect(open == "ok" || open.hasPrefix("SIG"), "\(act) gave \(open) in the open")
      case .mostlyOpen: if open != "ok" { closedAnyway.append("\(act) gives \(open)") }
      }
    }
    if !closedAnyway.isEmpty {
      try Test.cancel(
        "Held; but in the open this machine refuses it too: \(closedAnyway.joined(separator: ", "))."
      )
    }
  }

  @Test func `the Landlock tier as root, and is refused`() throws {
    guard geteuid() == 0 else { try Test.cancel("This is not root.") }
    let result = try Stage(.root).attempt(["read={secret}"], .landlock)
    #expect(result.status == 8)
    #expect(result.output.isEmpty)
    #expect(result.record.verdict == "notStarted")
  }
}

@Suite struct `The table of wall cases` {
  private static let page = Repository.path("Docs/SANDBOX.md")

  @Test func `has every number once`() {
    let numbers = WallCase.all.map(\.number)
    #expect(Array(numbers.prefix(110)) == Array(1...110))
    #expect(Set(numbers).count == numbers.count)
  }

  @Test func `names tests that are there`() throws {
    let folder = Repository.path("Tests")
    let sources = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
      $0.hasSuffix("Tests.swift")
    }
    let text = try sources.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
      .joined()
    for wallCase in WallCase.all where wallCase.attempts.isEmpty {
      let about = "case \(wallCase.number): \(wallCase.test)"
      let place = try #require(text.range(of: "func `\(wallCase.test)`"), "\(about)")
      guard wallCase.who == .both else { continue }
      // Tried in every setting; or as whoever runs the tests, and root runs those once more as a user.
      let before = text[..<place.lowerBound]
      let test = try #require(before.range(of: "@Test", options: .backwards), "\(about)")
      let arguments = before[test.upperBound...]
      let suite = before.range(of: "@Suite struct `", options: .backwards).map {
        String(before[$0.upperBound...].prefix { $0 != "`" })
      }
      #expect(
        arguments.contains("Setting.all")
          || arguments.contains("Walls.tiers") && AsUser.suites.contains(suite ?? ""), "\(about)")
    }
  }

  /// Where the table changed, the page is to be given these rows.
  @Test func `is the one of the page`() throws {
    let page = try String(contentsOfFile: Self.page, encoding: .utf8)
    let rows = WallCase.all.map(\.row).joined(separator: "\n")
    if ProcessInfo.processInfo.environment["MARTLET_SHOW_ROWS"] != nil { print(rows) }
    #expect(page.contains("|---|---|---|---|---|---|---|\n\(rows)\n"))
  }
}
