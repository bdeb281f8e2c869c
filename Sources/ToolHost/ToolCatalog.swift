// ToolCatalog.swift — all manifests of this machine, and which tool a name means.

import Glibc

/// The tools that could be called: manifests by name, tools by every name that models use for them.
public struct ToolCatalog: Equatable, Sendable {
  /// A tool together with the plugin that serves it.
  public struct Entry: Equatable, Sendable {
    public var manifest: ToolManifest
    public var tool: ToolManifest.Tool
  }

  /// By name.
  public let manifests: [ToolManifest]
  /// By full name and by alias.
  private let entries: [String: Entry]
  /// Beginnings of names, the longest first.
  private let openAliases: [(prefix: String, entry: Entry)]

  /// What models put before the name of a function.
  private static let prefixes = ["functions.", "function."]

  /// Joins manifests; no two may claim one name.
  public init(_ manifests: [ToolManifest]) throws(ToolHostError) {
    self.manifests = manifests.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var entries: [String: Entry] = [:]
    var openAliases: [(prefix: String, entry: Entry)] = []
    for manifest in self.manifests {
      for tool in manifest.tools {
        let entry = Entry(manifest: manifest, tool: tool)
        for name in [tool.name] + tool.aliases {
          if name.hasSuffix("*") {
            openAliases.append((String(name.dropLast()), entry))
          } else if let other = entries.updateValue(entry, forKey: name) {
            throw .nameTakenTwice(
              name: name, first: other.manifest.path, second: manifest.path)
          }
        }
      }
    }
    self.entries = entries
    self.openAliases = openAliases.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count }
  }

  /// Reads `NAME/manifest.json` of every folder in `folders`. A folder that is not there is passed
  /// over; of two manifests of one name the one in the earlier folder counts.
  public init(folders: [String]) throws(ToolHostError) {
    var manifests: [String: ToolManifest] = [:]
    for folder in folders {
      for name in try Self.names(in: folder) where manifests[name] == nil {
        let path = "\(folder)/\(name)/manifest.json"
        guard access(path, F_OK) == 0 else { continue }
        manifests[name] = try ToolManifest(text: try Self.bytes(path), path: path)
      }
    }
    try self.init(Array(manifests.values))
  }

  /// The tool that a name means: its full name, an alias, the same with or without "functions.", or an
  /// alias that leaves its end open.
  public func resolve(_ name: String) -> Entry? {
    if let entry = entries[name] { return entry }
    var stem = name
    for prefix in Self.prefixes where name.hasPrefix(prefix) {
      stem = String(name.dropFirst(prefix.count))
      break
    }
    if let entry = entries[stem] ?? entries["functions." + stem] { return entry }
    return openAliases.first { stem.hasPrefix($0.prefix) }?.entry
  }

  public static func == (left: ToolCatalog, right: ToolCatalog) -> Bool {
    left.manifests == right.manifests
  }

  // MARK: - Files

  /// The names of the folders in `folder` that a manifest may lie in, sorted.
  private static func names(in folder: String) throws(ToolHostError) -> [String] {
    guard let stream = opendir(folder) else {
      if errno == ENOENT { return [] }
      throw .cannotRead(path: folder, errno: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The bytes of a manifest, one more than the most that is read at most.
  private static func bytes(_ path: String) throws(ToolHostError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .cannotRead(path: path, errno: errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= ToolManifest.byteCountMax {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .cannotRead(path: path, errno: errno) }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return bytes
  }
}
