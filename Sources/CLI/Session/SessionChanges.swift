// SessionChanges.swift — what a run changed in the workspace's files with `apply_patch`, net.
//
// A patch's answer lists each file before and after (Sources/Plugins/Execution/Patch/PatchTool.swift):
//
//     {"changes": [{"path": …, "action": …, "before": base64?, "after": base64?, "mode": bits?}]}

import Base
import FoundationEssentials
import Planner
import Runtime

/// The files that patches of a run changed: as they were before the first, and after the last.
struct SessionChanges {
  /// In the order in which they were first changed; files that are as they were are left out.
  private(set) var files: [FileDifference] = []
  /// Places of answers that were erased: they may have changed more.
  private(set) var erased: [Int] = []
  /// Places of answers whose list of changes cannot be read.
  private(set) var unreadable: [Int] = []

  init(_ events: [RecordedEvent]) {
    var tools: [Int: String] = [:]
    for recorded in events {
      switch recorded.event {
      case .toolCalled(let call): tools[call.id] = call.tool
      case .planner(let event):
        guard case .toolAnswered(let call, let answer) = event.kind,
          let changes = answer.result.structured?["changes"]?.arrayValue,
          tools[call]?.hasSuffix("apply_patch") ?? true
        else { continue }
        take(changes, at: recorded.sequence)
      case nil where recorded.kind == "tool.answered":
        let tool = recorded.header["call"]?.intValue.flatMap { tools[$0] }
        if tool?.hasSuffix("apply_patch") ?? true { erased.append(recorded.sequence) }
      default: continue
      }
    }
    files.removeAll { $0.before == $0.after }
  }

  private mutating func take(_ changes: [JSONValue], at sequence: Int) {
    for change in changes {
      guard let difference = Self.difference(change) else {
        unreadable.append(sequence)
        continue
      }
      let path = difference.path
      if let index = files.firstIndex(where: { $0.path.utf8.elementsEqual(path.utf8) }) {
        files[index].after = difference.after
        files[index].mode = difference.mode ?? files[index].mode
      } else {
        files.append(difference)
      }
    }
  }

  /// Nil for what does not read as a change.
  private static func difference(_ change: JSONValue) -> FileDifference? {
    guard let path = change["path"]?.stringValue else { return nil }
    let mode = change["mode"]?.intValue.flatMap { UInt32(exactly: $0) }
    var difference = FileDifference(path: path, before: nil, after: nil, mode: mode)
    for (key, side) in [("before", \FileDifference.before), ("after", \.after)] {
      guard let value = change[key] else { continue }
      guard let text = value.stringValue, let data = Data(base64Encoded: text) else { return nil }
      difference[keyPath: side] = [UInt8](data)
    }
    return difference
  }
}

extension SessionChanges {
  /// The patch, and a sentence for each thing that it cannot say; `isReversed` for the way back.
  func patch(isReversed: Bool) -> (text: [UInt8], gaps: [String], notes: [String]) {
    var text: [UInt8] = []
    var gaps = erased.map { "event \($0) was erased; what it changed is not shown." }
    gaps += unreadable.map { "event \($0) names changes that cannot be read." }
    var notes: [String] = []
    for file in isReversed ? files.reversed().map(\.reversed) : files {
      if file.isBinary {
        gaps.append("\(file.path.plain) is no text; a patch of lines cannot say how it changed.")
        continue
      }
      text += file.unifiedDiff
      if file.before == nil, let mode = file.mode, ![0o644, 0o755].contains(mode & 0o777) {
        notes.append(
          "\(file.path.plain) had the mode \(String(mode & 0o777, radix: 8)), which a patch does not keep."
        )
      }
    }
    return (text, gaps, notes)
  }
}
