// TransferLoop.swift — the thread that drives libcurl's multi handle: no other one touches it.

import CCrypto
import CCurl
import Glibc
import Synchronization

/// libcurl is set up once in the life of the process, before any thread uses it.
let isCurlSetUp: Bool = {
  ccrypto_leave_exit_alone()
  return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}()

/// Runs exchanges on one thread. Orders go in through a `Mutex` and a wake-up; nothing else is shared.
final class TransferLoop: Sendable {
  private enum Order {
    case start(Exchange, number: UInt64)
    case cancel(number: UInt64)
    case stop
  }

  private struct Inbox {
    var orders: [Order] = []
    var nextNumber: UInt64 = 0
    var isStopped = false
  }

  // Orders hold exchanges, which only the loop's thread touches once they are in here.
  private let inbox = Mutex(Inbox())
  /// The one call that other threads may make on it is curl_multi_wakeup.
  nonisolated(unsafe) private let multi: UnsafeMutableRawPointer
  private let certificates: CertificatePlaces
  private let proxy: ProxyChoice

  init(certificates: CertificatePlaces, proxy: ProxyChoice) {
    guard isCurlSetUp, let multi = curl_multi_init() else {
      preconditionFailure("libcurl could not be set up.")
    }
    self.multi = multi
    self.certificates = certificates
    self.proxy = proxy
    startThread { self.run() }
  }

  /// Ends the thread once what is under way has ended.
  func stop() { order { _ in .stop } }

  /// Performs one request, without redirects.
  func perform(
    _ request: HTTPRequest, _ receiver: any HTTPReceiver
  ) async throws(TransferError) -> HTTPHead {
    if Task.isCancelled { throw .cancelled }
    let number = inbox.withLock { inbox in
      inbox.nextNumber += 1
      return inbox.nextNumber
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        order { _ in
          .start(
            Exchange(request, receiver) { continuation.resume(returning: $0) }, number: number)
        }
      }
    } onCancel: {
      order { _ in .cancel(number: number) }
    }
    return try result.get()
  }

  private func order(_ make: (inout Inbox) -> Order) {
    inbox.withLock { inbox in
      let order = make(&inbox)
      guard !inbox.isStopped else { return }
      inbox.orders.append(order)
      curl_multi_wakeup(multi)
    }
  }

  // MARK: - The loop's thread

  private func run() {
    // Signals are for other threads, and a peer that went away is an error and no signal.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    var active: [UInt64: Exchange] = [:]
    // A cancellation may overtake the start that it is for.
    var cancelled: Set<UInt64> = []
    var isStopping = false
    while !(isStopping && active.isEmpty) {
      for order in inbox.withLock({ inbox in
        defer { inbox.orders = [] }
        return inbox.orders
      }) {
        switch order {
        case .start(let exchange, let number):
          if cancelled.remove(number) != nil {
            exchange.end(.failure(.cancelled))
          } else {
            start(exchange, number, &active)
          }
        case .cancel(let number):
          if let exchange = active.removeValue(forKey: number) {
            finish(exchange, .failure(.cancelled))
          } else {
            cancelled.insert(number)
          }
        case .stop: isStopping = true
        }
      }
      var runningCount: Int32 = 0
      curl_multi_perform(multi, &runningCount)
      var code = CURLE_OK
      while let handle = ccurl_next_done(multi, &code) {
        let exchange = Exchange.of(handle: handle)
        if let number = active.first(where: { $0.value === exchange })?.key {
          active[number] = nil
        }
        finish(exchange, exchange.result(code))
      }
      if isStopping, active.isEmpty { break }
      curl_multi_poll(multi, nil, 0, 1000, nil)
    }
    inbox.withLock { $0.isStopped = true }
    curl_multi_cleanup(multi)
  }

  private func start(
    _ exchange: Exchange, _ number: UInt64, _ active: inout [UInt64: Exchange]
  ) {
    do throws(TransferError) {
      let handle = try exchange.open(certificates, proxy)
      guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
        throw .failed(exchange.request.url.origin, reason: "libcurl took no more transfers")
      }
      active[number] = exchange
    } catch {
      exchange.end(.failure(error))
    }
  }

  private func finish(_ exchange: Exchange, _ result: Result<HTTPHead, TransferError>) {
    if let handle = exchange.handle { curl_multi_remove_handle(multi, handle) }
    exchange.end(result)
  }
}

/// Runs `body` on a new thread.
private func startThread(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  var thread = pthread_t()
  let status = pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
      return nil
    }, Unmanaged.passRetained(Box(body)).toOpaque())
  precondition(status == 0, "The system gives no thread.")
  pthread_detach(thread)
}
