// FolderCopy.swift — a copy of a granted folder, for the Landlock tier, which can neither hide nor protect
// what lies beneath a grant.
//
// The command works on the copy. What is hidden is empty there. What the command changed is brought back
// file by file, each in one step, except what is protected; what somebody else changed in the original
// meanwhile is not overwritten. For commands that live long this goes both ways, again and again: what
// changed on one side only is carried to the other.

import Base
import CSandbox
import Glibc
import Synchronization

/// What was brought back from copies of folders, and what was not.
public struct CopyReport: Equatable, Sendable {
  public enum Reason: String, Equatable, Sendable {
    /// It was changed in the folder itself as well, or was not copied.
    case changedMeanwhile = "changed-meanwhile"
    case protected
    /// A pipe or a device.
    case special
    /// It was being written while it was read.
    case beingWritten = "being-written"
    /// The copy has more files than can be looked through, or lies deeper.
    case tooMuch = "too-much"
    case failed
  }

  /// A path of the folder and why it is as it was. The path is empty for the whole folder.
  public struct Item: Equatable, Sendable {
    public var path: String
    public var reason: Reason
  }

  /// Files, links and folders that were made, changed or removed in the folders.
  public var broughtBackCount = 0
  /// The first of them.
  public var notBroughtBack: [Item] = []
  public var notBroughtBackCount = 0

  static let itemCountMax = 20

  mutating func add(_ path: String, _ reason: Reason) {
    notBroughtBackCount += 1
    if notBroughtBack.count < Self.itemCountMax {
      notBroughtBack.append(Item(path: path, reason: reason))
    }
  }

  /// Adds another report on the same copies.
  public mutating func add(_ other: CopyReport) {
    broughtBackCount += other.broughtBackCount
    notBroughtBackCount += other.notBroughtBackCount
    notBroughtBack += other.notBroughtBack.prefix(Self.itemCountMax - notBroughtBack.count)
  }

  /// One sentence about what was not brought back; nil where all was.
  public var sentence: String? {
    guard notBroughtBackCount > 0 else { return nil }
    let named = notBroughtBack.prefix(5).map { item in
      "\(item.path.isEmpty ? "anything" : item.path) (\(item.reason.words))"
    }
    let more = notBroughtBackCount - named.count
    let rest = more > 0 ? ", and \(more) more" : ""
    return """
      The command worked on a copy of the folder, and not all of it was brought back: \
      \(named.joined(separator: ", "))\(rest).
      """
  }
}

extension CopyReport.Reason {
  fileprivate var words: String {
    switch self {
    case .changedMeanwhile: "the folder's own was changed meanwhile and is kept"
    case .protected: "protected"
    case .special: "neither a file nor a folder nor a link"
    case .beingWritten: "it was being written"
    case .tooMuch: "too many files, or too deep"
    case .failed: "the system refused it"
    }
  }
}

/// One folder and its copy.
final class FolderCopy: Sendable {
  /// What is to be known of a folder before it is copied.
  struct Order: Sendable {
    /// The name of the grant.
    var grant: String
    var source: String
    var isWritable: Bool
    var hidden: [(path: String, isFolder: Bool)]
    var protected: [String]
  }

  /// What both sides were when they were last the same.
  private struct Pair {
    var original: FileStamp?
    var copy: FileStamp?
  }

  private struct State {
    var original: OpenTree
    var copy: OpenTree
    var pairs: [InnerPath: Pair] = [:]
    /// What stands for what is hidden.
    var empties: [InnerPath: FileStamp] = [:]
    /// Each is reported once.
    var reported: Set<InnerPath> = []
    /// Nothing is carried any more: the copy is, or will be, gone.
    var isClosed = false
  }

  /// Far above what anybody works with; bounds the time of one look.
  private static let lookCountMax = 2_000_000

  let order: Order
  /// Where the copy lies.
  let path: String
  let fileCount: Int
  let byteCount: Int64
  /// Pipes, devices and files that may not be read: they are not in the copy.
  let leftOutCount: Int
  private let state: Mutex<State>

