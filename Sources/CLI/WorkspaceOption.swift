// WorkspaceOption.swift — the folder that a command works on.

import Glibc
import Runtime

extension Command.Option {
  static let workspace = Self(
    name: "--workspace", value: "DIR", help: "the workspace; default: the current folder")
}

extension Arguments {
  /// The folder of `--workspace`, or the current one, with every link resolved.
  func workspace() throws(CommandError) -> String {
    let path = self["--workspace"] ?? "."
    guard let resolved = path.resolvingLinks else {
      throw .usage("The workspace \(path) cannot be used: \(String(cString: strerror(errno))).")
    }
    var status = stat()
    guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .usage("The workspace \(path) is not a folder.")
    }
    return resolved
  }
}
