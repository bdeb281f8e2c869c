// ModelStore.swift — the user's own folder of models, each under its name.

import Glibc

/// A folder with a folder for each model; a link to one counts as well.
public struct ModelStore: Equatable, Sendable {
  private let folder: String

  /// - Parameter folder: Need not exist.
  public init(folder: String) { self.folder = folder }

  public func path(of name: String) -> String { "\(folder)/\(name)" }

  /// The bytes of what is called `name`; nil where there is nothing of that name.
  public func bytesTaken(by name: String) -> Int? {
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
    var status = stat()
    return lstat(path(of: name), &status) == 0 ? Files.bytesTaken(path(of: name)) : nil
  }

  /// Removes it. A link goes, and what it leads to stays.
  public func remove(_ name: String) throws(HubError) {
    guard bytesTaken(by: name) != nil else { return }
    do throws(FileProblem) { try Files.remove(path(of: name)) } catch {
      throw .cannotWrite(path: path(of: name), reason: error.reason)
    }
  }
}
