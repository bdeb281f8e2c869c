// WallCase+Resources.swift — cases 78 to 110: what is inherited, what is used up, what is refused.

extension WallCase {
  static let identityAndResources: [WallCase] = [
    WallCase(
      78, "read the spawner's environment", full: "the profile's, exactly",
      landlock: "the profile's, exactly", test: "has the environment of its profile and no other"),
    WallCase(
      79, "use descriptors that the spawner has open",
      ["descriptor=7", "descriptor=8", "descriptor=3", "extra-descriptor"].map {
        Attempt($0, .untried, ["EBADF"])
      }),
    WallCase(
      80, "leave by the folder it starts in",
      [Attempt("read=../secret", .open, ["ENOENT"], ["EACCES"])]),
    WallCase(
      81, "read the wall's orders", full: "none to see", landlock: "none to see",
      test: "shows neither orders nor environment while it starts"),
    WallCase(
      82, "use a credential elsewhere", full: "refused", landlock: "refused",
      test: "leaves secrets and bodies with those they are for", who: .host),
    WallCase(
      83, "leave its memory in a core file", full: "none", landlock: "none",
      test: "leaves no core file"),
    WallCase(
      84, "fork bomb", full: "stopped", landlock: "stopped", test: "stops a fork bomb"),
    WallCase(
      85, "fork storm of a shell", full: "stopped", landlock: "stopped", test: "stops a fork bomb"),
    WallCase(
      86, "many foreign processes of the same user", full: "unaffected", landlock: "unaffected",
      test: "does not count the processes of others"),
    WallCase(
      87, "memory bomb of one process", full: "ENOMEM", landlock: "ENOMEM",
      test: "refuses memory to one process and ends several"),
    WallCase(
      88, "memory bomb of six processes", full: "stopped", landlock: "stopped",
      test: "refuses memory to one process and ends several"),
    WallCase(
      89, "fill /tmp", full: "ENOSPC", landlock: "stopped", test: "bounds the temporary folder"),
    WallCase(
      90, "fill the workspace", full: "EFBIG, stopped", landlock: "EFBIG, stopped",
      test: "bounds what is written to the workspace"),
    WallCase(
      91, "memory files, locked memory, segments, queues",
      [
        Attempt("memory-file", .open, ["ENOSYS", "ok"], ["ENOSYS"]),
        Attempt("lock-memory", .mostlyOpen, ["EPERM"]),
        Attempt("shared-segment", .open, ["ENOSYS", "ok"], ["EPERM"]),
        Attempt("message-queue=martlet-probe", .mostlyOpen, ["EMFILE"], ["EPERM"]),
      ]),
    WallCase(
      92, "run out of descriptors",
      [Attempt("descriptors=1100", .untried, ["EMFILE"])]),
    WallCase(
      93, "flood both outputs", full: "cut, counted", landlock: "cut, counted",
      test: "keeps a flood of output out of the host's memory"),
    WallCase(
      94, "one endless line, bytes that are not text", full: "cut, valid text",
      landlock: "cut, valid text", test: "cuts one endless line, and keeps it text"),
    WallCase(
      95, "never read its input", full: "stopped", landlock: "stopped",
      test: "of input that nobody reads ends with the command"),
    WallCase(
      96, "close its output and sleep", full: "stopped", landlock: "stopped",
      test: "is stopped at the end of its time"),
    WallCase(
      97, "ignore signals and spin", full: "stopped", landlock: "stopped",
      test: "is stopped at the end of its time"),
    WallCase(
      98, "leave a daemon behind", full: "ended", landlock: "ended", test: "leaves no daemon behind"
    ),
    WallCase(
      99, "leave a hundred orphans", full: "reaped", landlock: "reaped",
      test: "has its orphans reaped"),
    WallCase(
      100, "outlive its host", full: "ended", landlock: "ended", test: "does not outlive its host"),
    WallCase(
      101, "stop itself and its group", full: "stopped", landlock: "stopped",
      test: "is stopped at the end of its time"),
    WallCase(
      102, "raise priority and limits",
      [
        Attempt("nice-up", .untried, ["EACCES", "EPERM"]),
        Attempt("real-time", .untried, ["EPERM"]),
        Attempt("raise-limit", .untried, ["EPERM"]),
        Attempt("create=/proc/self/oom_score_adj", .untried, ["ok"], ["EACCES"]),
      ]),
    WallCase(
      103, "a thousand starts and stops", full: "nothing left", landlock: "nothing left",
      test: "leaves nothing behind however often it runs"),
    WallCase(
      104, "user namespaces are used up", full: "refused", landlock: "works",
      test: "does not run where user namespaces are used up"),
    WallCase(
      105, "Landlock is older than what is asked for", full: "refused", landlock: "refused",
      test: "does not run where Landlock is too old"),
    WallCase(
      106, "the wall is missing, or another program", full: "refused", landlock: "refused",
      test: "does not run behind a program that is not the wall"),
    WallCase(
      107, "the wall dies after it was ready", full: "an error", landlock: "an error",
      test: "is no success where the wall died"),
    WallCase(
      108, "no /proc can be mounted", full: "refused", landlock: "works",
      test: "does not run where no proc can be mounted"),
    WallCase(
      109, "what is to be protected is gone, or a link", full: "refused", landlock: "refused",
      test: "does not run where what is to be protected became a link"),
    WallCase(
      110, "namespaces vanish after the check", full: "refused", landlock: "works",
      test: "does not run where namespaces vanish between two runs"),
  ]

