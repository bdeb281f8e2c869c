// ProcessTree.swift — what the processes below one of ours use up, read from /proc.
//
// Orphans of a sandbox become children of its process 1, or of the wall in the Landlock tier, so the
// tree of children from the wall down always holds all of them.

import Glibc

enum ProcessTree {
  /// Where counting stops: far above every limit's use, it bounds the work of one look.
  private static let processCountMax = 70_000

  /// The processes below `root`, without it.
  static func descendants(of root: pid_t) -> [pid_t] {
    var found: [pid_t] = []
    var waiting = [root]
    while let next = waiting.popLast(), found.count < processCountMax {
      let children = children(of: next)
      found += children
      waiting += children
    }
    return found
  }

  /// The children of all threads of a process.
  private static func children(of process: pid_t) -> [pid_t] {
    guard let folder = opendir("/proc/\(process)/task") else { return [] }
    defer { closedir(folder) }
    var found: [pid_t] = []
    while let entry = readdir(folder) {
      let thread = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !thread.hasPrefix(".") else { continue }
      let text = readText("/proc/\(process)/task/\(thread)/children", byteCountMax: 1 << 20)
      found += text?.split(separator: " ").compactMap { pid_t($0) } ?? []
    }
    return found
  }

  /// Bytes of memory that the processes use together, counting no page twice: the sum of their
  /// resident sizes where that is within `limit`, which is quick to read and never too small;
  /// otherwise of their proportional sizes.
  static func memoryBytes(of processes: [pid_t], limit: UInt64) -> UInt64 {
    let resident = processes.map(residentBytes)
    let sum = resident.reduce(0, +)
    guard sum > limit else { return sum }
    return zip(processes, resident).reduce(0) { $0 + (proportionalBytes(of: $1.0) ?? $1.1) }
  }

  private static func residentBytes(of process: pid_t) -> UInt64 {
    let fields = readText("/proc/\(process)/statm", byteCountMax: 256)?.split(separator: " ") ?? []
    let pageCount = fields.count > 1 ? UInt64(fields[1]) ?? 0 : 0
    return pageCount * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Shared pages divided by those who share them; nil where the kernel does not say.
  private static func proportionalBytes(of process: pid_t) -> UInt64? {
    let lines = readText("/proc/\(process)/smaps_rollup")?.split(separator: "\n") ?? []
    let fields = lines.first { $0.hasPrefix("Pss:") }?.split(separator: " ") ?? []
    return fields.count > 1 ? UInt64(fields[1]).map { $0 << 10 } : nil
  }
}
