// EgressMessages.swift — what a plugin and the broker say to each other about connections.
//
// The channel is a SOCK_SEQPACKET pair: one packet, one JSON object. The plugin asks
//
//     {"fetch":1,"url":"https://example.com/a","method":"GET","hop":0,"purpose":"page"}
//
// where "fetch" is a number of its own choosing, "hop" counts the redirects that led there, and
// "purpose" is "page", "robots" or "service". It is answered
//
//     {"fetch":1,"granted":true,"host":"example.com","port":443,"address":"93.184.215.14"}
//     {"fetch":1,"granted":false,"refused":true,"reason":"No rule allows it."}
//
// and with a grant comes one end of a byte stream, whose other end the broker relays to that host.
// "address" is missing where a proxy resolved the name. Where there is "by":"fetcher" beside them, the stream
// leads to the host's fetcher, which makes the request: see EgressFetcher.swift. A relay that the broker breaks off is told:
//
//     {"cut":1,"reason":"More than 50331648 bytes came."}

public import Base

/// A page that a plugin wants: its word for all but what the broker then enforces.
public struct EgressRequest: Equatable, Sendable {
  /// What the answer is for.
  public enum Purpose: String, Equatable, Sendable, CaseIterable {
    case page
    /// The site's rules for programs, which stand beside a page that was granted.
    case robots
    /// One address that the host knows beforehand and sends what it has judged.
    case service
  }

  /// The plugin's number for it.
  public var id: Int
  public var url: String
  public var method: String
  /// Redirects that led here.
  public var hop: Int
  public var purpose: Purpose

  public init(
    id: Int, url: String, method: String = "GET", hop: Int = 0, purpose: Purpose = .page
  ) {
    self.id = id
    self.url = url
    self.method = method
    self.hop = hop
    self.purpose = purpose
  }

  /// Longer packets are nobody's.
  public static let packetBytesMax = 16 << 10

  /// Reads a packet; nil where it is no request.
  init?(packet: some Collection<UInt8>) {
    let limits = JSONReader.Limits(depthMax: 4, valueCountMax: 16)
    guard
      let json = try? JSONReader.value(Array(packet), source: "the plugin", limits: limits),
      let id = json["fetch"]?.intValue, (0...1 << 40).contains(id),
      let url = json["url"]?.stringValue, let method = json["method"]?.stringValue,
      let hop = json["hop"]?.intValue, (0...100).contains(hop),
      let purpose = json["purpose"]?.stringValue.flatMap(Purpose.init(rawValue:))
    else { return nil }
    self.init(id: id, url: url, method: method, hop: hop, purpose: purpose)
  }

  /// As it is sent.
  public var packet: [UInt8] {
    let json: JSONValue = [
      "fetch": .number(.integer(Int64(id))), "url": .string(url), "method": .string(method),
      "hop": .number(.integer(Int64(hop))), "purpose": .string(purpose.rawValue),
    ]
    return Array(json.compactText.utf8)
  }
}

/// What the broker says.
public enum EgressAnswer: Equatable, Sendable {
  /// The connection came along. `address` is nil where a proxy resolved the name; `isFetched` says that it
  /// leads to the host's fetcher.
  case granted(id: Int, host: String, port: Int, address: IPAddress?, isFetched: Bool = false)
  /// By the policy, or because there is no way to the host.
  case denied(id: Int, isRefused: Bool, reason: String)
  /// The broker broke the connection of this request off.
  case cut(id: Int, reason: String)

  /// Reads a packet; nil where it is no answer.
  public init?(packet: some Collection<UInt8>) {
    guard let json = try? JSONReader.value(Array(packet), source: "the broker") else { return nil }
    if let id = json["cut"]?.intValue {
      self = .cut(id: id, reason: json["reason"]?.stringValue ?? "")
      return
    }
    guard let id = json["fetch"]?.intValue, let isGranted = json["granted"]?.boolValue else {
      return nil
    }
    guard isGranted else {
      self = .denied(
        id: id, isRefused: json["refused"]?.boolValue ?? true,
        reason: json["reason"]?.stringValue ?? "")
      return
    }
    guard let host = json["host"]?.stringValue, let port = json["port"]?.intValue else {
      return nil
    }
    let address = json["address"]?.stringValue.flatMap { IPAddress(v4: $0) ?? IPAddress(v6: $0) }
    self = .granted(
      id: id, host: host, port: port, address: address,
      isFetched: json["by"]?.stringValue == "fetcher")
  }

  /// As it is sent.
  var packet: [UInt8] {
    var object: JSONObject = [:]
    switch self {
    case .granted(let id, let host, let port, let address, let isFetched):
      object["fetch"] = .number(.integer(Int64(id)))
      object["granted"] = true
      object["host"] = .string(host)
      object["port"] = .number(.integer(Int64(port)))
      object["address"] = address.map { .string($0.description) }
      if isFetched { object["by"] = "fetcher" }
    case .denied(let id, let isRefused, let reason):
      object["fetch"] = .number(.integer(Int64(id)))
      object["granted"] = false
      object["refused"] = .bool(isRefused)
      object["reason"] = .string(Self.capped(reason))
    case .cut(let id, let reason):
      object["cut"] = .number(.integer(Int64(id)))
      object["reason"] = .string(Self.capped(reason))
    }
    return Array(JSONValue.object(object).compactText.utf8)
  }

  /// A rule's reason may be of any length, a packet may not.
  private static func capped(_ text: String) -> String { String(text.prefix(1000)) }
}