  /// Beyond the list.
  static let own: [WallCase] = [
    WallCase(
      201, "change the mode of a file of the user's",
      [Attempt("change-mode={secret}", .open, ["ENOENT"], ["EACCES"])]),
    WallCase(
      202, "change its times", [Attempt("change-times={secret}", .open, ["ENOENT"], ["EACCES"])]),
    WallCase(
      203, "change its owner and attributes",
      [
        Attempt("change-owner={secret}", .open, ["ENOENT"], ["EPERM"]),
        Attempt("change-attribute={secret}", .mostlyOpen, ["ENOENT"], ["EOPNOTSUPP"]),
      ]),
    WallCase(
      204, "change modes and times in the workspace",
      [
        Attempt("change-mode={workspace}/movable", .open, ["ok"]),
        Attempt("change-times={workspace}/movable", .open, ["ok"]),
        Attempt("change-mode={workspace}/link-out", .open, ["ENOENT"], ["EACCES"]),
      ]),
    WallCase(
      205, "watch a folder of the user's for names",
      [Attempt("watch-folder={outside}/profiles", .open, ["ENOENT"], ["ENOSYS"])]),
    WallCase(
      206, "attach a segment by its number",
      [Attempt("attach-segment={segment}", .open, ["EINVAL", "EIDRM"], ["EPERM"])]),
    WallCase(
      207, "remove a message queue of the user's",
      [Attempt("remove-queue=martlet-canary", .untried, ["ENOENT"], ["EPERM"])]),
    WallCase(
      208, "slow down the user's processes",
      [
        Attempt("renice={host}", .open, ["ESRCH"], ["EPERM"]),
        Attempt("change-io-priority={host}", .mostlyOpen, ["ESRCH"], ["EPERM"]),
        Attempt("bind-to-processors={host}", .open, ["ESRCH"], ["EPERM"]),
        Attempt("change-scheduler={host}", .open, ["ESRCH"], ["EPERM"]),
        Attempt("ask-limit-of={host}", .mostlyOpen, ["ESRCH"], ["EPERM"]),
      ]),
    WallCase(
      209, "change the terminal's driver, take it over",
      [
        Attempt("change-terminal-driver", .untried, ["EPERM"]),
        Attempt("take-terminal", .untried, ["EPERM"]),
        Attempt("keep-terminal", .untried, ["EPERM"]),
      ]),
    WallCase(
      210, "aim a pair of sockets elsewhere",
      [
        Attempt("aim-stream-pair={datagram}", .untried, ["EISCONN"]),
        Attempt("aim-sequenced-pair={datagram}", .untried, ["EISCONN"]),
      ]),
    WallCase(
      211, "hide memory in shared pages, sockets, page tables", full: "stopped",
      landlock: "stopped", test: "finds memory that no process shows"),
    WallCase(
      212, "start threads without end", full: "stopped", landlock: "stopped",
      test: "counts threads too"),
    WallCase(
      213, "fill the disk with files that have no name", full: "stopped", landlock: "stopped",
      test: "bounds what is written to the workspace"),
    WallCase(
      214, "run the wall as the command", full: "EACCES", landlock: "EACCES",
      test: "cannot run the wall inside the wall"),
    WallCase(
      215, "storm of signals", full: "ends by itself", landlock: "ends by itself",
      test: "survives a storm of signals"),
    WallCase(
      216, "kill every process it can reach", full: "its own only", landlock: "its own only",
      test: "kills nobody but itself"),
    WallCase(
      217, "slow down all processes of a user", full: "its own only", landlock: "EPERM",
      test: "cannot slow down the processes of a user"),
    WallCase(
      218, "signal a process by each other call",
      ["queue-signal", "thread-signal", "group-signal", "descriptor-signal"].map {
        Attempt("\($0)={host}", .mostlyOpen, ["ESRCH"], ["EPERM"])
      }),
    WallCase(
      219, "have the kernel kill a process, as news about a socket", full: "ESRCH",
      landlock: "nothing happens", test: "has nobody killed by news"),
    WallCase(
      220, "give a file of the user's another name by a descriptor",
      [
        Attempt(
          "link-descriptor={secret},{workspace}/linked", .mostlyOpen, ["ENOENT"],
          ["EACCES", "EPERM", "EXDEV", "ENOENT"])
      ]),
    WallCase(
      221, "let a file of the user's change places with its own",
      [
        Attempt(
          "exchange={secret},{workspace}/movable", .open, ["ENOENT", "EXDEV"], ["EACCES", "EXDEV"])
      ]),
    WallCase(
      222, "leave a device by moving a file",
      [Attempt("white-out={workspace}", .mostlyOpen, ["EPERM"])]),
    WallCase(
      223, "ask for the machine's addresses, without a socket to the network",
      [Attempt("ask-interfaces", .open, ["EPERM"])]),
    WallCase(
      224, "have the kernel run a program for packets",
      [Attempt("attach-filter", .open, ["EPERM"])]),
    WallCase(
      225, "change what it has for standard input", full: "unchanged", landlock: "unchanged",
      test: "changes nothing of its input"),
    WallCase(
      226, "change a file that it may only read, by a descriptor", full: "unchanged",
      landlock: "unchanged", test: "changes nothing of what it may only read"),
    WallCase(
      227, "have its own calls handed to itself",
      [Attempt("listen-to-calls", .open, ["ok"], ["EBUSY"])]),
    WallCase(
      228, "become its parent's child", full: "ended", landlock: "ended",
      test: "leaves no sibling behind"),
    WallCase(
      229, "take all timers of the user's", [Attempt("timers=8000", .mostlyOpen, ["EAGAIN"])]),
    WallCase(
      230, "be of the real-time class where the user may", full: "no limit to use",
      landlock: "no limit to use", test: "is not of the real-time class where its user may"),
    WallCase(
      231, "fill the workspace with empty files", full: "stopped", landlock: "stopped",
      test: "bounds the number of files in the workspace"),
    WallCase(
      232, "leave folders that are hard to remove", full: "none", landlock: "none",
      test: "is nothing, however deep the command went and whatever it closed", who: .user),
    WallCase(
      233, "what a killed host leaves", full: "none", landlock: "removed by the next",
      test: "when it is killed is removed by the next, and nothing that is in use", who: .user),
    WallCase(
      234, "fork bomb of root's without a control group", full: "stopped", landlock: "refused",
      test: "stops a fork bomb of root's where no control group can be made", who: .root),
    WallCase(
      235, "lead the host outside by links in a copy", full: "no copy", landlock: "nothing outside",
      test: "leads the host nowhere by links", who: .user),
    WallCase(
      236, "change a copy where somebody else changed the folder", full: "no copy",
      landlock: "not overwritten, reported", test: "keeps what somebody else changed meanwhile",
      who: .user),
    WallCase(
      237, "make others wait for a file",
      [Attempt("take-lease={workspace}/movable", .mostlyOpen, ["EPERM"])]),
    WallCase(
      238, "open a file of the user's by a descriptor, by a folder",
      [
        Attempt("read-by-descriptor={secret}", .open, ["ENOENT"], ["EACCES"]),
        Attempt("read-from-folder={outside},secret", .open, ["ENOENT"], ["EACCES"]),
      ]),
    WallCase(
      239, "give a capability to a file",
      [
        Attempt(
          "give-capability={workspace}/movable", .mostlyOpen, ["EPERM"], ["EOPNOTSUPP"])
      ]),
  ]
}
