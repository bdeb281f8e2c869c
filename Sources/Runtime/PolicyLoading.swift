// PolicyLoading.swift — which policy files count on this machine, in which order, for this run.
//
// The base is the first of: the files of /etc/martlet/policy.d/, what --policy names, the user's own
// file, the shipped default. Each later layer can only narrow it; the shipped default never does.

import Glibc
public import Policy

/// Why the policies of this machine could not be read from their places.
public enum PolicyPlaceError: Error, Equatable, Sendable, CustomStringConvertible {
  case cannotRead(path: String, reason: String)
  /// `--policy` names nothing that is there.
  case unknown(name: String, known: [String])
  case noneShipped

  public var description: String {
    switch self {
    case .cannotRead(let path, let reason): "The policy \(path) cannot be read: \(reason)."
    case .unknown(let name, let known):
      "There is no policy \"\(name)\": it is no file, and the shipped ones are "
        + "\(known.joined(separator: ", "))."
    case .noneShipped:
      "The program's own policies were not found. Name one: --policy FILE."
    }
  }
}

/// The policies of a run, found and compiled.
public struct PolicyLoading: Sendable {
  /// No policy that a person wrote comes near this.
  static let fileBytesMax = 8 << 20

  /// Reads and compiles the layers.
  ///
  /// - Parameters:
  ///   - chosen: What `--policy` says: the name of a shipped policy, or a file; nil for nothing.
  ///   - places: Where to look.
  ///   - workspace: With all links resolved. Its `.martlet/policy.json5` is the project's layer.
  ///   - home: What `${home}` stands for; nil for the user's.
  ///   - runsTests: False only to have the policies' own tests reported one by one.
  /// - Returns: The engine.
  /// - Throws: ``PolicyPlaceError``, or `PolicyError` for what is in the files.
  public static func engine(
    chosen: String?, places: Places, workspace: String, home: String? = nil,
    runsTests: Bool = true
  ) throws -> PolicyEngine {
    let variables = variables(workspace, home ?? places.home)
    var layers = try [system(places)].filter { !$0.isEmpty }
    if let chosen { layers.append([try source(chosen, places)]) }
    if let user = try file(places.userPolicyPath, .user) { layers.append([user]) }
    if layers.isEmpty { layers.append([try shipped("default", places)]) }
    if let project = try file(workspace + "/.martlet/policy.json5", .project) {
      layers.append([project])
    }
    return try checked(layers, variables, places, runsTests)
  }

  /// Reads and compiles layers that a person names one by one, for rehearsals.
  ///
  /// - Parameters:
  ///   - layers: Files, the base first.
  ///   - workspace: What `${workspace}` stands for.
  ///   - home: What `${home}` stands for; nil for the user's.
  ///   - places: Where revisions are kept.
  ///   - runsTests: As above.
  /// - Returns: The engine.
  /// - Throws: ``PolicyPlaceError``, or `PolicyError` for what is in the files.
  public static func engine(
    layers: [String], workspace: String, home: String?, places: Places, runsTests: Bool = true
  ) throws -> PolicyEngine {
    let sources = try layers.map { [try read($0, .chosen)] }
    return try checked(sources, variables(workspace, home ?? places.home), places, runsTests)
  }

  private static func variables(_ workspace: String, _ home: String) -> PolicyVariables {
    PolicyVariables(workspace: workspace, home: home.resolvingLinks ?? home)
  }

  /// Compiles the layers, and checks what their base demands of them: see `PolicySigning`.
  private static func checked(
    _ layers: [[PolicySource]], _ variables: PolicyVariables, _ places: Places,
    _ runsTests: Bool
  ) throws -> PolicyEngine {
    let engine = try PolicyEngine(
      base: layers.first ?? [], narrowing: layers.dropFirst().flatMap(\.self),
      variables: variables, runsTests: runsTests)
    if let demand = engine.signing {
      try PolicySigning.check(layers.flatMap(\.self), engine.policies, demand, places)
    }
    return engine
  }

  /// The names of the policies that ship with the program, sorted.
  public static func shippedNames(_ places: Places) -> [String] {
    guard let folder = places.resources?.policiesFolder else { return [] }
    return names(in: folder).map { String($0.dropLast(".json5".count)) }
  }

  private static func system(_ places: Places) throws -> [PolicySource] {
    let folder = places.systemPolicyFolder
    guard access(folder, F_OK) == 0 else { return [] }
    // A folder that cannot be looked into may hold rules; to go on without them would widen.
    guard access(folder, R_OK | X_OK) == 0 else {
      throw PolicyPlaceError.cannotRead(path: folder, reason: String(cString: strerror(errno)))
    }
    try SystemFile.checkFolder(folder, owner: places.systemOwner)
    return try names(in: folder).map { name in
      let path = "\(folder)/\(name)"
      let bytes = try SystemFile.bytes(path, bytesMax: fileBytesMax, owner: places.systemOwner)
      return PolicySource(name: path, bytes: bytes, place: .system)
    }
  }

  private static func source(_ chosen: String, _ places: Places) throws -> PolicySource {
    let known = shippedNames(places)
    if known.contains(chosen) { return try shipped(chosen, places) }
    guard let source = try file(chosen, .chosen) else {
      throw PolicyPlaceError.unknown(name: chosen, known: known)
    }
    return source
  }

  private static func shipped(_ name: String, _ places: Places) throws -> PolicySource {
    guard let folder = places.resources?.policiesFolder else { throw PolicyPlaceError.noneShipped }
    return try read("\(folder)/\(name).json5", name == "default" ? .shipped : .chosen)
  }

  /// The file's source; nil where there is no such file.
  private static func file(
    _ path: String, _ place: PolicySource.Place
  ) throws -> PolicySource? {
    guard access(path, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR else { return nil }
    return try read(path, place)
  }

  private static func read(_ path: String, _ place: PolicySource.Place) throws -> PolicySource {
    do throws(FileReadError) {
      let bytes = try wholeFile(path, bytesMax: fileBytesMax)
      return PolicySource(name: path, bytes: bytes, place: place)
    } catch {
      throw PolicyPlaceError.cannotRead(path: path, reason: error.reason)
    }
  }

  /// The `*.json5` files in a folder, sorted by the bytes of their names.
  private static func names(in folder: String) -> [String] {
    folderNames(in: folder).filter { $0.hasSuffix(".json5") }
  }
}
