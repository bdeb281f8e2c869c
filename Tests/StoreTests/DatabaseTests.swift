// DatabaseTests.swift — which files are opened, how they are made, and how refusals read.

import Foundation
import Store
import TestKit
import Testing

@Suite struct `A store's file` {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
  }

  @Test func `is made for its owner alone, as are its folders and its journal`() throws {
    let path = folder.path + "/state/martlet/ledger.db"
    let ledger = try Ledger(path: path)
    try ledger.beginSession("s", time: time(1))
    #expect(try mode(path) == 0o600)
    #expect(try mode(path + "-journal") == 0o600)
    #expect(try mode(folder.path + "/state") == 0o700)
    #expect(try mode(folder.path + "/state/martlet") == 0o700)
  }

  @Test func `keeps the mode that it has`() throws {
    let path = folder.path + "/ledger.db"
    _ = try Ledger(path: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    _ = try Ledger(path: path)
    #expect(try mode(path) == 0o640)
  }

  @Test func `may lie behind a linked folder`() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path + "/real", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: folder.path + "/real")
    let ledger = try Ledger(path: folder.path + "/link/ledger.db")
    #expect(ledger.path.hasSuffix("/real/ledger.db"))
  }

  @Test func `is not followed where it is a link itself`() throws {
    let path = folder.path + "/ledger.db"
    try FileManager.default.createSymbolicLink(
      atPath: path, withDestinationPath: folder.path + "/elsewhere.db")
    #expect(
      sentence { _ = try Ledger(path: path) }
        == "\(path) is a symbolic link, which a store never follows. Name the file itself.")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/elsewhere.db"))
  }

  @Test(arguments: ["not a database at all, but long enough to look like one", "x"])
  func `is refused where it is no SQLite file, and left as it was`(text: String) throws {
    let path = try folder.write("ledger.db", text.utf8)
    #expect(
      sentence { _ = try Ledger(path: path) }
        == "\(path) is not a SQLite file. Move it away, or name another file.")
    #expect(try Data(contentsOf: URL(filePath: path)) == Data(text.utf8))
  }

  @Test func `is refused where it is another program's, and left as it was`() throws {
    let path = folder.path + "/other.db"
    do {
      let raw = try raw(path)
      try raw.run("PRAGMA journal_mode = WAL")
      try raw.run("CREATE TABLE mine (x)")
    }
    let before = try Data(contentsOf: URL(filePath: path))
    #expect(
      sentence { _ = try Ledger(path: path) }
        == "\(path) is a SQLite file, but not a Martlet ledger. Name another file.")
    #expect(
      sentence { _ = try Memories(path: path) }
        == "\(path) is a SQLite file, but not a Martlet memory file. Name another file.")
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
  }

  @Test func `of the other kind is refused`() throws {
    let path = folder.path + "/memory.db"
    _ = try Memories(path: path)
    #expect(
      sentence { _ = try Ledger(path: path) }
        == "\(path) is a SQLite file, but not a Martlet ledger. Name another file.")
  }

  @Test func `from the future is refused`() throws {
    let path = folder.path + "/ledger.db"
    _ = try Ledger(path: path)
    do { try raw(path).run("PRAGMA user_version = 7") }
    let words = """
      \(path) has format 7, and this Martlet knows formats up to 1. \
      Use the newer Martlet that wrote it.
      """
    #expect(sentence { _ = try Ledger(path: path) } == words)
    #expect(sentence { _ = try Ledger(path: path, access: .readOnly) } == words)
  }

  @Test func `from the past is brought up to date by opening it for writing`() throws {
    let path = folder.path + "/things.db"
    let first = Migration("things") { database throws(StoreError) in
      try database.run("CREATE TABLE things (name TEXT) STRICT")
      try Database.scrubTable.run(database)
      try database.run("INSERT INTO things VALUES ('kept')")
    }
    let second = Migration("sizes") { database throws(StoreError) in
      try database.run("ALTER TABLE things ADD COLUMN size INTEGER")
    }
    let old = FileFormat(name: "box", applicationID: 77, migrations: [first])
    let new = FileFormat(name: "box", applicationID: 77, migrations: [first, second])
    _ = try Database(path: path, format: old, access: .readWrite, limits: StoreLimits())
    #expect(
      sentence {
        _ = try Database(path: path, format: new, access: .readOnly, limits: StoreLimits())
      } == """
        \(path) has the old format 1; the present one is 2. \
        Open it once for writing, which brings it up to date.
        """)
    let database = try Database(
      path: path, format: new, access: .readWrite, limits: StoreLimits())
    #expect(
      try database.rows("SELECT name FROM things WHERE size IS NULL") { $0.text(0) } == ["kept"])
  }

  @Test func `stays as it was when a step to the new format fails`() throws {
    let path = folder.path + "/things.db"
    let good = Migration("things") { database throws(StoreError) in
      try database.run("CREATE TABLE things (name TEXT) STRICT")
    }
    let bad = Migration("nonsense") { database throws(StoreError) in
      try database.run("CREATE TABLE things (name TEXT) STRICT")
    }
    let format = FileFormat(name: "box", applicationID: 77, migrations: [good, bad])
    #expect(
      sentence {
        _ = try Database(path: path, format: format, access: .readWrite, limits: StoreLimits())
      } == "\(path): SQLite reports \"SQL logic error\" (code 1).")
    let database = try raw(path)
    #expect(try database.integer("SELECT count(*) FROM sqlite_schema") == 0)
    #expect(try database.integer("PRAGMA user_version") == 0)
  }

  @Test func `that something left in WAL mode loses nothing`() throws {
    let path = folder.path + "/ledger.db"
    do {
      let ledger = try Ledger(path: path)
      try ledger.beginSession("s", time: time(1))
    }
    do { try raw(path).run("PRAGMA journal_mode = WAL") }
    let ledger = try Ledger(path: path)
    try ledger.append(to: "s", kind: "note", time: time(2))
    #expect(try raw(path).first("PRAGMA journal_mode") { $0.text(0) } == "delete")
    #expect(try ledger.verify().isIntact)
  }

  @Test func `is neither made nor changed for reading`() throws {
    let path = folder.path + "/ledger.db"
    #expect(
      sentence { _ = try Ledger(path: path, access: .readOnly) } == "\(path) does not exist.")
    #expect(
      sentence { _ = try Ledger(path: folder.path + "/none/ledger.db", access: .readOnly) }
        == "\(folder.path)/none/ledger.db does not exist.")
    do {
      let ledger = try Ledger(path: path)
      try ledger.beginSession("s", time: time(1))
    }
    let ledger = try Ledger(path: path, access: .readOnly)
    #expect(try ledger.verify().isIntact)
    #expect(
      sentence { try ledger.append(to: "s", kind: "note", time: time(2)) }
        == "\(path) cannot be written. Check its permissions and those of its folder.")
  }

  @Test func `cannot be made where nothing can be`() {
    #expect(
      sentence { _ = try Ledger(path: "/proc/ledger.db") }.hasPrefix(
        "/proc/ledger.db cannot be created: "))
    #expect(
      sentence { _ = try Ledger(path: "/dev/null/state/ledger.db") }
        == "/dev/null/state cannot be created: Not a directory. Check the folder.")
    for path in ["", "/tmp/", "led\0ger.db"] {
      #expect(throws: StoreError.cannotCreate(path: path, code: EINVAL)) {
        _ = try Ledger(path: path)
      }
    }
  }

  @Test func `in a read-only folder says so and keeps what it has`() async throws {
    let path = folder.path + "/sub/ledger.db"
    do {
      let ledger = try Ledger(path: path)
      try ledger.beginSession("s", time: time(1))
      try ledger.append(to: "s", kind: "note", time: time(2))
    }
    // As root nothing is read-only: the test goes on as nobody, in a process of its own.
    let isRoot = geteuid() == 0
    for name in [folder.path, folder.path + "/sub", path] where isRoot {
      chown(name, 65_534, 65_534)
    }
    unlink(path + "-journal")
    chmod(folder.path + "/sub", 0o555)
    await #expect(processExitsWith: .success) { [path = path as String, isRoot = isRoot as Bool] in
      if isRoot { try #require(setgid(65_534) == 0 && setuid(65_534) == 0) }
      let ledger = try Ledger(path: path)
      #expect(
        sentence { try ledger.append(to: "s", kind: "note", time: time(3)) }
          == "\(path) cannot be written. Check its permissions and those of its folder.")
      #expect(try ledger.events(of: "s").count == 1)
      let new = path + "2"
      #expect(
        sentence { _ = try Ledger(path: new) }
          == "\(new) cannot be created: Permission denied. Check the folder.")
    }
    chmod(folder.path + "/sub", 0o755)
  }

  @Test func `that is full says so and keeps what it has`() throws {
    let path = folder.path + "/ledger.db"
    let ledger = try Ledger(path: path, limits: StoreLimits(bytesMax: 128 << 10))
    try ledger.beginSession("s", time: time(1))
    var count = 0
    #expect(
      sentence {
        while count < 1_000 {
          try ledger.append(
            to: "s", kind: "note", time: time(2), bodies: [body("text", "\(count)" + filler)])
          count += 1
        }
      } == """
        \(path) cannot grow: the disk is full or the file has reached its limit. \
        Make room; what was stored before is intact.
        """)
    #expect(count > 10)
    #expect(try ledger.events(of: "s").count == count)
    #expect(try ledger.verify().isIntact)
    // A small event may still fit, and the same connection goes on.
    let roomier = try Ledger(path: path)
    try roomier.append(to: "s", kind: "note", time: time(3), bodies: [body("text", filler)])
    #expect(try ledger.events(of: "s").count == count + 1)
    #expect(try ledger.verify().isIntact)
  }

  private let filler = String(repeating: "x", count: 3_000)

  @Test func `that someone holds is waited for, but not for ever`() throws {
    let path = folder.path + "/ledger.db"
    let ledger = try Ledger(path: path, limits: StoreLimits(waitMax: .milliseconds(50)))
    try ledger.beginSession("s", time: time(1))
    let other = try raw(path)
    try other.run("BEGIN IMMEDIATE")
    let clock = ContinuousClock()
    let start = clock.now
    #expect(
      sentence { try ledger.append(to: "s", kind: "note", time: time(2)) }
        == "\(path) is in use by another process and did not become free. Try again.")
    #expect(clock.now - start >= .milliseconds(50))
    #expect(try ledger.events(of: "s").isEmpty)
    try other.run("ROLLBACK")
    try ledger.append(to: "s", kind: "note", time: time(2))
    #expect(try ledger.events(of: "s").count == 1)
  }

  @Test func `cut short gives an error, never a trap`() throws {
    let path = folder.path + "/ledger.db"
    do {
      let ledger = try Ledger(path: path)
      try ledger.beginSession("s", time: time(1))
      for number in 0..<20 {
        try ledger.append(
          to: "s", kind: "note", time: time(2), bodies: [body("text", "\(number)" + filler)])
      }
    }
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    for length in stride(from: 1, to: bytes.count, by: 4_111) {
      let cut = try folder.write("cut.db", bytes.prefix(length))
      defer { unlink(cut) }
      do {
        let ledger = try Ledger(path: cut)
        #expect(try !ledger.verify().isIntact, "cut at \(length)")
      } catch {
        #expect(error != .notFound(path: cut))
      }
    }
  }
}

/// A connection to any SQLite file, ours or not, without our checks.
func raw(_ path: String) throws -> Database {
  if !FileManager.default.fileExists(atPath: path) {
    try Data().write(to: URL(filePath: path))
  }
  return try Database(path: path, access: .readWrite, waitMax: .seconds(5))
}
