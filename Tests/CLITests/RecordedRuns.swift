// RecordedRuns.swift — runs as the program records them, made by hand.

import Base
import Foundation
import Planner
import Runtime
import Store
import TestKit

extension Home {
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
