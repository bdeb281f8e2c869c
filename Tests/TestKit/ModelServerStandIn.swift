// ModelServerStandIn.swift — the stand-in of model servers, for tests.

public import Base
import Foundation

/// Runs `Tests/StandIns/model_server.py` as long as it lives.
public final class ModelServerStandIn: Sendable {
  public let port: Int
  private let isSecure: Bool
  private let process: Int32
  private let orders: FileHandle
  private let answers: FileHandle

  /// What `--model` takes.
  public var model: String { "\(base)#stand-in" }

  public var base: String { "\(isSecure ? "https" : "http")://127.0.0.1:\(port)/v1" }

  /// - Parameters:
  ///   - order: What it is from the start, as the script's head describes it.
  ///   - certificate: For HTTPS.
  /// - Throws: What `Process` throws: there is no python3.
  public init(_ order: JSONValue = [:], certificate: TestCertificate? = nil) throws {
    isSecure = certificate != nil
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", Repository.path("Tests/StandIns/model_server.py")]
      + (certificate.map { [$0.file, $0.keyFile] } ?? [])
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    self.process = process.processIdentifier
    orders = input.fileHandleForWriting
    answers = output.fileHandleForReading
    port = try Self.line(of: answers)["port"]?.intValue ?? 0
    try self.order(order)
  }

  deinit { kill(process, SIGKILL) }

  /// Sets what it does from now on.
  ///
  /// - Parameter order: As at the start.
  /// - Returns: The requests since the last order, each with "path", "body" and "key".
  /// - Throws: The stand-in is gone.
  @discardableResult
  public func order(_ order: JSONValue) throws -> [JSONValue] {
    try orders.write(contentsOf: Data((order.compactText + "\n").utf8))
    return try Self.line(of: answers)["requests"]?.arrayValue ?? []
  }

  private static func line(of file: FileHandle) throws -> JSONValue {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n") {
      let more = file.availableData
      if more.isEmpty { break }
      bytes += more
    }
    return try JSONReader.value(bytes, source: "model_server.py")
  }
}