  /// Copies a folder to `path`, which is not there yet.
  ///
  /// - Parameters:
  ///   - order: The folder, and what of it is hidden or protected.
  ///   - path: Where the copy is to lie.
  ///   - profile: The name of the profile, for messages.
  ///   - countMax: More files, links and folders are an error.
  ///   - byteCountMax: More bytes of files, holes not counted, are an error.
  ///   - isStopped: Asked between two files.
  /// - Throws: ``SandboxError/tooLargeToCopy(profile:folder:limit:)``, or what failed.
  init(
    _ order: Order, to path: String, profile: String, countMax: Int, byteCountMax: UInt64,
    isStopped: () -> Bool
  ) throws(SandboxError) {
    self.order = order
    self.path = path
    guard mkdir(path, 0o700) == 0 else { throw .call(name: "mkdir", errno: errno) }
    var state = State(
      original: OpenTree(try Self.open(order.source)), copy: OpenTree(try Self.open(path)))
    let hidden = Set(order.hidden.map { Array($0.path.utf8) })
    let look: FileTree.Look
    do throws(FileTree.Problem) {
      look = try FileTree.scan(state.original.root, countMax: countMax, leavingOut: hidden)
    } catch {
      switch error {
      case .tooMany:
        throw .tooLargeToCopy(
          profile: profile, folder: order.source, limit: "\(countMax) files and folders (copyFiles)"
        )
      case .tooDeep:
        throw .folder(path: order.source, problem: "is nested too deeply to be copied.")
      case .call(let code): throw .cannotRead(path: order.source, errno: code)
      }
    }
    let found = look.stamps
    fileCount = found.count
    byteCount = found.values.reduce(0) { $0 + ($1.kind == .file ? $1.heldBytes : 0) }
    guard UInt64(byteCount) <= byteCountMax else {
      throw .tooLargeToCopy(
        profile: profile, folder: order.source, limit: "\(byteCountMax >> 20) MiB (copyMiB)")
    }
    var leftOutCount = look.blind.count
    // Each folder comes before what is in it, and neighbours follow each other.
    for (inner, stamp) in found.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      if isStopped() { throw .ended }
      do throws(OpenTree.Refusal) {
        try Self.carry(inner, stamp, from: &state.original, to: &state.copy, expected: nil)
      } catch {
        if case .call(let code) = error, Self.isAboutRoom(code) {
          throw .folder(
            path: order.source, problem: "could not be copied to \(path): \(sentence(errno: code))."
          )
        }
        leftOutCount += 1
      }
      state.pairs[inner] = Pair(original: stamp, copy: state.copy.stamp(at: inner))
    }
    self.leftOutCount = leftOutCount
    for (hidden, isFolder) in order.hidden {
      Self.makeEmpty(hidden, isFolder, &state.copy)
      state.empties[Array(hidden.utf8)] = state.copy.stamp(at: Array(hidden.utf8))
    }
    // The clock of the file system ticks every few milliseconds: what the command does is to be later.
    usleep(10_000)
    self.state = Mutex(state)
  }

  private static func open(_ path: String) throws(SandboxError) -> Descriptor {
    let resolve = UInt64(CS_RESOLVE_NO_SYMLINKS | CS_RESOLVE_NO_MAGICLINKS)
    let number = cs_openat2(
      AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, resolve)
    guard number >= 0 else { throw .cannotRead(path: path, errno: errno) }
    return Descriptor(number)
  }

  private static func isAboutRoom(_ code: Int32) -> Bool {
    [ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, EROFS].contains(code)
  }

  /// What is hidden is there, and empty.
  private static func makeEmpty(_ path: String, _ isFolder: Bool, _ copy: inout OpenTree) {
    guard let place = try? copy.place(of: Array(path.utf8)) else { return }
    if isFolder {
      mkdirat(place.folder.number, place.name, 0o555)
    } else {
      let made = openat(
        place.folder.number, place.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
      if made >= 0 { close(made) }
    }
  }

  /// Makes the other side as this one is, at one path.
  private static func carry(
    _ path: InnerPath, _ stamp: FileStamp, from: inout OpenTree, to: inout OpenTree,
    expected: FileStamp?
  ) throws(OpenTree.Refusal) {
    switch stamp.kind {
    case .folder:
      // The owner may always enter: otherwise nothing could be put into it.
      try to.makeFolder(path, mode: stamp.mode | 0o700, expected: expected)
    case .link:
      let place = try from.place(of: path)
      var content = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let count = readlinkat(place.folder.number, place.name, &content, content.count - 1)
      guard count > 0 else { throw .changed }
      try to.putLink(path, content: content, expected: expected)
    case .file:
      let place = try from.place(of: path)
      let number = openat(
        place.folder.number, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
      guard number >= 0 else { throw errno == ENOENT ? .changed : .call(errno: errno) }
      let source = Descriptor(number)
      guard let now = FileStamp(source), now.isSame(as: stamp) else { throw .changed }
      try to.putFile(path, from: source, stamp, expected: expected)
    case .other: throw .call(errno: EINVAL)
    }
  }
}

// MARK: - Carrying what changed

extension FolderCopy {
  /// Carries what changed on one side only to the other. Takes as long as it takes to look through both.
  ///
  /// - Parameter isLast: Nothing is carried into the copy any more.
  /// - Returns: What was brought back, and what was not.
  func reconcile(isLast: Bool) -> CopyReport {
    state.withLock { state in
      var identity = stat()
      guard !state.isClosed, lstat(path, &identity) == 0,
        let root = FileStamp(state.copy.root), root.inode == FileStamp(identity).inode
      else { return CopyReport() }
      state.isClosed = isLast
      return reconcile(&state, isLast: isLast)
    }
  }

  private func reconcile(_ state: inout State, isLast: Bool) -> CopyReport {
    var report = CopyReport()
    let hidden = Set(order.hidden.map { Array($0.path.utf8) })
    let protected = Set(order.protected.map { Array($0.utf8) })
    state.original.forget()
    state.copy.forget()
    state.original.guarded = []
    let guarded = (hidden.union(protected)).compactMap { state.original.stamp(at: $0) }
    if order.isWritable { noteEmpties(&state, &report) }
    let originals: FileTree.Look
    let copies: FileTree.Look
    do throws(FileTree.Problem) {
      originals = try FileTree.scan(
        state.original.root, countMax: Self.lookCountMax, leavingOut: hidden)
      copies = try FileTree.scan(state.copy.root, countMax: Self.lookCountMax, leavingOut: hidden)
    } catch {
      if state.reported.insert([]).inserted { report.add("", .tooMuch) }
      return report
    }
    state.original.guarded = Set(guarded.map { [$0.device, $0.inode] })
    var toOriginal: [InnerPath] = []
    var toCopy: [InnerPath] = []
    for path in copies.blind where order.isWritable { note(path, .failed, &state, &report) }
    let blind = originals.blind.union(copies.blind)
    let paths = Set(originals.stamps.keys).union(copies.stamps.keys).union(state.pairs.keys)
      .sorted { $0.lexicographicallyPrecedes($1) }
    for path in paths where !Self.isBeneath(path.parent, blind) {
      let (pair, original, copy) = (state.pairs[path], originals.stamps[path], copies.stamps[path])
      let isOriginalChanged = Self.isChanged(original, since: pair?.original)
      let isCopyChanged = Self.isChanged(copy, since: pair?.copy)
      switch (isOriginalChanged, isCopyChanged) {
      case (false, false): break
      case (true, false): if !isLast { toCopy.append(path) }
      case (_, true) where !order.isWritable: break
      case (_, true) where Self.isBeneath(path, protected):
        note(path, .protected, &state, &report)
      case (false, true): toOriginal.append(path)
      case (true, true):
        if original?.kind == .folder, copy?.kind == .folder {
          state.pairs[path] = Pair(original: original, copy: copy)
        } else if original == nil, copy == nil {
          state.pairs[path] = nil
        } else {
          note(path, .changedMeanwhile, &state, &report)
        }
      }
    }
    carry(toOriginal, copies.stamps, &state, back: true, &report)
    carry(toCopy, originals.stamps, &state, back: false, &report)
    if !isLast, !toCopy.isEmpty { usleep(10_000) }
    return report
  }

  /// What the command put where something is hidden is not brought back.
  private func noteEmpties(_ state: inout State, _ report: inout CopyReport) {
    for (path, empty) in state.empties.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let now = state.copy.stamp(at: path)
      // A folder's time tells whether something was put into it.
      let isChanged = now.map { empty.isSame(as: $0) && empty.isSameContent(as: $0) } != true
      if isChanged { note(path, .protected, &state, &report) }
    }
  }

  private static func isChanged(_ now: FileStamp?, since before: FileStamp?) -> Bool {
    guard let now, let before else { return now != nil || before != nil }
    return !before.isSame(as: now)
  }

  /// Whether the path is one of `places`, or lies beneath one. All do beneath the empty one.
  private static func isBeneath(_ path: InnerPath, _ places: Set<InnerPath>) -> Bool {
    if places.contains(path) || places.contains([]) { return true }
    return path.indices.contains {
      path[$0] == UInt8(ascii: "/") && places.contains(Array(path[..<$0]))
    }
  }

  private func note(
    _ path: InnerPath, _ reason: CopyReport.Reason, _ state: inout State, _ report: inout CopyReport
  ) {
    guard state.reported.insert(path).inserted else { return }
    report.add(String(decoding: path, as: UTF8.self), reason)
  }

  /// Carries paths, which come in order, to the original or to the copy: first what is gone, the innermost
  /// first, then what is there, the outermost first.
  private func carry(
    _ paths: [InnerPath], _ sources: [InnerPath: FileStamp], _ state: inout State, back: Bool,
    _ report: inout CopyReport
  ) {
    for path in paths.reversed() {
      let pair = state.pairs[path]
      guard let target = back ? pair?.original : pair?.copy else { continue }
      let source = sources[path]
      // A file that was changed is replaced, which is one step.
      if let source, (source.kind == .folder) == (target.kind == .folder) { continue }
      attempt(path, &state, back: back, &report) { state throws(OpenTree.Refusal) in
        if back {
          try state.original.remove(path, expected: target)
          state.pairs[path]?.original = nil
        } else {
          try state.copy.remove(path, expected: target)
          state.pairs[path]?.copy = nil
        }
        if source == nil { state.pairs[path] = nil }
      }
    }
    for path in paths {
      guard let source = sources[path] else { continue }
      let pair = state.pairs[path]
      let target = back ? pair?.original : pair?.copy
      if back, source.kind == .other {
        note(path, .special, &state, &report)
        continue
      }
      // It is there and was not copied: not the command's to replace.
      if back, target != nil, pair?.copy == nil, source.kind != .folder {
        note(path, .changedMeanwhile, &state, &report)
        continue
      }
      attempt(path, &state, back: back, &report) { state throws(OpenTree.Refusal) in
        // Of the side that it comes from what was looked at counts: it may have changed since.
        if back {
          try Self.carry(
            path, source, from: &state.copy, to: &state.original, expected: target)
          state.pairs[path] = Pair(original: state.original.stamp(at: path), copy: source)
        } else {
          try Self.carry(
            path, source, from: &state.original, to: &state.copy, expected: target)
          state.pairs[path] = Pair(original: source, copy: state.copy.stamp(at: path))
        }
      }
    }
  }

  /// Does one thing, or notes why it could not be done.
  private func attempt(
    _ path: InnerPath, _ state: inout State, back: Bool, _ report: inout CopyReport,
    _ act: (inout State) throws(OpenTree.Refusal) -> Void
  ) {
    do throws(OpenTree.Refusal) {
      try act(&state)
      state.reported.remove(path)
      if back { report.broughtBackCount += 1 }
    } catch {
      guard back else { return }
      switch error {
      // A folder in which something stays that is protected, or somebody else's.
      case .call(ENOTEMPTY): break
      case .changed:
        let original = state.original.stamp(at: path)
        let isOriginal = Self.isChanged(original, since: state.pairs[path]?.original)
        note(path, isOriginal ? .changedMeanwhile : .beingWritten, &state, &report)
      case .guarded: note(path, .protected, &state, &report)
      case .call: note(path, .failed, &state, &report)
      }
    }
  }
}

