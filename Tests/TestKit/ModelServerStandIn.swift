// ModelServerStandIn.swift — the stand-in of model servers, for tests.

public import Base
import Foundation

/// Runs `Tests/StandIns/model_server.py` as long as it lives.
public final class ModelServerStandIn: Sendable {
  public let port: Int
  private let isSecure: Bool
  private let script: StandIn

  /// What `--model` takes.
  public var model: String { "\(base)#stand-in" }

  public var base: String { "\(isSecure ? "https" : "http")://127.0.0.1:\(port)/v1" }

  /// - Parameters:
  ///   - order: What it is from the start, as the script's head describes it.
  ///   - certificate: For HTTPS.
  /// - Throws: What `Process` throws: there is no python3.
  public init(_ order: JSONValue = [:], certificate: TestCertificate? = nil) throws {
    isSecure = certificate != nil
    let words = certificate.map { [$0.file, $0.keyFile] } ?? []
    script = try StandIn("model_server.py", words)
    port = script.port("port")
    try self.order(order)
  }

  /// Sets what it does from now on.
  ///
  /// - Parameter order: As at the start.
  /// - Returns: The requests since the last order, each with "path", "body" and "key".
  /// - Throws: The stand-in is gone.
  @discardableResult
  public func order(_ order: JSONValue) throws -> [JSONValue] {
    try script.order(order)["requests"]?.arrayValue ?? []
  }

  /// What was forwarded since the last look: each with "method", "path", "request", "status", "type", "answer".
  public func exchanges() throws -> [JSONValue] {
    try script.order([:])["exchanges"]?.arrayValue ?? []
  }

  /// How many answers of a record were not given yet.
  public func answersLeft() throws -> Int { try script.order([:])["left"]?.intValue ?? -1 }
}
