// SHA256.swift — SHA-256 (FIPS 180-4) by libcrypto: whole byte strings, or piece by piece.

import CCrypto

/// The 32 bytes that SHA-256 makes of something.
public struct Digest: Hashable, Sendable {
  public static let byteCount = 32
  /// Always ``byteCount`` of them.
  public let bytes: [UInt8]

  /// Nil unless there are exactly ``byteCount`` bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Reads 64 hexadecimal digits of either case; nil for anything else.
  public init?(hex: String) {
    let digits = Array(hex.utf8)
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(ofDigit: digits[index]),
        let low = Self.value(ofDigit: digits[index + 1])
      else { return nil }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  fileprivate init(uninitialized fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    bytes = Array(unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      fill(start)
      count = Self.byteCount
    }
  }

  /// 64 hexadecimal digits, lower case.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * Self.byteCount)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hex }
}

/// SHA-256 of bytes that arrive in pieces.
///
///     var hash = SHA256()
///     hash.update(first)
///     hash.update(second)
///     let digest = hash.finish()
///
/// Computing a digest cannot fail; a libcrypto that is broken or out of memory ends the process.
public struct SHA256: ~Copyable {
  private let context: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new(),
      EVP_DigestInit_ex2(context, Self.algorithm, nil) == 1
    else { preconditionFailure("libcrypto has no memory for a SHA-256 context.") }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    let status = EVP_DigestUpdate(context, start, bytes.count)
    precondition(status == 1, "libcrypto failed to continue a SHA-256 digest.")
  }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The digest of everything that was given.
  public consuming func finish() -> Digest {
    Digest { start in
      let status = EVP_DigestFinal_ex(context, start, nil)
      precondition(status == 1, "libcrypto failed to finish a SHA-256 digest.")
    }
  }

  /// The digest of `bytes`.
  public static func digest(of bytes: [UInt8]) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// Fetched once, from a library context of our own: the default one reads openssl.cnf, which can
  /// take SHA-256 away. Unsafe only in that the compiler does not know the type: the object never
  /// changes and libcrypto may use it from any thread.
  nonisolated(unsafe) private static let algorithm: OpaquePointer = {
    guard let library = OSSL_LIB_CTX_new(),
      let algorithm = EVP_MD_fetch(library, "SHA2-256", nil)
    else { preconditionFailure("libcrypto offers no SHA-256; the installation is broken.") }
    return algorithm
  }()
}
