// GitBlobHash.swift — the name that git gives a file's content.
//
// SHA-1 over "blob ", the length in decimal, a zero byte and the content. (Source: Pro Git 10.2, "Object
// Storage".) It tells a damaged copy from a good one; it is no proof against somebody who forges files.

import CCrypto

/// Computes git's name of a content that arrives in pieces.
public struct GitBlobHash: ~Copyable {
  private var hash = MessageDigest(Self.algorithm)
  private static let algorithm = MessageDigest.Algorithm("SHA1")
  private static let byteCount = 20

  /// For a content of `byteCount` bytes.
  public init(byteCount: Int) {
    Array("blob \(byteCount)\0".utf8).withUnsafeBytes { hash.update($0) }
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

  /// 40 hexadecimal digits, lower case.
  public consuming func finish() -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      hash.finish(into: start)
      count = Self.byteCount
    }
    return Digest.hex(of: bytes)
  }
}
