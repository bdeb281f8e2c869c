// ControlGroup.swift — a control group of the kernel's that holds memory and processes of one command.
//
// Version 2: a leaf beside this process's own group, where that part of the tree is delegated to us;
// the command is born in it. Version 1: leaves in the hierarchies "memory" and "pids", which only root
// can make. A process has to be moved into those (and into a version 2 leaf as another user), for
// which the kernel stops all forks for ten milliseconds or so: that is done only for hard limits.
// Where neither is to be had, the watchdog counts. Source: kernel, admin-guide/cgroup-v2 and cgroup-v1/memory.

import Glibc
import Synchronization

/// One group for one command. Made before the wall starts, removed when everything in it has ended.
final class ControlGroup: Sendable {
  let enforcement: SandboxOutcome.Enforcement
  /// The group's folders; two where memory and processes have a hierarchy each.
  private let folders: [String]
  /// The folder, to be born in, or `cgroup.procs` of each folder, to move in.
  let doors: [Descriptor]
  let isBirthplace: Bool
  /// The file with a line "oom_kill COUNT".
  private let events: String

  private static let counter = Atomic(0)
  /// Where this process may make leaves; its own group does not change while it runs.
  private static let place: (version2: String?, memory: String?, processes: String?) = {
    let groups = Membership(readText("/proc/self/cgroup") ?? "")
    return (groups.unified.flatMap { ControlGroup.findPlace($0) }, groups.memory, groups.processes)
  }()

  /// A group with the profile's limits, nil where none can be made here for a command that runs as
  /// `user`.
  static func make(_ limits: SandboxLimits, user: UInt32) -> ControlGroup? {
    let isBirthplace = user == geteuid()
    guard isBirthplace || limits.isHard else { return nil }
    _ = sweep
    let name = "martlet-\(getpid())-\(counter.add(1, ordering: .relaxed).newValue)"
    if let place = place.version2 {
      return ControlGroup(version2: "\(place)/\(name)", limits, isBirthplace: isBirthplace)
    }
    if limits.isHard, let memory = place.memory, let processes = place.processes {
      return ControlGroup(
        version1: "/sys/fs/cgroup/memory\(memory)/\(name)",
        "/sys/fs/cgroup/pids\(processes)/\(name)", limits)
    }
    return nil
  }

  /// Removes the empty groups of hosts that were killed, once in the life of this process.
  private static let sweep: Void = {
    let folders = [
      place.version2, place.memory.map { "/sys/fs/cgroup/memory\($0)" },
      place.processes.map { "/sys/fs/cgroup/pids\($0)" },
    ]
    for folder in folders.compactMap({ $0 }) {
      for name in folderEntries(folder) {
        let parts = name.split(separator: "-")
        guard parts.count == 3, parts[0] == "martlet", let host = pid_t(parts[1]), host > 0,
          kill(host, 0) != 0, errno == ESRCH
        else { continue }
        // The kernel removes none that has a process in it.
        rmdir("\(folder)/\(name)")
      }
    }
  }()

  /// Of the two places where a leaf may be made, our own group and its parent, the first whose
  /// children have the controllers. (A group with processes in it has none for its children, except
  /// the root.)
  private static func findPlace(_ path: String) -> String? {
    for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
      let own = path == "/" ? root : root + path
      let parent = own == root ? root : own.parentFolder
      let place = [own, parent].first { folder in
        let text = readText("\(folder)/cgroup.subtree_control") ?? ""
        let controllers = text.split { $0 == " " || $0 == "\n" }
        return controllers.contains("memory") && controllers.contains("pids")
          && access("\(folder)/cgroup.procs", W_OK) == 0
      }
      if let place { return place }
    }
    return nil
  }

  private init?(version2 folder: String, _ limits: SandboxLimits, isBirthplace: Bool) {
    let settings = [
      ("memory.max", "\(limits.memoryBytesMax)"), ("memory.oom.group", "1"),
      ("pids.max", "\(limits.processCountMax + 1)"),
    ]
    let door = Self.prepare(folder, settings, opening: isBirthplace ? "." : "cgroup.procs")
    guard let door else { return nil }
    // Absent where the kernel has no swap.
    _ = Self.write("0", to: "\(folder)/memory.swap.max")
    self.isBirthplace = isBirthplace
    enforcement = .cgroup2
    folders = [folder]
    doors = [door]
    events = "\(folder)/memory.events"
  }

  private init?(version1 memory: String, _ processes: String, _ limits: SandboxLimits) {
    let memorySettings = [("memory.limit_in_bytes", "\(limits.memoryBytesMax)")]
    let memoryDoor = Self.prepare(memory, memorySettings, opening: "cgroup.procs")
    guard let memoryDoor else { return nil }
    let processesSettings = [("pids.max", "\(limits.processCountMax + 1)")]
    let processesDoor = Self.prepare(processes, processesSettings, opening: "cgroup.procs")
    guard let processesDoor else {
      rmdir(memory)
      return nil
    }
    isBirthplace = false
    enforcement = .cgroup1
    folders = [memory, processes]
    doors = [memoryDoor, processesDoor]
    events = "\(memory)/memory.oom_control"
  }

  deinit { remove() }

  /// How many processes the kernel killed for want of memory.
  var memoryKillCount: Int {
    let lines = readText(events)?.split(separator: "\n") ?? []
    let line = lines.first { $0.hasPrefix("oom_kill ") }
    return line.flatMap { Int($0.dropFirst("oom_kill ".utf8.count)) } ?? 0
  }

  /// Removes the group. The kernel may take a moment to notice that the last process is gone.
  func remove() {
    for folder in folders {
      for _ in 0..<50 where rmdir(folder) != 0 && errno == EBUSY { usleep(1000) }
    }
  }

  /// Makes the folder, writes the settings, and opens its `door`.
  private static func prepare(
    _ folder: String, _ settings: [(String, String)], opening door: String
  ) -> Descriptor? {
    guard mkdir(folder, 0o755) == 0 else { return nil }
    let isSet = settings.allSatisfy { write($0.1, to: "\(folder)/\($0.0)") }
    let flags = door == "." ? O_RDONLY | O_DIRECTORY : O_WRONLY
    let opened = isSet ? open("\(folder)/\(door)", flags | O_CLOEXEC) : -1
    guard opened >= 0 else {
      rmdir(folder)
      return nil
    }
    return Descriptor(opened)
  }

  private static func write(_ text: String, to path: String) -> Bool {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return writeAll(file, Array(text.utf8))
  }
}

/// The groups of this process: lines of /proc/self/cgroup, "ID:CONTROLLERS:PATH".
private struct Membership {
  var unified: String?
  var memory: String?
  var processes: String?

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let path = String(fields[2])
      let controllers = fields[1].split(separator: ",")
      if fields[0] == "0", controllers.isEmpty { unified = path }
      if controllers.contains("memory") { memory = path == "/" ? "" : path }
      if controllers.contains("pids") { processes = path == "/" ? "" : path }
    }
  }
}

extension String {
  /// The path without its last part.
  fileprivate var parentFolder: String {
    lastIndex(of: "/").map { String(self[..<$0]) } ?? self
  }
}
