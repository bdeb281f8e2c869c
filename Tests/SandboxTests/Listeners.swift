// Listeners.swift — sockets of the host that a walled command must not reach.

import Foundation
import Testing

final class Listeners: Sendable {
  let port: UInt16
  /// A stream socket's path, a datagram socket's, and the abstract name of another stream socket.
  let path: String
  let datagramPath: String
  let name: String
  private let sockets: [Int32]

  init(folder: String) throws {
    path = folder + "/stream.socket"
    datagramPath = folder + "/datagram.socket"
    name = "martlet-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let (tcp, udp, port) = try Self.internetSockets()
    self.port = port
    let stream = try Self.unixSocket(SOCK_STREAM, path)
    let datagram = try Self.unixSocket(SOCK_DGRAM, datagramPath)
    let abstract = try Self.unixSocket(SOCK_STREAM, "\0" + name)
    for listener in [tcp, stream, abstract] { try #require(listen(listener, 16) == 0) }
    sockets = [tcp, udp, stream, datagram, abstract]
    for file in [path, datagramPath] { chmod(file, 0o777) }
  }

  deinit { for socket in sockets { close(socket) } }

  /// A TCP and a UDP socket on one port of the loopback, which nobody has for either.
  private static func internetSockets() throws -> (tcp: Int32, udp: Int32, port: UInt16) {
    for _ in 0..<20 {
      let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      let udp = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      try Self.bind(tcp, &address)
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafeMutablePointer(to: &address) { pointer in
        _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          getsockname(tcp, $0, &size)
        }
      }
      if (try? Self.bind(udp, &address)) != nil {
        return (tcp, udp, UInt16(bigEndian: address.sin_port))
      }
      close(tcp)
      close(udp)
    }
    throw POSIXError(.EADDRINUSE)
  }

  private static func bind<Address>(_ socket: Int32, _ address: inout Address) throws {
    let size = socklen_t(MemoryLayout<Address>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(socket, $0, size) }
    }
    guard result == 0 else { throw POSIXError(.EADDRINUSE) }
  }

  private static func unixSocket(_ type: __socket_type, _ name: String) throws -> Int32 {
    let number = socket(AF_UNIX, Int32(type.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(name.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    // The length of an abstract name is its own; a path may be followed by its NUL.
    let size = socklen_t(2 + bytes.count + (bytes.first == 0 ? 0 : 1))
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(number, $0, size) }
    }
    try #require(result == 0)
    return number
  }
}
