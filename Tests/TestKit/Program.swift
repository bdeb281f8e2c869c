// Program.swift — the built program, run as a user would run it.

import Foundation

/// What a finished run of the program left behind.
public struct ProgramResult: Equatable, Sendable {
  public var exitCode: Int32
  public var output: String
  public var errors: String

  public init(exitCode: Int32, output: String, errors: String) {
    self.exitCode = exitCode
    self.output = output
    self.errors = errors
  }
}

/// The `martlet` that was built together with these tests.
public enum Program {
  /// Beside the test bundle, which is where the build put both.
  public static let path: String = {
    let tests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let beside = tests.appending(path: "martlet").path(percentEncoded: false)
    return FileManager.default.isExecutableFile(atPath: beside)
      ? beside : Repository.path(".build/release/martlet")
  }()

  /// Runs the program, or another one, with `words` and `input` on standard input, and waits for it.
  public static func run(
    _ words: [String], of program: String = path, input: String = "",
    environment: [String: String] = [:]
  ) throws -> ProgramResult {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files rather than pipes: no output can be too large for them.
    let folder = try TemporaryFolder()
    let inputFile = try folder.write("input", Array(input.utf8))
    let outputFile = try folder.write("output", [])
    let errorFile = try folder.write("errors", [])
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: inputFile))
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputFile))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errorFile))
    try process.run()
    process.waitUntilExit()
    let code = process.terminationStatus
    return ProgramResult(
      exitCode: process.terminationReason == .exit ? code : 128 + code,
      output: String(decoding: try Data(contentsOf: URL(filePath: outputFile)), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: URL(filePath: errorFile)), as: UTF8.self))
  }
}
