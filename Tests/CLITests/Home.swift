// Home.swift — a user of one's own for a test: a home with nothing in it, and the program run there.

import Base
import Foundation
import Planner
import Runtime
import Store
import TestKit
import Testing

/// A user's folders, and what the program does with them.
final class Home: Sendable {
  private let folder: TemporaryFolder
  let path: String
  /// An empty folder to work in.
  let workspace: String
  let ledgerPath: String
  let memoriesPath: String
  let environment: [String: String]

  init() throws {
    folder = try TemporaryFolder()
    path = try #require(folder.path.resolvingLinks)
    workspace = path + "/work"
    environment = [
      "HOME": path, "XDG_CONFIG_HOME": path + "/config", "XDG_DATA_HOME": path + "/data",
      "XDG_STATE_HOME": path + "/state", "TZ": "UTC", "MARTLET": Program.path,
    ]
    ledgerPath = path + "/state/martlet/ledger.sqlite"
    memoriesPath = path + "/data/martlet/memories.sqlite"
    for folder in [workspace, path + "/config/martlet", path + "/state/martlet"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }

  func run(_ words: String..., input: String = "") throws -> ProgramResult {
    try Program.run(words, input: input, environment: environment)
  }

  /// Runs a line of sh in the workspace; `$MARTLET` is the program.
  func shell(_ line: String, input: String = "") throws -> ProgramResult {
    try Program.run(
      ["-c", "cd '\(workspace)' && \(line)"], of: "/bin/sh", input: input, environment: environment)
  }

  /// Writes a file below the home.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: URL(filePath: file).deletingLastPathComponent().path(percentEncoded: false),
      withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
    return file
  }

  /// Files below the home, by path, that hold `text`.
  func files(holding text: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
      FileManager.default.contents(atPath: path + "/" + name)?.range(of: Data(text.utf8)) != nil
    }
  }

  // MARK: Recorded runs

  /// When the runs of these tests begin: 2026-11-25 17:00:00 UTC. Each event takes a second.
  static let start = UnixTime(milliseconds: 1_795_626_000_000)

  /// Records a run of `events` as the program does.
  func record(_ id: String, header: JSONValue = [:], _ events: [RunEvent]) throws {
    let ledger = try Ledger(path: ledgerPath)
    try ledger.beginSession(id, time: Self.start, header: header)
    let entries = events.enumerated().map { index, event in
      let time = UnixTime(milliseconds: Self.start.milliseconds + Int64(index) * 1000)
      return RunRecord.entry(event, time: time)
    }
    try ledger.append(entries, to: id)
  }
}

extension RunEvent {
  static func happened(_ kind: PlannerEvent.Kind) -> RunEvent { .planner(PlannerEvent(kind)) }

  static func finished(_ outcome: Outcome, answer: String? = nil) -> RunEvent {
    .finished(
      RunSummary(
        outcome: outcome, answer: answer, steps: 2, generatedTokens: 31, toolCalls: 1,
        elapsedMilliseconds: 1_250))
  }

  /// A patch that was applied: the call, the decision, the answer.
  static func patched(_ call: Int, _ changes: [JSONValue]) -> [RunEvent] {
    [
      .toolCalled(ToolCall(id: call, tool: "functions.apply_patch", body: "{}")),
      .happened(
        .callJudged(call: call, CallDecision(verdict: .allowed, rule: "p", reason: "Yes."))),
      .happened(
        .toolAnswered(
          call: call,
          ToolAnswer(
            result: ToolResult(
              status: .succeeded, text: "Done!",
              structured: ["changes": .array(changes)])))),
    ]
  }

  /// One entry of a patch's changes.
  static func change(
    _ path: String, _ before: [UInt8]?, _ after: [UInt8]?, mode: Int? = nil
  ) -> JSONValue {
    let action = before == nil ? "added" : after == nil ? "deleted" : "updated"
    var object: JSONObject = ["path": .string(path), "action": .string(action)]
    object["before"] = before.map { .string(Data($0).base64EncodedString()) }
    object["after"] = after.map { .string(Data($0).base64EncodedString()) }
    object["mode"] = mode.map { .number(.integer(Int64($0))) }
    return .object(object)
  }
}
