// SecretScannerTests.swift — what is a secret, what only looks like one, and how long it takes.
//
// No secret stands in this file: each is put together from its beginning and seeded random letters.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A secret scanner` {
  static let scanner = SecretScanner()

  // MARK: - By their looks

  @Test(arguments: PlantedSecrets.tokens(seed: 1))
  func `finds a token anywhere in a text`(secret: PlantedSecret) {
    let token = secret.text
    for text in [token, "Use \(token), please.", "{\"x\": \"\(token)\"}", "é \(token)\n"] {
      let (redacted, findings) = Self.scanner.redact(text)
      #expect(!redacted.contains(secret.core), "\(text) became \(redacted)")
      #expect(findings.map(\.kind) == [secret.kind], "\(text)")
    }
  }

  @Test(arguments: PlantedSecrets.tokens(seed: 2))
  func `finds a token however it is encoded`(secret: PlantedSecret) {
    for encoding in SecretEncoding.allCases {
      let text = "It says: " + encoding.encoded(secret.text) + " (end)"
      let redacted = Self.scanner.redact(text).text
      #expect(redacted.hasPrefix("It says: ") && redacted.hasSuffix(" (end)"), "\(encoding)")
      let core = encoding.encoded(secret.core).filter { $0 != "\n" && $0 != "=" }
      #expect(!redacted.contains(core.dropFirst(2).dropLast(3)), "\(encoding): \(redacted)")
      #expect(redacted.count < text.count || redacted != text, "\(encoding): \(text)")
    }
  }

  @Test(
    arguments: zip(
      [
        "password = \"hunter2!\"", "DB_PASSWORD=s3cretValue",
        "api_key: 9f8e7d6c5b4a39281706f5e4d3c2",
        "curl --token 9f8e7d6c5b4a3928abcd https://h", "['--password', 'Tr0ub4dor&3']",
        "curl -u alice:wonder7land https://h", "postgres://app:pa55w0rd@db/x",
        "Authorization: Bearer abcdef123456", "\"authorization\": \"Basic dXNlcjpwYXNz\"",
        "https://h/p?access_token=9f8e7d6c5b4a39281706&x=1",
        "{\\\"secret\\\": \\\"9f8e7d6c5b4a39281706\\\"}",
      ],
      [
        "hunter2!", "s3cretValue", "9f8e7d6c5b4a39281706f5e4d3c2", "9f8e7d6c5b4a3928abcd",
        "Tr0ub4dor&3", "wonder7land", "pa55w0rd", "abcdef123456", "dXNlcjpwYXNz",
        "9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706",
      ]))
  func `finds what a name or a mark says is one`(text: String, value: String) throws {
    let findings = Self.scanner.scan(text).filter { $0.confidence >= .likely }
    let finding = try #require(findings.first, "\(text)")
    let bytes = Array(text.utf8)
    #expect(findings.count == 1)
    #expect(String(decoding: bytes[finding.range], as: UTF8.self) == value)
  }

  @Test func `finds private keys with and without an end`() {
    let line = PlantedSecrets.letters(64, seed: 3)
    for label in ["RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "PRIVATE KEY"]
    {
      let key = "-----BEGIN \(label)-----\n\(line)\n\(line)\n-----END \(label)-----"
      #expect(Self.scanner.redact("a \(key) b").text == "a [redacted: private-key] b")
      let cut = "-----BEGIN \(label)-----\n\(line)\n\(line)"
      #expect(Self.scanner.redact(cut).text == "[redacted: private-key]")
      let inJSON = key.replacingOccurrences(of: "\n", with: "\\n")
      #expect(Self.scanner.redact("\"\(inJSON)\"").text == "\"[redacted: private-key]\"")
    }
    let open = "-----BEGIN PUBLIC KEY-----\n\(line)\n-----END PUBLIC KEY-----"
    #expect(Self.scanner.redact(open).text == open)
  }

  // MARK: - Numbers

  @Test(arguments: [
    ("4111 1111 1111 1111", SecretKind.paymentCard), ("5555555555554444", .paymentCard),
    ("3782-822463-10005", .paymentCard), ("6011111111111117", .paymentCard),
    ("30569309025904", .paymentCard), ("3530111333300000", .paymentCard),
    ("DE89370400440532013000", .iban), ("GB82 WEST 1234 5698 7654 32", .iban),
    ("FR1420041010050500013M02606", .iban), ("NO9386011117947", .iban),
    ("123-45-6789", .nationalID), ("AB123456C", .nationalID),
    ("12345678Z", .nationalID), ("X1234567L", .nationalID), ("RSSMRA85T10A562S", .nationalID),
    ("529.982.247-25", .nationalID), ("811218-9876", .nationalID),
    ("1 84 12 76 451 089 46", .nationalID), ("BSN 111222333", .nationalID),
    ("PESEL: 44051401359", .nationalID), ("Steuer-ID 86095742719", .nationalID),
  ])
  func `finds numbers by their checksums`(number: String, kind: SecretKind) {
    let kinds = Self.scanner.scan("No. \(number), he said").map(\.kind)
    #expect(kinds == [kind], "\(number)")
    // The same with the last digit or letter but one changed is none.
    guard number != "123-45-6789", !number.hasPrefix("AB") else { return }
    var changed = Array(number.utf8)
    changed[changed.count - 2] = changed[changed.count - 2] == 0x31 ? 0x32 : 0x31
    let other = String(decoding: changed, as: UTF8.self)
    #expect(Self.scanner.scan("No. \(other), he said").isEmpty, "\(other)")
  }

  // MARK: - Clean texts

  @Test(arguments: [
    "commit 768132100f3e5a1b2c3d4e5f60718293a4b5c6d7", "id 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "version 1.2.3-beta.4+build.5678",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "order 4111111111111112 shipped", "tracking 1Z999AA10123456784", "Tel. +49 30 901820",
    "2026-01-31T15:45:00.123456Z", "1769874300000", "token_count: 4096, max_tokens = 128000",
    "password: required", "const password = getPassword(user1)", "password=${DB_PASSWORD}",
    "api_key = os.environ[\"API_KEY_2\"]", "Authorization: <your token>",
    "PWD=/home/user1/project2",
    "https://example.org:8080/path@2x.png", "git@github.com:owner/name.git", "user@example.org",
    "cache-key-d41d8cd98f00b204e9800998ecf8427e", "risk-assessment-2024-for-all-of-us-and-more",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sk-your-key-here-and-nowhere-else",
    "192.168.100.200:8080", "666-12-3456", "000-12-3456", "12-34-5678-90",
    "1234 5678 9012 3456 7890",
    "let secretary = Secretary(name: \"Ann1\")", "tokenizer: o200k_harmony_2", "3.14159265358979",
    "-----BEGIN CERTIFICATE-----", "The password is kept elsewhere: ask Bob2.", "a:b@c",
    "978-3-16-148410-0",
    "the key = value pairs of 16 rows", "12345678A 12345678901 123456789", "0x1f8b0800000000000003",
  ])
  func `lets clean texts be`(text: String) {
    let found = Self.scanner.scan(text).filter { $0.confidence >= .likely }
    #expect(found.isEmpty, "\(found)")
  }

  @Test func `lets random bytes in base64 and hex be`() {
    var random = SplitMix64(seed: 5)
    let bytes = Data((0..<60_000).map { _ in UInt8.random(in: 0...255, using: &random) })
    let hex = bytes.map { String(format: "%02x", $0) }.joined()
    for text in [
      bytes.base64EncodedString(), bytes.base64EncodedString(options: .lineLength76Characters), hex,
    ] {
      let found = Self.scanner.scan(text).filter { $0.confidence >= .likely }
      #expect(found.isEmpty, "\(found)")
    }
  }

  // MARK: - Known values

  @Test(arguments: ["correct horse battery", "p\"a\\s/s&w%r+d é!", "Zx9-kk", "0123456789abcdef"])
  func `finds a value it was given, however it is encoded`(value: String) throws {
    let scanner = SecretScanner(known: [try #require(KnownSecret(name: "KEY", value: value))])
    for encoding in SecretEncoding.allCases {
      for lead in ["", "a", "ab", "abc"] {
        let inside = encoding.encoded(lead + value + lead)
        let redacted = scanner.redact("<\(inside)>").text
        #expect(redacted.contains("[redacted: KEY]"), "\(encoding) \(lead): \(inside)")
        #expect(!redacted.contains(encoding.encoded(value)), "\(encoding): \(redacted)")
        #expect(redacted.hasPrefix("<") && redacted.hasSuffix(">"))
      }
    }
    #expect(scanner.redact("Nothing of it.").findings.isEmpty)
  }

  @Test(arguments: ["", "secret", "12345", "1234567", "      ab1     "])
  func `takes no value that clean texts contain`(value: String) {
    #expect(KnownSecret(name: "KEY", value: value) == nil)
  }

  @Test func `gives ranges in order, apart and within the text`() {
    var random = SplitMix64(seed: 7)
    let pieces =
      PlantedSecrets.tokens(seed: 8).map(\.text) + [
        " ", "\n", "%41", "\\u0041", "é", "=", "password=", "://", "@",
        "-----BEGIN PRIVATE KEY-----",
        "QUtJQQ", "eyJ", ".", "4111111111111111",
      ]
    for _ in 0..<300 {
      let text = (0..<Int.random(in: 1...12, using: &random))
        .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
      var end = 0
      for finding in Self.scanner.scan(text) {
        #expect(finding.range.lowerBound >= end && !finding.range.isEmpty)
        end = finding.range.upperBound
      }
      #expect(end <= text.utf8.count)
      let once = Self.scanner.redact(text).text
      #expect(Self.scanner.redact(once).text == once, "\(text)")
    }
  }
}
