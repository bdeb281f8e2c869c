// ServerAddress.swift — `--model http(s)://HOST[:PORT]/v1#NAME`: where a model server is, and which model.

import Planner
import Transfer

/// A model on a server.
public struct ServerAddress: Equatable, Sendable {
  /// As typed, without the name and without a final slash: interfaces' paths are appended to it.
  public let base: String
  /// The server's name for the model.
  public let model: String
  let url: WebURL

  public var host: String { url.origin.host }

  /// Scheme, host and port.
  public var origin: String { url.origin.description }

  /// Whether what is sent stays on this machine.
  public var isLoopback: Bool { ["127.0.0.1", "::1", "[::1]", "localhost"].contains(host) }

  /// What `--model` takes.
  public var text: String { "\(base)#\(model)" }

  /// Reads what `--model` says.
  ///
  /// - Throws: ``RunError``: it is no address, or names no model.
  init(_ text: String) throws(RunError) {
    let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    var base = String(parts[0])
    while base.hasSuffix("/") { base.removeLast() }
    guard !base.contains("?"), let url = WebURL(base) else {
      throw RunError(
        .misconfigured(
          """
          "\(base)" is no address of a model server; it has the form http://HOST:PORT/v1, without a \
          user name. A key is configured, see Docs/SERVERS.md.
          """))
    }
    guard parts.count == 2, !parts[1].isEmpty, parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
    else {
      throw RunError(
        .misconfigured(
          "\(base) names no model. Put its name behind: \(base)#NAME; the server lists them: curl \(base)/models"
        ))
    }
    self.base = base
    self.url = url
    model = String(parts[1])
  }

  /// The address of one of the server's interfaces.
  func url(of path: String) -> WebURL? { WebURL(base + path) }

  /// The address of what lies beside the interfaces, such as `/tokenize`.
  func rootURL(of path: String) -> WebURL? {
    WebURL((base.hasSuffix("/v1") ? String(base.dropLast(3)) : base) + path)
  }
}
