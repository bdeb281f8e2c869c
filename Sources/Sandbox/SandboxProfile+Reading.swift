// SandboxProfile+Reading.swift — a profile's file, checked key by key.
//
// Format 1, JSON5. Every key is required unless it says otherwise; an unknown one is an error.
//
//     profile: 1,
//     purpose: "One sentence.",
//     tier: "full" | "landlock",         the least wall that will do
//     landlockAbi: 4,                    optional: the least ABI of Landlock that will do
//     rootless: false,                   optional: refuse a host that runs as root
//     network: "none" | "broker",        no sockets but the standard streams; or connections that the
//                                        host makes, judges and relays
//     proc: "own" | "none",              optional, "own"
//     grants: [{ folder: "workspace", access: "read" | "write",
//                at: ["/workspace", "own"],             optional, ["own"]
//                optional: false,                       optional
//                hide: [".env"],                        optional: there, and empty to whoever looks
//                protect: [".git/hooks"],               optional: only to be read; made where missing
//                protectExisting: [".git/config"],      optional: only to be read, where it is there
//                belowFull: "copy" | "bare" | "refuse" }],   optional, "copy": in the Landlock tier, which
//                                                       cannot hide or protect, work on a copy; or grant
//                                                       it all the same; or have no sandbox
//     start: "workspace",                optional: the grant in which the command starts, else /tmp
//     environment: { LANG: "C.UTF-8" },  optional
//     pass: ["TERM"],                    optional: variables of the host by name
//     limits: { wallSeconds, cpuSeconds, memoryMiB, fileMiB, scratchMiB, scratchFiles, growthMiB,
//               growthFiles, copyMiB, copyFiles, processes, openFiles, outputKiB, hard }
//                                        optional: growthMiB 8192, growthFiles 1000000, copyMiB 2048,
//                                        copyFiles 100000, hard false

import FoundationEssentials
import Glibc

/// A JSON5 value, just as the decoder sees it.
private enum Tree: Decodable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([Tree])
  case object([String: Tree])

  init(from decoder: any Decoder) throws {
    let single = try decoder.singleValueContainer()
    if single.decodeNil() {
      self = .null
    } else if let value = try? single.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? single.decode(Double.self) {
      self = .number(value)
    } else if let value = try? single.decode(String.self) {
      self = .string(value)
    } else if let value = try? single.decode([Tree].self) {
      self = .array(value)
    } else {
      self = .object(try single.decode([String: Tree].self))
    }
  }
}

extension SandboxProfile {
  /// Far above any real profile; bounds the decoder's work.
  static let byteCountMax = 64 << 10

  /// Reads a profile.
  ///
  /// - Parameters:
  ///   - text: The file's bytes.
  ///   - path: Where they came from; its last part without ".json5" becomes the profile's name.
  /// - Throws: What is wrong, with file, key and remedy.
  public init(text: [UInt8], path: String) throws(SandboxError) {
    guard text.count <= Self.byteCountMax else {
      throw .profile(path: path, key: "", problem: "the file is larger than 64 KiB.")
    }
    if let twice = duplicateKey(in: text) {
      throw .profile(
        path: path, key: twice.key,
        problem: "appears twice in one object, on line \(twice.line) again. Remove one of them.")
    }
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let tree: Tree
    do { tree = try decoder.decode(Tree.self, from: Data(text)) } catch {
      throw .profile(path: path, key: "", problem: "the text is not JSON5. (\(error))")
    }
    var root = try ProfileObject(tree, key: "", path: path)
    guard try root.number("profile", in: 1...1) == 1 else { throw root.error("profile", "is 1.") }
    self.path = path
    name = Self.name(of: path)
    purpose = try root.string("purpose")
    leastTier = try root.choice("tier", of: SandboxTier.self)
    leastLandlockABI = try root.number("landlockAbi", in: 1...64, or: 0)
    isRootless = try root.bool("rootless", or: false)
    network = try root.choice("network", of: Network.self)
    let proc = try root.string("proc", or: "own")
    guard proc == "own" || proc == "none" else {
      throw root.error("proc", "is \"own\" or \"none\".")
    }
    hasProc = proc == "own"
    grants = try Self.grants(&root)
    start = try root.optionalString("start")
    if let start, !grants.contains(where: { $0.folder == start }) {
      throw root.error("start", "names the grant \"\(start)\", which this profile does not have.")
    }
    environment = try root.strings(of: "environment")
    passedVariables = try root.stringList("pass", or: [])
    for name in Array(environment.keys) + passedVariables where !Self.isVariableName(name) {
      throw root.error("environment", "\"\(name)\" cannot be the name of a variable.")
    }
    var limits = try root.object("limits")
    self.limits = try SandboxLimits(&limits)
    try limits.end()
    try root.end()
  }

