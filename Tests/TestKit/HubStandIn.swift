// HubStandIn.swift — the stand-in of a model hub, with a repository in it, for tests.

public import Base
import Foundation

/// Runs `Tests/StandIns/hub.py` as long as it lives.
public final class HubStandIn: Sendable {
  /// What the stand-in serves: ORG/NAME/…
  public let root: TemporaryFolder
  public let hubPort: Int
  public let cdnPort: Int
  /// Takes CONNECT.
  public let proxyPort: Int
  private let isSecure: Bool
  private let script: StandIn

  /// What the stand-in was asked since it was last told how to behave.
  public struct Log: Equatable, Sendable {
    /// Each with "cdn", "method", "path", "token", "range".
    public var requests: [JSONValue]
    /// Bytes of bodies, by the file's path in its repository.
    public var sentBytes: [String: Int]
    public var connectionCount: Int
  }

  /// The value of `HF_ENDPOINT`.
  public var endpoint: String { "\(isSecure ? "https" : "http")://127.0.0.1:\(hubPort)" }

  /// Once for the process: no proxy leads to this machine.
  private static let hasNoProxy = setenv("no_proxy", "127.0.0.1,::1", 1) == 0

  /// Serves `files`, which are named by their paths below the root; over HTTPS where there is a certificate.
  public init(_ files: [String: [UInt8]], certificate: TestCertificate? = nil) throws {
    isSecure = certificate != nil
    guard Self.hasNoProxy else { throw POSIXError(.EINVAL) }
    root = try TemporaryFolder()
    for (name, bytes) in files {
      let folder = URL(filePath: root.path + "/" + name).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try root.write(name, bytes)
    }
    let words = certificate.map { [$0.file, $0.keyFile] } ?? []
    script = try StandIn("hub.py", [root.path] + words)
    hubPort = script.port("hub")
    cdnPort = script.port("cdn")
    proxyPort = script.port("proxy")
  }

  /// Sets how the stand-in misbehaves from now on, and forgets what it was asked.
  public func misbehave(_ faults: JSONValue = [:]) throws { try script.order(faults) }

  public func log() throws -> Log {
    let json = try script.order(.null)
    var sent: [String: Int] = [:]
    for (name, count) in json["sent"]?.objectValue ?? [:] { sent[name] = count.intValue }
    return Log(
      requests: json["requests"]?.arrayValue ?? [], sentBytes: sent,
      connectionCount: json["connections"]?.intValue ?? -1)
  }
}
