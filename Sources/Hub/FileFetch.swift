// FileFetch.swift — one file's bytes: ranges side by side, each tried again where it broke off.

import Synchronization
import Transfer

/// The fetch of one file into its partial file.
struct FileFetch: Sendable {
  let file: HubFile
  let repository: RepositoryName
  let commit: String
  let partial: PartialFile
  let hub: HubClient
  let meter: PullMeter
  private let links: LinkStore

  init(
    file: HubFile, repository: RepositoryName, commit: String, partial: PartialFile,
    hub: HubClient, meter: PullMeter
  ) {
    self.file = file
    self.repository = repository
    self.commit = commit
    self.partial = partial
    self.hub = hub
    self.meter = meter
    links = LinkStore(file: file, repository: repository, commit: commit, hub: hub)
  }

  /// Fetches what is missing.
  func perform(_ clients: [HTTPClient], laneCountMax: Int) async throws(HubError) {
    // Also for a file without bytes: the hub has to have it as it is listed.
    _ = try await links.current()
    do throws(HubError) {
      try await fetchParts(clients, laneCountMax: laneCountMax)
    } catch {
      guard case .rangeIgnored = error else { throw error }
      meter.count(present: -partial.doneBytes)
      try partial.beginAnew()
      try await fetchWhole(clients[0])
    }
  }

  /// Several lanes take one missing part after the other.
  private func fetchParts(
    _ clients: [HTTPClient], laneCountMax: Int
  ) async throws(HubError) {
    let parts = PartQueue(partial.missing)
    let laneCount = min(laneCountMax, parts.count)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for lane in 0..<laneCount {
          group.addTask {
            while let part = parts.next() {
              try await fetch(part, by: clients[lane % clients.count])
            }
          }
        }
        try await group.waitForAll()
      }
    } catch let error as HubError {
      throw error
    } catch {
      throw .cancelled
    }
  }

  /// One part, to its end.
  private func fetch(_ part: Range<Int>, by client: HTTPClient) async throws(HubError) {
    var failures = 0
    while true {
      let rest = partial.rest(of: part)
      guard !rest.isEmpty else { return }
      do throws(HubError) {
        try await fetchOnce(rest, isWholeFile: false, by: client)
      } catch {
        let hasProgress = partial.rest(of: part).lowerBound > rest.lowerBound
        failures = hasProgress ? 1 : failures + 1
        try await recover(from: error, failures: failures)
      }
    }
  }

  /// All of it by one request, from the start each time: the server knows no ranges.
  private func fetchWhole(_ client: HTTPClient) async throws(HubError) {
    var failures = 0
    while true {
      do throws(HubError) {
        return try await fetchOnce(0..<file.byteCount, isWholeFile: true, by: client)
      } catch {
        failures += 1
        try await recover(from: error, failures: failures)
        meter.count(present: -partial.doneBytes)
        try partial.beginAnew()
      }
    }
  }

  /// Waits where that may help; throws `error` where nothing does.
  private func recover(from error: HubError, failures: Int) async throws(HubError) {
    if case .linkRefused = error {
      guard failures <= LinkStore.renewalCountMax else { throw error }
      return
    }
    guard error.isTransient else { throw error }
    meter.set(.retrying(error.description))
    try await hub.pause(after: error, failures: failures)
  }

  /// One request for `range`; returns when all of it is there.
  private func fetchOnce(
    _ range: Range<Int>, isWholeFile: Bool, by client: HTTPClient
  ) async throws(HubError) {
    let source = try await links.current()
    let receiver = RangeReceiver(
      range, of: file, isWholeFile: isWholeFile, into: partial, meter: meter)
    let request = hub.request(for: source, range: isWholeFile ? nil : range)
    let head: HTTPHead
    do throws(TransferError) { head = try await client.send(request, to: receiver) } catch {
      if let fault = receiver.fault { throw fault }
      throw error == .cancelled ? .cancelled : .transfer(error)
    }
    if let fault = receiver.fault { throw fault }
    guard head.isSuccess else {
      let error = refusal(head, source, message: receiver.message)
      if case .linkRefused = error { await links.forget(source) }
      throw error
    }
    guard receiver.isComplete else {
      throw .transfer(.brokenOff(head.url.origin, reason: "the answer was too short"))
    }
  }

  private func refusal(_ head: HTTPHead, _ source: FileSource, message: [UInt8]) -> HubError {
    // Signed links run out.
    if !source.isEndpoint, [401, 403, 404, 410].contains(head.status) {
      return .linkRefused(file: file.path, head.url.origin, status: head.status)
    }
    return hub.failure(
      HTTPResponse(head: head, body: message), about: repository, revision: commit,
      file: file.path)
  }
}

