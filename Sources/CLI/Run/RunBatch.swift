// RunBatch.swift — `martlet run --tasks FILE`: many tasks, one after the other, one loaded model.

import Base
import Planner
import Runtime

/// Runs every task of a file. Each is a session of its own; one line of JSON tells how it ended.
struct RunBatch {
  private struct Item: Sendable {
    var id: String?
    var task: String
    var workspace: String
  }

  private let stage: RunStage
  private let items: [Item]

  private static let fileBytesMax = 256 << 20

  init(_ arguments: Arguments, _ places: Places, path: String) throws(CommandError) {
    guard arguments.positional.isEmpty else {
      throw .usage("The tasks come from \(path). Leave \"\(arguments.positional[0])\" out.")
    }
    var request = try RunRequest(arguments, places: places)
    request.isHeadless = request.approver == nil
    items = try Self.items(path, workspace: request.settings.workspace)
    stage = try RunStage(request, places)
  }

  private static func items(
    _ path: String, workspace: String
  ) throws(CommandError) -> [Item] {
    let bytes: [UInt8]
    do throws(FileReadError) { bytes = try wholeFile(path, bytesMax: fileBytesMax) } catch {
      throw .usage("\(path) cannot be read: \(error.reason).")
    }
    var items: [Item] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
      let place = "\(path), line \(index + 1)"
      let json: JSONValue
      do throws(JSONError) { json = try JSONReader.value(Array(line), source: place) } catch {
        throw .usage(error.description)
      }
      guard let task = json["task"]?.stringValue else {
        throw .usage("\(place) needs \"task\": a string.")
      }
      let folder = json["workspace"]?.stringValue ?? workspace
      guard let resolved = folder.resolvingLinks else {
        throw .usage("\(place): the workspace \(folder) is not there.")
      }
      items.append(Item(id: json["id"]?.stringValue, task: task, workspace: resolved))
    }
    guard !items.isEmpty else { throw .usage("\(path) has no tasks in it.") }
    return items
  }

  /// Exits with the first in HOUSE order of what the runs ended with.
  func perform() throws(CommandError) -> ExitCode {
    let items = items
    return try stage.perform { (stage) async throws(RunError) in
      var outcomes: [Outcome] = []
      for item in items {
        var stage = stage
        stage.request.settings.workspace = item.workspace
        let (id, summary) = try await stage.quietly(item.task)
        Output.jsonLine(Self.line(item, id, summary))
        outcomes.append(summary.outcome)
        if [.interrupted, .terminated].contains(summary.outcome) { break }
      }
      return Outcome.first(of: outcomes)
    }
  }

  private static func line(_ item: Item, _ session: String, _ summary: RunSummary) -> JSONValue {
    var object: JSONObject = [:]
    object["id"] = item.id.map(JSONValue.string)
    object["task"] = .string(item.task)
    object["session"] = .string(session)
    object["outcome"] = .string(summary.outcome.name)
    object["exit_code"] = .number(.integer(Int64(summary.outcome.exitCode)))
    object["reason"] = summary.outcome.reason.map(JSONValue.string)
    object["answer"] = summary.answer.map(JSONValue.string)
    object["tool_calls"] = .number(.integer(Int64(summary.toolCalls)))
    object["elapsed_ms"] = .number(.integer(Int64(summary.elapsedMilliseconds)))
    return .object(object)
  }
}

extension RunStage {
  /// Runs a task in a new session and shows nothing of it.
  fileprivate func quietly(_ task: String) async throws(RunError) -> (String, RunSummary) {
    let session = try await begin()
    listen(session)
    let summary = await session.run(task)
    await session.close()
    return (session.id, summary)
  }
}
