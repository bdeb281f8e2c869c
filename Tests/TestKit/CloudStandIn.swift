// CloudStandIn.swift — the stand-in of a provider of models, for tests.

import Base
import Foundation

/// Runs `Tests/StandIns/cloud.py` as long as it lives.
public final class CloudStandIn: Sendable {
  private let folder: TemporaryFolder
  /// "plain", and "tls" with certificates.
  public let ports: [String: Int]
  private let script: StandIn

  /// The authority that signed the certificate.
  public var authority: String { folder.path + "/authority.crt" }

  /// A request that came.
  public struct Request: Equatable, Sendable {
    public var method: String
    public var target: String
    public var authorization: String?
    public var body: String
  }

  public init(certificates: Bool = false) throws {
    folder = try TemporaryFolder()
    if certificates { try Self.makeCertificates(in: folder.path) }
    script = try StandIn("cloud.py", [folder.path])
    ports = script.ports
  }

  /// What a configuration names; nothing is resolved.
  public var baseURL: String { "http://127.0.0.1:\(ports["plain"] ?? 0)/v1" }

  /// Sets what is done with the next requests, the last for all that follow; forgets what came so far.
  public func behave(_ names: [String]) throws {
    try script.order(["behave": .array(names.map { .string($0) })])
  }

  /// What came since the last look.
  public func requests() throws -> [Request] {
    try script.order(.null)["requests"]?.arrayValue?.map { json in
      Request(
        method: json["method"]?.stringValue ?? "", target: json["target"]?.stringValue ?? "",
        authorization: json["headers"]?["Authorization"]?.stringValue,
        body: json["body"]?.stringValue ?? "")
    } ?? []
  }

  private static func makeCertificates(in folder: String) throws {
    let script = """
      set -e; cd '\(folder)'
      key='ec -pkeyopt ec_paramgen_curve:prime256v1'
      openssl req -x509 -newkey $key -nodes -keyout authority.key -out authority.crt -days 2 -subj '/CN=Test'
      openssl req -newkey $key -nodes -keyout site.key -out site.csr -subj '/CN=models.test'
      printf 'subjectAltName=IP:127.0.0.1,DNS:models.test' >site.ext
      openssl x509 -req -in site.csr -CA authority.crt -CAkey authority.key -CAcreateserial \\
        -days 2 -extfile site.ext -out site.pem
      """
    let result = try Program.run(["-c", script], of: "/bin/sh")
    guard result.exitCode == 0 else { throw POSIXError(.EINVAL) }
  }
}