/// Parts that nobody has taken yet.
private final class PartQueue: Sendable {
  let count: Int
  private let parts: Mutex<ArraySlice<Range<Int>>>

  init(_ parts: [Range<Int>]) {
    count = parts.count
    self.parts = Mutex(parts[...])
  }

  func next() -> Range<Int>? { parts.withLock { $0.popFirst() } }
}

/// The link to a file's bytes; one for all lanes, renewed when it has run out.
private actor LinkStore {
  static let renewalCountMax = 2

  private let file: HubFile
  private let repository: RepositoryName
  private let commit: String
  private let hub: HubClient
  private var source: FileSource?

  init(file: HubFile, repository: RepositoryName, commit: String, hub: HubClient) {
    self.file = file
    self.repository = repository
    self.commit = commit
    self.hub = hub
  }

  func current() async throws(HubError) -> FileSource {
    if let source { return source }
    let found = try await hub.source(of: file, in: repository, at: commit)
    source = found
    return found
  }

  /// Forgets a link that was refused, unless another lane has already got a new one.
  func forget(_ refused: FileSource) {
    if source?.url == refused.url { source = nil }
  }
}

/// Takes the answer to a request for a range, and writes it where it belongs.
private final class RangeReceiver: HTTPReceiver {
  private struct State {
    /// Where the next byte goes.
    var offset: Int
    var fault: HubError?
    var isRefusal = false
    var message: [UInt8] = []
  }

  private let range: Range<Int>
  private let file: HubFile
  private let isWholeFile: Bool
  private let partial: PartialFile
  private let meter: PullMeter
  private let state: Mutex<State>
  private static let messageBytesMax = 4096

  init(
    _ range: Range<Int>, of file: HubFile, isWholeFile: Bool, into partial: PartialFile,
    meter: PullMeter
  ) {
    self.range = range
    self.file = file
    self.isWholeFile = isWholeFile
    self.partial = partial
    self.meter = meter
    state = Mutex(State(offset: range.lowerBound))
  }

  var fault: HubError? { state.withLock { $0.fault } }
  var isComplete: Bool { state.withLock { $0.offset == range.upperBound } }
  var message: [UInt8] { state.withLock { $0.message } }

  func begin(_ head: HTTPHead) -> Bool {
    state.withLock { state in
      guard head.isSuccess else {
        state.isRefusal = true
        return true
      }
      state.fault = problem(head)
      return state.fault == nil
    }
  }

  /// What is wrong with an answer that claims success.
  private func problem(_ head: HTTPHead) -> HubError? {
    let origin = head.url.origin
    switch head.status {
    case 206:
      let expected = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.byteCount)"
      return head.headers["Content-Range"] == expected && !isWholeFile
        ? nil : .rangeWrong(file: file.path, origin)
    case 200:
      if let length = head.contentLength, length != file.byteCount {
        return .changed(
          file: file.path, listed: "\(file.byteCount) bytes", found: "\(length) bytes")
      }
      // From its start on, the whole serves as well as the part.
      let isStart = range.lowerBound == 0 && range.upperBound == file.byteCount
      return isWholeFile || isStart ? nil : .rangeIgnored(file: file.path, origin)
    default:
      return .statusUnexpected(origin, status: head.status, message: "")
    }
  }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    state.withLock { state in
      if state.isRefusal {
        state.message += bytes.prefix(Self.messageBytesMax - state.message.count)
        return state.message.count < Self.messageBytesMax
      }
      let count = min(bytes.count, range.upperBound - state.offset)
      let wanted = UnsafeRawBufferPointer(rebasing: bytes[..<count])
      do throws(HubError) { try partial.write(wanted, at: state.offset) } catch {
        state.fault = error
        return false
      }
      state.offset += count
      meter.count(fetched: count)
      return state.offset < range.upperBound || count == bytes.count
    }
  }
}
