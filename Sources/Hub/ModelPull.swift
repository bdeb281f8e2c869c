// ModelPull.swift — fetches a model into the shared cache: listing, parts, digests, names, in that order.
//
// Nothing gets a final name before its digest was found right, and the revision's name moves last: at
// any moment, whoever looks finds either the whole model or the one that was there before.

import Dispatch
import Glibc
import Synchronization
import Transfer

/// A model that is here now.
public struct PulledModel: Equatable, Sendable {
  public var reference: ModelReference
  public var commit: String
  /// What loads: the folder of the snapshot, or the GGUF file in it.
  public var path: String
  public var files: [HubFile]
  /// Bytes that came over the network now.
  public var fetchedBytes: Int
}

/// One fetch of one model.
public struct ModelPull: Sendable {
  private let reference: ModelReference
  private let cache: HubCache
  private let settings: HubSettings
  private let hub: HubClient
  /// Each has a thread, so that several connections are read and decrypted side by side.
  private let lanes: [HTTPClient]
  private let meter: PullMeter

  private static let clientCount = 4
  /// Files under way at a time; more of them only helps small ones.
  private static let filesAtOnce = 3
  /// Connections for one file.
  private static let lanesPerFile = 6

  /// - Parameters:
  ///   - reference: What to fetch.
  ///   - settings: From where, and where to.
  ///   - meter: Counts along, for whoever wants to look.
  public init(_ reference: ModelReference, settings: HubSettings, meter: PullMeter = PullMeter()) {
    self.reference = reference
    self.settings = settings
    self.meter = meter
    cache = settings.cache
    hub = HubClient(settings)
    lanes = (0..<Self.clientCount).map { _ in settings.client() }
  }

  private var repository: RepositoryName { reference.repository }

  /// Fetches what is missing; cancelling the task breaks it off, and the next call goes on.
  public func perform() async throws(HubError) -> PulledModel {
    guard !settings.isOffline else { return try cached() }
    let revision = reference.revision ?? "main"
    meter.set(.listing)
    let commit = try await hub.commit(of: repository, revision: revision)
    let listing = try await hub.files(of: repository, at: commit)
    let files = try FileSelection.files(of: reference, in: listing)
    meter.begin(byteCount: files.reduce(0) { $0 + $1.byteCount })
    try cache.prepare()
    try checkSpace(for: files)
    try await fetch(files, at: commit)
    try cache.setReference(revision, to: commit, of: repository)
    cache.tidy(repository)
    let folder = cache.snapshot(commit, of: repository)
    return PulledModel(
      reference: reference, commit: commit,
      path: reference.file == nil ? folder : "\(folder)/\(Self.firstGGUF(files))", files: files,
      fetchedBytes: meter.reading.fetchedBytes)
  }

  /// The first part, of a file that is split.
  private static func firstGGUF(_ files: [HubFile]) -> String {
    files.map(\.path).min() ?? ""
  }

  /// What is here already, without asking anybody.
  private func cached() throws(HubError) -> PulledModel {
    guard let path = cache.path(of: reference),
      let commit = cache.commit(of: repository, revision: reference.revision ?? "main")
    else { throw .offline(repository) }
    return PulledModel(
      reference: reference, commit: commit, path: path, files: [], fetchedBytes: 0)
  }

  /// Refuses before the first byte what cannot fit, with a hundredth to spare.
  private func checkSpace(for files: [HubFile]) throws(HubError) {
    let folder = cache.folder(of: repository)
    let needed = files.reduce(0) { sum, file in
      if hasBlob(file) { return sum }
      let taken = DiskSpace.takenBytes("\(cache.partials(of: repository))/\(file.content).data")
      return sum + max(0, file.byteCount - taken)
    }
    guard needed > 0, let free = DiskSpace.freeBytes(folder) else { return }
    guard needed + needed / 100 <= free else {
      throw .diskFull(folder: cache.folder, neededBytes: needed + needed / 100, freeBytes: free)
    }
  }

  private func hasBlob(_ file: HubFile) -> Bool {
    Files.size(cache.blob(file.content, of: repository)) == file.byteCount
  }

  // MARK: - Files

