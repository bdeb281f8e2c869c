// Home.swift — a user of one's own for a test: a home with nothing in it, and the program run there.

import Foundation

/// A user's folders, and what the program does with them.
public final class Home: Sendable {
  private let folder: TemporaryFolder
  /// Every link resolved.
  public let path: String
  /// An empty folder to work in.
  public let workspace: String
  public let ledgerPath: String
  public let memoriesPath: String
  /// For the program to find these folders.
  public let environment: [String: String]

  public init() throws {
    folder = try TemporaryFolder()
    path =
      URL(filePath: folder.path).resolvingSymlinksInPath().path(percentEncoded: false)
      .trimmingSlash
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

  public func run(_ words: String..., input: String = "") throws -> ProgramResult {
    try Program.run(words, input: input, environment: environment)
  }

  /// Runs a line of sh in the workspace; `$MARTLET` is the program.
  public func shell(_ line: String, input: String = "") throws -> ProgramResult {
    try Program.run(
      ["-c", "cd '\(workspace)' && \(line)"], of: "/bin/sh", input: input, environment: environment)
  }

  /// Writes a file below the home.
  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: URL(filePath: file).deletingLastPathComponent().path(percentEncoded: false),
      withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: file))
    return file
  }

  /// Files below the home, by path, that hold `text`.
  public func files(holding text: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
      FileManager.default.contents(atPath: path + "/" + name)?.range(of: Data(text.utf8)) != nil
    }
  }
}
