// Ed25519.swift — signatures (RFC 8032) by libcrypto: made and checked.

import CCrypto

/// Makes and checks Ed25519 signatures.
public enum Ed25519 {
  public static let keyByteCount = 32
  public static let signatureByteCount = 64

  /// Whether `signature` is the key's owner's for exactly `message`. False also where key or signature
  /// have a wrong length.
  public static func isValid(
    _ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]
  ) -> Bool {
    guard signature.count == signatureByteCount, publicKey.count == keyByteCount,
      let key = EVP_PKEY_new_raw_public_key_ex(
        library, "ED25519", nil, publicKey, publicKey.count)
    else { return false }
    defer { EVP_PKEY_free(key) }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestVerifyInit_ex(context, nil, nil, library, nil, key, nil) == 1 else {
      return false
    }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  /// The signature of `message` with the private key `seed`, ``keyByteCount`` bytes; nil where the key
  /// has another length. The same message and key give the same signature.
  public static func signature(of message: [UInt8], seed: [UInt8]) -> [UInt8]? {
    guard let key = privateKey(seed) else { return nil }
    defer { EVP_PKEY_free(key) }
    guard let context = EVP_MD_CTX_new() else { return nil }
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestSignInit_ex(context, nil, nil, library, nil, key, nil) == 1 else { return nil }
    var signature = [UInt8](repeating: 0, count: signatureByteCount)
    var count = signature.count
    guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1,
      count == signatureByteCount
    else { return nil }
    return signature
  }

  /// The public key of the private key `seed`; nil where the key has another length.
  public static func publicKey(ofSeed seed: [UInt8]) -> [UInt8]? {
    guard let key = privateKey(seed) else { return nil }
    defer { EVP_PKEY_free(key) }
    var bytes = [UInt8](repeating: 0, count: keyByteCount)
    var count = bytes.count
    guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == keyByteCount else {
      return nil
    }
    return bytes
  }

  private static func privateKey(_ seed: [UInt8]) -> OpaquePointer? {
    guard seed.count == keyByteCount else { return nil }
    return EVP_PKEY_new_raw_private_key_ex(library, "ED25519", nil, seed, seed.count)
  }

  /// A library context of our own: the default one reads openssl.cnf. Unsafe only in that the compiler
  /// does not know the type: libcrypto may use it from any thread.
  nonisolated(unsafe) private static let library: OpaquePointer? = {
    ccrypto_leave_exit_alone()
    return OSSL_LIB_CTX_new()
  }()
}
