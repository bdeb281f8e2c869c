// WallCase+Kernel.swift — cases 41 to 77: the network, the kernel's surface, namespaces, identity.

extension WallCase {
  private static func refused(_ acts: [String], _ control: Attempt.Control = .untried) -> [Attempt]
  {
    acts.map { Attempt($0, control, ["EPERM"]) }
  }

  private static func refused(_ act: String, _ control: Attempt.Control) -> [Attempt] {
    refused([act], control)
  }

  static let networkAndKernel: [WallCase] = [
    WallCase(41, "TCP to a listener of the host", refused("tcp={port}", .open)),
    WallCase(42, "TCP to the metadata address", refused("tcp-to=169.254.169.254,80", .mostlyOpen)),
    WallCase(43, "TCP to a public address", refused(["tcp-to=192.0.2.7,443"])),
    WallCase(44, "UDP to a name server", refused("udp-to=192.0.2.53,53", .mostlyOpen)),
    WallCase(45, "UDP on the loopback", refused("udp={port}", .open)),
    WallCase(
      46, "resolve a name", full: "fails", landlock: "fails", test: "resolves no name"),
    WallCase(
      47, "IPv6, multipath TCP, ping",
      refused("socket=10,1,0", .mostlyOpen) + refused("socket=2,1,262", .mostlyOpen)
        + refused("socket=2,2,1", .mostlyOpen)),
    WallCase(
      48, "raw, packet, netlink, XDP, crypto, Bluetooth sockets",
      refused("socket=16,3,0", .open)
        + refused([
          "socket=2,3,1", "socket=17,3,0", "socket=44,3,0", "socket=38,5,0", "socket=31,3,1",
        ])),
    WallCase(49, "sockets to the hypervisor", refused("socket=40,1,0", .mostlyOpen)),
    WallCase(50, "an abstract socket of the host", refused("unix-stream={abstract}", .open)),
    WallCase(
      51, "sockets by path",
      refused("unix-stream={stream}", .open) + refused("unix-datagram={datagram}", .open)
        + refused("aim-datagram-pair={datagram}", .open)
        + refused([
          "unix-stream=/run/docker.sock", "unix-stream=/run/dbus/system_bus_socket",
          "unix-stream=/tmp/.X11-unix/X0",
        ])),
    WallCase(
      52, "pass descriptors through a socket", full: "dropped", landlock: "dropped",
      test: "cannot fill the host with descriptors"),
    WallCase(
      53, "a pair of sockets of its own",
      [Attempt("stream-pair", .open, ["ok"]), Attempt("datagram-pair", .open, ["EPERM"])]),
    WallCase(
      54, "dial what the broker did not", full: "refused", landlock: "refused",
      test: "gets the connection that was granted and no other"),
    WallCase(55, "io_uring", [Attempt("ring", .mostlyOpen, ["ENOSYS"])]),
    WallCase(56, "bpf, perf events", refused(["reach=321", "reach=298"])),
    WallCase(57, "page faults in user space", refused("user-faults", .mostlyOpen)),
    WallCase(
      58, "the kernel's keys",
      refused("keyring", .mostlyOpen) + refused("add-key", .mostlyOpen) + refused(["reach=249"])),
    WallCase(
      59, "administer the machine",
      refused([
        "reach=175", "reach=313", "reach=176", "reach=246", "reach=320", "reach=169", "reach=167",
        "reach=168", "reach=163", "reach=172", "reach=173", "reach=164", "reach=227", "reach=305",
        "reach=159", "reach=103", "reach=153", "reach=134",
      ])),
    WallCase(
      60, "segments, fixed addresses, memory policy, secret memory",
      refused("fixed-addresses", .open) + refused("secret-memory", .mostlyOpen)
        + refused([
          "reach=154", "reach=237", "reach=238", "reach=256", "reach=279", "reach=450",
          "move-program-break",
        ])),
    WallCase(61, "fanotify, cookies", refused(["reach=300", "reach=301", "reach=212"])),
    WallCase(62, "the x32 numbering", [Attempt("x32", .mostlyOpen, ["SIGSYS"])]),
    WallCase(63, "the 32-bit entry", [Attempt("compatibility", .mostlyOpen, ["SIGSYS"])]),
    WallCase(
      64, "a call newer than what was reviewed", [Attempt("unreviewed", .untried, ["ENOSYS"])]),
    WallCase(
      65, "random calls with random arguments", full: "host unchanged", landlock: "host unchanged",
      test: "harms nobody with random calls"),
    WallCase(
      66, "new namespaces by unshare",
      refused("unshare-user", .mostlyOpen) + refused("unshare-network", .mostlyOpen)),
    WallCase(
      67, "new namespaces by clone",
      refused("clone-user", .mostlyOpen) + [Attempt("clone3-user", .mostlyOpen, ["ENOSYS"])]),
    WallCase(
      68, "enter a namespace",
      [
        Attempt("enter-namespace=/proc/1/ns/mnt", .untried, ["ENOENT", "EACCES"], ["EACCES"]),
        Attempt("enter-namespace=/proc/self/ns/user", .untried, ["EPERM"]),
      ] + refused(["reach=308,8,0,0,0"])),
    WallCase(
      69, "mount, remount, unmount",
      refused(["mount-tmpfs=/tmp", "remount-root", "reach=165", "reach=166"])),
    WallCase(
      70, "mount by the newer calls",
      refused(["open-file-system=tmpfs", "clone-tree=/usr", "reach=442", "reach=467"])),
    WallCase(71, "another root", refused(["change-root=/usr", "reach=155"])),
    WallCase(
      72, "another user, group, groups",
      ["become-root", "become-group", "set-groups"].map {
        Attempt($0, .untried, ["EINVAL", "EPERM"], ["EPERM"])
      }),
    WallCase(
      73, "capabilities",
      refused(["take-capabilities", "hold-capability"])
        + [Attempt("hold-capability=bounding", .untried, ["EPERM"], ["EPERM", "ok"])]),
    WallCase(
      74, "forget that nothing may be gained",
      [Attempt("forget-no-new-privileges", .untried, ["EINVAL"])]),
    WallCase(
      75, "run su and mount", full: "no other user", landlock: "no other user",
      test: "gains nothing from programs that lend a user"),
    WallCase(
      76, "run a program that has capabilities", full: "without them", landlock: "without them",
      test: "gains nothing from programs that have capabilities"),
    WallCase(
      77, "what it holds, by its own status", full: "nothing", landlock: "nothing",
      test: "holds nothing, by its own status"),
  ]
}
