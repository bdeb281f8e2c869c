// NetworkSettings.swift — how this machine reaches the web: `network.json`.
//
// The administrator's /etc/martlet/network.json where there is one, else the user's own. Every key may
// be missing; an unknown one is an error.
//
//     "proxy": "http://proxy.example:3128"    takes CONNECT; "environment" for https_proxy, no_proxy
//     "noProxy": ["localhost", ".corp.example"]
//     "proxyCredentials": "/path/of/a/file"   USER:PASSWORD, for basic authentication
//     "caFile": "/path/of/authorities.pem"    beside the system's; without it, SSL_CERT_FILE
//     "robots": "respect" | "ignore"          whether sites' robots.txt counts; "respect"
//     "maxHosts": 64                          different hosts that one run may reach
//     "paceSeconds": 1                        between two pages of one host, 0 to 60
//     "cache": true | false                   whether pages are kept between runs; false
//     "acceptLanguage": "de, en;q=0.5"        which languages sites are asked for, as HTTP has it

import Base
import Glibc
import Planner
import Sandbox
import ToolHost

/// Settings of the network, for plugins that have the broker for one and for the program's own requests.
struct NetworkSettings: Equatable {
  var proxy: EgressProxy?
  /// Authorities beside the system's: of the file, else what SSL_CERT_FILE names.
  var authorities: String?
  /// Whether the file names them.
  private(set) var hasCAFile = false
  var ignoresRobots = false
  var hostCountMax: Int?
  var keepsPages = false
  var paceMilliseconds: Int?
  var acceptLanguage: String?

  private static let bytesMax = 64 << 10

  private struct Problem: Error {
    var words: String

    init(_ words: String) { self.words = words }
  }

  /// - Throws: ``RunError`` that names file, key and remedy.
  init(_ places: Places, environment: (String) -> String? = Self.variable) throws(RunError) {
    if let path = Self.path(places) {
      do {
        let json = try JSONReader.value(wholeFile(path, bytesMax: Self.bytesMax), source: path)
        try read(json, environment)
      } catch let error as FileReadError {
        throw RunError(.misconfigured("\(path) cannot be read: \(error.reason)."))
      } catch let error as Problem {
        throw RunError(.misconfigured("\(path): \(error.words)."))
      } catch {
        throw RunError(.misconfigured("\(error)"))
      }
    }
    if authorities == nil { authorities = environment("SSL_CERT_FILE") }
  }

  /// The file that counts, the administrator's first; nil where there is none.
  static func path(_ places: Places) -> String? {
    [places.systemFolder, places.configFolder].map { $0 + "/network.json" }
      .first(where: Resources.exists)
  }

  private static let keys = [
    "proxy", "noProxy", "proxyCredentials", "caFile", "robots", "maxHosts",
    "paceSeconds", "cache", "acceptLanguage",
  ]

