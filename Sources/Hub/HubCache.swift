// HubCache.swift — the cache that programs share, so that no model lies on a disk twice.
//
//     models--ORG--NAME/refs/REVISION            the commit, 40 hexadecimal digits, no line end
//     models--ORG--NAME/blobs/CONTENT            a file, named by ContentName
//     models--ORG--NAME/snapshots/COMMIT/PATH    a relative link to ../../blobs/CONTENT
//     models--ORG--NAME/.martlet/                what is half there; ours alone, gone when done
//     .locks/models--ORG--NAME/CONTENT.lock      flock: held while that content is fetched
//
// Source: huggingface_hub 2.4, file_download.py. A blob may itself be a link into a store that several
// repositories share: it is read through the link, and never written through it.

import Base
import Glibc

/// The shared cache of models.
public struct HubCache: Hashable, Sendable {
  /// No trailing slash; need not exist.
  public let folder: String

  public init(folder: String) { self.folder = folder }

  /// The names that ``folder(environment:home:)`` reads.
  public static let variables = [
    "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME",
  ]

  /// Where the cache lies by the environment's word.
  public static func folder(environment: [String: String], home: String) -> String {
    for name in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
      if let path = path(environment[name], home: home) { return path }
    }
    return homeFolder(environment: environment, home: home) + "/hub"
  }

  static func homeFolder(environment: [String: String], home: String) -> String {
    path(environment["HF_HOME"], home: home)
      ?? (path(environment["XDG_CACHE_HOME"], home: home) ?? home + "/.cache") + "/huggingface"
  }

  private static func path(_ text: String?, home: String) -> String? {
    guard var text, !text.isEmpty else { return nil }
    if text == "~" || text.hasPrefix("~/") { text = home + text.dropFirst() }
    while text.count > 1, text.hasSuffix("/") { text.removeLast() }
    return text
  }

  /// Where everything of a repository lies.
  public func folder(of repository: RepositoryName) -> String {
    "\(folder)/\(repository.folderName)"
  }

  func blob(_ content: ContentName, of repository: RepositoryName) -> String {
    "\(self.folder(of: repository))/blobs/\(content)"
  }

  func snapshot(_ commit: String, of repository: RepositoryName) -> String {
    "\(self.folder(of: repository))/snapshots/\(commit)"
  }

  func partials(of repository: RepositoryName) -> String {
    "\(self.folder(of: repository))/.martlet"
  }

  private func locks(of repository: RepositoryName) -> String {
    "\(folder)/.locks/\(repository.folderName)"
  }

  func lock(_ content: ContentName, of repository: RepositoryName) -> String {
    "\(locks(of: repository))/\(content).lock"
  }
}

// MARK: Reading

extension HubCache {
  /// The commit that `revision` stood for when it was last fetched.
  func commit(of repository: RepositoryName, revision: String) -> String? {
    if Self.isCommit(revision) { return revision }
    let path = "\(self.folder(of: repository))/refs/\(revision)"
    guard let bytes = try? Files.bytes(path, bytesMax: 256) else { return nil }
    let text = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    return Self.isCommit(text) ? text : nil
  }

