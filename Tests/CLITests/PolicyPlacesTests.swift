// PolicyPlacesTests.swift — the administrator's folder, signatures and revisions.

import Foundation
import Policy
import Runtime
import TestKit
import Testing

@Suite struct `The administrator's policies` {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/etc/policy.d", withIntermediateDirectories: true)
    try setMode(0o755, "etc/policy.d")
  }

  /// Files of this user stand in for root's.
  private var places: Places {
    Places(
      environment: ["HOME": folder.path], resources: nil, systemFolder: folder.path + "/etc",
      systemOwner: getuid())
  }

  private func setMode(_ mode: Int, _ name: String) throws {
    try FileManager.default.setAttributes(
      [.posixPermissions: mode], ofItemAtPath: folder.path + "/" + name)
  }

  @discardableResult
  private func write(_ name: String, _ members: String, mode: Int = 0o644) throws -> String {
    let id = name.split(separator: "/").last.map { $0.replacing(".json5", with: "") } ?? "x"
    let path = try folder.write(
      name, Array("{ schema: 'tool-policy/1', id: '\(id)', \(members) }".utf8))
    try setMode(mode, name)
    return path
  }

  private func load(_ places: Places? = nil) -> String {
    do {
      let engine = try PolicyLoading.engine(
        chosen: nil, places: places ?? self.places, workspace: folder.path)
      return engine.policies.map { "\($0.id) \($0.place.rawValue)" }.joined(separator: ", ")
    } catch { return "\(error)" }
  }

  @Test func `are one base layer together`() throws {
    try write("etc/policy.d/10-one.json5", "revision: 1")
    try write("etc/policy.d/20-two.json5", "revision: 1")
    #expect(load() == "10-one system, 20-two system")
  }

  @Test func `stop the program where one of them cannot be used`() throws {
    let path = try write("etc/policy.d/10-one.json5", "ruls: []")
    #expect(load().hasPrefix("\(path), line 1, column"))
    #expect(load().contains("Did you mean \"rules\"?"))
  }

  @Test(arguments: [0o664, 0o646, 0o666])
  func `have to be the administrator's alone`(mode: Int) throws {
    let path = try write("etc/policy.d/10-one.json5", "revision: 1", mode: mode)
    #expect(
      load()
        == "\(path): the file can be written by a group or by everyone. Others could change the policy: let "
        + "root own it, writable by root alone.")
  }

  @Test func `have to lie in a folder that is the administrator's alone`() throws {
    try write("etc/policy.d/10-one.json5", "revision: 1")
    try setMode(0o777, "etc/policy.d")
    #expect(load().contains("/etc/policy.d: the folder can be written by a group or by everyone."))
  }

  @Test func `have to belong to the administrator`() throws {
    try write("etc/policy.d/10-one.json5", "revision: 1")
    let others = Places(
      environment: ["HOME": folder.path], resources: nil, systemFolder: folder.path + "/etc",
      systemOwner: getuid() + 1)
    #expect(load(others).contains("the folder belongs to the user \(getuid())."))
  }

  @Test func `are not found through a link`() throws {
    let file = try write("elsewhere.json5", "revision: 1")
    let link = folder.path + "/etc/policy.d/10-one.json5"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
    #expect(load().hasPrefix("\(link): it is a symbolic link."))
  }

  // MARK: Signatures

  /// A key made for this test alone, and its signatures as openssl made them.
  private static let key = "54bd572bc0937a6d2ecd2305239c0b90b9852cc099e046c7697c953ee12ffb8d"

  /// `Self.text(revision)` signed with that key, in hex.
  private static let signatures = [
    1: "7f76925c59c8671fdd8f6985b16384fe8de1052b605af7b702bd52ff1ce6a920"
      + "b1d0eb0c8a0c29568707bf311492361dc862075f87033ab624bcc2fee3ce4d0e",
    2: "42d1f1d8c630aded02205cf3e541b086d167396fff8263c932e342e7c07933ca"
      + "7ef033bba3acffcacd227c7f98694847e4b9ada441554688d475f4a329d7300a",
  ]

  private static func text(_ revision: Int) -> String {
    "{ schema: 'tool-policy/1', id: 'signed', revision: \(revision), "
      + "signing: { keys: ['ed25519:\(key)'], places: ['system'], revisions: 'forward' } }\n"
  }

  private func install(_ text: String, signature: String?) throws {
    let name = "etc/policy.d/10-signed.json5"
    try folder.write(name, Array(text.utf8))
    try setMode(0o644, name)
    guard let signature else { return }
    let digits = Array(signature)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0..<($0 + 2)]), radix: 16)
    }
    try folder.write(name + ".sig", bytes)
  }

  @Test func `are believed with a signature where the base demands one`() throws {
    try install(Self.text(1), signature: Self.signatures[1])
    #expect(load() == "signed system")
  }

  @Test func `are refused without it, with another one, and with a changed text`() throws {
    try install(Self.text(1), signature: nil)
    #expect(load().contains("the policies in force have to be signed, and its signature"))
    #expect(load().contains("cannot be read"))
    try install(Self.text(1), signature: Self.signatures[2])
    #expect(load().contains("was made with none of the keys, or for another text"))
    try install(Self.text(1) + " ", signature: Self.signatures[1])
    #expect(load().contains("was made with none of the keys, or for another text"))
  }

  @Test func `never go back to an older revision`() throws {
    try install(Self.text(2), signature: Self.signatures[2])
    #expect(load() == "signed system")
    try install(Self.text(1), signature: Self.signatures[1])
    #expect(
      load().hasSuffix(
        "revision: this is revision 1, and 2 was in force here before. Use the newer policy, or raise its "
          + "revision."))
    try install(Self.text(2), signature: Self.signatures[2])
    #expect(load() == "signed system")
  }

  @Test func `alone can demand signatures`() throws {
    try write("etc/policy.d/10-one.json5", "revision: 1")
    let demand = "signing: { keys: ['ed25519:\(Self.key)'] }"
    try FileManager.default.createDirectory(
      atPath: folder.path + "/.martlet", withIntermediateDirectories: true)
    try write(".martlet/policy.json5", demand)
    #expect(load().hasSuffix("only the base policy can demand signatures. Write it there."))
  }
}
