// ProcessorCount.swift — how many threads can compute at once here.

import Glibc

/// The processors that this process may use.
package enum ProcessorCount {
  /// Physical cores within the process's affinity mask, at most the control group's CPU quota;
  /// at least 1. Two hardware threads of one core share its arithmetic units, so they count once.
  package static func physical() -> Int {
    let processors = allowedProcessors()
    let cores = Set(processors.map { siblings(of: $0) ?? String($0) })
    let quota = controlGroupQuota() ?? Int.max
    return max(1, min(cores.isEmpty ? 1 : cores.count, quota))
  }

  /// Numbers of the processors in the affinity mask, which the kernel shows as a list such as
  /// "0-3,8".
  private static func allowedProcessors() -> [Int] {
    let field = "Cpus_allowed_list:"
    guard let lines = text("/proc/self/status")?.split(separator: "\n"),
      let line = lines.first(where: { $0.hasPrefix(field) })
    else { return [] }
    return processors(inList: line.dropFirst(field.count))
  }

  /// The numbers of a kernel processor list.
  package static func processors(inList list: some StringProtocol) -> [Int] {
    list.split { $0 == "," || $0.isWhitespace }.flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first >= 0, first <= last,
        last < processorNumberMax
      else { return [] }
      return Array(first...last)
    }
  }

  /// Above any kernel's limit (8,192 at most today); bounds a range that is expanded.
  private static let processorNumberMax = 1 << 16

  /// The kernel's list of hardware threads on the same core, as text: equal for equal cores.
  private static func siblings(of processor: Int) -> String? {
    text("/sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list")
  }

  /// Whole processors of a cgroup v2 quota, "MICROSECONDS PERIOD" or "max PERIOD", rounded up.
  private static func controlGroupQuota() -> Int? {
    guard let words = text("/sys/fs/cgroup/cpu.max")?.split(whereSeparator: \.isWhitespace),
      words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), period > 0
    else { return nil }
    return max(1, quota / period + (quota % period > 0 ? 1 : 0))
  }

  /// The beginning of a file of the kernel's; these have no size to ask for.
  private static func text(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
