// FilterTests.swift — the system call filter, run instruction by instruction for every number, against
// a list of names that was written apart from it.

import CSandbox
import Foundation
import Sandbox
import TestKit
import Testing

/// What a filter answers. Source: linux/seccomp.h.
private enum Verdict: Equatable {
  case allowed, killed, delegated
  case refused(Int32)

  init(_ value: UInt32) {
    switch value & 0xFFFF_0000 {
    case 0x7FFF_0000: self = .allowed
    case 0x8000_0000: self = .killed
    case 0x7FC0_0000: self = .delegated
    case 0x0005_0000: self = .refused(Int32(value & 0xFFFF))
    default: self = .refused(-1)
    }
  }
}

/// A machine for classic BPF, as much of it as filters use. Source: kernel, networking/filter.
private struct Filter {
  private struct Instruction {
    var code: UInt32
    var yes: Int
    var no: Int
    var value: UInt32
  }

  private let instructions: [Instruction]

  init(_ listing: String) throws {
    instructions = try listing.split(separator: "\n").map { line in
      let numbers = line.split(separator: " ").compactMap { UInt32($0) }
      try #require(numbers.count == 4)
      return Instruction(
        code: numbers[0], yes: Int(numbers[1]), no: Int(numbers[2]), value: numbers[3])
    }
  }

  func judge(_ number: UInt32, architecture: UInt32, _ arguments: [UInt64]) throws -> Verdict {
    // struct seccomp_data: nr, arch, instruction pointer, six arguments.
    var words: [UInt32] = [number, architecture, 0, 0]
    for argument in arguments {
      words += [UInt32(truncatingIfNeeded: argument), UInt32(truncatingIfNeeded: argument >> 32)]
    }
    var accumulator: UInt32 = 0
    var at = 0
    while at < instructions.count {
      let instruction = instructions[at]
      at += 1
      switch instruction.code {
      case 0x20: accumulator = words[Int(instruction.value / 4)]
      case 0x54: accumulator &= instruction.value
      case 0x05: at += Int(instruction.value)
      case 0x15: at += accumulator == instruction.value ? instruction.yes : instruction.no
      case 0x35: at += accumulator >= instruction.value ? instruction.yes : instruction.no
      case 0x45: at += accumulator & instruction.value != 0 ? instruction.yes : instruction.no
      case 0x06: return Verdict(instruction.value)
      default: Issue.record("instruction \(instruction.code) is not known here")
      }
    }
    Issue.record("the filter ends without an answer")
    return .killed
  }
}

/// Which names are refused, written from the mechanisms and not from the filter.
private struct Rules {
  var isLandlockTier = false
  var countsMemory = false
  var hasBroker = false

  var flags: UInt32 {
    (isLandlockTier ? WALL_FLAG_LANDLOCK_TIER.rawValue : 0)
      | (countsMemory ? WALL_FLAG_COUNTED_MEMORY_ONLY.rawValue : 0)
      | (hasBroker ? WALL_FLAG_BROKER.rawValue : 0)
  }

  private static func names(_ text: String) -> Set<String> {
    Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
  }

