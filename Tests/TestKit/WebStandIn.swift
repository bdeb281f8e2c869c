// WebStandIn.swift — the stand-in of the web, for tests.

public import Base
import Foundation

/// `Tests/StandIns/web.py`, with certificates made for the occasion.
public final class WebStandIn: Sendable {
  private let folder: TemporaryFolder
  /// By name: "plain" and "second" speak HTTP, the others HTTPS with the certificate of that name.
  public let ports: [String: Int]
  private let script: StandIn

  /// Authority that signed the good one of the certificates.
  public var authority: String { folder.path + "/authority.crt" }

  /// `pages`: A folder of pages that are all there is; nil for the hostile part of the web.
  public init(certificates: Bool = false, pages: String? = nil) throws {
    folder = try TemporaryFolder()
    if certificates { try Self.makeCertificates(in: folder.path) }
    script = try StandIn("web.py", [folder.path] + (pages.map { [$0] } ?? []))
    ports = script.ports
  }

  /// `http://127.0.0.1:PORT` and a path.
  public func url(_ path: String, port: String = "plain") -> String {
    "http://127.0.0.1:\(ports[port] ?? 0)\(path)"
  }

  /// What was asked since the last look, as "METHOD TARGET", and " if not TAG" behind it where that was asked.
  public func log() throws -> [String] {
    try script.order(.null)["requests"]?.arrayValue?.map {
      "\($0["method"]?.stringValue ?? "") \($0["target"]?.stringValue ?? "")"
        + ($0["tag"]?.stringValue.map { " if not \($0)" } ?? "")
    } ?? []
  }

  /// What /robots.txt is from now on: a text, or the status of an answer without one.
  public func setRobots(_ value: JSONValue) throws { try script.order(["robots": value]) }

  /// One authority; a certificate of it that is good, one that is over, one for another name; and one
  /// that nobody signed.
  private static func makeCertificates(in folder: String) throws {
    let script = """
      set -e; cd '\(folder)'
      key='ec -pkeyopt ec_paramgen_curve:prime256v1'
      openssl req -x509 -newkey $key -nodes -keyout authority.key -out authority.crt -days 2 -subj '/CN=Test'
      openssl req -newkey $key -nodes -keyout site.key -out site.csr -subj '/CN=good.test'
      printf 'subjectAltName=DNS:good.test,DNS:expired.test' >good.ext
      printf 'subjectAltName=DNS:elsewhere.test' >other.ext
      sign() { openssl x509 -req -in site.csr -CA authority.crt -CAkey authority.key -CAcreateserial "$@"; }
      sign -days 2 -extfile good.ext -out good.pem
      sign -days -1 -extfile good.ext -out expired.pem
      sign -days 2 -extfile other.ext -out other.pem
      openssl x509 -req -in site.csr -signkey site.key -days 2 -extfile good.ext -out self.pem
      """
    let result = try Program.run(["-c", script], of: "/bin/sh")
    guard result.exitCode == 0 else { throw POSIXError(.EINVAL) }
  }
}
