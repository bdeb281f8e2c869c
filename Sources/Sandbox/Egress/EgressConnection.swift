// EgressConnection.swift — one request from its verdict to its end.

import Base
import CSandbox
import Glibc

/// A machine that the broker's thread moves on; nothing in it waits.
final class EgressConnection {
  private enum Phase {
    case judging
    case resolving
    /// Dialling the first of these; the others are tried where it fails.
    case dialling(Descriptor, address: IPAddress, others: [IPAddress])
    case asking(Descriptor, reply: [UInt8])
    case relaying(Relay)
    case over
  }

  /// More addresses of one name are not tried.
  private static let addressCountMax = 16

  let request: EgressRequest
  private var phase = Phase.judging
  private var grant: EgressGrant?
  private var proxy: EgressProxy?
  /// The one that is dialled, unless that is the proxy's.
  private var address: IPAddress?
  private let startedAt = ContinuousClock.now
  private var connectDeadline: ContinuousClock.Instant?
  /// When something has to have happened.
  private(set) var deadline: ContinuousClock.Instant?
  /// Whether the call that it is for is still under way.
  private(set) var isWanted = true
  private var message: (EgressAnswer, Descriptor?)?
  private var errand: EgressErrand?
  /// Keeps the plugin's stream open until the fetcher has ended, and the plugin has heard why.
  private var errandUnderWay: EgressErrand?
  /// Set once it is over, and was granted.
  private(set) var outcome: EgressOutcome?

  init(_ request: EgressRequest) { self.request = request }

  func takeMessage() -> (EgressAnswer, Descriptor?)? {
    defer { message = nil }
    return message
  }

  func takeErrand() -> EgressErrand? {
    defer { errand = nil }
    return errand
  }

