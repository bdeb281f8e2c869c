// TranscriptTests.swift — what the documents show is what the program prints.

import Foundation
import TestKit
import Testing

@Suite struct `A transcript in a document` {
  /// The commands after "$ " in `console` blocks, each with the lines that follow it.
  private static func transcripts(in text: String) -> [(command: String, output: String)] {
    var found: [(command: String, output: String)] = []
    for block in text.components(separatedBy: "```console\n").dropFirst() {
      let body = block.components(separatedBy: "```")[0]
      for part in ("\n" + body).components(separatedBy: "\n$ ").dropFirst() {
        let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        var output = lines.count > 1 ? String(lines[1]) : ""
        if !output.isEmpty, !output.hasSuffix("\n") { output += "\n" }
        found.append((String(lines[0]), output))
      }
    }
    return found
  }

  @Test func `is what the commands print`() throws {
    let path = Repository.path("README.md")
    let transcripts = Self.transcripts(in: try String(contentsOfFile: path, encoding: .utf8))
    #expect(transcripts.count >= 4)
    // One new user's machine for all of them, in their order.
    let home = try Home()
    for (command, output) in transcripts {
      let line = command.replacingOccurrences(of: "./martlet", with: "\"$MARTLET\"") + " 2>&1"
      #expect(try Self.shell(line, home) == output, "\(command)")
    }
  }

  private static func shell(_ line: String, _ home: Home) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = URL(filePath: Repository.root)
    process.environment = ProcessInfo.processInfo.environment.merging(
      home.environment
    ) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
