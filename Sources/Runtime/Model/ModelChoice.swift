// ModelChoice.swift — what `--model` means: a name, a path, a script.

import Base
import Glibc
import Hub
public import Planner

/// Why a run could not begin. The outcome says it to people and to the shell.
public struct RunError: Error, Equatable, Sendable, CustomStringConvertible {
  public var outcome: Outcome

  public init(_ outcome: Outcome) { self.outcome = outcome }

  public var description: String { outcome.reason ?? outcome.name }
}

/// A model that a run could use, found but not loaded.
public enum ModelChoice: Equatable, Sendable {
  /// A checkpoint on this machine. The name is for people and for the policy's model gates.
  case checkpoint(name: String, path: String)
  /// A scripted engine: `script:FILE`.
  case script(path: String)
  /// A model on a server: `http://HOST/v1#NAME`.
  case server(ServerAddress)

  /// The model that ships with the program.
  public static let nano = "nano"

  /// How the policy names it: "local/nano", "script/demo.jsonl", "server/NAME".
  public var policyName: String {
    switch self {
    case .checkpoint(let name, _): "local/\(name)"
    case .script(let path): "script/\(Self.lastPart(of: path))"
    case .server(let address): "server/\(address.model)"
    }
  }

  /// What people read.
  public var shownName: String {
    switch self {
    case .checkpoint(let name, _): name
    case .script(let path): "script:\(path)"
    case .server(let address): address.text
    }
  }

  public var isScripted: Bool {
    if case .script = self { true } else { false }
  }

  /// Finds what `text` means.
  ///
  /// - Parameters:
  ///   - text: What `--model` says; nil for the configured model, else gpt-oss-20b where the store
  ///     or the shared cache has it, else nano.
  ///   - places: The store, the configuration, and what ships with the program.
  /// - Returns: The choice. A path is only looked at; whether it holds a model turns out on loading.
  /// - Throws: ``RunError`` that says what there is instead.
  public static func find(_ text: String?, in places: Places) throws(RunError) -> ModelChoice {
    if let text { return try named(text, in: places) }
    if let configured = try Configuration(places).model { return try named(configured, in: places) }
    for name in ["gpt-oss-20b", nano] {
      if let path = stored(name, in: places) ?? cached(name, in: places) {
        return .checkpoint(name: name, path: path)
      }
    }
    throw RunError(
      .modelFailed(
        "No model was found. Name one: --model DIR, or a .gguf file. See: martlet run --help"))
  }

  private static func named(_ text: String, in places: Places) throws(RunError) -> ModelChoice {
    if text.hasPrefix("script:") {
      return .script(path: String(text.dropFirst("script:".count)))
    }
    if text.hasPrefix("http://") || text.hasPrefix("https://") {
      return .server(try ServerAddress(text))
    }
    let isName = !text.isEmpty && !text.contains("/") && !text.hasPrefix(".")
    if isName, let path = stored(text, in: places) { return .checkpoint(name: text, path: path) }
    guard Resources.exists(text) else {
      if let path = cached(text, in: places) { return .checkpoint(name: text, path: path) }
      let known = storedNames(in: places)
      let list = known.isEmpty ? "none" : known.joined(separator: ", ")
      throw RunError(
        .modelFailed(
          "There is no model \"\(text)\": no such file or folder, and the store has: \(list)."
            + (ModelReference.shortNames.contains(text)
              ? " Fetch it: martlet model pull \(text)" : "")))
    }
    let path = text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
    return .checkpoint(name: lastPart(of: path.resolvingLinks ?? path), path: path)
  }

  /// Folders of models, each under its name: the user's store first.
  private static func folders(_ places: Places) -> [String] {
    [places.modelsFolder] + (places.resources.map { [$0.modelsFolder] } ?? [])
  }

  private static func stored(_ name: String, in places: Places) -> String? {
    folders(places).map { "\($0)/\(name)" }.first { Resources.exists($0 + "/config.json") }
  }

  /// Where the shared cache has what `text` names: "gpt-oss-20b", "ORG/NAME[@REVISION][:FILE]".
  private static func cached(_ text: String, in places: Places) -> String? {
    guard let reference = try? ModelReference(text) else { return nil }
    return places.modelCache.path(of: reference)
  }

  private static func storedNames(in places: Places) -> [String] {
    var names: Set<String> = []
    for folder in folders(places) {
      for name in folderNames(in: folder) where stored(name, in: places) != nil {
        names.insert(name)
      }
    }
    names.formUnion(ModelReference.shortNames.filter { cached($0, in: places) != nil })
    return names.sorted()
  }

  private static func lastPart(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}

/// The user's settings: `config.json` in the configuration folder.
struct Configuration {
  /// What `--model` says where it is not given.
  var model: String?
  /// Absolute paths of files whose lines are secrets: see ``RecordedSecrets``.
  var secretFiles: [String] = []
  /// What is known of model servers, by their addresses without a model's name.
  var servers: [String: ServerSettings] = [:]
  /// What `--max-cost` says where it is not given, in millionths.
  var costMillionthsMax: Int?

  private static let bytesMax = 1 << 20

  init(_ places: Places) throws(RunError) {
    let path = places.configurationPath
    guard Resources.exists(path) else { return }
    do {
      let json = try JSONReader.value(wholeFile(path, bytesMax: Self.bytesMax), source: path)
      guard let object = json.objectValue else { throw Problem("must be an object: { … }") }
      let known = ["maxCost", "model", "secrets", "servers"]
      if let other = object.keys.first(where: { !known.contains($0) }) {
        throw Problem(
          "\"\(other)\" is not a setting; there are: \(known.joined(separator: ", "))")
      }
      guard object["model"] == nil || object["model"]?.stringValue != nil else {
        throw Problem("\"model\" must be a string")
      }
      model = object["model"]?.stringValue
      if let value = object["maxCost"] {
        guard let amount = value.doubleValue, CostMeter.amounts.contains(amount) else {
          throw Problem("\"maxCost\" must be a number from 0 to 1000000")
        }
        costMillionthsMax = CostMeter.millionths(amount)
      }
      if let secrets = object["secrets"] {
        let paths = secrets.arrayValue?.compactMap(\.stringValue).filter { $0.hasPrefix("/") }
        guard let paths, paths.count == secrets.arrayValue?.count else {
          throw Problem("\"secrets\" must be a list of absolute paths of files")
        }
        secretFiles = paths
      }
      guard case .object(let list) = object["servers"] ?? .object([:]) else {
        throw Problem("\"servers\" must be an object, by the servers' addresses")
      }
      for (base, settings) in list {
        guard base.hasPrefix("http://") || base.hasPrefix("https://"), !base.hasSuffix("/"),
          !base.contains("#")
        else {
          throw Problem("\"servers\": \"\(base)\" has not the form https://HOST/v1")
        }
        self.servers[base] = try ServerSettings(settings, base: base)
      }
    } catch let error as ServerSettings.Problem {
      throw RunError(.misconfigured("\(path): \(error.words)."))
    } catch let error as FileReadError {
      throw RunError(.misconfigured("\(path) cannot be read: \(error.reason)."))
    } catch let error as Problem {
      throw RunError(.misconfigured("\(path): \(error.words)."))
    } catch {
      throw RunError(.misconfigured("\(error)"))
    }
  }

  private struct Problem: Error {
    var words: String

    init(_ words: String) { self.words = words }
  }
}
