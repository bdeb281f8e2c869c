// Places.swift — where a user's files lie: the XDG folders, and what the program looks for in them.
//
// Source: XDG Base Directory Specification 0.8. A variable that is not an absolute path is ignored,
// as the specification demands.

import Glibc
public import Hub
public import Inference
import Planner

/// The folders of one user on this machine. Nothing is made here; whoever writes first makes them.
public struct Places: Equatable, Sendable {
  /// `$XDG_CONFIG_HOME/martlet`: policies, profiles and tools of one's own.
  public let configFolder: String
  /// `$XDG_DATA_HOME/martlet`: memories, models.
  public let dataFolder: String
  /// `$XDG_STATE_HOME/martlet`: the ledger.
  public let stateFolder: String
  /// `$XDG_CACHE_HOME/martlet`: what can be made or fetched again.
  public let cacheFolder: String
  /// The administrator's folder.
  public let systemFolder: String
  /// Who has to own the administrator's policies: root.
  public let systemOwner: UInt32
  /// What ships with the program; nil when the program was moved away from it.
  public let resources: Resources?
  /// The user's home folder.
  public let home: String
  /// The cache of models that programs share.
  public let modelCache: HubCache
  /// Other programs' models.
  public let otherStores: LocalStores

  /// Folders as `environment` names them; `HOME` falls back to the user database.
  public init(
    environment: [String: String], resources: Resources? = .ofThisProgram(),
    systemFolder: String = "/etc/martlet", systemOwner: UInt32 = 0
  ) {
    func absolute(_ name: String) -> String? {
      guard let path = environment[name], path.hasPrefix("/") else { return nil }
      return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
    home = absolute("HOME") ?? Self.homeOfUser()
    configFolder = (absolute("XDG_CONFIG_HOME") ?? home + "/.config") + "/martlet"
    dataFolder = (absolute("XDG_DATA_HOME") ?? home + "/.local/share") + "/martlet"
    stateFolder = (absolute("XDG_STATE_HOME") ?? home + "/.local/state") + "/martlet"
    cacheFolder = (absolute("XDG_CACHE_HOME") ?? home + "/.cache") + "/martlet"
    modelCache = HubCache(folder: HubCache.folder(environment: environment, home: home))
    otherStores = LocalStores(environment: environment, home: home)
    self.systemFolder = systemFolder
    self.systemOwner = systemOwner
    self.resources = resources
  }

  /// The places of the user who runs this process.
  public static func ofThisProcess() -> Places {
    let names =
      ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]
      + HubCache.variables + LocalStores.variables
    return Places(environment: environment(names))
  }

  /// The variables `names` of this process that are set.
  private static func environment(_ names: [String]) -> [String: String] {
    var values: [String: String] = [:]
    for name in names { values[name] = getenv(name).map { String(cString: $0) } }
    return values
  }

  /// Where models come from, as this process's environment has it.
  ///
  /// - Parameter tokenFile: A file that holds the token, instead of the environment's.
  /// - Returns: The settings, with the token in them.
  /// - Throws: `HubError` for an endpoint or a token that cannot be used.
  public func hubSettings(tokenFile: String?) throws(HubError) -> HubSettings {
    try HubSettings(
      environment: Self.environment(HubSettings.variables), home: home, tokenFile: tokenFile)
  }

  /// As ``hubSettings(tokenFile:)``, with the proxy and the authorities of `network.json`.
  ///
  /// - Parameter tokenFile: A file that holds the token, instead of the environment's.
  /// - Returns: Everything that a fetch needs.
  /// - Throws: ``RunError``: a file or a variable cannot be used.
  public func fetchSettings(tokenFile: String?) throws(RunError) -> HubSettings {
    let network = try NetworkSettings(self)
    do throws(HubError) {
      var settings = try hubSettings(tokenFile: tokenFile)
      settings.certificates = network.certificates
      settings.proxy = network.route()
      return settings
    } catch {
      throw RunError(.misconfigured(error.description))
    }
  }

  /// Models' weights in the form that computes fastest.
  public var packedStore: PackedStore { PackedStore(folder: cacheFolder + "/packed") }

  /// Keys and values of prompts' beginnings.
  public var prefixStore: PrefixStore { PrefixStore(folder: cacheFolder + "/prefixes") }

  /// The one SQLite file of the run ledger.
  public var ledgerPath: String { stateFolder + "/ledger.sqlite" }

  /// The one SQLite file of the memories.
  public var memoriesPath: String { dataFolder + "/memories.sqlite" }

  /// The index of the user's documents, a folder of its own because a sandbox gets to see all of it.
  public var documentsFolder: String { dataFolder + "/documents" }

  /// The one SQLite file of the index.
  public var documentIndexPath: String { documentsFolder + "/index.sqlite" }

  /// Which search engine the browser asks.
  public var searchSettingsPath: String { configFolder + "/search.json" }

  /// Pages that the browser keeps between runs.
  public var pageCacheFolder: String { cacheFolder + "/pages" }
  /// The one SQLite file of leases, budgets by the day, and the policies' last revisions.
  public var policyRecordsPath: String { stateFolder + "/policy.sqlite" }

  /// The user's settings.
  public var configurationPath: String { configFolder + "/config.json" }

  /// Models by name, one folder each.
  public var modelsFolder: String { dataFolder + "/models" }

  /// Folders with one folder per tool plugin; the first that has a name counts.
  public var toolsFolders: [String] {
    [configFolder + "/tools"] + (resources.map { [$0.toolsFolder] } ?? [])
  }

  /// Folders of sandbox profiles; the first that has a name counts. The administrator's come first.
  public var profileFolders: [String] {
    [systemFolder + "/sandboxes", configFolder + "/sandboxes"]
      + (resources.map { [$0.sandboxesFolder] } ?? [])
  }

  /// The administrator's policies: every `*.json5` in it, one base layer together.
  public var systemPolicyFolder: String { systemFolder + "/policy.d" }

  /// The user's own policy.
  public var userPolicyPath: String { configFolder + "/policy.json5" }

  private static func homeOfUser() -> String {
    guard let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir else { return "/" }
    return String(cString: folder)
  }
}
