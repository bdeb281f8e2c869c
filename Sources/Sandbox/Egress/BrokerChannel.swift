// BrokerChannel.swift — the plugin's end of the channel to the broker in the host.

public import Base
import CSandbox
import Glibc

/// Asks for connections, one at a time. Waits for each answer: a person may be asked meanwhile.
public struct BrokerChannel: Sendable {
  /// Why there is no connection.
  public struct Refusal: Error, Equatable, Sendable {
    /// One sentence.
    public var message: String
    /// Whether the policy said no, as opposed to the network.
    public var isRefused: Bool

    public init(message: String, isRefused: Bool) {
      self.message = message
      self.isRefused = isRefused
    }
  }

  /// A granted connection: a byte stream to the URL's host, as it was judged.
  public struct Connection: Sendable {
    /// The request's number.
    public var id: Int
    /// Whoever takes it closes it.
    public var socket: Int32
    public var host: String
    public var port: Int
    /// Nil where a proxy resolved the name.
    public var address: IPAddress?
    /// Whether it leads to the host's fetcher, which makes the request itself.
    public var isFetched: Bool
  }

  /// Where profiles of such plugins show private authorities, a PEM file.
  public static let authoritiesPath = "/run/martlet/authorities.pem"

  private let descriptor: Int32
  private var lastID = 0
  /// Why the broker cut a connection, by its request.
  private var cuts: [Int: String] = [:]

  /// - Parameter descriptor: Of the channel; it stays open.
  public init(descriptor: Int32) { self.descriptor = descriptor }

  /// The channel that this process was started with; nil where there is none.
  public static func ofThisProcess() -> BrokerChannel? {
    guard let text = getenv(EgressBroker.variable).map({ String(cString: $0) }),
      let number = Int32(text), number > 2, fcntl(number, F_GETFD) >= 0
    else { return nil }
    return BrokerChannel(descriptor: number)
  }

  /// Announces a request and takes the connection for it.
  public mutating func connect(
    _ url: String, method: String, hop: Int, purpose: EgressRequest.Purpose
  ) throws(Refusal) -> Connection {
    lastID += 1
    let request = EgressRequest(
      id: lastID, url: url, method: method, hop: hop, purpose: purpose)
    let packet = request.packet
    guard packet.count <= EgressRequest.packetBytesMax else {
      throw Refusal(
        message: "The address has \(url.utf8.count) bytes; that is too long.", isRefused: false)
    }
    let sent = packet.withUnsafeBytes { bytes in
      bytes.baseAddress.map { cs_send_packet(descriptor, $0, bytes.count, -1) } ?? -1
    }
    guard sent == packet.count else { throw Self.gone }
    while true {
      guard let (answer, socket) = receive(flags: 0) else { throw Self.gone }
      switch answer {
      case .granted(let id, let host, let port, let address, let isFetched)
      where id == lastID && socket >= 0:
        return Connection(
          id: id, socket: socket, host: host, port: port, address: address, isFetched: isFetched)
      case .denied(let id, let isRefused, let reason) where id == lastID:
        throw Refusal(message: reason, isRefused: isRefused)
      case .cut(let id, let reason): cuts[id] = reason
      case .granted, .denied:
        // Of a request that was given up.
        if socket >= 0 { close(socket) }
      }
    }
  }

  /// Why the broker cut the connection of request `id`; nil where it did not.
  public mutating func cutReason(of id: Int) -> String? {
    while let (answer, socket) = receive(flags: Int32(MSG_DONTWAIT)) {
      if case .cut(let id, let reason) = answer { cuts[id] = reason }
      if socket >= 0 { close(socket) }
    }
    return cuts.removeValue(forKey: id)
  }

  private static let gone = Refusal(
    message: "The host makes no connections any more; the run is ending.", isRefused: false)

  private func receive(flags: Int32) -> (EgressAnswer, socket: Int32)? {
    while true {
      var socket: Int32 = -1
      var size = 0
      let packet = [UInt8](unsafeUninitializedCapacity: EgressRequest.packetBytesMax) {
        buffer, count in
        guard let base = buffer.baseAddress else { return }
        size = cs_receive_packet(descriptor, base, buffer.count, flags, &socket)
        count = max(size, 0)
      }
      if size < 0, errno == EINTR { continue }
      guard size > 0 else { return nil }
      guard let answer = EgressAnswer(packet: packet) else {
        if socket >= 0 { close(socket) }
        return nil
      }
      return (answer, socket)
    }
  }
}
