// ScratchFolder.swift — a private folder of the host that stands for /tmp where there is no root of
// its own, removed with all that the command left in it.

import Glibc

final class ScratchFolder {
  let path: String
  private var isRemoved = false

  init() throws(SandboxError) {
    var template = Array("/tmp/martlet-scratch-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .call(name: "mkdtemp", errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { remove() }

  func remove() {
    if !isRemoved { Self.remove(AT_FDCWD, Array(path.utf8CString), depthMax: 256) }
    isRemoved = true
  }

  /// Removes a tree, never following a link. `name` need not be UTF-8. Stops below `depthMax` levels:
  /// what is deeper stays.
  private static func remove(_ parent: Int32, _ name: [CChar], depthMax: Int) {
    if unlinkat(parent, name, 0) == 0 || depthMax == 0 { return }
    var status = stat()
    guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
      status.st_mode & S_IFMT == S_IFDIR
    else { return }
    // The command may have taken its own right to look into the folder away.
    fchmodat(parent, name, 0o700, 0)
    let folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard folder >= 0, let stream = fdopendir(folder) else { return }
    while let entry = readdir(stream) {
      let child = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      let isSelf = child == [46, 0] || child == [46, 46, 0]
      if !isSelf { remove(dirfd(stream), child, depthMax: depthMax - 1) }
    }
    closedir(stream)
    unlinkat(parent, name, AT_REMOVEDIR)
  }
}
