// EgressLoop.swift — the broker's thread: the channel, what is being decided and dialled, the relays.

import CSandbox
import Glibc

/// Serves one plugin until it is gone. Made and used by one thread.
final class EgressLoop {
  private let desk: EgressDesk
  private let channel: Descriptor
  private let settings: EgressSettings
  private var connections: [Int: EgressConnection] = [:]
  private var requestCount = 0
  private var hosts: Set<String> = []
  private var isDone = false

  init(desk: EgressDesk, channel: Descriptor, settings: EgressSettings) {
    self.desk = desk
    self.channel = channel
    self.settings = settings
  }

  func run() {
    while !isDone {
      var watched = [
        pollfd(fd: desk.bell.number, events: Int16(POLLIN), revents: 0),
        // Who asks too much at a time waits until something of it is done.
        pollfd(
          fd: channel.number,
          events: connections.count < settings.openCountMax ? Int16(POLLIN) : 0, revents: 0),
      ]
      for connection in connections.values { watched += connection.watched }
      _ = poll(&watched, nfds_t(watched.count), timeout)
      for order in desk.takeOrders() { carryOut(order) }
      if watched[1].revents != 0 { readChannel() }
      if watched[1].revents & Int16(POLLHUP | POLLERR) != 0 { isDone = true }
      moveAll()
    }
    endAll(.stopped)
    for order in desk.closeOrders() {
      switch order {
      case .endCall(let done): done()
      case .judged(let ticket, .granted(let grant)):
        if let request = connections[ticket]?.request {
          desk.tell(EgressOutcome(request, grant, .stopped))
        }
      case .judged(_, .refused), .resolved, .fetcherEnded, .stop: break
      }
    }
  }

  private var timeout: Int32 {
    guard let due = connections.values.compactMap(\.deadline).min() else { return -1 }
    return Int32(clamping: max(0, ((due - .now).microseconds + 999) / 1000))
  }

  // MARK: - Orders

  private func carryOut(_ order: EgressDesk.Order) {
    switch order {
    case .stop: isDone = true
    case .judged(let ticket, let verdict): judged(ticket, verdict)
    case .resolved(let ticket, let resolution):
      connections[ticket]?.resolved(resolution, settings)
      settle(ticket)
    case .fetcherEnded(let ticket, let problem):
      connections[ticket]?.fetcherEnded(problem, settings)
      settle(ticket)
    case .endCall(let done):
      // The plugin may have closed them already, and its answer came first.
      moveAll()
      endAll(.callEnded)
      done()
    }
  }

  private func judged(_ ticket: Int, _ verdict: EgressVerdict) {
    guard let connection = connections[ticket] else { return }
    switch verdict {
    case .refused(let reason):
      connections[ticket] = nil
      answer(.denied(id: connection.request.id, isRefused: true, reason: reason))
    case .granted(let grant):
      guard connection.isWanted else {
        connections[ticket] = nil
        return desk.tell(EgressOutcome(connection.request, grant, .callEnded))
      }
      guard hosts.count < settings.hostCountMax || hosts.contains(grant.host) else {
        connections[ticket] = nil
        answer(
          .denied(
            id: connection.request.id, isRefused: true,
            reason:
              "\(settings.hostCountMax) different hosts were reached in this run; no more are."))
        return desk.tell(EgressOutcome(connection.request, grant, .stopped))
      }
      hosts.insert(grant.host)
      if let name = connection.granted(grant, settings) {
        let (desk, resolve) = (desk, settings.resolve)
        let code = OwnThread.start { desk.post(.resolved(ticket, resolve(name))) }
        if code != 0 { desk.post(.resolved(ticket, .failed("no thread could be started"))) }
      }
      settle(ticket)
    }
  }

  // MARK: - The channel

  private func readChannel() {
    while connections.count < settings.openCountMax {
      var size = 0
      let packet = [UInt8](unsafeUninitializedCapacity: EgressRequest.packetBytesMax) {
        buffer, count in
        guard let base = buffer.baseAddress else { return }
        // Without room for descriptors the kernel drops what the plugin attaches.
        size = cs_receive_packet(
          channel.number, base, EgressRequest.packetBytesMax, Int32(MSG_DONTWAIT), nil)
        count = max(size, 0)
      }
      if size < 0, errno == EAGAIN || errno == EINTR { return }
      // The plugin is gone, or speaks another language: then nothing of it can be believed.
      guard size > 0, let request = EgressRequest(packet: packet) else {
        isDone = true
        return
      }
      take(request)
    }
  }

  private func take(_ request: EgressRequest) {
    requestCount += 1
    guard requestCount <= settings.requestCountMax else {
      let reason = "\(settings.requestCountMax) requests were made in this run; no more are."
      return answer(.denied(id: request.id, isRefused: true, reason: reason))
    }
    connections[requestCount] = EgressConnection(request)
    desk.judge(request, as: requestCount)
  }

  /// Sends an answer, with a descriptor where there is one. A plugin that does not read its answers is
  /// of no use.
  private func answer(_ answer: EgressAnswer, with descriptor: Int32 = -1) {
    var watched = pollfd(fd: channel.number, events: Int16(POLLOUT), revents: 0)
    let packet = answer.packet
    guard poll(&watched, 1, 1000) == 1,
      packet.withUnsafeBytes({ bytes in
        bytes.baseAddress.map { cs_send_packet(channel.number, $0, bytes.count, descriptor) } ?? -1
      }) == packet.count
    else {
      isDone = true
      return
    }
  }

  // MARK: - Connections

  private func moveAll() {
    for ticket in connections.keys.sorted() {
      connections[ticket]?.move(settings)
      settle(ticket)
    }
  }

  /// Says what a connection wants said, and lets it go where it is over.
  private func settle(_ ticket: Int) {
    guard let connection = connections[ticket] else { return }
    if let (message, descriptor) = connection.takeMessage() {
      answer(message, with: descriptor?.number ?? -1)
    }
    if let errand = connection.takeErrand(), let fetcher = settings.fetcher {
      desk.fetch(errand, with: fetcher, as: ticket)
    }
    if let outcome = connection.outcome {
      connections[ticket] = nil
      desk.stopFetching(ticket)
      desk.tell(outcome)
    }
  }

  private func endAll(_ ending: EgressOutcome.Ending) {
    desk.cancelJudging()
    for ticket in connections.keys.sorted() {
      guard let connection = connections[ticket] else { continue }
      connection.end(ending)
      // What is still being judged is not over before its verdict came.
      if let outcome = connection.outcome {
        connections[ticket] = nil
        desk.stopFetching(ticket)
        desk.tell(outcome)
      }
    }
  }
}