  private static let never = names(
    """
    ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise process_mrelease
    perf_event_open socket bind listen accept accept4 bpf userfaultfd add_key request_key keyctl
    fanotify_init fanotify_mark memfd_secret mbind set_mempolicy set_mempolicy_home_node migrate_pages
    move_pages unshare setns mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig
    fsmount fspick mount_setattr statmount listmount open_tree_attr name_to_handle_at
    open_by_handle_at init_module finit_module delete_module kexec_load kexec_file_load reboot swapon
    swapoff acct quotactl quotactl_fd settimeofday clock_settime clock_adjtime adjtimex syslog
    vhangup iopl ioperm modify_ldt lookup_dcookie uselib lsm_set_self_attr
    """)
  private static let absent = names(
    "io_uring_setup io_uring_enter io_uring_register clone3 openat2")
  private static let neverInLandlockTier = names(
    """
    shmget shmat shmctl semget semctl semop semtimedop msgget msgctl msgsnd msgrcv mq_open mq_unlink
    chown lchown fchown fchownat inotify_add_watch
    """)
  private static let absentInLandlockTier = names(
    "setxattrat removexattrat file_setattr inotify_init inotify_init1 utime utimes futimesat")
  private static let unsupportedInLandlockTier = names(
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr")
  /// Calls whose arguments matter.
  static let judged = names(
    """
    prlimit64 setrlimit sched_setscheduler sched_setparam sched_setattr sched_setaffinity setpriority
    ioprio_set utimensat clone socketpair open openat creat mkdir mkdirat fchmod chmod fchmodat fchmodat2 mknod
    mknodat personality prctl ioctl renameat2 setsockopt fcntl
    """)
  private static let setID: UInt64 = 0o6000

  func verdict(_ name: String, _ arguments: [UInt64]) -> Verdict {
    let denied = Verdict.refused(EPERM), missing = Verdict.refused(ENOSYS)
    func low(_ index: Int) -> UInt64 { arguments[index] & 0xFFFF_FFFF }
    func mode(_ index: Int, delegated: Bool = false) -> Verdict {
      if low(index) & Self.setID != 0 { return denied }
      return delegated && isLandlockTier ? .delegated : .allowed
    }
    if Self.never.contains(name) { return denied }
    if Self.absent.contains(name) { return missing }
    if isLandlockTier {
      if Self.neverInLandlockTier.contains(name) { return denied }
      if Self.absentInLandlockTier.contains(name) { return missing }
      if Self.unsupportedInLandlockTier.contains(name) { return .refused(EOPNOTSUPP) }
      switch name {
      case "prlimit64" where low(0) != 0: return denied
      case "sched_setscheduler", "sched_setparam", "sched_setattr",
        "sched_setaffinity":
        return low(0) == 0 ? .allowed : denied
      case "setpriority": return low(0) != 2 && low(1) == 0 ? .allowed : denied
      case "ioprio_set": return low(0) != 3 && low(1) == 0 ? .allowed : denied
      case "utimensat": return .delegated
      default: break
      }
    }
    switch name {
    // RLIMIT_CORE cannot be set, only asked for.
    case "prlimit64": return low(1) == 4 && arguments[2] != 0 ? .refused(0) : .allowed
    case "setrlimit": return low(0) == 4 ? .refused(0) : .allowed
    case "connect": return hasBroker ? .refused(0) : denied
    case "sendmmsg", "recvmmsg": return hasBroker ? denied : .allowed
    case "memfd_create", "shmget": return countsMemory ? missing : .allowed
    case "clone": return low(0) & 0x7E02_0000 != 0 ? denied : .allowed
    case "socketpair":
      return low(0) == 1 && [1, 5].contains(low(1) & 0xF) ? .allowed : denied
    case "open", "openat":
      let flags = name == "open" ? 1 : 2
      let creates = low(flags) & 0o20000100 != 0
      return creates ? mode(flags + 1) : .allowed
    case "creat", "mkdir": return mode(1)
    case "mkdirat": return mode(2)
    case "chmod", "fchmod": return mode(1, delegated: true)
    case "fchmodat", "fchmodat2": return mode(2, delegated: true)
    case "mknod", "mknodat":
      let index = name == "mknod" ? 1 : 2
      if low(index) & Self.setID != 0 { return denied }
      return [0, 0o100000, 0o010000].contains(low(index) & 0o170000) ? .allowed : denied
    case "personality": return [0, 0xFFFF_FFFF].contains(low(0)) ? .allowed : denied
    case "prctl": return low(0) == 35 ? denied : .allowed
    case "ioctl":
      // TIOCSTI, TIOCLINUX, TIOCSETD, TIOCSCTTY, TIOCEXCL; FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR,
      // FS_IOC_ENABLE_VERITY; SIOCGIFNAME to the last of SIOCIWFIRST.
      let never: Set<UInt64> = [
        0x5412, 0x541C, 0x5423, 0x540E, 0x540C, 0x4008_6602, 0x401C_5820, 0x4080_6685,
      ]
      return never.contains(low(1)) || (0x8910...0x8BFF).contains(low(1)) ? denied : .allowed
    // F_SETLEASE.
    case "fcntl": return low(1) == 1024 ? denied : .allowed
    // RENAME_WHITEOUT.
    case "renameat2": return low(4) & 4 != 0 ? denied : .allowed
    // SO_ATTACH_FILTER, SO_ATTACH_BPF and those for SO_REUSEPORT, of SOL_SOCKET.
    case "setsockopt": return low(1) == 1 && [26, 50, 51, 52].contains(low(2)) ? denied : .allowed
    default: return .allowed
    }
  }
}

@Suite struct `The system call filter` {
  private static let unreviewed: UInt32 = 470

