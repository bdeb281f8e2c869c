// MessageDigest.swift — one digest of libcrypto's under way.

import CCrypto

/// A digest that is being computed. Computing one cannot fail; a libcrypto that is broken or out of
/// memory ends the process.
struct MessageDigest: ~Copyable {
  /// Fetched once, from a library context of our own: the default one reads openssl.cnf, which can
  /// take algorithms away.
  struct Algorithm: Sendable {
    let name: String
    /// Unsafe only in that the compiler does not know the type: the object never changes and libcrypto
    /// may use it from any thread.
    nonisolated(unsafe) fileprivate let handle: OpaquePointer

    /// `name` is libcrypto's, "SHA2-256".
    init(_ name: String) {
      ccrypto_leave_exit_alone()
      guard let library = OSSL_LIB_CTX_new(), let handle = EVP_MD_fetch(library, name, nil)
      else { preconditionFailure("libcrypto offers no \(name); the installation is broken.") }
      self.name = name
      self.handle = handle
    }
  }

  private let context: OpaquePointer

  init(_ algorithm: Algorithm) {
    guard let context = EVP_MD_CTX_new(),
      EVP_DigestInit_ex2(context, algorithm.handle, nil) == 1
    else { preconditionFailure("libcrypto has no memory for a \(algorithm.name) context.") }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    let status = EVP_DigestUpdate(context, start, bytes.count)
    precondition(status == 1, "libcrypto failed to continue a digest.")
  }

  /// Writes the digest to `start`, which has room for it.
  mutating func finish(into start: UnsafeMutablePointer<UInt8>) {
    let status = EVP_DigestFinal_ex(context, start, nil)
    precondition(status == 1, "libcrypto failed to finish a digest.")
  }
}
