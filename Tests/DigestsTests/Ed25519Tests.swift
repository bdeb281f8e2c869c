// Ed25519Tests.swift — signatures of RFC 8032, and what is none.

import Digests
import Testing

@Suite struct `An Ed25519 signature` {
  /// Public key, message and signature of section 7.1, tests 1 to 3.
  static let vectors: [(key: String, message: String, signature: String)] = [
    (
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        + "d25bf5f0595bbe24655141438e7a100b"
    ),
    (
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        + "387b2eaeb4302aeeb00d291612bb0c00"
    ),
    (
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        + "4a7c15e9716ed28dc027beceea1ec40a"
    ),
  ]

  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0..<($0 + 2)]), radix: 16)
    }
  }

  @Test(arguments: 0..<3)
  func `of the standard is valid`(index: Int) {
    let vector = Self.vectors[index]
    #expect(
      Ed25519.isValid(
        Self.bytes(vector.signature), of: Self.bytes(vector.message),
        publicKey: Self.bytes(vector.key)))
  }

  /// The private keys of the same tests.
  private static let seeds = [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
  ]

  @Test(arguments: 0..<3)
  func `of the standard is what its private key makes`(index: Int) {
    let vector = Self.vectors[index]
    let seed = Self.bytes(Self.seeds[index])
    #expect(Ed25519.publicKey(ofSeed: seed) == Self.bytes(vector.key))
    #expect(
      Ed25519.signature(of: Self.bytes(vector.message), seed: seed)
        == Self.bytes(vector.signature))
    #expect(Ed25519.signature(of: [], seed: Array(seed.dropLast())) == nil)
    #expect(Ed25519.publicKey(ofSeed: seed + [0]) == nil)
  }

  @Test func `is for one message and one key`() {
    let (key, message, signature) = (
      Self.bytes(Self.vectors[2].key), Self.bytes(Self.vectors[2].message),
      Self.bytes(Self.vectors[2].signature)
    )
    #expect(!Ed25519.isValid(signature, of: message + [0], publicKey: key))
    #expect(!Ed25519.isValid(signature, of: [], publicKey: key))
    #expect(!Ed25519.isValid(signature, of: message, publicKey: Self.bytes(Self.vectors[1].key)))
    for bit in stride(from: 0, to: 512, by: 7) {
      var flipped = signature
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect(!Ed25519.isValid(flipped, of: message, publicKey: key))
    }
  }

  @Test func `of another length is none`() {
    let key = Self.bytes(Self.vectors[0].key)
    let signature = Self.bytes(Self.vectors[0].signature)
    for count in [0, 1, 63, 65, 128] {
      let other = Array((signature + signature).prefix(count))
      #expect(!Ed25519.isValid(other, of: [], publicKey: key))
    }
    for count in [0, 31, 33] {
      #expect(!Ed25519.isValid(signature, of: [], publicKey: Array((key + key).prefix(count))))
    }
  }
}
