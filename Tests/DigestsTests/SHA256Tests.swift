// SHA256Tests.swift — the digests of FIPS 180-4, whole and in pieces.

import Digests
import Testing

@Suite struct `SHA-256` {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ])
  func `agrees with the standard's examples`(text: String, hex: String) {
    #expect(SHA256.digest(of: Array(text.utf8)).hex == hex)
  }

  @Test(arguments: [1, 3, 63, 64, 65, 1_000])
  func `does not depend on how the bytes arrive`(pieceByteCount: Int) {
    let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var hash = SHA256()
    for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
      hash.update(Array(bytes[start..<min(bytes.count, start + pieceByteCount)]))
      hash.update([])
    }
    #expect(hash.finish() == SHA256.digest(of: bytes))
  }

  @Test func `reads back its own hexadecimal, in either case`() {
    let digest = SHA256.digest(of: [1, 2, 3])
    #expect(Digest(hex: digest.hex) == digest)
    #expect(Digest(hex: digest.hex.uppercased()) == digest)
    #expect("\(digest)" == digest.hex)
  }

  @Test(arguments: ["", "00", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
  func `refuses what is no digest`(text: String) {
    #expect(Digest(hex: text) == nil)
    #expect(Digest(bytes: Array(text.utf8)) == nil || text.utf8.count == Digest.byteCount)
  }
}