  /// Sets of arguments: nothing, everything, single bits and numbers that some rule looks for.
  private static let arguments: [[UInt64]] = {
    var values: [UInt64] = [
      0, .max, 1, 2, 3, 4, 5, 35, 0o4000, 0o2000, 0o755, 0o100644, 0o060644, 0o020600, 0o010600,
      0o140000,
      0o100, 0o20000000, 0x5412, 0x541C, 0x5423, 0x540E, 0x1_0000_5412, 0x1_0000_0000, 0xFFFF_FFFF,
      1 | 0o2000000, 2 | 0o2000000, 5 | 0o4000, 0x1_0000_0001, 26, 49, 50, 51, 52, 53, 0x540C,
      0x4008_6602, 0x401C_5820, 0x4080_6685, 0x890F, 0x8910, 0x8912, 0x8BFF, 0x8C00,
    ]
    values += (0..<32).map { 1 << $0 }
    var sets = values.map { [UInt64](repeating: $0, count: 6) }
    for value in values {
      for index in 0..<5 {
        var set = [UInt64](repeating: 0, count: 6)
        set[index] = value
        sets.append(set)
      }
    }
    // Opening to create, with each mode.
    for value in values {
      sets.append([0, 0o101, value, 0, 0, 0])
      sets.append([0, 0, 0o20000002, value, 0, 0])
      sets.append([1, value, 0, 0, 0, 0])
      sets.append([0, 1, value, 0, 0, 0])
      sets.append([0, 4, value, 0, 0, 0])
    }
    return sets
  }()

  /// Whether calls that no rule looks into are tried with every set of arguments too.
  private static let isThorough = ProcessInfo.processInfo.environment["MARTLET_FULL"] != nil

  private static let all = [
    Rules(), Rules(countsMemory: true), Rules(isLandlockTier: true, countsMemory: true),
    Rules(countsMemory: true, hasBroker: true),
    Rules(isLandlockTier: true, countsMemory: true, hasBroker: true),
  ]

  /// Names of system calls by number, as the kernel's header has them.
  private static func names(_ header: String) throws -> [UInt32: String] {
    var names: [UInt32: String] = [:]
    for line in try String(contentsOfFile: header, encoding: .utf8).split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count == 3, words[0] == "#define", let number = UInt32(words[2]) else { continue }
      for prefix in ["__NR3264_", "__NR_"] where words[1].hasPrefix(prefix) {
        names[number] = String(words[1].dropFirst(prefix.utf8.count))
      }
    }
    // Younger than the header of some systems.
    for (number, name) in [
      (438, "pidfd_getfd"), (440, "process_madvise"), (442, "mount_setattr"), (443, "quotactl_fd"),
      (447, "memfd_secret"), (448, "process_mrelease"), (450, "set_mempolicy_home_node"),
      (452, "fchmodat2"), (457, "statmount"), (458, "listmount"), (460, "lsm_set_self_attr"),
      (463, "setxattrat"), (466, "removexattrat"), (467, "open_tree_attr"), (469, "file_setattr"),
    ] as [(UInt32, String)] { names[number] = name }
    return names
  }

