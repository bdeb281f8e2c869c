// StandIn.swift — a script of `Tests/StandIns`: a line of JSON in, a line of JSON out.

public import Base
import Foundation
import Synchronization

/// Runs a script as long as it lives.
public final class StandIn: Sendable {
  private let name: String
  private let process: Int32
  private let orders: FileHandle
  private let answers: FileHandle
  private let turn = Mutex(())
  /// What the script said first: its ports.
  public let greeting: JSONValue

  /// - Parameters:
  ///   - name: Of the file.
  ///   - words: What it is started with.
  /// - Throws: There is no python3, or the script ends at once.
  public init(_ name: String, _ words: [String] = []) throws {
    self.name = name
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", Repository.path("Tests/StandIns/\(name)")] + words
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    self.process = process.processIdentifier
    orders = input.fileHandleForWriting
    answers = output.fileHandleForReading
    greeting = try Self.line(of: answers, name)
  }

  deinit { kill(process, SIGKILL) }

  /// Why a script did not answer.
  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// A port of the greeting; 0 where there is none of that name.
  public func port(_ name: String) -> Int { greeting[name]?.intValue ?? 0 }

  /// All ports of the greeting.
  public var ports: [String: Int] {
    greeting.objectValue?.reduce(into: [:]) { ports, member in
      ports[member.key] = member.value.intValue
    } ?? [:]
  }

  /// Tells the script something, and returns what it answers.
  @discardableResult
  public func order(_ value: JSONValue) throws -> JSONValue {
    try turn.withLock { _ in
      try orders.write(contentsOf: Data((value.compactText + "\n").utf8))
      return try Self.line(of: answers, name)
    }
  }

  private static let secondsMax = 120

  /// One line, within a bound: a script that fell over would have the test wait for ever.
  private static func line(of file: FileHandle, _ name: String) throws -> JSONValue {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n") {
      var wanted = pollfd(fd: file.fileDescriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, Int32(secondsMax) * 1000) > 0 else {
        throw Failure(description: "\(name) said nothing for \(secondsMax) s.")
      }
      let more = file.availableData
      guard !more.isEmpty else { throw Failure(description: "\(name) has ended.") }
      bytes += more
    }
    return try JSONReader.value(bytes, source: name)
  }
}
