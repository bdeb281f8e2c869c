// WallProgram.swift — finds martlet-wall.

import Glibc

/// The program that builds the walls, found and looked at.
///
/// Its digest is not checked here: this floor has no hash. Who can replace the file can replace the
/// host beside it; what is refused is a file that others than its owner may write.
public struct WallProgram: Equatable, Sendable {
  public let path: String

  /// Uses the wall at `path`.
  public init(path: String) throws(SandboxError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .noWall(searched: [path]) }
    guard status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
      throw .wallProgram(path: path, problem: "it is not an executable file.")
    }
    guard status.st_mode & S_IWOTH == 0 else {
      throw .wallProgram(path: path, problem: "everybody may write it. Run chmod o-w on it.")
    }
    self.path = path
  }

  /// Finds the wall that belongs to this executable.
  public static func find() throws(SandboxError) -> WallProgram {
    let candidates = candidates(name: "martlet-wall")
    guard let path = candidates.first(where: { access($0, F_OK) == 0 }) else {
      throw .noWall(searched: candidates)
    }
    return try WallProgram(path: path)
  }

  /// The program that tries to get out, where it was built beside the wall.
  public static func findProbe() -> String? {
    candidates(name: "martlet-probe").first { access($0, X_OK) == 0 }
  }

  /// Beside the executable, where installations keep helpers, and in the checkout's build folder.
  private static func candidates(name: String) -> [String] {
    guard let executable = SandboxPath.linkContent("/proc/self/exe") else { return [] }
    var folder = parent(of: executable)
    var paths = ["\(folder)/\(name)", "\(parent(of: folder))/libexec/martlet/\(name)"]
    while !folder.isEmpty {
      paths.append("\(folder)/.build/wall/\(name)")
      folder = parent(of: folder)
    }
    return paths
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[..<slash])
  }
}
