// PolicyFile+Signing.swift — "signing": { keys, places, revisions }, as a base policy writes it.
//
//     signing: { keys: ['ed25519:…64 hex digits…'],
//                places: ['system', 'chosen', 'user', 'project'],    whose files; default: system
//                revisions: 'forward' }                             or 'any', the default

extension PolicyNode {
  private enum Revisions: String, CaseIterable { case any, forward }

  func signing() throws(PolicyError) -> PolicySigningDemand {
    var fields = try Fields(self)
    let keysNode = try fields.need("keys")
    var keys: [[UInt8]] = []
    for node in try keysNode.list(countMax: 64) { keys.append(try node.publicKey()) }
    guard !keys.isEmpty else { throw keysNode.error(.empty("the list")) }
    var places: Set<PolicySource.Place> = [.system]
    if let node = fields.take("places") { places = try node.words() }
    let revisions = try fields.take("revisions")?.word(Revisions.self) ?? .any
    try fields.finish()
    return PolicySigningDemand(
      keys: keys, places: places, refusesOlderRevisions: revisions == .forward)
  }

  private func publicKey() throws(PolicyError) -> [UInt8] {
    let text = try string()
    let digits = Array(text.utf8.dropFirst(8))
    var key: [UInt8] = []
    if text.hasPrefix("ed25519:"), digits.count == 64 {
      for index in stride(from: 0, to: 64, by: 2) {
        let pair = String(decoding: digits[index..<(index + 2)], as: UTF8.self)
        if let byte = UInt8(pair, radix: 16), pair.utf8.first != UInt8(ascii: "+") {
          key.append(byte)
        }
      }
    }
    guard key.count == 32 else {
      throw error(.notUsable("a key is written as \"ed25519:\" and 64 hex digits."))
    }
    return key
  }
}
