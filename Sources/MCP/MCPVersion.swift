// MCPVersion.swift — the revisions of the protocol, and the two eras that do not mix.

import Base

/// How a connection is conducted.
public enum MCPEra: String, Equatable, Sendable {
  /// `initialize`, then requests: revisions up to 2025-11-25.
  case legacy
  /// No handshake; each request carries its version and capabilities: from 2026-07-28 on.
  case modern
}

/// A revision of the protocol. The dates are names: they are looked up, never compared.
public enum MCPVersion: String, CaseIterable, Sendable {
  case v2024_11_05 = "2024-11-05"
  case v2025_03_26 = "2025-03-26"
  case v2025_06_18 = "2025-06-18"
  case v2025_11_25 = "2025-11-25"
  case v2026_07_28 = "2026-07-28"

  public static let newestLegacy = MCPVersion.v2025_11_25
  public static let newestModern = MCPVersion.v2026_07_28

  public var era: MCPEra {
    switch self {
    case .v2024_11_05, .v2025_03_26, .v2025_06_18, .v2025_11_25: .legacy
    case .v2026_07_28: .modern
    }
  }
}

/// A program at one end of a connection. What a peer says of itself is for display only.
public struct MCPImplementation: Equatable, Sendable {
  public var name: String
  public var version: String

  public init(name: String, version: String) {
    self.name = name
    self.version = version
  }

  init?(_ json: JSONValue?) {
    guard let name = json?["name"]?.stringValue else { return nil }
    self.init(name: name, version: json?["version"]?.stringValue ?? "")
  }

  var json: JSONValue { ["name": .string(name), "version": .string(version)] }
}

/// Keys and names of the wire that both ends spell.
enum Wire {
  static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
  static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
  static let clientInfo = "io.modelcontextprotocol/clientInfo"
  static let serverInfo = "io.modelcontextprotocol/serverInfo"

  static let discover = "server/discover"
  static let initialize = "initialize"
  static let initialized = "notifications/initialized"
  static let ping = "ping"
  static let toolsList = "tools/list"
  static let toolsCall = "tools/call"
  static let cancelled = "notifications/cancelled"
  static let progress = "notifications/progress"
  static let message = "notifications/message"
  static let toolsChanged = "notifications/tools/list_changed"
}

/// What a peer wrote, when it is repeated in a sentence: not at any length.
func clipped(_ text: String) -> String {
  String(String.UnicodeScalarView(text.unicodeScalars.prefix(128)))
}
