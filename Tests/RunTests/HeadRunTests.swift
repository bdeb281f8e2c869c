// HeadRunTests.swift — heads of the ledger in a second place: a ledger that was cut or written anew is
// found out.

import Base
import Foundation
import TestKit
import Testing

struct HeadRunTests {
  private static func home(_ more: String = "") throws -> (home: Home, heads: String) {
    let home = try Home()
    let heads = home.path + "/elsewhere/heads.jsonl"
    try home.write("elsewhere/.keep", "")
    try home.write("config/martlet/ledger.json", #"{"heads": "\#(heads)"\#(more)}"#)
    return (home, heads)
  }

  private static func run(_ home: Home) throws -> ProgramResult {
    try home.run(script: [Turn.answer("Yes.")], ["Is it?"])
  }

  @Test func `a ledger that was put back to an earlier copy of itself does not verify`() throws {
    let (home, heads) = try Self.home()
    #expect(try Self.run(home).exitCode == 0)
    let copy = try Data(contentsOf: URL(filePath: home.ledgerPath))
    #expect(try Self.run(home).exitCode == 0)
    let lines = try String(contentsOfFile: heads, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 4)
    let good = try home.run("session", "verify")
    #expect(good.exitCode == 0, "\(good.errors)")
    #expect(good.output.hasSuffix(", 4 published heads.\n"), "\(good.output)")
    // As if the second run had never been.
    for suffix in ["-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: home.ledgerPath + suffix)
    }
    try copy.write(to: URL(filePath: home.ledgerPath))
    let cut = try home.run("session", "verify")
    #expect(cut.exitCode == 1)
    #expect(cut.errors.contains("is missing."), "\(cut.errors)")
    let report = try home.run("session", "verify", "--json").output
    #expect(report.contains(#""intact":false"#))
    // Without the heads nothing is wrong with it.
    try home.remove("config/martlet/ledger.json")
    #expect(try home.run("session", "verify").exitCode == 0)
    #expect(try home.run("session", "verify", "--heads", heads).exitCode == 1)
    try FileManager.default.removeItem(atPath: home.ledgerPath)
    #expect(try home.run("session", "verify", "--heads", heads).exitCode == 1)
  }

  /// The private key of RFC 8032, section 7.1, test 1, as PKCS #8 in PEM, and its public key.
  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
    -----END PRIVATE KEY-----

    """
  private static let publicKey =
    "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
  private static let otherKey =
    "ed25519:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"

  private static func signingHome() throws -> (home: Home, heads: String, key: String) {
    let (home, heads) = try Self.home()
    let path = try home.write("config/martlet/ledger.key", key)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    try home.write(
      "config/martlet/ledger.json", #"{"heads": "\#(heads)", "signingKey": "\#(path)"}"#)
    return (home, heads, path)
  }

  @Test func `signed heads are believed for whom they were signed by`() throws {
    let (home, heads, _) = try Self.signingHome()
    #expect(try Self.run(home).exitCode == 0)
    let good = try home.run("session", "verify")
    #expect(good.output.hasSuffix(", 2 published heads (signed).\n"), "\(good)")
    #expect(
      try home.run("session", "verify", "--heads", heads, "--key", Self.publicKey).exitCode == 0)
    let other = try home.run("session", "verify", "--key", Self.otherKey)
    #expect(other.exitCode == 1)
    #expect(other.errors.contains("was signed by none of the keys, or changed since."))
    // A head for another history, by somebody without the key.
    let text = try String(contentsOfFile: heads, encoding: .utf8)
    let forged = text.replacing(#""events":"#, with: #""events":1"#)
    #expect(forged != text)
    try forged.write(toFile: heads, atomically: true, encoding: .utf8)
    #expect(try home.run("session", "verify").exitCode == 1)
    try (text + "{}\n").write(toFile: heads, atomically: true, encoding: .utf8)
    #expect(try home.run("session", "verify").errors.contains("is no head of a ledger."))
  }

  @Test func `a signing key that others may read is refused`() throws {
    let (home, _, key) = try Self.signingHome()
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
    let result = try Self.run(home)
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("Run: chmod 600 \(key)"), "\(result.errors)")
  }

  @Test func `a place that does not take heads ends the run unless it may be without`() throws {
    let (home, _) = try Self.home()
    let ledger = #"{"heads": "/nowhere/heads.jsonl"}"#
    try home.write("config/martlet/ledger.json", ledger)
    let stopped = try Self.run(home)
    #expect(stopped.exitCode == 1)
    #expect(stopped.errors.contains("could not be published at /nowhere/heads.jsonl"))
    try home.write(
      "config/martlet/ledger.json", #"{"heads": "/nowhere/heads.jsonl", "required": false}"#)
    #expect(try Self.run(home).exitCode == 0)
  }

  @Test func `heads go to a socket of syslog`() throws {
    let (home, _) = try Self.home()
    let path = home.path + "/log"
    try home.write("config/martlet/ledger.json", #"{"heads": "syslog:\#(path)"}"#)
    // Takes datagrams until there were two, as a logger does.
    let listener = try home.write(
      "listen.py",
      """
      import socket, sys
      log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      log.bind(sys.argv[1])
      log.settimeout(60)
      print(*[log.recv(65536).decode() for _ in range(2)], sep="\\n")
      """)
    let script = try home.script([Turn.answer("Yes.")])
    let result = try home.shell(
      """
      python3 '\(listener)' '\(path)' & until [ -S '\(path)' ]; do sleep 0.1; done
      "$MARTLET" run --quiet --model '\(script)' --workspace . 'Is it?' >/dev/null; wait
      """)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2, "\(result)")
    #expect(lines.allSatisfy { $0.hasPrefix("<110>martlet: {") && $0.contains(#""hash":"#) })
  }
}
