// HubSettings.swift — which hub, with which token, into which cache: the variables that everyone reads.
//
// Source: huggingface_hub 2.4, constants.py and utils/_auth.py.

import Glibc
public import Transfer

/// Where models come from and where they go.
public struct HubSettings: Equatable, Sendable {
  /// Never with a path that ends in a slash.
  public var endpoint: WebURL
  /// Sent to the endpoint's origin and nowhere else.
  public var token: String?
  public var cache: HubCache
  /// Nothing may be asked of any hub.
  public var isOffline: Bool
  public var retries = RetrySchedule()
  /// Authorities that are trusted.
  public var certificates = CertificatePlaces.ofThisProcess()
  /// The way to the hub and to where its links lead.
  public var proxy = ProxyChoice.environment

  /// - Parameters:
  ///   - environment: `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`, `HF_HUB_CACHE`,
  ///     `HF_HUB_OFFLINE` and their older names.
  ///   - home: The user's home folder.
  ///   - tokenFile: A file that holds the token, instead of the environment's.
  /// - Throws: ``HubError`` for an endpoint or a token that cannot be used.
  public init(
    environment: [String: String], home: String, tokenFile: String? = nil
  ) throws(HubError) {
    let text = environment["HF_ENDPOINT"].flatMap { $0.isEmpty ? nil : $0 }
    endpoint = try Self.endpoint(text ?? "https://huggingface.co")
    cache = HubCache(folder: HubCache.folder(environment: environment, home: home))
    isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].contains {
      Self.isOn(environment[$0])
    }
    token =
      if let tokenFile {
        try Self.token(inFile: tokenFile)
      } else {
        try Self.implicitToken(environment, home: home)
      }
  }

  /// A client that goes the configured way.
  func client() -> HTTPClient { HTTPClient(certificates: certificates, proxy: proxy) }

  /// The names that ``init(environment:home:tokenFile:)`` reads.
  public static let variables =
    [
      "HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
      "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",
    ] + HubCache.variables

  private static func endpoint(_ text: String) throws(HubError) -> WebURL {
    var trimmed = text[...]
    while trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    guard let url = WebURL(String(trimmed)), !url.text.contains("?") else {
      throw .endpointUnusable(text)
    }
    return url
  }

  private static func isOn(_ value: String?) -> Bool {
    ["1", "ON", "YES", "TRUE"].contains(value?.uppercased())
  }

  private static let tokenBytesMax = 4096

  private static func implicitToken(
    _ environment: [String: String], home: String
  ) throws(HubError) -> String? {
    guard !isOn(environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"]) else { return nil }
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
      guard let value = environment[name], !value.isEmpty else { continue }
      guard let token = token(value) else { throw .tokenUnusable(place: name) }
      return token
    }
    let path =
      environment["HF_TOKEN_PATH"]
      ?? HubCache.homeFolder(environment: environment, home: home) + "/token"
    guard access(path, F_OK) == 0 else { return nil }
    return try token(inFile: path)
  }

  private static func token(inFile path: String) throws(HubError) -> String {
    let bytes: [UInt8]
    do throws(FileProblem) { bytes = try Files.bytes(path, bytesMax: tokenBytesMax) } catch {
      throw .tokenUnreadable(path: path, reason: error.reason)
    }
    guard let token = token(String(decoding: bytes, as: UTF8.self)) else {
      throw .tokenUnusable(place: path)
    }
    return token
  }

  /// The token without white space around it; nil where it could not stand in a header.
  private static func token(_ text: String) -> String? {
    guard let start = text.firstIndex(where: { !$0.isWhitespace }),
      let end = text.lastIndex(where: { !$0.isWhitespace })
    else { return nil }
    let token = text[start...end]
    return token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? String(token) : nil
  }
}

/// How often and how soon what failed is tried again.
public struct RetrySchedule: Equatable, Sendable {
  /// Failures in a row, none of which brought anything.
  public var countMax = 5
  public var firstDelay = Duration.seconds(1)
  public var delayMax = Duration.seconds(8)
  /// A server that asks for more patience than this is told off instead.
  public var patienceMax = Duration.seconds(300)

  public init() {}

  /// How long to wait after `failures` failures in a row.
  func delay(afterFailures failures: Int) -> Duration {
    min(delayMax, firstDelay * (1 << min(failures - 1, 16)))
  }
}