  var watched: [pollfd] {
    switch phase {
    case .judging, .resolving, .over: []
    case .dialling(let socket, _, _):
      [pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)]
    case .asking(let socket, _): [pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)]
    case .relaying(let relay): relay.watched
    }
  }

  // MARK: - Events

  /// Returns the name that has to be resolved; nil where the host is an address.
  func granted(_ grant: EgressGrant, _ settings: EgressSettings) -> String? {
    self.grant = grant
    phase = .resolving
    connectDeadline = .now + settings.connectTimeMax
    deadline = connectDeadline
    guard !grant.bindsRequest || settings.fetcher != nil else {
      finish(
        .fetcherFailed,
        "A rule speaks of the path or the query, and nothing here could hold the request to it.",
        isRefused: true)
      return nil
    }
    let literal = IPAddress(v4: grant.host) ?? IPAddress(v6: grant.host)
    if let proxy = settings.proxy, proxy.carries(grant.host) {
      // What the proxy makes of a name is not seen here; an address is judged all the same.
      if let literal, !grant.admits(literal) {
        refuse(literal)
        return nil
      }
      self.proxy = proxy
      guard let address = IPAddress(v4: proxy.host) ?? IPAddress(v6: proxy.host) else {
        return proxy.host
      }
      dial([address], settings)
      return nil
    }
    guard let literal else { return grant.host }
    resolved(.addresses([literal]), settings)
    return nil
  }

  func resolved(_ resolution: EgressResolution, _ settings: EgressSettings) {
    guard case .resolving = phase, let grant else { return }
    let host = proxy?.host ?? grant.host
    switch resolution {
    case .failed(let words):
      finish(.unresolved, "The name \(host) could not be resolved: \(words).")
    case .addresses(let addresses) where addresses.isEmpty:
      finish(.unresolved, "The name \(host) has no address.")
    case .addresses(let addresses):
      // All of them: which one is dialled must not be the name server's choice. The proxy itself was
      // named by whoever set this machine up.
      if proxy == nil, let bad = addresses.first(where: { !grant.admits($0) }) {
        return refuse(bad)
      }
      dial(addresses, settings)
    }
  }

  private func refuse(_ address: IPAddress) {
    let host = grant?.host ?? ""
    let what =
      host == address.description
      ? "The address \(host)" : "The name \(host) leads to the address \(address), which"
    finish(
      .addressRefused,
      "\(what) is not one that the policy opens: a public name must lead to public addresses.",
      isRefused: true)
  }

  private func dial(_ addresses: [IPAddress], _ settings: EgressSettings) {
    var others = addresses.prefix(Self.addressCountMax)
    var code = EHOSTUNREACH
    while let next = others.popFirst() {
      let port = UInt16(clamping: proxy?.port ?? grant?.port ?? 0)
      let number = next.bytes.withUnsafeBufferPointer { bytes in
        bytes.baseAddress.map { cs_dial($0, bytes.count, port) } ?? -1
      }
      guard number >= 0 else {
        code = errno
        continue
      }
      if proxy == nil { address = next }
      phase = .dialling(Descriptor(number), address: next, others: Array(others))
      let addressDeadline = ContinuousClock.now + settings.addressTimeMax
      deadline =
        others.isEmpty ? connectDeadline : min(connectDeadline ?? addressDeadline, addressDeadline)
      return
    }
    unreachable(sentence(errno: code))
  }

  private func unreachable(_ words: String) {
    let whom =
      proxy.map { "The proxy \($0.shown)" } ?? "\(grant?.host ?? "") port \(grant?.port ?? 0)"
    finish(.unreachable, "\(whom) could not be reached: \(words).")
  }

  /// Goes on with what is ready.
  func move(_ settings: EgressSettings) {
    let isLate = deadline.map { ContinuousClock.now >= $0 } ?? false
    switch phase {
    case .judging, .over: break
    case .resolving:
      if isLate {
        finish(
          .unresolved, "The name \(proxy?.host ?? grant?.host ?? "") was not resolved in time.")
      }
    case .dialling(let socket, _, let others):
      var ready = pollfd(fd: socket.number, events: Int16(POLLOUT), revents: 0)
      if poll(&ready, 1, 0) == 1 {
        let code = cs_dial_result(socket.number)
        if code == 0 { return connected(socket, settings) }
        if others.isEmpty { return unreachable(sentence(errno: code)) }
        dial(others, settings)
      } else if isLate {
        if others.isEmpty || ContinuousClock.now >= connectDeadline ?? .now {
          return unreachable("it did not answer in time")
        }
        dial(others, settings)
      }
    case .asking(let socket, let reply): ask(socket, reply, isLate, settings)
    case .relaying(var relay):
      let end = relay.move()
      phase = .relaying(relay)
      switch end {
      case .closed: finish(.closed, nil)
      case .bytesSpent(let why): finish(.bytesSpent, why)
      case nil where isLate:
        finish(.timeSpent, "It took more than \(settings.connectionTimeMax.components.seconds) s.")
      case nil: break
      }
    }
  }

  private func connected(_ socket: Descriptor, _ settings: EgressSettings) {
    guard let proxy, let grant else { return relay(socket, first: [], settings) }
    let request = proxy.request(host: grant.host, port: grant.port)
    let count = request.withUnsafeBytes {
      send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    // A fresh connection takes so little at once.
    guard count == request.count else { return unreachable("it takes nothing") }
    phase = .asking(socket, reply: [])
    deadline = connectDeadline
  }

  /// Reads on in the proxy's answer.
  private func ask(
    _ socket: Descriptor, _ reply: [UInt8], _ isLate: Bool, _ settings: EgressSettings
  ) {
    var result = 0
    let more = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      result = recv(socket.number, buffer.baseAddress, 4096, Int32(MSG_DONTWAIT))
      count = max(result, 0)
    }
    if result < 0, errno == EAGAIN || errno == EINTR {
      if isLate { unreachable("it did not answer in time") }
      return
    }
    guard result > 0 else { return unreachable("it ended the connection") }
    switch EgressProxy.reply(reply + more) {
    case .incomplete: phase = .asking(socket, reply: reply + more)
    case .open(let rest): relay(socket, first: rest, settings)
    case .refused(let why, let remedy):
      finish(
        .proxyRefused,
        "The proxy \(proxy?.shown ?? "") gave no way to \(grant?.host ?? ""): \(why). \(remedy)")
    }
  }

  private func relay(_ socket: Descriptor, first: [UInt8], _ settings: EgressSettings) {
    guard let grant, let stream = Self.streamPair() else {
      return unreachable(sentence(errno: errno))
    }
    var theirs = stream.theirs
    if grant.bindsRequest {
      guard let answer = Self.streamPair() else { return unreachable(sentence(errno: errno)) }
      errand = EgressErrand(
        url: request.url, method: request.method, connection: stream.theirs, plugin: answer.ours)
      errandUnderWay = errand
      theirs = answer.theirs
    }
    phase = .relaying(Relay(remote: socket, local: stream.ours, first: first, settings))
    deadline = .now + settings.connectionTimeMax
    message = (
      .granted(
        id: request.id, host: grant.host, port: grant.port, address: address,
        isFetched: grant.bindsRequest), theirs
    )
  }

  private static func streamPair() -> (ours: Descriptor, theirs: Descriptor)? {
    var ends: [Int32] = [-1, -1]
    return cs_stream_pair(&ends) == 0 ? (Descriptor(ends[0]), Descriptor(ends[1])) : nil
  }

  func fetcherEnded(_ problem: String?, _ settings: EgressSettings) {
    if let problem {
      finish(.fetcherFailed, "The process that was to make the request failed: \(problem)")
    } else {
      // Its answer is with the plugin. Its end of the connection may stay open in this process a little longer,
      // so nothing would be learned from waiting for that.
      move(settings)
      finish(.closed, nil)
    }
  }

  // MARK: - The end

  /// Ends it from outside.
  func end(_ ending: EgressOutcome.Ending) {
    isWanted = false
    if case .judging = phase { return }
    finish(hasPluginLeft ? .closed : ending, nil)
  }

  /// Whether the plugin has closed its stream to the fetcher, having what it wanted.
  private var hasPluginLeft: Bool {
    guard let errandUnderWay else { return false }
    var end = pollfd(fd: errandUnderWay.plugin.number, events: 0, revents: 0)
    return poll(&end, 1, 0) == 1 && end.revents & Int16(POLLHUP) != 0
  }

  private func finish(
    _ ending: EgressOutcome.Ending, _ reason: String?, isRefused: Bool = false
  ) {
    guard outcome == nil, let grant else { return }
    var result = EgressOutcome(request, grant, ending)
    result.address = address
    result.proxy = proxy?.shown
    result.duration = .now - startedAt
    if case .relaying(let relay) = phase {
      result.sentBytes = relay.sentBytes
      result.receivedBytes = relay.receivedBytes
      message = reason.map { (.cut(id: request.id, reason: $0), nil) }
    } else {
      message = reason.map { (.denied(id: request.id, isRefused: isRefused, reason: $0), nil) }
    }
    outcome = result
    phase = .over
  }
}
