// AsOrdinaryUserTests.swift — root can become an ordinary user: what tests show of this process as it is,
// it shows once more as one, in both tiers.

import Foundation
import TestKit
import Testing

enum AsUser {
  /// Suites with tests that build walls in this very process, and which of them where not all do.
  static let tests = [
    "A flood": "", "A sandbox that was used": "", "A hostile plugin": "",
    "A command whose wall cannot be built": "(not the wall|wall died|became a link)",
    "A command that works on a copy": "lives long",
    "The execution tools behind their walls": "find in the Landlock tier",
  ]
  static let suites = tests.keys.sorted()
}

@Suite struct `As an ordinary user` {
  @Test(.timeLimit(.minutes(10)), arguments: AsUser.suites)
  func `the same holds`(suite: String) throws {
    guard geteuid() == 0 else { try Test.cancel("This is an ordinary user.") }
    _ = try #require(Installed.folder)
    let program = CommandLine.arguments[0]
    let words = Stage.words([program], as: .ordinary)
    let filter = "\(suite).*\(AsUser.tests[suite] ?? "")".replacing(" ", with: ".")
    let end = Bare.run(
      words + [
        "--testing-library", "swift-testing", "--no-parallel", "--filter",
        filter,
      ],
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"])
    if end.output.contains("Permission denied") || end.status == 126 {
      try Test.cancel("An ordinary user cannot run these tests where they lie.")
    }
    let lines = (end.output + end.error).split(separator: "\n")
    let last = lines.last { $0.contains("Test run with") } ?? ""
    #expect(end.status == 0, "\(lines.filter { $0.contains("✘") }.joined(separator: "\n"))")
    #expect(last.contains("passed") && !last.contains("with 0 tests"), "\(last)")
  }
}
