// ThreadPool.swift — threads that compute: never the cooperative pool's, which must not stall.
//
// Work comes as a region: a number of units that any thread may take in any order. Units never add
// to one another's results, so the order shows nowhere. Each thread begins with a share of its own,
// so that it reads memory from one end to the other and counts in a cache line of its own, and helps
// with the others' shares afterwards. Between regions a worker spins for a moment, since the next
// region usually follows within microseconds, and then sleeps.

import Glibc
import Synchronization

/// A fixed set of threads that runs one region at a time; the calling thread takes part.
package final class ThreadPool: Sendable {
  /// The caller's thread included.
  package let threadCount: Int
  private let shared: Shared
  private let workers: [pthread_t]
  /// One region at a time, when several sessions share the pool.
  private let turn = Gate()

  /// Starts `threadCount - 1` threads; where the system refuses one, the pool has fewer.
  package init(threadCount: Int) {
    let shared = Shared(shareCount: max(1, threadCount))
    var workers: [pthread_t] = []
    for index in 1..<max(1, threadCount) {
      guard let worker = Self.start(shared, index: index) else { break }
      workers.append(worker)
    }
    self.shared = shared
    self.workers = workers
    self.threadCount = workers.count + 1
  }

  deinit {
    shared.stopping.store(true, ordering: .releasing)
    shared.advance()
    for worker in workers { pthread_join(worker, nil) }
  }

  /// Calls `body` once for each unit in `0..<count`, on all threads, and returns when all are done.
  /// It gets the unit and the number of the thread it runs on, below `threadCount`.
  package func run(_ count: Int, _ body: @Sendable (_ unit: Int, _ thread: Int) -> Void) {
    guard !workers.isEmpty, count > 1 else {
      for unit in 0..<max(0, count) { body(unit, 0) }
      return
    }
    turn.locked {
      withoutActuallyEscaping(body) { body in
        shared.begin(Region(count: count, body: body), workerCount: workers.count)
        shared.takeUnits(thread: 0)
        shared.finish()
      }
    }
  }

  private static func start(_ shared: Shared, index: Int) -> pthread_t? {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(WorkerStart(shared: shared, index: index))
    let code = pthread_create(&thread, nil, { WorkerStart.main($0) }, start.toOpaque())
    guard code == 0 else {
      start.release()
      return nil
    }
    return thread
  }
}

/// What a new thread needs to know.
private final class WorkerStart: Sendable {
  private let shared: Shared
  private let index: Int

  init(shared: Shared, index: Int) {
    self.shared = shared
    self.index = index
  }

  static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<WorkerStart>.fromOpaque(argument).takeRetainedValue()
    start.shared.work(thread: start.index)
    return nil
  }
}

/// Units to run, and what a unit is.
private struct Region: Sendable {
  let count: Int
  let body: @Sendable (Int, Int) -> Void
}

/// What caller and workers share.
private final class Shared: Sendable {
  /// Goes up by one when a region begins, and when the pool stops.
  private let generation = Atomic<Int>(0)
  private let shares: Shares
  /// Workers that have not finished the current region.
  private let busy = Atomic<Int>(0)
  let stopping = Atomic<Bool>(false)
  private let gate = Gate()
  /// Written by the caller while no worker is busy, published by `generation`.
  private nonisolated(unsafe) var region: Region?

  /// Some 200 microseconds of looking before sleeping: waking a sleeper takes tens of them.
  private static let spinCountMax = 200_000

  init(shareCount: Int) { shares = Shares(count: shareCount) }

  func begin(_ region: Region, workerCount: Int) {
    self.region = region
    shares.divide(region.count)
    busy.store(workerCount, ordering: .relaxed)
    advance()
  }

  /// Publishes everything written before and wakes whoever sleeps.
  func advance() {
    generation.add(1, ordering: .acquiringAndReleasing)
    gate.wake()
  }

  func takeUnits(thread: Int) {
    guard let region else { return }
    for offset in 0..<shares.count {
      let share = (thread + offset) % shares.count
      while let unit = shares.take(share, of: region.count) { region.body(unit, thread) }
    }
  }

  /// Waits for the workers; then nothing refers to the region's body any more.
  func finish() {
    gate.wait(spinning: Self.spinCountMax) { busy.load(ordering: .acquiring) == 0 }
    region = nil
  }

  func work(thread: Int) {
    var seen = 0
    while true {
      gate.wait(spinning: Self.spinCountMax) { generation.load(ordering: .acquiring) != seen }
      if stopping.load(ordering: .acquiring) { return }
      seen += 1
      takeUnits(thread: thread)
      if busy.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { gate.wake() }
    }
  }
}

/// The next unit of each thread's share of a region, each in cache lines of its own.
private final class Shares: Sendable {
  let count: Int
  private nonisolated(unsafe) let next: UnsafeMutablePointer<Atomic<Int>>

  /// 128 bytes: processors fetch pairs of lines.
  private static let stride = 16

  init(count: Int) {
    self.count = count
    next = .allocate(capacity: count * Self.stride)
    for index in 0..<count * Self.stride { (next + index).initialize(to: Atomic(0)) }
  }

  deinit {
    next.deinitialize(count: count * Self.stride)
    next.deallocate()
  }

  /// Makes the shares of `unitCount` units as equal as can be.
  func divide(_ unitCount: Int) {
    for share in 0..<count {
      next[share * Self.stride].store(first(share, of: unitCount), ordering: .relaxed)
    }
  }

  /// A unit of a share that no thread took yet; nil where there is none left.
  func take(_ share: Int, of unitCount: Int) -> Int? {
    let unit = next[share * Self.stride].add(1, ordering: .relaxed).oldValue
    return unit < first(share + 1, of: unitCount) ? unit : nil
  }

  private func first(_ share: Int, of unitCount: Int) -> Int { share * unitCount / count }
}

/// A POSIX mutex and condition variable, at addresses that do not move.
private final class Gate: Sendable {
  private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(
    capacity: 1)
  private nonisolated(unsafe) let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(
    capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func locked(_ body: () -> Void) {
    pthread_mutex_lock(mutex)
    body()
    pthread_mutex_unlock(mutex)
  }

  /// Returns once `condition` holds. It must become true before the matching `wake`.
  func wait(spinning spinCount: Int, until condition: () -> Bool) {
    for _ in 0..<spinCount where condition() { return }
    pthread_mutex_lock(mutex)
    while !condition() { pthread_cond_wait(changed, mutex) }
    pthread_mutex_unlock(mutex)
  }

  /// Taking the mutex orders this after a waiter's last look, so no waiter sleeps through it.
  func wake() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