  private func fetch(_ files: [HubFile], at commit: String) async throws(HubError) {
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, file) in files.enumerated() {
          if index >= Self.filesAtOnce { try await group.next() }
          group.addTask { try await fetch(file, at: commit) }
        }
        try await group.waitForAll()
      }
    } catch let error as HubError {
      throw error
    } catch {
      throw .cancelled
    }
  }

  private func fetch(_ file: HubFile, at commit: String) async throws(HubError) {
    if !hasBlob(file) {
      var lock = try FileLock(path: cache.lock(file.content, of: repository))
      while !lock.isHeld {
        meter.set(.waiting(file.path))
        do { try await Task.sleep(for: .milliseconds(100)) } catch { throw .cancelled }
        lock.tryAgain()
      }
      // Whoever had the lock may have fetched it.
      if hasBlob(file) {
        meter.count(present: file.byteCount)
      } else {
        try await fetchBlob(file, at: commit)
      }
    } else {
      // A kill between the name and the record leaves the record.
      cache.forgetPartial(file.content, of: repository)
      meter.count(present: file.byteCount)
    }
    try cache.link(file, at: commit, of: repository)
  }

  private func fetchBlob(_ file: HubFile, at commit: String) async throws(HubError) {
    let partial = try PartialFile(
      folder: cache.partials(of: repository), content: file.content, byteCount: file.byteCount)
    meter.count(present: partial.doneBytes)
    meter.set(.fetching)
    let fetch = FileFetch(
      file: file, repository: repository, commit: commit, partial: partial, hub: hub, meter: meter)
    try await fetch.perform(lanes, laneCountMax: Self.lanesPerFile)
    var found = try await digest(of: partial, file)
    if found != file.content, partial.isResumed {
      // A power failure may have taken bytes that were counted. Once more, from nothing.
      meter.count(present: -partial.doneBytes)
      try partial.beginAnew()
      try await fetch.perform(lanes, laneCountMax: Self.lanesPerFile)
      found = try await digest(of: partial, file)
    }
    guard found == file.content else {
      partial.discard()
      throw .damaged(
        file: file.path, expected: file.content.description, found: found.description)
    }
    try partial.publish(as: cache.blob(file.content, of: repository))
  }

  /// The digest of what is on the disk, computed off the cooperative pool.
  private func digest(
    of partial: PartialFile, _ file: HubFile
  ) async throws(HubError) -> ContentName {
    meter.set(.checking(file.path))
    let isCancelled = Mutex(false)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(
            returning: Result { () throws(FileProblem) in
              try partial.name(like: file.content) { !isCancelled.withLock { $0 } }
            })
        }
      }
    } onCancel: {
      isCancelled.withLock { $0 = true }
    }
    meter.set(.fetching)
    if Task.isCancelled { throw .cancelled }
    switch result {
    case .success(let name): return name
    case .failure(let problem):
      throw .cannotWrite(path: cache.partials(of: repository), reason: problem.reason)
    }
  }
}

/// How far a fetch has come: counted by those who fetch, read by whoever shows it.
public final class PullMeter: Sendable {
  /// What is being done.
  public enum Phase: Equatable, Sendable {
    case listing, fetching
    /// Another program has the file's lock.
    case waiting(String)
    case checking(String)
    /// Something failed and is tried again; why.
    case retrying(String)
  }

  public struct Reading: Equatable, Sendable {
    public var phase = Phase.listing
    /// 0 until the listing is there.
    public var totalBytes = 0
    public var doneBytes = 0
    /// Of those, what came over the network now.
    public var fetchedBytes = 0
  }

  private let state = Mutex(Reading())

  public init() {}

  public var reading: Reading { state.withLock { $0 } }

  func set(_ phase: Phase) { state.withLock { $0.phase = phase } }

  func begin(byteCount: Int) {
    state.withLock {
      $0.totalBytes = byteCount
      $0.phase = .fetching
    }
  }

  func count(present bytes: Int) { state.withLock { $0.doneBytes += bytes } }

  func count(fetched bytes: Int) {
    state.withLock {
      $0.doneBytes += bytes
      $0.fetchedBytes += bytes
      if case .retrying = $0.phase { $0.phase = .fetching }
    }
  }
}