  private mutating func read(_ json: JSONValue, _ environment: (String) -> String?) throws {
    guard let object = json.objectValue else { throw Problem("it must be an object: { … }") }
    if let other = object.keys.first(where: { !Self.keys.contains($0) }) {
      throw Problem(
        "\"\(other)\" is not a setting; there are: \(Self.keys.joined(separator: ", "))")
    }
    func text(_ key: String) throws -> String? {
      guard let value = object[key] else { return nil }
      guard let text = value.stringValue, !text.isEmpty else {
        throw Problem("\"\(key)\" must be a string that is not empty")
      }
      return text
    }
    if let text = try text("proxy") { proxy = try Self.proxy(text, environment) }
    if let list = object["noProxy"] {
      guard let elements = list.arrayValue, elements.allSatisfy({ $0.stringValue != nil }) else {
        throw Problem("\"noProxy\" must be a list of hosts")
      }
      proxy?.exceptions += elements.compactMap(\.stringValue)
    }
    if let path = try text("proxyCredentials") {
      let bytes = try wholeFile(path, bytesMax: Self.bytesMax)
      let line = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
      guard line.contains(":") else {
        throw Problem("\"proxyCredentials\": \(path) does not begin with USER:PASSWORD")
      }
      proxy?.credentials = line
    }
    authorities = try text("caFile")
    hasCAFile = authorities != nil
    if let authorities, !Resources.exists(authorities) {
      throw Problem("\"caFile\": there is no file \(authorities)")
    }
    if let word = try text("robots") {
      guard ["respect", "ignore"].contains(word) else {
        throw Problem("\"robots\" is \"respect\" or \"ignore\"")
      }
      ignoresRobots = word == "ignore"
    }
    if let value = object["cache"] {
      guard let bool = value.boolValue else { throw Problem("\"cache\" must be true or false") }
      keepsPages = bool
    }
    if let value = object["paceSeconds"] {
      guard let seconds = value.doubleValue, (0...60).contains(seconds) else {
        throw Problem("\"paceSeconds\" must be a number from 0 to 60")
      }
      paceMilliseconds = Int(seconds * 1000)
    }
    if let text = try text("acceptLanguage") {
      let isHeader = text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
          || " ,;=.-*".utf8.contains(byte)
      }
      guard isHeader, text.utf8.count <= 200 else {
        throw Problem("\"acceptLanguage\" must be of the form \"de, en;q=0.5\"")
      }
      acceptLanguage = text
    }
    if let value = object["maxHosts"] {
      guard let count = value.intValue, (1...100_000).contains(count) else {
        throw Problem("\"maxHosts\" must be a whole number from 1 to 100000")
      }
      hostCountMax = count
    }
  }

  private static func proxy(
    _ text: String, _ environment: (String) -> String?
  ) throws -> EgressProxy? {
    guard text == "environment" else { return try proxy(text) }
    let named = environment("https_proxy") ?? environment("HTTPS_PROXY")
    guard let named, !named.isEmpty else { return nil }
    var proxy = try proxy(named)
    let exceptions = environment("no_proxy") ?? environment("NO_PROXY") ?? ""
    proxy.exceptions = exceptions.split(separator: ",").map {
      String($0.drop { $0 == " " }.prefix { $0 != " " })
    }
    return proxy
  }

  /// "http://HOST:PORT", the scheme and a final slash being optional.
  private static func proxy(_ text: String) throws -> EgressProxy {
    var rest = text[...]
    if rest.hasPrefix("http://") { rest = rest.dropFirst("http://".count) }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let colon = rest.lastIndex(of: ":")
    guard !rest.contains("/"), !rest.contains("@"), let colon,
      let port = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(port),
      colon > rest.startIndex
    else {
      throw Problem(
        "the proxy is not of the form http://HOST:PORT (a password belongs into proxyCredentials)")
    }
    var host = rest[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return EgressProxy(host: String(host), port: port)
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  // MARK: - For plugins

  /// For the broker.
  func egress(_ places: ToolHost.Places) -> EgressSettings {
    var settings = EgressSettings()
    settings.proxy = proxy
    if let hostCountMax { settings.hostCountMax = hostCountMax }
    let command = SandboxCommand(
      ["martlet", "tool", "serve", "fetcher"], hostProgram: places.program ?? "/proc/self/exe")
    settings.fetcher = EgressFetcher(command) { () throws(SandboxError) in
      try SandboxPlan(
        SandboxProfile(named: "fetcher", in: places.profileFolders), folders: places.folders,
        wall: .find(), tier: places.tier)
    }
    return settings
  }

  /// Paths for the folder names in the profiles of such plugins.
  func folders(_ places: Places) -> [String: String] {
    var folders: [String: String] = [:]
    folders["authorities"] = authorities
    if keepsPages {
      // Where it cannot be made, the grant finds nothing, and nothing is kept.
      var path = ""
      for part in places.pageCacheFolder.split(separator: "/") {
        path += "/\(part)"
        mkdir(path, 0o700)
      }
      folders["cache"] = places.pageCacheFolder
    }
    return folders
  }

  /// For plugins.
  var variables: [String: String] {
    var variables: [String: String] = [:]
    if ignoresRobots { variables["MARTLET_ROBOTS"] = "ignore" }
    variables["MARTLET_PACE"] = paceMilliseconds.map(String.init)
    variables["MARTLET_ACCEPT_LANGUAGE"] = acceptLanguage
    return variables
  }
}
