// TestCertificate.swift — a private authority and a certificate that it signed, made for the occasion.

import Foundation

/// Good for 127.0.0.1 and for *.test, for two days.
public final class TestCertificate: Sendable {
  private let folder: TemporaryFolder

  /// The authority's certificate.
  public var authority: String { folder.path + "/authority.crt" }
  public var file: String { folder.path + "/site.pem" }
  public var keyFile: String { folder.path + "/site.key" }

  public init() throws {
    folder = try TemporaryFolder()
    let script = """
      set -e; cd '\(folder.path)'
      key='ec -pkeyopt ec_paramgen_curve:prime256v1'
      openssl req -x509 -newkey $key -nodes -keyout authority.key -out authority.crt -days 2 -subj '/CN=Test'
      openssl req -newkey $key -nodes -keyout site.key -out site.csr -subj '/CN=hub.test'
      printf 'subjectAltName=DNS:hub.test,DNS:model.test,IP:127.0.0.1' >site.ext
      openssl x509 -req -in site.csr -CA authority.crt -CAkey authority.key -CAcreateserial -days 2 \
        -extfile site.ext -out site.pem
      """
    let result = try Program.run(["-c", script], of: "/bin/sh")
    guard result.exitCode == 0 else { throw POSIXError(.EINVAL) }
  }
}
