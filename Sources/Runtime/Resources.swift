// Resources.swift — where the data that ships with the program lies: beside it, or in the checkout.

import Glibc

/// The folder that holds `Models/`, `Tools/`, `Sandboxes/` and `Policies/`.
public struct Resources: Equatable, Sendable {
  /// No trailing slash.
  public let folder: String

  /// Finds the folder for the running program: `../share/martlet` of an installation, else the
  /// checkout that the program was built in. Nil when the program was moved away from both.
  public static func ofThisProgram() -> Resources? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    return Resources(programPath: String(decoding: buffer[..<count], as: UTF8.self))
  }

  /// As ``ofThisProgram()``, for a program at `programPath`.
  public init?(programPath: String) {
    var folder = Self.parent(of: programPath)
    let installed = Self.parent(of: folder) + "/share/martlet"
    if Self.isFolder(installed + "/Models") {
      self.folder = installed
      return
    }
    while !folder.isEmpty {
      if Self.isFolder(folder + "/Models"), access(folder + "/Package.swift", F_OK) == 0 {
        self.folder = folder
        return
      }
      folder = Self.parent(of: folder)
    }
    return nil
  }

  /// The vocabulary of gpt-oss, for inspecting Harmony without a model.
  public var vocabularyPath: String { folder + "/Models/o200k_harmony/o200k_base.tiktoken" }

  /// The models that ship with the program.
  public var modelsFolder: String { folder + "/Models" }

  /// One folder with a manifest for each tool plugin.
  public var toolsFolder: String { folder + "/Tools" }

  /// The sandbox profiles that ship with the program.
  public var sandboxesFolder: String { folder + "/Sandboxes" }

  /// The policies that ship with the program.
  public var policiesFolder: String { folder + "/Policies" }

  private static func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
