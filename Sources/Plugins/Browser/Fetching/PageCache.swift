// PageCache.swift — pages of earlier fetches, shown again where their server says that they still hold.
//
// Nothing is shown from here unasked: each use is a request with the page's validators, judged and
// counted like any other, that may be answered with 304 (RFC 9111, 4.3). Kept is what any user would have
// got: answers without cookies, marked neither private nor no-store, that vary with nothing we send.

import Base
import Glibc
import Store
import Transfer

/// A SQLite file of pages. For one thread at a time.
final class PageCache {
  struct Entry: Equatable {
    var url: String
    var type: String?
    var tag: String?
    var time: String?
    var body: [UInt8]
  }

  static let entryBytesMax = 4 << 20
  private let bytesMax: Int
  private let database: Database

  /// Opens the file in `folder`; nil where that cannot be used: then pages come from the network alone.
  init?(folder: String, bytesMax: Int = 64 << 20) {
    let limits = StoreLimits(waitMax: .seconds(1), bytesMax: Int64(2 * bytesMax))
    guard access(folder, W_OK) == 0,
      let database = try? Database(
        path: folder + "/pages.sqlite", format: .pages, access: .readWrite, limits: limits)
    else { return nil }
    self.database = database
    self.bytesMax = bytesMax
  }

  /// The page that was kept for `url`.
  func entry(for url: String) -> Entry? {
    try? database.first(
      "SELECT type, tag, time, body FROM pages WHERE url = ?", .text(url)
    ) { row in
      Entry(
        url: url, type: row.text(0), tag: row.text(1), time: row.text(2), body: row.bytes(3))
    }
  }

  /// Keeps an answer, where it may be kept, in place of what was kept for its URL.
  func take(_ answer: ExchangeAnswer) {
    guard answer.head.status == 200 else { return }
    let url = answer.head.url.text
    // A cache that is full or locked is no reason to have no page.
    try? database.write { () throws(StoreError) in
      try database.run("DELETE FROM pages WHERE url = ?", .text(url))
      guard Self.mayKeep(answer) else { return }
      let headers = answer.head.headers
      try database.run(
        "INSERT INTO pages (url, type, tag, time, body) VALUES (?, ?, ?, ?, ?)", .text(url),
        Self.value(headers["Content-Type"]), Self.value(headers["ETag"]),
        Self.value(headers["Last-Modified"]), .blob(answer.body))
      while try database.integer("SELECT coalesce(sum(length(body)), 0) FROM pages") > bytesMax {
        try database.run("DELETE FROM pages WHERE number = (SELECT min(number) FROM pages)")
      }
    }
  }

  private static func value(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }

  /// Whether a shared cache could keep it, and ask for it again.
  static func mayKeep(_ answer: ExchangeAnswer) -> Bool {
    let headers = answer.head.headers
    func words(_ name: String) -> [String] {
      headers.all(name).flatMap { $0.split(separator: ",") }.map { word in
        String(word.drop { $0 == " " }.prefix { $0 != "=" && $0 != " " }).lowercased()
      }
    }
    return !answer.isTruncated && answer.body.count <= entryBytesMax
      && (headers["ETag"] != nil || headers["Last-Modified"] != nil)
      && headers["Set-Cookie"] == nil
      && Set(words("Cache-Control")).isDisjoint(with: ["no-store", "private"])
      && Set(words("Vary")).isSubset(of: ["accept", "accept-encoding", "user-agent"])
  }
}

extension PageCache.Entry {
  /// The headers that ask whether the page still holds.
  var conditions: [(String, String)] {
    [("If-None-Match", tag), ("If-Modified-Since", time)].compactMap { name, value in
      value.map { (name, $0) }
    }
  }
}

extension FileFormat {
  /// pages: one row for each URL, the oldest with the smallest number.
  static let pages = FileFormat(
    name: "page cache",
    applicationID: 0x4D72_7450,  // "MrtP"
    migrations: [
      Migration("pages") { database throws(StoreError) in
        try database.run(
          """
          CREATE TABLE pages (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            url TEXT NOT NULL UNIQUE,
            type TEXT,
            tag TEXT,
            time TEXT,
            body BLOB NOT NULL
          ) STRICT
          """)
        try Database.scrubTable.run(database)
      }
    ])
}
