// IPAddress.swift — numeric addresses, and which of them are out on the public internet.
//
// A name that a rule allows may resolve to the machine itself, to its neighbours or to a cloud's
// metadata service. Whoever connects judges the address that it dials; here the addresses that
// stand in a URL are judged. Tables: IANA special-purpose registries for IPv4 and IPv6 (RFC 6890
// and its successors), and addresses of cloud metadata services, which are named because
// registries do not know them.

import Glibc

/// An IPv4 or IPv6 address, most significant byte first.
public struct IPAddress: Equatable, Hashable, Sendable {
  /// 4 or 16 bytes.
  public let bytes: [UInt8]

  /// An IPv4 address in its one canonical spelling, four decimal numbers without leading zeros.
  public init?(v4 text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }),
        part.count == 1 || part.first != UInt8(ascii: "0"),
        let value = UInt8(String(decoding: part, as: UTF8.self))
      else { return nil }
      bytes.append(value)
    }
    self.bytes = bytes
  }

  /// An IPv6 address in any spelling of RFC 4291, no zone.
  public init?(v6 text: String) {
    guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
    var address = in6_addr()
    guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    bytes = withUnsafeBytes(of: &address) { Array($0) }
  }

  /// 4 or 16 bytes, as they stand in a packet; nil for any other number.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Who answers at an address.
  public enum Reach: String, Equatable, Sendable {
    /// Global unicast of no special range, as itself and as the IPv4 address that it may carry.
    case world
    /// A network of one's own: RFC 1918, RFC 4193.
    case site
    /// This machine, by its loopback addresses.
    case machine
    /// Anything else: link local, metadata services, multicast, shared, documentation, or a special
    /// address in another one's clothes. No name may lead there.
    case special
  }

  public var reach: Reach {
    if bytes.count == 4 { return Self.reachOfV4(bytes) }
    if bytes == Self.loopbackV6 { return .machine }
    if let carried = carriedV4 { return Self.reachOfV4(carried) == .world ? .world : .special }
    if Self.isPublicV6(bytes) { return .world }
    let isMetadata = bytes.starts(with: [0xFD, 0x00, 0x0E, 0xC2])
    return bytes[0] & 0xFE == 0xFC && !isMetadata ? .site : .special
  }

  /// Whether the address is one of the public internet.
  public var isPublic: Bool { reach == .world }

  private static let loopbackV6: [UInt8] = [UInt8](repeating: 0, count: 15) + [1]

  /// The IPv4 address inside an IPv6 address that reaches one: mapped, compatible, NAT64, 6to4.
  private var carriedV4: [UInt8]? {
    let zeros = [UInt8](repeating: 0, count: 10)
    if bytes.starts(with: zeros), bytes[10] == bytes[11], bytes[10] == 0 || bytes[10] == 0xFF {
      return Array(bytes[12...])
    }
    if bytes.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
      return Array(bytes[12...])
    }
    if bytes.starts(with: [0x20, 0x02]) { return Array(bytes[2..<6]) }
    return nil
  }

  private static func reachOfV4(_ bytes: [UInt8]) -> Reach {
    let value = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let range = rangesV4.first { value >> (32 - $0.length) == $0.prefix >> (32 - $0.length) }
    return range?.reach ?? .world
  }

  private static let rangesV4: [(prefix: UInt32, length: UInt32, reach: Reach)] = [
    (0x0000_0000, 8, .special),  // this network
    (0x0A00_0000, 8, .site),
    (0x6440_0000, 10, .special),  // carrier-grade NAT; Alibaba's metadata service
    (0x7F00_0000, 8, .machine),
    (0xA9FE_0000, 16, .special),  // link local; most metadata services
    (0xAC10_0000, 12, .site),
    (0xC000_0000, 24, .special),  // protocol assignments
    (0xC000_0200, 24, .special),  // documentation
    (0xC058_6300, 24, .special),  // 6to4 relays
    (0xC0A8_0000, 16, .site),
    (0xC612_0000, 15, .special),  // benchmarking
    (0xC633_6400, 24, .special),  // documentation
    (0xCB00_7100, 24, .special),  // documentation
    (0xE000_0000, 3, .special),  // multicast, reserved, broadcast
    (0xA83F_8110, 32, .special),  // 168.63.129.16: Azure's metadata service
  ]

  /// Global unicast is 2000::/3; the special ranges within it are taken out.
  private static func isPublicV6(_ bytes: [UInt8]) -> Bool {
    guard bytes[0] & 0xE0 == 0x20 else { return false }
    // 2001::/23 protocol assignments (Teredo among them), 2001:db8::/32 and 3fff::/20 documentation.
    if bytes[0] == 0x20, bytes[1] == 0x01 {
      if bytes[2] < 0x02 { return false }
      if bytes[2] == 0x0D, bytes[3] == 0xB8 { return false }
    }
    return !(bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] < 0x10)
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
    let groups = stride(from: 0, to: 16, by: 2).map { index in
      String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
    }
    return groups.joined(separator: ":")
  }
}
