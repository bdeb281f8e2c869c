// LedgerChain.swift — the exact bytes that the ledger's hashes cover.
//
// All hashes are SHA-256. Three ways to write a part of what is hashed:
//
//      field(x)   the byte count of x as a 64-bit little-endian number, then the bytes of x
//      number(n)  n as a 64-bit little-endian two's complement number
//      hash(h)    the 32 bytes of h
//
//      session's begin hash = SHA-256(
//            field("martlet ledger session 1")
//            hash(begin hash of the session before it in the file; 32 zero bytes for the first)
//            number(session number, from 1)  field(id)  number(time_ms)  field(header) )
//
//      event's hash = SHA-256(
//            field("martlet ledger event 1")
//            hash(hash of the event before it; the session's begin hash for the first)
//            field(session id)  number(sequence, from 1)
//            field(kind)  number(time_ms)  field(header)  field(bodies) )
//
//      body's digest = SHA-256(
//            field("martlet ledger body 1")  hash(salt)  hash(SHA-256 of the content) )
//
// Texts are hashed as the UTF-8 bytes that lie in the column, JSON as the text that lies there, so
// that no byte of a row can change unnoticed. `bodies` is a JSON array, one object for each body in
// the caller's order, {"name":…,"digest":64 hexadecimal digits}, and thereby puts the digests under
// the chain.
//
// The salt is 32 random bytes, new for each content, erased together with it: a digest that stays
// behind does not tell anyone who guesses the content that the guess is right.
//
// What a check of the chain shows: any change to an event, its order, its bodies, its session; an
// event or a session missing in between; an event missing at the end, since the session's row counts
// them and holds the last hash. What it cannot show: a file that was rewritten throughout, hashes
// included, or put back to an earlier copy of itself. Against that, keep `Ledger.head(of:)` somewhere
// else and give it to `verify`.

import Digests

/// The ledger's hashes.
enum LedgerChain {
  static let saltByteCount = 32

  /// From the system's generator, which is fit for secrets.
  static func newSalt() -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    var salt: [UInt8] = []
    while salt.count < saltByteCount {
      withUnsafeBytes(of: random.next() as UInt64) { salt.append(contentsOf: $0) }
    }
    return salt
  }

  /// Stands where the begin hash of a session before the first would.
  static let nothing = [UInt8](repeating: 0, count: Digest.byteCount)

  /// `previous` is the begin hash of the session before, or ``nothing``; `time` is in milliseconds
  /// since 1970; `header` is JSON text as stored.
  static func beginHash(
    previous: [UInt8], number: Int64, id: [UInt8], time: Int64, header: [UInt8]
  ) -> Digest {
    var hash = SHA256()
    hash.updateField("martlet ledger session 1")
    hash.update(previous)
    hash.updateNumber(number)
    hash.updateField(id)
    hash.updateNumber(time)
    hash.updateField(header)
    return hash.finish()
  }

  /// `previous` is the hash of the event before, or the session's begin hash.
  static func eventHash(
    previous: [UInt8], session: [UInt8], columns: EventColumns
  ) -> Digest {
    var hash = SHA256()
    hash.updateField("martlet ledger event 1")
    hash.update(previous)
    hash.updateField(session)
    hash.updateNumber(columns.sequence)
    hash.updateField(columns.kind)
    hash.updateNumber(columns.time)
    hash.updateField(columns.header)
    hash.updateField(columns.bodies)
    return hash.finish()
  }

  static func bodyDigest(salt: [UInt8], contentHash: Digest) -> Digest {
    var hash = SHA256()
    hash.updateField("martlet ledger body 1")
    hash.update(salt)
    hash.update(contentHash.bytes)
    return hash.finish()
  }
}

/// The columns of an event that its hash covers, as they lie in the file.
struct EventColumns {
  var sequence: Int64
  var kind: [UInt8]
  /// Milliseconds since 1970.
  var time: Int64
  /// JSON text.
  var header: [UInt8]
  /// JSON text.
  var bodies: [UInt8]
}

extension SHA256 {
  fileprivate mutating func updateNumber(_ number: Int64) {
    withUnsafeBytes(of: number.littleEndian) { update($0) }
  }

  fileprivate mutating func updateField(_ bytes: [UInt8]) {
    updateNumber(Int64(bytes.count))
    update(bytes)
  }

  fileprivate mutating func updateField(_ text: StaticString) {
    updateNumber(Int64(text.utf8CodeUnitCount))
    update(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
