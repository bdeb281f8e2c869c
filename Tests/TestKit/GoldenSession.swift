// GoldenSession.swift — whole sessions on whole pages, with what each call answers.
//
// A page is a file of Tests/Vectors/browser/display; beside it, NAME.golden holds calls, each a line
// "> TOOL ARGUMENTS", and what each answers. The displays were read, line by line, against the rules of
// Docs/BROWSER.md; they are not to be taken from the program when it changes.

public import Base
import Foundation

/// A page with the session that is held on it.
public struct GoldenSession: CustomStringConvertible, Sendable {
  public static let folder = "browser/display"
  /// Every page is on the site of every session.
  public static let site = "http://site.test/"

  /// The page's file.
  public var name: String

  public var description: String { name }

  public static let all: [GoldenSession] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: Vectors.path(folder))
    return (files ?? []).filter { !$0.hasSuffix(".golden") }.sorted().map {
      GoldenSession(name: $0)
    }
  }()

  /// One call and its answer.
  public struct Step: Sendable {
    public var tool: String
    public var arguments: JSONObject
    public var answer: String
  }

  public func steps() throws -> [Step] {
    let golden = String(
      decoding: try Vectors.bytes("\(Self.folder)/\(name).golden"), as: UTF8.self)
    return try golden.components(separatedBy: "\n> ").map { part in
      let part = part.hasPrefix("> ") ? String(part.dropFirst(2)) : part
      let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      let words = lines[0].split(separator: " ", maxSplits: 1)
      let arguments = try JSONReader.value(String(words[1]), source: name)
      var answer = String(lines.count > 1 ? lines[1] : "")
      if answer.hasSuffix("\n") { answer.removeLast() }
      return Step(
        tool: String(words[0]), arguments: arguments.objectValue ?? [:], answer: answer)
    }
  }
}
