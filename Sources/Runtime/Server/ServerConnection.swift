// ServerConnection.swift — one model server: requests with its key, read as they are answered, tried again.

import Base
import Glibc
import Planner
import Providers
import Sandbox
import Synchronization
import Transfer

/// Asks a server. The key is in nothing but the header of its requests.
struct ServerConnection: Sendable {
  let address: ServerAddress
  let settings: ServerSettings
  private let client: HTTPClient
  /// Nil where the server wants none. No record keeps it.
  let key: String?

  /// Why one attempt gave no answer.
  private enum Failure: Error {
    case transfer(TransferError)
    case provider(ProviderError)
  }

  /// An answer, and what it took.
  struct Reply: Sendable {
    var answer: ProviderAnswer
    var attemptCount: Int
  }

  /// An attempt that failed, before the next one.
  struct Retry: Sendable {
    var reason: String
    var seconds: Double
    var attempt: Int
  }

  /// - Throws: ``RunError``: the key or the settings of the network cannot be used. Nothing is sent yet.
  init(_ address: ServerAddress, _ settings: ServerSettings, _ places: Places) throws(RunError) {
    self.address = address
    self.settings = settings
    let network = try NetworkSettings(places)
    client = HTTPClient(
      certificates: network.certificates, proxy: network.route(toLoopback: address.isLoopback))
    key = try Self.key(address, settings)
  }

  private static func key(
    _ address: ServerAddress, _ settings: ServerSettings
  ) throws(RunError) -> String? {
    let key: String?
    do throws(KeySource.Problem) {
      key = try (settings.key ?? openAIKey(address))?.key()
    } catch {
      throw RunError(
        .misconfigured("\(error) It is for \(address.base): see Docs/SERVERS.md"))
    }
    guard
      key == nil || address.url.origin.scheme == "https" || address.isLoopback
        || settings.allowsPlainHTTP
    else {
      throw RunError(
        .misconfigured(
          """
          The key of \(address.base) would be sent over http, which everyone on the way can read. Use \
          https, or set "plainHTTP": true for it in config.json.
          """))
    }
    return key
  }