  /// Reads the file at `path`.
  public init(file path: String) throws(SandboxError) {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .cannotRead(path: path, errno: errno) }
    defer { close(file) }
    guard let text = readAll(file, byteCountMax: Self.byteCountMax + 1) else {
      throw .cannotRead(path: path, errno: errno)
    }
    try self.init(text: text, path: path)
  }

  /// Reads `NAME.json5` from the first of `folders` that has it.
  public init(named name: String, in folders: [String]) throws(SandboxError) {
    let isPlain =
      !name.isEmpty
      && name.utf8.allSatisfy { byte in
        (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D
      }
    let paths = isPlain ? folders.map { "\($0)/\(name).json5" } : []
    guard let path = paths.first(where: { access($0, F_OK) == 0 }) else {
      throw .noProfile(name: name, folders: folders)
    }
    try self.init(file: path)
  }

  /// The names of the profiles in `folders`, sorted, each once.
  public static func names(in folders: [String]) -> [String] {
    let files = folders.flatMap { folder in
      (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
    return Set(files.filter { $0.hasSuffix(".json5") && !$0.hasPrefix(".") }.map(name)).sorted()
  }

  private static func name(of path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return last.hasSuffix(".json5") ? String(last.dropLast(6)) : last
  }

  private static func isVariableName(_ name: String) -> Bool {
    !name.isEmpty && !name.utf8.contains(UInt8(ascii: "=")) && !name.utf8.contains(0)
  }

  private static func grants(_ root: inout ProfileObject) throws(SandboxError) -> [Grant] {
    var grants: [Grant] = []
    for var object in try root.objects("grants") {
      let grant = Grant(
        folder: try object.string("folder"), access: try object.choice("access", of: Access.self),
        targets: try object.stringList("at", or: [ownPath]),
        isOptional: try object.bool("optional", or: false),
        hidden: try object.innerPaths("hide"), protected: try object.innerPaths("protect"),
        protectedWhereThere: try object.innerPaths("protectExisting"),
        belowFull: try object.belowFull())
      try object.end()
      guard grant.access == .write || (grant.protected + grant.protectedWhereThere).isEmpty else {
        throw object.error(
          "protect", "is about folders that may be written; this one is only read.")
      }
      guard grant.folder != system || !grant.hasExceptions else {
        throw object.error("hide", "\"system\" is granted as it is.")
      }
      guard !grant.folder.isEmpty else { throw object.error("folder", "is empty.") }
      guard grant.folder != system || (grant.access == .read && grant.targets == [ownPath]) else {
        throw object.error("folder", "\"system\" can only be read, and only where it is.")
      }
      guard !grant.targets.isEmpty else { throw object.error("at", "is empty.") }
      for target in grant.targets where target != ownPath {
        if let problem = SandboxPath.problem(withTarget: target) {
          throw object.error("at", "\"\(target)\" \(problem)")
        }
      }
      grants.append(grant)
    }
    return grants
  }
}

extension SandboxLimits {
  fileprivate init(_ object: inout ProfileObject) throws(SandboxError) {
    wallTimeMax = .seconds(try object.number("wallSeconds", in: 1...604_800))
    cpuTimeMax = .seconds(try object.number("cpuSeconds", in: 1...604_800))
    memoryBytesMax = UInt64(try object.number("memoryMiB", in: 8...(1 << 24))) << 20
    fileBytesMax = UInt64(try object.number("fileMiB", in: 0...(1 << 24))) << 20
    scratchBytesMax = UInt64(try object.number("scratchMiB", in: 1...(1 << 24))) << 20
    // The root itself needs a few dozen.
    scratchFileCountMax = UInt64(try object.number("scratchFiles", in: 64...(1 << 24)))
    growthBytesMax = UInt64(try object.number("growthMiB", in: 1...(1 << 24), or: 8192)) << 20
    growthFileCountMax = UInt64(try object.number("growthFiles", in: 1...(1 << 30), or: 1_000_000))
    copyBytesMax = UInt64(try object.number("copyMiB", in: 1...(1 << 24), or: 2048)) << 20
    copyFileCountMax = try object.number("copyFiles", in: 1...2_000_000, or: 100_000)
    processCountMax = try object.number("processes", in: 1...65_536)
    openFileCountMax = try object.number("openFiles", in: 16...65_536)
    outputBytesMax = try object.number("outputKiB", in: 1...(1 << 20)) << 10
    isHard = try object.bool("hard", or: false)
  }
}

/// An object of a profile whose members are taken out one by one; what is left at the end is unknown.
private struct ProfileObject {
  let key: String
  let path: String
  private var members: [String: Tree]
  private var known: [String] = []

  init(_ tree: Tree, key: String, path: String) throws(SandboxError) {
    guard case .object(let members) = tree else {
      throw .profile(path: path, key: key, problem: "an object should be here.")
    }
    self.key = key
    self.path = path
    self.members = members
  }

  func error(_ member: String, _ problem: String) -> SandboxError {
    .profile(path: path, key: key.isEmpty ? member : "\(key).\(member)", problem: problem)
  }

  private mutating func take(_ member: String) -> Tree? {
    known.append(member)
    return members.removeValue(forKey: member)
  }

  private mutating func need(_ member: String) throws(SandboxError) -> Tree {
    guard let value = take(member) else { throw error(member, "is missing. Add it.") }
    return value
  }

  mutating func string(_ member: String, or fallback: String? = nil) throws(SandboxError) -> String
  {
    if let fallback, members[member] == nil {
      known.append(member)
      return fallback
    }
    guard case .string(let value) = try need(member) else {
      throw error(member, "a string should be here.")
    }
    return value
  }

  mutating func optionalString(_ member: String) throws(SandboxError) -> String? {
    guard members[member] != nil else {
      known.append(member)
      return nil
    }
    return try string(member)
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ member: String, of type: Choice.Type
  ) throws(SandboxError) -> Choice where Choice.RawValue == String {
    let text = try string(member)
    guard let value = Choice(rawValue: text) else {
      let words = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
      throw error(member, "is \(words), not \"\(text)\".")
    }
    return value
  }

  mutating func bool(_ member: String, or fallback: Bool) throws(SandboxError) -> Bool {
    switch take(member) {
    case nil: return fallback
    case .bool(let value): return value
    default: throw error(member, "true or false should be here.")
    }
  }

  mutating func number(
    _ member: String, in range: ClosedRange<Int>, or fallback: Int? = nil
  ) throws(SandboxError) -> Int {
    if let fallback, members[member] == nil {
      known.append(member)
      return fallback
    }
    guard case .number(let value) = try need(member), let whole = Int(exactly: value),
      range.contains(whole)
    else {
      throw error(
        member, "a whole number from \(range.lowerBound) to \(range.upperBound) should be here.")
    }
    return whole
  }

  mutating func belowFull() throws(SandboxError) -> SandboxProfile.BelowFull {
    guard members["belowFull"] != nil else {
      known.append("belowFull")
      return .copy
    }
    return try choice("belowFull", of: SandboxProfile.BelowFull.self)
  }

  /// Relative paths of plain names.
  mutating func innerPaths(_ member: String) throws(SandboxError) -> [String] {
    let paths = try stringList(member, or: [])
    for path in paths where !SandboxPath.isPlain("/" + path) {
      throw error(
        member,
        "\"\(path)\" is not a path beneath the folder: no \".\", \"..\", doubled or trailing slashes."
      )
    }
    return paths
  }

  mutating func stringList(
    _ member: String, or fallback: [String]
  ) throws(SandboxError) -> [String] {
    guard let value = take(member) else { return fallback }
    guard case .array(let items) = value else { throw error(member, "a list should be here.") }
    var strings: [String] = []
    for item in items {
      guard case .string(let string) = item else {
        throw error(member, "a list of strings should be here.")
      }
      strings.append(string)
    }
    return strings
  }

  mutating func strings(of member: String) throws(SandboxError) -> [String: String] {
    guard let value = take(member) else { return [:] }
    guard case .object(let items) = value else { throw error(member, "an object should be here.") }
    var strings: [String: String] = [:]
    for (name, item) in items {
      guard case .string(let string) = item else {
        throw error("\(member).\(name)", "a string should be here.")
      }
      strings[name] = string
    }
    return strings
  }

  mutating func object(_ member: String) throws(SandboxError) -> ProfileObject {
    try ProfileObject(need(member), key: key.isEmpty ? member : "\(key).\(member)", path: path)
  }

  mutating func objects(_ member: String) throws(SandboxError) -> [ProfileObject] {
    guard case .array(let items) = try need(member) else {
      throw error(member, "a list should be here.")
    }
    var objects: [ProfileObject] = []
    for (index, item) in items.enumerated() {
      objects.append(try ProfileObject(item, key: "\(member)[\(index)]", path: path))
    }
    return objects
  }

  /// Refuses whatever was not taken.
  func end() throws(SandboxError) {
    guard let unknown = members.keys.min() else { return }
    throw error(unknown, "no such key. Known here: \(known.joined(separator: ", ")).")
  }
}
