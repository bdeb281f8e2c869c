// PolicySigning.swift — signatures and revisions, where the base policy demands them.
//
// A signature is Ed25519 (RFC 8032) over the bytes of the policy file, 64 bytes raw in FILE.sig, as
//
//     openssl pkeyutl -sign -rawin -inkey KEY.pem -in FILE -out FILE.sig
//
// makes it. A revision that is lower than one that was in force here before is refused: an old policy
// with an old signature is still an old policy.

import Digests
import Policy
import Store

/// Checks what a base policy demands of the files in force.
enum PolicySigning {
  private static let signatureByteCount = 64

  /// - Parameters:
  ///   - sources: All files in force.
  ///   - policies: The same, as they were read, in the same order.
  ///   - demand: The base's.
  ///   - places: Where revisions are kept.
  /// - Throws: `PolicyError` for a file that does not meet the demand; `StoreError` where that cannot be
  ///   known.
  static func check(
    _ sources: [PolicySource],
    _ policies: [(id: String, revision: Int, place: PolicySource.Place, name: String)],
    _ demand: PolicySigningDemand, _ places: Places
  ) throws {
    for source in sources where demand.places.contains(source.place) {
      try checkSignature(of: source, demand.keys)
    }
    guard demand.refusesOlderRevisions else { return }
    let records = try PolicyRecords(path: places.policyRecordsPath)
    for policy in policies where demand.places.contains(policy.place) {
      if let last = try records.revision(of: policy.id), policy.revision < last {
        throw PolicyError(
          source: policy.name, keyPath: "revision",
          problem: .outdated(revision: policy.revision, last: last))
      }
    }
    for policy in policies where demand.places.contains(policy.place) {
      try records.note(policy.revision, of: policy.id)
    }
  }

  private static func checkSignature(of source: PolicySource, _ keys: [[UInt8]]) throws {
    let path = source.name + ".sig"
    let signature: [UInt8]
    do throws(FileReadError) {
      signature = try wholeFile(path, bytesMax: signatureByteCount)
    } catch {
      throw PolicyError(
        source: source.name,
        problem: .unsigned("its signature \(path) cannot be read: \(error.reason)"))
    }
    guard
      keys.contains(where: { key in
        Ed25519.isValid(signature, of: source.bytes, publicKey: key)
      })
    else {
      throw PolicyError(
        source: source.name,
        problem: .unsigned(
          "its signature \(path) was made with none of the keys, or for another text"))
    }
  }
}