extension InnerPath {
  /// The path of the folder that it lies in; empty for the outermost.
  fileprivate var parent: InnerPath {
    lastIndex(of: UInt8(ascii: "/")).map { Array(self[..<$0]) } ?? []
  }
}

/// All copies that one command works on, in a folder of their own.
final class FolderCopies: Sendable {
  private let folder: PrivateFolder
  private let copies: [FolderCopy]

  /// Copies what the orders say, within the profile's limits for all of it.
  init(
    _ orders: [FolderCopy.Order], of profile: SandboxProfile, isStopped: () -> Bool
  ) throws(SandboxError) {
    folder = try PrivateFolder(.copies)
    var copies: [FolderCopy] = []
    var (countLeft, bytesLeft) = (profile.limits.copyFileCountMax, profile.limits.copyBytesMax)
    for (index, order) in orders.enumerated() {
      let name = order.source.split(separator: "/").last.map(String.init) ?? "folder"
      let copy = try FolderCopy(
        order, to: "\(folder.path)/\(index == 0 ? "" : "\(index)-")\(name)", profile: profile.name,
        countMax: countLeft, byteCountMax: bytesLeft, isStopped: isStopped)
      countLeft -= copy.fileCount
      bytesLeft -= UInt64(copy.byteCount)
      copies.append(copy)
    }
    self.copies = copies
  }

  /// Where the copy of a granted folder lies; nil where it was not copied.
  func path(of source: String) -> String? { copies.first { $0.order.source == source }?.path }

  /// What was copied, for the record of the walls.
  var facts: JSONValue {
    .array(
      copies.map { copy -> JSONValue in
        [
          "folder": .string(copy.order.grant), "files": .number(.integer(Int64(copy.fileCount))),
          "bytes": .number(.integer(copy.byteCount)),
          "leftOut": .number(.integer(Int64(copy.leftOutCount))),
        ]
      })
  }

  /// See ``FolderCopy/reconcile(isLast:)``.
  func reconcile(isLast: Bool) -> CopyReport {
    copies.reduce(into: CopyReport()) { $0.add($1.reconcile(isLast: isLast)) }
  }

  func remove() { folder.remove() }
}
