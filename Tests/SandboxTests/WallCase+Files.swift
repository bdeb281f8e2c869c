// WallCase+Files.swift — cases 1 to 40: files, links, other processes.

extension WallCase {
  private static func hidden(_ act: String, _ control: Attempt.Control) -> Attempt {
    Attempt(act, control, ["ENOENT"], ["EACCES"])
  }

  /// Of process 1, which root's group may see and nobody may touch.
  private static func strange(_ act: String) -> Attempt {
    Attempt(act, .untried, ["ENOENT", "EACCES"], ["EACCES"])
  }

  /// Not there, on some machines not even outside.
  private static func absent(_ act: String) -> Attempt {
    Attempt(act, .untried, ["ENOENT"], ["EACCES", "ENOENT"])
  }

  static let filesAndProcesses: [WallCase] = [
    WallCase(1, "read a file of the user's", [hidden("read={secret}", .open)]),
    WallCase(
      2, "list the homes", [hidden("list=/home", .mostlyOpen), hidden("list=/root", .untried)]),
    WallCase(3, "read the passwords", [hidden("read=/etc/shadow", .untried)]),
    WallCase(
      4, "write into the system",
      ["/usr/new", "/etc/new", "/new"].map {
        Attempt("create=\($0)", .untried, ["EACCES", "EROFS"], ["EACCES"])
      }),
    WallCase(5, "leave the workspace by ..", [hidden("read={workspace}/../secret", .open)]),
    WallCase(
      6, "follow a link that the command made",
      [hidden("read-through={secret},{workspace}/made-link", .open)]),
    WallCase(
      7, "follow a link that was there before", [hidden("read={workspace}/link-out", .open)]),
    WallCase(
      8, "hard-link a file of the system",
      [
        Attempt(
          "link=/usr/bin/env,{workspace}/env", .untried, ["EXDEV"], ["EXDEV", "EACCES", "EPERM"])
      ]),
    WallCase(
      9, "move a file out of the workspace",
      [
        Attempt(
          "rename={workspace}/movable,/usr/movable", .untried, ["EXDEV"], ["EXDEV", "EACCES"])
      ]
    ),
    WallCase(
      10, "move a file within the workspace",
      [
        Attempt("rename={workspace}/movable,{workspace}/inner/movable", .untried, ["ok"]),
        Attempt("rename={workspace}/inner/movable,{workspace}/movable", .untried, ["ok"]),
      ]),
    WallCase(
      11, "truncate what may only be read",
      ["truncate", "truncate-read-only"].map {
        Attempt("\($0)=/usr/bin/env", .untried, ["EACCES", "EROFS"], ["EACCES"])
      }),
    WallCase(
      12, "make a device",
      ["character-device", "block-device"].map {
        Attempt("\($0)={workspace}", .untried, ["EPERM"])
      }),
    WallCase(
      13, "set the set-user-id bit",
      ["chmod", "fchmod", "fchmodat2", "create", "mkdir"].map {
        Attempt("\($0)-set-id={workspace}", .open, ["EPERM"])
      } + [Attempt("openat2-set-id={workspace}", .open, ["ENOSYS"])]),
    WallCase(
      14, "open a file by its handle",
      [
        Attempt("handle={workspace}", .mostlyOpen, ["EPERM"]),
        Attempt("open-handle", .untried, ["EPERM"]),
      ]),
    WallCase(
      15, "read the disk, the memory, the terminal",
      ["/dev/vda", "/dev/sda", "/dev/mem", "/dev/kvm", "/dev/fuse", "/dev/tty"].map {
        absent("read=\($0)")
      }),
    WallCase(
      16, "read what is hidden in the workspace", full: "empty", landlock: "empty, in a copy",
      test: "reads nothing of what is hidden"),
    WallCase(
      17, "make a protected name that is missing", full: "EROFS", landlock: "not brought back",
      test: "cannot be born where it is protected"),
    WallCase(
      18, "move a parent of a protected path away", full: "EBUSY", landlock: "not brought back",
      test: "cannot be moved away with its parent"),
    WallCase(
      19, "name a denied path in another spelling", full: "denied", landlock: "denied",
      test: "spells paths in one way only", who: .host),
    WallCase(
      20, "make a file whose name is not text", full: "byte-exact", landlock: "byte-exact",
      test: "keeps names byte for byte"),
    WallCase(
      21, "learn the host's mounts", full: "its own only", landlock: "EACCES",
      test: "sees no mount but its own"),
    WallCase(
      22, "ask for quotas and mounts",
      [
        Attempt("reach=179,1,0,0,0", .untried, ["EPERM"]),
        Attempt("reach=443", .untried, ["EPERM"]),
        Attempt("reach=457", .mostlyOpen, ["EPERM"]), Attempt("reach=458", .mostlyOpen, ["EPERM"]),
      ]),
    WallCase(
      23, "swap a folder for a link while the host reads", full: "0 reads outside",
      landlock: "0 reads outside", test: "is never left while links are swapped in", who: .host),
    WallCase(
      24, "change a file between a look and the write", full: "write refused",
      landlock: "write refused",
      test: "takes back what it wrote when a later file cannot be written", who: .host),
    WallCase(
      25, "lead the host through a link of /proc", full: "refused", landlock: "refused",
      test: "is not left through links of the kernel's", who: .host),
    WallCase(
      26, "give the host a pipe, a device, a folder, a huge file", full: "typed error",
      landlock: "typed error", test: "gives ordinary files of a bounded size and nothing else",
      who: .host),
    WallCase(
      27, "replace the workspace by a link", full: "start refused", landlock: "start refused",
      test: "is refused where the workspace became a link"),
    WallCase(
      28, "reach the root of another process",
      [
        hidden("read=/proc/self/root{secret}", .open), strange("list=/proc/1/root/home"),
        hidden("read=/proc/{host}/root{secret}", .mostlyOpen),
      ]),
    WallCase(
      29, "read another process's environment", [hidden("read=/proc/{host}/environ", .open)]),
    WallCase(
      30, "write another process's memory",
      [
        hidden("overwrite=/proc/{host}/mem", .mostlyOpen),
        strange("overwrite=/proc/1/mem"),
      ]),
    WallCase(
      31, "set kernel parameters",
      [
        absent("create=/proc/sys/kernel/core_pattern"), absent("overwrite=/proc/sysrq-trigger"),
      ]),
    WallCase(
      32, "read the kernel's symbols, memory and log",
      [
        hidden("read=/proc/kallsyms", .mostlyOpen), absent("read=/proc/kcore"),
        absent("read=/dev/kmsg"),
      ]),
    WallCase(
      33, "overwrite its own program, and process 1's",
      [
        Attempt("overwrite=/proc/self/exe", .untried, ["ETXTBSY"]),
        Attempt("overwrite=/proc/1/exe", .untried, ["ENOENT", "EACCES"], ["EACCES"]),
      ]),
    WallCase(
      34, "trace a process",
      [
        Attempt("attach={host}", .mostlyOpen, ["EPERM"]), Attempt("attach", .untried, ["EPERM"]),
        Attempt("trace-me", .open, ["EPERM"]),
      ]),
    WallCase(
      35, "read and write a parent's memory by call",
      [
        Attempt("read-parent-memory", .mostlyOpen, ["EPERM"]),
        Attempt("write-parent-memory", .untried, ["EPERM"]),
      ]),
    WallCase(
      36, "take a descriptor of another process",
      [Attempt("take-descriptor={host}", .mostlyOpen, ["ESRCH"], ["EPERM"])]),
    WallCase(
      37, "signal a process of the same user",
      [Attempt("signal={host}", .open, ["ESRCH"], ["EPERM"])]),
    WallCase(
      38, "signal the parent", [Attempt("signal-parent", .untried, ["EPERM"])]),
    WallCase(39, "compare itself with process 1", [Attempt("compare", .mostlyOpen, ["EPERM"])]),
    WallCase(
      40, "type into the terminal",
      [
        Attempt("type-into-terminal", .untried, ["EPERM"]),
        Attempt("type-with-high-bits", .untried, ["EPERM"]),
      ]),
  ]
}
