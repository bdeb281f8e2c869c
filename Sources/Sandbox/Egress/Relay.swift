// Relay.swift — bytes between a TCP connection and the stream that the plugin holds, counted.

import CSandbox
import Glibc

/// Both directions of one connection. Nothing here waits.
struct Relay {
  /// Why a relay is over.
  enum End: Equatable {
    case closed
    case bytesSpent(String)
  }

  let remote: Descriptor
  let local: Descriptor
  private(set) var sentBytes = 0
  private(set) var receivedBytes = 0
  private let sentBytesMax: Int
  private let receivedBytesMax: Int
  private var toServer = Direction()
  private var toPlugin: Direction
  /// The server has said everything, and the plugin may still be reading it.
  private var isLingering = false

  private struct Direction {
    var bytes: [UInt8] = []
    var start = 0
    var isEnded = false

    var isEmpty: Bool { start == bytes.count }
  }

  private static let chunkBytes = 64 << 10

  /// `first` came from the server already.
  init(remote: Descriptor, local: Descriptor, first: [UInt8], _ settings: EgressSettings) {
    self.remote = remote
    self.local = local
    sentBytesMax = settings.sentBytesMax
    receivedBytesMax = settings.receivedBytesMax
    toPlugin = Direction(bytes: first)
    receivedBytes = first.count
  }

  /// What to wait for.
  var watched: [pollfd] {
    var list: [pollfd] = []
    func add(_ descriptor: Descriptor, reads: Bool, writes: Bool) {
      let events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0)
      guard events != 0 else { return }
      list.append(pollfd(fd: descriptor.number, events: Int16(events), revents: 0))
    }
    add(
      remote, reads: toPlugin.isEmpty && !toPlugin.isEnded && !isLingering,
      writes: !toServer.isEmpty && !isLingering)
    add(local, reads: toServer.isEmpty || isLingering, writes: !toPlugin.isEmpty)
    return list
  }

  /// Moves what can be moved now; says when it is over.
  mutating func move() -> End? {
    // A few rounds, so that one busy connection does not starve the others.
    for _ in 0..<8 {
      var hasMoved = false
      if toServer.isEmpty || isLingering {
        switch Self.read(local) {
        case .nothing: break
        case .ended: return .closed
        case .bytes(let bytes) where isLingering: hasMoved = !bytes.isEmpty
        case .bytes(let bytes):
          sentBytes += bytes.count
          guard sentBytes <= sentBytesMax else {
            return .bytesSpent("More than \(sentBytesMax) bytes were sent.")
          }
          toServer.bytes = bytes
          toServer.start = 0
          hasMoved = true
        }
      }
      if !toServer.isEmpty, !isLingering {
        guard Self.write(remote, &toServer, &hasMoved) else { toServer = Direction(); continue }
      }
      if toPlugin.isEmpty, !toPlugin.isEnded {
        switch Self.read(remote) {
        case .nothing: break
        case .ended: toPlugin.isEnded = true
        case .bytes(let bytes):
          receivedBytes += bytes.count
          guard receivedBytes <= receivedBytesMax else {
            return .bytesSpent("More than \(receivedBytesMax) bytes came.")
          }
          toPlugin.bytes = bytes
          toPlugin.start = 0
          hasMoved = true
        }
      }
      if !toPlugin.isEmpty {
        guard Self.write(local, &toPlugin, &hasMoved) else { return .closed }
      }
      if toPlugin.isEnded, toPlugin.isEmpty, !isLingering {
        // Closing at once would reset the stream where the plugin's last words are still unread.
        isLingering = true
        shutdown(local.number, Int32(SHUT_WR))
      }
      if !hasMoved { break }
    }
    return nil
  }

  private enum Reading {
    case nothing
    case ended
    case bytes([UInt8])
  }

  private static func read(_ descriptor: Descriptor) -> Reading {
    var result = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: chunkBytes) { buffer, count in
      result = recv(descriptor.number, buffer.baseAddress, chunkBytes, Int32(MSG_DONTWAIT))
      count = max(result, 0)
    }
    if result > 0 { return .bytes(bytes) }
    return result < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .ended
  }

  /// Writes what fits; false where the other side takes nothing any more.
  private static func write(
    _ descriptor: Descriptor, _ direction: inout Direction, _ hasMoved: inout Bool
  ) -> Bool {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    let count = direction.bytes.withUnsafeBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes[direction.start...])
      return send(descriptor.number, rest.baseAddress, rest.count, flags)
    }
    if count > 0 {
      direction.start += count
      hasMoved = true
      return true
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR)
  }
}
