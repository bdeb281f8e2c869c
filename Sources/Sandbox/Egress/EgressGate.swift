// EgressGate.swift — who decides about connections, and what came of one. The broker knows no policy.

public import Base

/// A grant: where to, and which addresses of that host may be dialled.
public struct EgressGrant: Sendable {
  /// A name or a numeric address, without brackets.
  public var host: String
  public var port: Int
  /// The rule that granted it, for the record.
  public var rule: String
  /// Whether the host's fetcher makes the request in the plugin's place, so that nothing can be asked for
  /// but the URL that was judged, by the method that was judged.
  public var bindsRequest: Bool
  /// Asked about every address that the name resolves to, before any of them is dialled.
  public var admits: @Sendable (IPAddress) -> Bool

  public init(
    host: String, port: Int, rule: String, bindsRequest: Bool = false,
    admits: @escaping @Sendable (IPAddress) -> Bool
  ) {
    self.host = host
    self.port = port
    self.rule = rule
    self.bindsRequest = bindsRequest
    self.admits = admits
  }
}

/// The gate's word about one request.
public enum EgressVerdict: Sendable {
  case granted(EgressGrant)
  case refused(reason: String)
}

/// What became of a granted request.
public struct EgressOutcome: Equatable, Sendable {
  public enum Ending: String, Equatable, Sendable {
    /// Either side ended it.
    case closed
    /// The name has no address here.
    case unresolved
    /// One of the name's addresses is none that the grant admits; none was dialled.
    case addressRefused = "address_refused"
    case unreachable
    /// The proxy would not.
    case proxyRefused = "proxy_refused"
    /// More came, or was sent, than may.
    case bytesSpent = "bytes_spent"
    case timeSpent = "time_spent"
    /// The fetcher, which was to make the request, could not be started or did not end well.
    case fetcherFailed = "fetcher_failed"
    /// The plugin ended or was ended while the connection was open.
    case stopped
    /// The tool call that it was made for was over.
    case callEnded = "call_ended"
  }

  public var request: EgressRequest
  public var host: String
  public var port: Int
  public var rule: String
  /// Whether the host's fetcher made the request.
  public var bindsRequest: Bool
  /// The one that was dialled; nil where none was, and where a proxy dialled.
  public var address: IPAddress?
  /// "HOST:PORT" of the proxy, which then resolved the name.
  public var proxy: String?
  public var sentBytes: Int
  public var receivedBytes: Int
  public var duration: Duration
  public var ending: Ending
}

/// Decides about connections and hears what became of them.
public protocol EgressGate: Sendable {
  /// Judges a request, after recording the decision. Nothing was resolved or dialled yet.
  func judge(_ request: EgressRequest) async -> EgressVerdict

  /// Told once for every grant.
  func ended(_ outcome: EgressOutcome) async
}

/// The broker's bounds and means.
public struct EgressSettings: Sendable {
  /// Requests under way at one time.
  public var openCountMax = 8
  /// Requests in the life of one plugin.
  public var requestCountMax = 4096
  /// Different hosts in the life of one plugin: a host's name carries data out even where the
  /// connection does not.
  public var hostCountMax = 64
  /// Of one connection, as they come: compressed, with TLS around them.
  public var receivedBytesMax = 48 << 20
  public var sentBytesMax = 1 << 20
  /// From the grant to the connection.
  public var connectTimeMax = Duration.seconds(10)
  /// Of one address, where a host has several.
  public var addressTimeMax = Duration.seconds(5)
  /// From the connection to its end.
  public var connectionTimeMax = Duration.seconds(60)
  public var proxy: EgressProxy?
  /// Makes the requests of grants that bind them; without one there are none.
  public var fetcher: EgressFetcher?
  /// Addresses of a name, in the order in which to try them.
  public var resolve: @Sendable (_ host: String) -> EgressResolution = EgressResolution.bySystem

  public init() {}
}
