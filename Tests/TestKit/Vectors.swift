// Vectors.swift — where test data lies, and how to read it.

public import Base
import Foundation

/// The repository as the tests see it.
public enum Repository {
  /// The checkout's root folder, no trailing slash.
  public static let root: String = {
    var url = URL(filePath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.path(percentEncoded: false)
  }().trimmingSlash

  public static func path(_ relative: String) -> String { root + "/" + relative }

  /// A file's bytes; the path is relative to the root.
  public static func bytes(_ relative: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path(relative))))
  }
}

/// Golden vectors under `Tests/Vectors`; `MANIFEST.json` there says where each came from.
public enum Vectors {
  public static func path(_ name: String) -> String { Repository.path("Tests/Vectors/" + name) }

  public static func bytes(_ name: String) throws -> [UInt8] {
    try Repository.bytes("Tests/Vectors/" + name)
  }

  /// What `MANIFEST.json` says of each file, by the file's path under `Tests/Vectors`.
  public static func manifest() throws -> [String: JSONValue] {
    let value = try JSONReader.value(bytes("MANIFEST.json"), source: "MANIFEST.json")
    var entries: [String: JSONValue] = [:]
    for entry in value.arrayValue ?? [] {
      if let file = entry["file"]?.stringValue { entries[file] = entry }
    }
    return entries
  }

  /// One JSON value a line.
  public static func jsonLines(_ name: String) throws -> [JSONValue] {
    try bytes(name).split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
      try JSONReader.value(Array(line), source: "\(name), line \(index + 1)")
    }
  }
}

/// A folder that is gone when the value's owner is.
public final class TemporaryFolder: Sendable {
  public let path: String

  public init() throws {
    path = NSTemporaryDirectory().trimmingSlash + "/martlet-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes `bytes` as the file `name` in the folder and returns its path.
  @discardableResult
  public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = path + "/" + name
    try Data(Array(bytes)).write(to: URL(filePath: file))
    return file
  }
}

extension String {
  var trimmingSlash: String { count > 1 && hasSuffix("/") ? String(dropLast()) : self }
}
