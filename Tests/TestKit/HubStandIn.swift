// HubStandIn.swift — the stand-in of a model hub, with a repository in it, for tests.

public import Base
import Foundation
import Synchronization

/// Runs `Tests/StandIns/hub.py` as long as it lives.
public final class HubStandIn: Sendable {
  /// What the stand-in serves: ORG/NAME/…
  public let root: TemporaryFolder
  public let hubPort: Int
  public let cdnPort: Int
  /// Takes CONNECT.
  public let proxyPort: Int
  private let isSecure: Bool
  private let processID: Int32
  private let orders: FileHandle
  private let answers: FileHandle
  private let turn = Mutex(())

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
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["python3", Repository.path("Tests/StandIns/hub.py"), root.path]
      + (certificate.map { [$0.file, $0.keyFile] } ?? [])
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    processID = process.processIdentifier
    orders = input.fileHandleForWriting
    answers = output.fileHandleForReading
    let ports = try Self.line(of: answers)
    hubPort = ports["hub"]?.intValue ?? 0
    cdnPort = ports["cdn"]?.intValue ?? 0
    proxyPort = ports["proxy"]?.intValue ?? 0
  }

  deinit { kill(processID, SIGKILL) }

  /// Sets how the stand-in misbehaves from now on, and forgets what it was asked.
  public func misbehave(_ faults: JSONValue = [:]) throws { _ = try order(faults) }

  public func log() throws -> Log {
    let json = try order(.null)
    var sent: [String: Int] = [:]
    for (name, count) in json["sent"]?.objectValue ?? [:] { sent[name] = count.intValue }
    return Log(
      requests: json["requests"]?.arrayValue ?? [], sentBytes: sent,
      connectionCount: json["connections"]?.intValue ?? -1)
  }

  private func order(_ value: JSONValue) throws -> JSONValue {
    try turn.withLock { _ in
      try orders.write(contentsOf: Data((value.compactText + "\n").utf8))
      return try Self.line(of: answers)
    }
  }

  private static func line(of file: FileHandle) throws -> JSONValue {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n") {
      let more = file.availableData
      if more.isEmpty { break }
      bytes += more
    }
    return try JSONReader.value(bytes, source: "hub.py")
  }
}