  static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }

  /// Where a model lies, for whoever loads it: the folder of a snapshot, or the GGUF file in it.
  ///
  /// - Returns: nil unless it is all there.
  public func path(of reference: ModelReference) -> String? {
    guard
      let commit = commit(of: reference.repository, revision: reference.revision ?? "main")
    else { return nil }
    let folder = snapshot(commit, of: reference.repository)
    guard let file = reference.file else { return Self.isComplete(folder) ? folder : nil }
    let path = "\(folder)/\(file)"
    return Files.size(path) == nil ? nil : path
  }

  /// Whether a folder has a configuration and every file of weights that its index names.
  static func isComplete(_ folder: String) -> Bool {
    guard Files.size(folder + "/config.json") != nil else { return false }
    let index = folder + "/model.safetensors.index.json"
    guard Files.size(index) != nil else {
      return Files.names(in: folder).contains {
        $0.hasSuffix(".safetensors") && Files.size("\(folder)/\($0)") != nil
      }
    }
    guard let bytes = try? Files.bytes(index, bytesMax: 64 << 20),
      let json = try? JSONReader.value(bytes, source: index),
      let map = json["weight_map"]?.objectValue
    else { return false }
    let names = Set(map.compactMap(\.value.stringValue))
    return !names.isEmpty
      && names.allSatisfy { HubFile.isSafe($0) && Files.size("\(folder)/\($0)") != nil }
  }

  /// A repository of which something is in the cache.
  public struct Entry: Equatable, Sendable {
    public var repository: RepositoryName
    /// What of it can be loaded.
    public var models: [ModelReference]
    /// Of everything, also what is half there.
    public var byteCount: Int
    /// Whether a download of ours was broken off, or is at work.
    public var isUnderWay: Bool
  }

  /// What is in the cache, sorted by name.
  public func entries() -> [Entry] {
    Files.names(in: folder).compactMap { name in
      guard let repository = RepositoryName(folderName: name) else { return nil }
      let folder = folder(of: repository)
      return Entry(
        repository: repository, models: models(of: repository),
        byteCount: Files.bytesTaken(folder),
        isUnderWay: Files.isFolder(partials(of: repository)))
    }
  }

  private func models(of repository: RepositoryName) -> [ModelReference] {
    var models: [ModelReference] = []
    for (revision, commit) in references(of: repository) {
      let snapshot = snapshot(commit, of: repository)
      var reference = ModelReference(repository, revision: revision == "main" ? nil : revision)
      if Self.isComplete(snapshot) { models.append(reference) }
      for file in Self.ggufFiles(in: snapshot, below: "") {
        reference.file = file
        models.append(reference)
      }
    }
    return models
  }

  /// Names of revisions have few parts; a link that leads back would have more and more.
  private static let referenceDepthMax = 6

  /// The revisions that were fetched by name, and the commits that were fetched by theirs.
  private func references(of repository: RepositoryName) -> [(revision: String, commit: String)] {
    let folder = folder(of: repository)
    var found: [(revision: String, commit: String)] = []
    func look(_ prefix: String, _ depth: Int) {
      for name in Files.names(in: "\(folder)/refs/\(prefix)") {
        if Files.isFolder("\(folder)/refs/\(prefix)\(name)") {
          if depth < Self.referenceDepthMax { look("\(prefix)\(name)/", depth + 1) }
        } else if let commit = commit(of: repository, revision: prefix + name) {
          found.append((prefix + name, commit))
        }
      }
    }
    look("", 1)
    for commit in Files.names(in: folder + "/snapshots")
    where Self.isCommit(commit) && !found.contains(where: { $0.commit == commit }) {
      found.append((commit, commit))
    }
    return found
  }

  /// The GGUF files of a snapshot that are there; of a split one the first part.
  private static func ggufFiles(in folder: String, below prefix: String) -> [String] {
    var files: [String] = []
    for name in Files.names(in: folder) {
      if Files.isFolder("\(folder)/\(name)") {
        if prefix.isEmpty { files += ggufFiles(in: "\(folder)/\(name)", below: name + "/") }
      } else if isLoadableGGUF(name), Files.size("\(folder)/\(name)") != nil {
        files.append(prefix + name)
      }
    }
    return files
  }

  /// Whether `name` is that of a GGUF file, or of the first part of one.
  static func isLoadableGGUF(_ name: String) -> Bool {
    guard name.lowercased().hasSuffix(".gguf") else { return false }
    guard let match = name.firstMatch(of: /-(\d{5})-of-\d{5}\.gguf$/) else { return true }
    return match.1 == "00001"
  }
}

// MARK: Writing