  /// `OPENAI_API_KEY` is OpenAI's, or that of the server that `OPENAI_BASE_URL` names; nobody else's.
  private static func openAIKey(_ address: ServerAddress) -> KeySource? {
    func value(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    guard value("OPENAI_API_KEY") != nil else { return nil }
    let home = value("OPENAI_BASE_URL") ?? "https://api.openai.com/v1"
    return WebURL(home)?.origin == address.url.origin ? .environment("OPENAI_API_KEY") : nil
  }

  // MARK: - Asking for an answer

  /// Asks until there is an answer, or no more reason to try.
  ///
  /// - Parameters:
  ///   - body: The request.
  ///   - interface: Which one it is for.
  ///   - onDelta: Told what arrives, on the client's thread; again from the start after a retry.
  ///   - onRetry: Told before each wait.
  /// - Returns: The answer, and how many attempts it took.
  /// - Throws: `EngineFailure`: the context is full, the task was cancelled, or why the last attempt failed.
  func ask(
    _ body: JSONValue, _ interface: ProviderInterface,
    onDelta: @escaping @Sendable (ProviderDelta) -> Void = { _ in },
    onRetry: (Retry) async -> Void
  ) async throws(EngineFailure) -> Reply {
    guard let url = address.url(of: interface.path) else {
      throw .network("\(address.base) is no address of a model server.")
    }
    var attempts = settings.retries.attempts(seed: UInt64.random(in: 0...(.max)))
    while true {
      let reason: String
      let wait: Double?
      do throws(Failure) {
        let answer = try await once(body, interface, url, onDelta)
        return Reply(answer: answer, attemptCount: attempts.count + 1)
      } catch {
        switch error {
        case .transfer(.cancelled): throw .cancelled
        case .transfer(let error):
          reason = error.description
          wait = attempts.failed(isTransient: error.isTransient)
        case .provider(let error):
          if error.isContextOverflow { throw .contextOverflow }
          reason = "\(address.origin): \(error)"
          wait = attempts.failed(error)
        }
      }
      guard let wait else {
        throw .network(attempts.count > 1 ? "\(reason) (\(attempts.count) attempts)" : reason)
      }
      await onRetry(Retry(reason: reason, seconds: wait, attempt: attempts.count))
      do { try await Task.sleep(for: .milliseconds(Int(wait * 1_000))) } catch { throw .cancelled }
    }
  }

  private func once(
    _ body: JSONValue, _ interface: ProviderInterface, _ url: WebURL,
    _ onDelta: @escaping @Sendable (ProviderDelta) -> Void
  ) async throws(Failure) -> ProviderAnswer {
    let receiver = AnswerReceiver(interface, onDelta)
    let head: HTTPHead
    do throws(TransferError) {
      head = try await client.send(request(url, body), to: receiver)
    } catch {
      throw .transfer(error)
    }
    // A conversation goes where it was judged to go, and nowhere else.
    guard !head.isRedirect else {
      throw .provider(
        .refused(
          status: head.status, code: nil,
          message: "It redirects to \(head.redirectTarget?.origin.description ?? "nowhere").",
          RetryHint(isWanted: false)))
    }
    do throws(ProviderError) { return try receiver.answer() } catch { throw .provider(error) }
  }

  private func request(_ url: WebURL, _ body: JSONValue?) -> HTTPRequest {
    var request = HTTPRequest(url)
    if let body {
      request.method = .post(Array(body.compactText.utf8))
      request.headers["Content-Type"] = "application/json"
    }
    request.headers["Accept"] = "application/json, text/event-stream"
    request.headers["User-Agent"] = "martlet"
    request.headers["Authorization"] = key.map { "Bearer \($0)" }
    request.redirects = .none
    request.bodyBytesMax = AnswerReader.bytesMax
    request.silenceSecondsMax = settings.silenceSecondsMax
    return request
  }

  // MARK: - Looking around

  /// A JSON document of the server's; nil where it has none there. Asked once.
  ///
  /// - Throws: ``EngineFailure``: there is no server, or it does not know the key.
  func document(_ url: WebURL?, _ body: JSONValue? = nil) async throws(EngineFailure) -> JSONValue?
  {
    guard let url else { return nil }
    var request = request(url, body)
    request.bodyBytesMax = 16 << 20
    request.silenceSecondsMax = min(settings.silenceSecondsMax, 60)
    let response: HTTPResponse
    do throws(TransferError) { response = try await client.send(request) } catch {
      if error == .cancelled { throw .cancelled }
      throw .network(error.description)
    }
    if [401, 403].contains(response.head.status) {
      throw .network(
        """
        \(address.origin) does not take the key (status \(response.head.status)). Configure one for \
        \(address.base), see Docs/SERVERS.md
        """)
    }
    guard response.head.isSuccess else { return nil }
    return try? JSONReader.value(response.body, source: url.description)
  }
}

/// Reads an answer on the client's thread.
private final class AnswerReceiver: HTTPReceiver {
  private struct State {
    var reader: AnswerReader
    var error: ProviderError?
  }

  private let state: Mutex<State>
  private let onDelta: @Sendable (ProviderDelta) -> Void

  init(_ interface: ProviderInterface, _ onDelta: @escaping @Sendable (ProviderDelta) -> Void) {
    state = Mutex(State(reader: AnswerReader(interface)))
    self.onDelta = onDelta
  }

  func begin(_ head: HTTPHead) -> Bool {
    state.withLock { state in
      do throws(ProviderError) {
        try state.reader.begin(
          status: head.status, header: { head.headers[$0] }, unixTime: Int64(time(nil)))
        return true
      } catch {
        state.error = error
        return false
      }
    }
  }

  func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let (deltas, isWanted) = state.withLock { state -> ([ProviderDelta], Bool) in
      do throws(ProviderError) {
        let deltas = try state.reader.take(bytes)
        return (deltas, !state.reader.isComplete)
      } catch {
        state.error = error
        return ([], false)
      }
    }
    // The last words often come together with the end.
    for delta in deltas { onDelta(delta) }
    return isWanted
  }

  func answer() throws(ProviderError) -> ProviderAnswer {
    var state = state.withLock { $0 }
    if let error = state.error { throw error }
    return try state.reader.end()
  }
}
