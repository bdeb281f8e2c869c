// StoreFuzz.swift — damaged ledger files, and anything at all as a search.

import Base
import Foundation
import Store
import TestKit

/// Files and connections that the store's fuzz targets work with, made once.
final class StoreFuzz: Sendable {
  private let folder: TemporaryFolder
  private let memories: Memories
  private let ledgerBytes: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    memories = try Memories(path: folder.path + "/memory.db")
    let texts = ["the plain memory", "東京タワー", "café 🚀 v2.5", "words scope NEAR AND OR NOT"]
    try memories.save(
      texts.map {
        NewMemory(
          text: $0, origin: "user", trust: "trusted", scope: .global,
          created: UnixTime(milliseconds: 0))
      })
    let path = folder.path + "/ledger.db"
    try Self.fill(Ledger(path: path))
    ledgerBytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
  }

  private static func fill(_ ledger: Ledger) throws {
    let time = UnixTime(milliseconds: 1)
    for session in ["one", "two"] {
      try ledger.beginSession(session, time: time, header: ["model": "nano"])
      for number in 0..<6 {
        let text = Array(String(repeating: "\(session) \(number) ", count: number * 90).utf8)
        try ledger.append(
          to: session, kind: "step", time: time, header: ["n": 1],
          bodies: [LedgerBody(name: "text", content: text)])
      }
    }
  }

  /// A query is never an error, and the index stays as it is.
  var search: FuzzTarget {
    FuzzTarget(
      name: "search",
      corpus: [
        "\"plain\" memory", "NEAR(a b, 3) OR words:x*", "東京タワー caf\u{E9} 🚀", "-a ^b {c}: (d)",
      ].map { Array($0.utf8) },
      body: { [self] bytes in
        let query = String(decoding: bytes, as: UTF8.self)
        _ = try memories.search(query, limit: 3)
        _ = try memories.search(query, scopes: [.global, .workspace(query)], limit: 3)
        guard try memories.search("plain", limit: 3).count == 1 else {
          throw FuzzFinding(what: "a search changed what the next one finds")
        }
      })
  }

  /// A damaged file gives errors of the store's own, or what can be read.
  var ledger: FuzzTarget {
    FuzzTarget(
      name: "ledger", corpus: [ledgerBytes],
      body: { [self] bytes in
        let path = try folder.write("damaged.db", bytes)
        defer { try? FileManager.default.removeItem(atPath: path) }
        do throws(StoreError) {
          let ledger = try Ledger(path: path, limits: StoreLimits(waitMax: .zero))
          _ = try ledger.verify()
          for session in try ledger.sessions(limit: 10) {
            for event in try ledger.events(of: session.id, limit: 100) {
              for body in event.bodies { _ = try ledger.content(of: body.digest) }
            }
          }
          try ledger.append(to: "one", kind: "more", time: UnixTime(milliseconds: 2))
          try ledger.eraseBodies(containing: "one 3")
        } catch { return }
      })
  }
}
