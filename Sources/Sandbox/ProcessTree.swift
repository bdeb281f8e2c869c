// ProcessTree.swift — what the processes below one of ours use up, read from /proc.
//
// Orphans of a sandbox become children of its process 1, or of the wall in the Landlock tier, so the
// tree of children from the wall down always holds all of them.

import Glibc

enum ProcessTree {
  /// The processes below `root`, without it; where there are more than `countMax`, some more than that:
  /// to find out that it is too many must not take longer the more they are.
  static func descendants(of root: pid_t, countMax: Int) -> [pid_t] {
    var found: [pid_t] = []
    var waiting = [root]
    while let next = waiting.popLast(), found.count <= countMax {
      let children = children(of: next)
      found += children
      waiting += children
    }
    return found
  }

  /// The children of all threads of a process.
  private static func children(of process: pid_t) -> [pid_t] {
    folderEntries("/proc/\(process)/task").flatMap { thread in
      let text = readText("/proc/\(process)/task/\(thread)/children", byteCountMax: 1 << 20)
      return text?.split(separator: " ").compactMap { pid_t($0) } ?? []
    }
  }

  /// What some processes use together.
  struct Use {
    /// Processes and threads.
    var taskCount = 0
    var memoryBytes: UInt64 = 0
  }

  /// Adds up what the processes use, exactly enough to say whether memory is above `limit`.
  ///
  /// Counted are resident and swapped pages and the tables that describe them. Only where these, or
  /// what could be behind them, come near the limit, it is looked closer: pages that several share are
  /// divided among them, and what no process's size shows is added, see ``HiddenMemory``.
  static func use(of processes: [pid_t], limit: UInt64) -> Use {
    let sizes = processes.map { ($0, ProcessSize($0)) }
    var use = Use()
    var conceivable: UInt64 = 0
    for (_, size) in sizes {
      use.taskCount += size.threadCount
      use.memoryBytes += size.heldBytes
      conceivable += size.heldBytes + size.mappedBytes
      conceivable += UInt64(size.openFileCount) * HiddenMemory.socketBytes
    }
    guard conceivable > limit else { return use }
    if use.memoryBytes > limit {
      use.memoryBytes = sizes.reduce(0) { sum, entry in
        let (process, size) = entry
        let pages = proportionalBytes(of: process) ?? size.residentBytes
        return sum + pages + size.swappedBytes + size.tableBytes + size.hugeBytes
      }
    }
    if use.memoryBytes <= limit { use.memoryBytes += HiddenMemory.bytes(of: processes) }
    return use
  }

  /// Shared pages divided by those who share them; nil where the kernel does not say.
  private static func proportionalBytes(of process: pid_t) -> UInt64? {
    let lines = readText("/proc/\(process)/smaps_rollup")?.split(separator: "\n") ?? []
    let fields = lines.first { $0.hasPrefix("Pss:") }?.split(separator: " ") ?? []
    return fields.count > 1 ? UInt64(fields[1]).map { $0 << 10 } : nil
  }
}

/// The sizes in /proc/PID/status, and how many files the process has open.
private struct ProcessSize {
  var threadCount = 0
  var mappedBytes: UInt64 = 0
  var residentBytes: UInt64 = 0
  var swappedBytes: UInt64 = 0
  var tableBytes: UInt64 = 0
  /// Of the pool of huge pages, which the resident size leaves out.
  var hugeBytes: UInt64 = 0
  /// 0 before kernel 6.2, which does not say.
  var openFileCount = 0

  var heldBytes: UInt64 { residentBytes + swappedBytes + tableBytes + hugeBytes }

  init(_ process: pid_t) {
    for line in readText("/proc/\(process)/status", byteCountMax: 8 << 10)?.split(separator: "\n")
      ?? []
    {
      let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard fields.count > 1, let number = UInt64(fields[1]) else { continue }
      switch fields[0] {
      case "Threads:": threadCount = Int(number)
      case "VmSize:": mappedBytes = number << 10
      case "VmRSS:": residentBytes = number << 10
      case "VmSwap:": swappedBytes = number << 10
      case "VmPTE:": tableBytes = number << 10
      case "HugetlbPages:": hugeBytes = number << 10
      default: break
      }
    }
    var status = stat()
    if stat("/proc/\(process)/fd", &status) == 0 { openFileCount = Int(status.st_size) }
  }
}

/// Memory that belongs to processes and to none of their sizes: shared pages that nobody has touched
/// since they were made over to another, and what waits in sockets and pipes.
enum HiddenMemory {
  /// What a socket can hold: twice the largest buffer that may be asked for, net.core.wmem_max.
  static let socketBytes: UInt64 = 416 << 10
  /// A pipe of the usual size.
  private static let pipeBytes: UInt64 = 64 << 10

  static func bytes(of processes: [pid_t]) -> UInt64 {
    var segments: [Substring: UInt64] = [:]
    var sockets: Set<String> = []
    var pipes: Set<String> = []
    for process in processes {
      noteSegments(of: process, &segments)
      for name in folderEntries("/proc/\(process)/fd") {
        guard let content = SandboxPath.linkContent("/proc/\(process)/fd/\(name)") else { continue }
        if content.hasPrefix("socket:") { sockets.insert(content) }
        if content.hasPrefix("pipe:") { pipes.insert(content) }
      }
    }
    return segments.values.reduce(0, +) + UInt64(sockets.count) * socketBytes
      + UInt64(pipes.count) * pipeBytes
  }

  /// Anonymous shared memory, which the maps call a deleted /dev/zero: by inode, its mapped extent. As
  /// for private memory, what was reserved counts.
  private static func noteSegments(of process: pid_t, _ segments: inout [Substring: UInt64]) {
    // START-END MODE OFFSET DEVICE INODE PATH
    for line in readText("/proc/\(process)/maps", byteCountMax: 16 << 20)?.split(separator: "\n")
      ?? []
    where line.hasSuffix("/dev/zero (deleted)") {
      let fields = line.split(separator: " ", maxSplits: 5)
      let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard fields.count > 5, ends.count == 2, let offset = UInt64(fields[2], radix: 16) else {
        continue
      }
      let extent = offset + (ends[1] - ends[0])
      segments[fields[4]] = max(segments[fields[4]] ?? 0, extent)
    }
  }
}

/// The names in a folder, without those that begin with a dot.
func folderEntries(_ path: String) -> [String] {
  guard let folder = opendir(path) else { return [] }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names
}
