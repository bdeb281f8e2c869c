// PatchWriter.swift — a patch's changes put on the disk, all of them or none.

import Sandbox

/// One file's change together with what its undoing needs.
struct PlannedChange: Equatable {
  var change: FileChange
  /// Permission bits of the file before, or of the file that moves here; nil for a new one.
  var mode: UInt32?
}

/// Why a patch was not carried out.
enum PatchWriteError: Error, Equatable {
  case file(ConfinedFolderError)
  case tooLarge(byteCountMax: Int)
  /// The file is not what it was when the patch was worked out, or the patch names it by two paths.
  case changedMeanwhile(path: String)
  /// A change failed and an earlier one could not be taken back.
  case notRolledBack(first: String, paths: [String])
}

extension PatchWriteError: CustomStringConvertible {
  var description: String {
    switch self {
    case .file(let error): error.description
    case .tooLarge(let byteCountMax):
      "The files of this patch hold more than \(byteCountMax) bytes together; split the patch."
    case .changedMeanwhile(let path):
      "\(path) changed while the patch was applied, or the patch names it twice; nothing was changed."
    case .notRolledBack(let first, let paths):
      "\(first) These files could not be put back as they were: \(paths.joined(separator: ", "))."
    }
  }
}

/// Reads and writes beneath one folder.
struct PatchWriter {
  /// Contents before and after travel to the host in one line of at most 16 MiB, as base64.
  static let byteCountMax = 8 << 20

  let folder: ConfinedFolder

  /// The bytes of a file; nil where there is none.
  func read(_ path: String) throws(PatchWriteError) -> [UInt8]? {
    do throws(ConfinedFolderError) {
      return try folder.read(path, byteCountMax: Self.byteCountMax)
    } catch {
      if case .noFile = error { return nil }
      throw .file(error)
    }
  }

  /// Adds permissions to the changes of a patch, and bounds them.
  func plan(_ changes: [FileChange], of patch: Patch) throws(PatchWriteError) -> [PlannedChange] {
    let byteCount = changes.reduce(0) { $0 + ($1.before?.count ?? 0) + ($1.after?.count ?? 0) }
    guard byteCount <= Self.byteCountMax else { throw .tooLarge(byteCountMax: Self.byteCountMax) }
    var sources: [String: String] = [:]
    for operation in patch.operations {
      if case .update(let target?, _) = operation.action { sources[target] = operation.path }
    }
    var planned: [PlannedChange] = []
    for change in changes {
      let path = change.before == nil ? sources[change.path] : change.path
      planned.append(PlannedChange(change: change, mode: try path.flatMap(mode)))
    }
    return planned
  }

  /// Carries the changes out in order. When one fails, those before it are taken back.
  func write(_ changes: [PlannedChange]) throws(PatchWriteError) {
    var done: [PlannedChange] = []
    for planned in changes {
      do throws(PatchWriteError) {
        guard try read(planned.change.path) == planned.change.before else {
          throw .changedMeanwhile(path: planned.change.path)
        }
        try put(planned.change.after, planned)
        done.append(planned)
      } catch {
        let stuck = done.reversed().filter { !takeBack($0) }.map(\.change.path)
        throw stuck.isEmpty ? error : .notRolledBack(first: error.description, paths: stuck)
      }
    }
  }

  private func takeBack(_ planned: PlannedChange) -> Bool {
    do throws(PatchWriteError) {
      try put(planned.change.before, planned)
      return true
    } catch { return false }
  }

  private func put(_ bytes: [UInt8]?, _ planned: PlannedChange) throws(PatchWriteError) {
    do throws(ConfinedFolderError) {
      guard let bytes else { return try folder.delete(planned.change.path) }
      try folder.write(bytes, to: planned.change.path, mode: planned.mode ?? 0o644)
    } catch { throw .file(error) }
  }

  private func mode(_ path: String) throws(PatchWriteError) -> UInt32? {
    do throws(ConfinedFolderError) { return try folder.status(of: path)?.mode } catch {
      throw .file(error)
    }
  }
}