  private static func compare(
    _ program: String, architecture: UInt32, _ names: [UInt32: String], foreign: [UInt32]
  ) throws {
    for rules in all {
      let listing = Bare.run([program, String(rules.flags)])
      try #require(listing.status == 0, "\(listing.error)")
      let filter = try Filter(listing.output)
      for number in 0..<600 as Range<UInt32> {
        let name = names[number] ?? ""
        let sets =
          isThorough || Rules.judged.contains(name) ? arguments : Array(arguments.prefix(6))
        for set in sets {
          let expected =
            number >= unreviewed ? .refused(ENOSYS) : rules.verdict(name, set)
          let found = try filter.judge(number, architecture: architecture, set)
          if found != expected {
            Issue.record(
              "\(number) \(names[number] ?? "?") \(set), flags \(rules.flags): \(found), not \(expected)"
            )
            return
          }
        }
        for other in foreign {
          #expect(try filter.judge(number, architecture: other, arguments[0]) == .killed)
        }
      }
      for number in [0x4000_0000, 0x4000_0027, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt32] {
        let found = try filter.judge(number, architecture: architecture, arguments[0])
        // The second numbering of x86-64 is another door; elsewhere these are only large numbers.
        #expect(found == (architecture == 0xC000_003E ? .killed : .refused(ENOSYS)))
      }
    }
  }

  // AUDIT_ARCH_X86_64, _AARCH64, _I386, _ARM. Source: linux/audit.h.
  private static let x86: UInt32 = 0xC000_003E
  private static let arm: UInt32 = 0xC000_00B7
  private static let others: [UInt32] = [0x4000_0003, 0x4000_0028, 0]

  private static func header(_ candidates: [String]) throws -> String {
    guard let found = candidates.first(where: { access($0, R_OK) == 0 }) else {
      try Test.cancel("The kernel's headers are not here: \(candidates.joined(separator: ", ")).")
    }
    return found
  }

  #if arch(x86_64)
  @Test func `of x86-64 says of every number what the list of names says`() throws {
    _ = try #require(Walls.program)
    let names = try Self.names(
      Self.header([
        "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h",
      ]))
    try #require(names[101] == "ptrace" && names.count > 330)
    try Self.compare(
      Repository.path(".build/wall/martlet-filter"), architecture: Self.x86, names,
      foreign: Self.others + [Self.arm])
  }

  /// Written by this machine with the numbers of the other.
  @Test func `of arm64 says of every number what the list of names says`() throws {
    let names = try Self.names(Self.header(["/usr/include/asm-generic/unistd.h"]))
    try #require(names[117] == "ptrace" && names.count > 290)
    let folder = try TemporaryFolder()
    let wall = Repository.path("Sources/CSandbox/wall")
    let program = folder.path + "/martlet-filter"
    let built = Bare.run(
      [
        "/usr/bin/env", "clang", "-std=gnu17", "-DFILTER_FOR_ARM64", "-D_ASM_X86_UNISTD_H",
        "-D__ARCH_WANT_NEW_STAT", "-D__ARCH_WANT_RENAMEAT", "-D__ARCH_WANT_SET_GET_RLIMIT",
        "-include", "asm/bitsperlong.h",
        "-include", "asm-generic/unistd.h", "-o", program, wall + "/filter.c",
        wall + "/listing/main.c",
      ], environment: ProcessInfo.processInfo.environment)
    try #require(built.status == 0, "\(built.error)")
    try Self.compare(
      program, architecture: Self.arm, names, foreign: Self.others + [Self.x86])
  }
  #endif
}
