// EgressResolution.swift — a name to addresses, once: what is judged is what is dialled.

public import Base
import Glibc

/// What a name resolved to.
public enum EgressResolution: Equatable, Sendable {
  case addresses([IPAddress])
  /// The resolver's words.
  case failed(String)

  /// Asks the system's resolver. Waits.
  @Sendable public static func bySystem(_ host: String) -> EgressResolution {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &first)
    guard code == 0 else { return .failed(String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(first) }
    var found: [IPAddress] = []
    var next = first
    while let entry = next {
      // A link-local address with a zone is read without it, and is refused as link local.
      if let address = address(entry.pointee), !found.contains(address) { found.append(address) }
      next = entry.pointee.ai_next
    }
    return .addresses(found)
  }

  private static func address(_ entry: addrinfo) -> IPAddress? {
    guard let pointer = entry.ai_addr else { return nil }
    switch entry.ai_family {
    case AF_INET:
      return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
        withUnsafeBytes(of: address.pointee.sin_addr) { IPAddress(bytes: Array($0)) }
      }
    case AF_INET6:
      return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
        withUnsafeBytes(of: address.pointee.sin6_addr) { IPAddress(bytes: Array($0)) }
      }
    default: return nil
    }
  }
}
