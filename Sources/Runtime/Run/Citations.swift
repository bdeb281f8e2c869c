// Citations.swift — what an answer cites, resolved to titles and addresses.
//
// gpt-oss cites a page as 【CURSOR†L9-L11】 or 【CURSOR†L9】, the cursor being that of a display that the
// browser gave it. The browser tells programs, beside each display, which page it is of.

import Base
import Planner

/// The pages that a session's browser showed, by cursor.
struct Citations: Sendable {
  static let eventName = "answer.cited"

  /// Citations of one answer beyond these are left out.
  private static let countMax = 256

  private struct Source {
    var title: String
    var url: String
  }

  private var sources: [Int: Source] = [:]
  /// Tools of calls that have no answer yet, by number.
  private var tools: [Int: String] = [:]

  /// Takes note of pages that were shown.
  mutating func note(_ event: RunEvent) {
    switch event {
    case .toolCalled(let call): tools[call.id] = call.tool
    case .planner(let event):
      guard case .toolAnswered(let number, let answer) = event.kind else { return }
      note(tool: tools.removeValue(forKey: number), answer)
    default: return
    }
  }

  /// Takes up what a recorded run was shown.
  mutating func note(_ events: [PlannerEvent], calls: [Int: ToolCall]) {
    for event in events {
      guard case .toolAnswered(let number, let answer) = event.kind else { continue }
      note(tool: calls[number]?.tool, answer)
    }
  }

  private mutating func note(tool: String?, _ answer: ToolAnswer) {
    guard let tool, tool.hasPrefix("browser."), let shown = answer.result.structured,
      let cursor = shown["cursor"]?.intValue, let title = shown["title"]?.stringValue,
      let url = shown["url"]?.stringValue
    else { return }
    sources[cursor] = Source(title: title, url: url)
  }

  /// The event that tells what an answer cites; nil where it cites nothing that was shown.
  ///
  /// Each citation has `start` and `end`, where its mark stands in the answer, in Unicode scalars; the
  /// `cursor`; `first_line` and `last_line`, where the mark names lines; `title` and `url` of the page.
  func event(for answer: String) -> RunEvent? {
    let scalars = Array(answer.unicodeScalars)
    var found: [JSONValue] = []
    var index = 0
    while index < scalars.count, found.count < Self.countMax {
      guard scalars[index] == "【", let mark = Mark(scalars[index...]) else {
        index += 1
        continue
      }
      if let source = sources[mark.cursor] {
        var citation: JSONObject = [
          "start": .number(.integer(Int64(index))), "end": .number(.integer(Int64(mark.end))),
          "cursor": .number(.integer(Int64(mark.cursor))), "title": .string(source.title),
          "url": .string(source.url),
        ]
        citation["first_line"] = mark.lines.map { .number(.integer(Int64($0.lowerBound))) }
        citation["last_line"] = mark.lines.map { .number(.integer(Int64($0.upperBound))) }
        found.append(.object(citation))
      }
      index = mark.end
    }
    return found.isEmpty
      ? nil : .reported(name: Self.eventName, ["citations": .array(found)])
  }

  /// One mark in an answer.
  private struct Mark {
    var cursor: Int
    var lines: ClosedRange<Int>?
    /// Right after the mark.
    var end: Int

    /// What a mark may have between † and 】.
    private static let contentCountMax = 200

    /// Reads the mark that `scalars` begin with; nil where they begin with none.
    init?(_ scalars: ArraySlice<Unicode.Scalar>) {
      let digits = scalars.dropFirst().prefix { ("0"..."9").contains($0) }
      guard let cursor = Int(Self.text(digits)), scalars[digits.endIndex...].first == "†" else {
        return nil
      }
      let content = scalars[(digits.endIndex + 1)...].prefix(Self.contentCountMax)
        .prefix { $0 != "†" && $0 != "】" && $0 != "【" }
      guard !content.isEmpty, content.endIndex < scalars.endIndex,
        scalars[content.endIndex] == "】"
      else { return nil }
      self.cursor = cursor
      end = content.endIndex + 1
      let names = Self.text(content).split(separator: "-", maxSplits: 1)
      let numbers = names.compactMap { $0.first == "L" ? Int($0.dropFirst()) : nil }
      guard numbers.count == names.count, let first = numbers.first, let last = numbers.last,
        first >= 0, first <= last
      else { return }
      lines = first...last
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
      String(String.UnicodeScalarView(scalars))
    }
  }
}