extension HubCache {
  /// Gives `file`, whose blob is there, its name in the snapshot of `commit`.
  func link(
    _ file: HubFile, at commit: String, of repository: RepositoryName
  ) throws(HubError) {
    let path = "\(snapshot(commit, of: repository))/\(file.path)"
    let depth = file.path.split(separator: "/").count - 1
    let target = String(repeating: "../", count: depth + 2) + "blobs/\(file.content)"
    guard Files.linkTarget(path) != target else { return }
    let temporary = "\(partials(of: repository))/\(Self.temporaryName)"
    do throws(FileProblem) {
      try Files.makeFolder(Files.folder(of: path))
      try Files.makeFolder(partials(of: repository))
      unlink(temporary)
      guard symlink(target, temporary) == 0, rename(temporary, path) == 0 else {
        let problem = FileProblem(errno: errno)
        unlink(temporary)
        throw problem
      }
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  /// Lets `revision` mean `commit`. Last of all: whoever follows it finds every file.
  func setReference(
    _ revision: String, to commit: String, of repository: RepositoryName
  ) throws(HubError) {
    guard revision != commit, self.commit(of: repository, revision: revision) != commit else {
      return
    }
    let path = "\(self.folder(of: repository))/refs/\(revision)"
    do throws(FileProblem) {
      try Files.makeFolder(Files.folder(of: path))
      try Files.makeFolder(partials(of: repository))
      try Files.replace(
        path, with: commit, by: "\(partials(of: repository))/\(Self.temporaryName)")
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  /// Of a link or a reference that is about to get its name.
  private static var temporaryName: String {
    "\(temporaryPrefix)\(getpid())-\(UInt64.random(in: 0...(.max)))"
  }
  private static let temporaryPrefix = "name-"

  /// Removes what a process that was killed left behind besides parts, and the folder if that was all.
  func tidy(_ repository: RepositoryName) {
    let folder = partials(of: repository)
    for name in Files.names(in: folder) where name.hasPrefix(Self.temporaryPrefix) {
      let process = name.dropFirst(Self.temporaryPrefix.count).prefix { $0 != "-" }
      if let id = pid_t(process), kill(id, 0) != 0, errno == ESRCH { unlink("\(folder)/\(name)") }
    }
    rmdir(folder)
  }

  /// Removes the parts of a content that is there as a whole.
  func forgetPartial(_ content: ContentName, of repository: RepositoryName) {
    for suffix in ["parts", "data"] {
      unlink("\(partials(of: repository))/\(content).\(suffix)")
    }
  }

  /// Makes the cache's folder, and tells backup programs what it is.
  /// (Source: Cache Directory Tagging Specification 0.6.)
  func prepare() throws(HubError) {
    do throws(FileProblem) {
      try Files.makeFolder(folder)
      let tag = folder + "/CACHEDIR.TAG"
      guard Files.size(tag) == nil else { return }
      try Files.replace(
        tag,
        with: """
          Signature: 8a477f597d28d172789f06886806bc55
          # This folder is a cache of models that several programs share.
          # For information see: https://bford.info/cachedir/

          """, by: tag)
    } catch {
      throw .cannotWrite(path: folder, reason: error.reason)
    }
  }

  /// Whether anything of the repository is here.
  public func holds(_ repository: RepositoryName) -> Bool {
    Files.isFolder(folder(of: repository))
  }

  /// The bytes that the repository takes.
  public func bytesTaken(by repository: RepositoryName) -> Int {
    Files.bytesTaken(folder(of: repository))
  }

  /// Removes everything of a repository, whoever fetched it.
  public func remove(_ repository: RepositoryName) throws(HubError) {
    let locks = locks(of: repository)
    for name in Files.names(in: locks) {
      guard try FileLock(path: "\(locks)/\(name)").isHeld else { throw .inUse(repository) }
    }
    let path = folder(of: repository)
    // Gone at once for whoever looks for a model, however long it takes to remove.
    let doomed = "\(folder)/.martlet-removed-\(getpid())"
    do throws(FileProblem) {
      try Files.remove(doomed)
      guard rename(path, doomed) == 0 else { throw FileProblem(errno: errno) }
      try Files.remove(doomed)
      try Files.remove(locks)
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }
}

/// A lock on a file, as huggingface_hub takes it: flock, which ends with the process.
struct FileLock: ~Copyable {
  private let file: Int32
  private(set) var isHeld: Bool

  /// Takes the lock, if nobody has it.
  init(path: String) throws(HubError) {
    file = try Self.open(path)
    isHeld = flock(file, LOCK_EX | LOCK_NB) == 0
  }

  private static func open(_ path: String) throws(HubError) -> Int32 {
    do throws(FileProblem) {
      try Files.makeFolder(Files.folder(of: path))
      let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard file >= 0 else { throw FileProblem(errno: errno) }
      return file
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  mutating func tryAgain() {
    if !isHeld { isHeld = flock(file, LOCK_EX | LOCK_NB) == 0 }
  }

  deinit { close(file) }
}
