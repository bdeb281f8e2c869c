// CanonicalPath.swift — absolute paths as lists of components, without a look at the disk.
//
// What a path really is, only the kernel knows: whoever opens a file resolves it beneath an open
// folder and judges what it got. Here a path is read as the kernel would read it in a world whose
// only symbolic links are the ones given.

/// An absolute path without ".", "..", empty components or links.
struct CanonicalPath: Equatable, Sendable {
  /// Longer paths cannot be opened (PATH_MAX of Linux).
  static let bytesMax = 4_096
  /// As many links as Linux follows in one path.
  static let linkCountMax = 40

  let components: [[UInt8]]

  init(components: [[UInt8]]) { self.components = components }

  /// Nil for what is no absolute path: relative, too long, with a NUL, or with links without end.
  init?(_ path: [UInt8], links: [[UInt8]: [UInt8]] = [:]) {
    guard Self.isAbsolute(path) else { return nil }
    var pending = Self.split(path)
    guard !links.isEmpty else {
      components = Self.folded(pending)
      return
    }
    var resolved: [[UInt8]] = []
    var linkCount = 0
    pending.reverse()
    while let component = pending.popLast() {
      if component == Self.parent {
        _ = resolved.popLast()
        continue
      }
      resolved.append(component)
      guard let target = links[Self.joined(resolved)] else { continue }
      linkCount += 1
      guard linkCount <= Self.linkCountMax, target.count <= Self.bytesMax, !target.contains(0)
      else { return nil }
      resolved.removeLast()
      if target.first == Self.slash { resolved = [] }
      pending.append(contentsOf: Self.split(target).reversed())
    }
    components = resolved
  }

  /// Whether the path is `folder` or lies in it, by whole components.
  func isUnder(_ folder: CanonicalPath) -> Bool { components.starts(with: folder.components) }

  /// "/a/b"; "/" for the root.
  var bytes: [UInt8] { components.isEmpty ? [Self.slash] : Self.joined(components) }

  private static let slash = UInt8(ascii: "/")
  private static let parent = Array("..".utf8)

  private static func isAbsolute(_ path: [UInt8]) -> Bool {
    path.first == slash && path.count <= bytesMax && !path.contains(0)
  }

  private static func split(_ path: [UInt8]) -> [[UInt8]] {
    path.split(separator: slash).map(Array.init).filter { $0 != [UInt8(ascii: ".")] }
  }

  private static func folded(_ components: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    for component in components {
      if component == parent { _ = result.popLast() } else { result.append(component) }
    }
    return result
  }

  private static func joined(_ components: [[UInt8]]) -> [UInt8] {
    components.reduce(into: []) { $0 += [slash] + $1 }
  }
}
