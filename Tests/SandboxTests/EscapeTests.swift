// EscapeTests.swift — ways out that are closed, each first shown to be open without a sandbox.

import Foundation
import Sandbox
import TestKit
import Testing

@Suite struct `A walled command` {
  private static let hidden: Set = ["ENOENT", "EACCES"]
  private static let refused: Set = ["EPERM"]

  @Test(
    arguments: Walls.tiers,
    [
      Act("read={secret}", .succeeds, hidden), Act("overwrite={secret}", .succeeds, hidden),
      Act("stat={secret}", .succeeds, ["ENOENT", "ok"]),
      Act("read={workspace}/../secret", .succeeds, hidden),
      Act("list=/home", .mostlySucceeds, hidden), Act("list=/root", .untried, hidden),
      Act("read=/etc/shadow", .untried, hidden), Act("read=/etc/hostname", .mostlySucceeds, hidden),
      Act("list=/sys/kernel", .mostlySucceeds, hidden),
      Act("list=/var/lib", .mostlySucceeds, hidden), Act("truncate={secret}", .succeeds, hidden),
      Act("unlink={secret}", .untried, ["ENOENT", "EACCES"]),
    ])
  func `cannot reach a file outside its grants`(tier: SandboxTier, act: Act) async throws {
    try await act.attempt(in: World(), tier)
  }

  @Test(arguments: Walls.tiers)
  func `cannot put a file beside its grants`(tier: SandboxTier) async throws {
    let world = try World()
    #expect(Bare.probe("create=\(world.folder.path)/first") == "ok")
    // In the full tier the folder above the workspace is one of the sandbox's own.
    _ = try await world.probe("create=\(world.folder.path)/second", tier)
    _ = try await world.probe("create=/tmp/martlet-probe-third", tier)
    let names = try FileManager.default.contentsOfDirectory(atPath: world.folder.path)
    #expect(Set(names) == ["workspace", "secret", "first"])
    #expect(!FileManager.default.fileExists(atPath: "/tmp/martlet-probe-third"))
  }

  @Test(arguments: Walls.tiers)
  func `cannot follow a link out of its grants`(tier: SandboxTier) async throws {
    let world = try World()
    try FileManager.default.createSymbolicLink(
      atPath: world.workspace + "/link", withDestinationPath: world.secret)
    #expect(Bare.run(["/bin/cat", world.workspace + "/link"]).output == "the secret")
    let result = try await world.shell(
      "cat \(world.workspace)/link; ln -s \(world.secret) second && cat second", tier)
    #expect(result.output.text == "")
    #expect(result.outcome.verdict == .exited(code: 1))
  }

  @Test(
    arguments: Walls.tiers,
    [
      Act("create=/usr/new", .untried, ["EROFS", "EACCES"]),
      Act("create=/etc/new", .untried, ["EROFS", "EACCES"]),
      Act("create=/new", .untried, ["EROFS", "EACCES"]),
      Act("overwrite=/usr/bin/env", .untried, ["EROFS", "EACCES", "ETXTBSY"]),
      Act("truncate=/usr/bin/env", .untried, ["EROFS", "EACCES"]),
      Act("truncate-read-only=/usr/bin/env", .untried, ["EROFS", "EACCES"]),
      Act("overwrite=/etc/passwd", .untried, ["EROFS", "EACCES", "ENOENT"]),
      Act("rename={workspace}/x,/usr/x", .untried, ["EXDEV", "EACCES", "ENOENT", "EROFS"]),
      Act("link=/usr/bin/env,{workspace}/env", .untried, ["EXDEV", "EACCES", "EPERM"]),
      Act("create=/dev/new", .untried, ["EROFS", "EACCES"]),
      Act("create=/proc/sys/kernel/core_pattern", .untried, ["ENOENT", "EACCES", "EROFS"]),
    ])
  func `cannot write what it may only read`(tier: SandboxTier, act: Act) async throws {
    try await act.attempt(in: World(), tier)
  }

  @Test(
    arguments: Walls.tiers,
    [
      Act("chmod-set-id={workspace}", .succeeds, refused),
      Act("fchmod-set-id={workspace}", .succeeds, refused),
      Act("fchmodat2-set-id={workspace}", .mostlySucceeds, refused),
      Act("create-set-id={workspace}", .succeeds, refused),
      Act("openat2-set-id={workspace}", .succeeds, ["ENOSYS"]),
      Act("mkdir-set-id={workspace}", .succeeds, refused),
      Act("character-device={workspace}", .untried, ["EPERM", "EACCES"]),
      Act("block-device={workspace}", .untried, ["EPERM", "EACCES"]),
      Act("handle={workspace}", .mostlySucceeds, refused),
      Act("open-handle", .untried, refused),
    ])
  func `cannot leave a file behind that lends its name to others`(
    tier: SandboxTier, act: Act
  ) async throws {
    try await act.attempt(in: World(), tier)
  }

  @Test(
    arguments: Walls.tiers,
    [
      Act("socket=1,1,0", .succeeds, refused), Act("socket=1,2,0", .succeeds, refused),
      Act("socket=2,1,0", .succeeds, refused), Act("socket=2,2,0", .succeeds, refused),
      Act("socket=2,1,262", .mostlySucceeds, refused),
      Act("socket=2,2,1", .mostlySucceeds, refused),
      Act("socket=10,1,0", .mostlySucceeds, refused), Act("socket=16,3,0", .succeeds, refused),
      Act("socket=17,3,0", .untried, refused), Act("socket=38,5,0", .mostlySucceeds, refused),
      Act("socket=40,1,0", .mostlySucceeds, refused), Act("socket=44,3,0", .untried, refused),
      Act("datagram-pair", .succeeds, refused),
    ])
  func `cannot open a socket of any family`(tier: SandboxTier, act: Act) async throws {
    try await act.attempt(in: World(), tier)
  }

  @Test(arguments: Walls.tiers)
  func `cannot reach a listener of the host`(tier: SandboxTier) async throws {
    let world = try World()
    let host = try Listeners(folder: world.workspace)
    for act in [
      "tcp=\(host.port)", "udp=\(host.port)", "unix-stream=\(host.path)",
      "unix-stream=@\(host.name)", "unix-datagram=\(host.datagramPath)",
      "aim-datagram-pair=\(host.datagramPath)",
    ] {
      #expect(Bare.probe(act) == "ok", "\(act) in the open")
      #expect(try await world.probe(act, tier) == "EPERM", "\(act) behind the wall")
    }
    // A pair of streams is what asyncio needs, and it cannot be aimed.
    #expect(try await world.probe("stream-pair", tier) == "ok")
    #expect(try await world.probe("aim-stream-pair=\(host.datagramPath)", tier) == "EISCONN")
    #expect(try await world.probe("aim-sequenced-pair=\(host.datagramPath)", tier) == "EISCONN")
  }

  @Test(
    arguments: Walls.tiers,
    [
      Act("signal={host}", .succeeds, ["ESRCH", "EPERM"]),
      Act("signal-parent", .untried, ["EPERM", "ok"]),
      Act("read=/proc/{host}/environ", .succeeds, hidden),
      Act("overwrite=/proc/{host}/mem", .mostlySucceeds, hidden),
      Act("overwrite=/proc/1/mem", .untried, hidden),
      Act("list=/proc/1/root", .untried, hidden),
      Act("read-parent-memory", .mostlySucceeds, refused), Act("attach", .mostlySucceeds, refused),
      Act("attach={host}", .mostlySucceeds, refused), Act("trace-me", .mostlySucceeds, refused),
      Act("compare", .mostlySucceeds, refused),
      Act("take-descriptor={host}", .mostlySucceeds, ["EPERM", "ESRCH"]),
      Act("read=/proc/kallsyms", .mostlySucceeds, hidden),
    ])
  func `cannot reach a process that is not its own`(tier: SandboxTier, act: Act) async throws {
    try await act.attempt(in: World(), tier)
  }

  @Test(
    arguments: Walls.tiers,
    [
      Act("unshare-user", .mostlySucceeds, refused),
      Act("unshare-network", .mostlySucceeds, refused),
      Act("clone-user", .mostlySucceeds, refused), Act("clone3-user", .mostlySucceeds, ["ENOSYS"]),
      Act("enter-namespace=/proc/self/ns/user", .untried, ["EPERM", "EACCES"]),
      Act("enter-namespace=/proc/1/ns/mnt", .untried, ["EPERM", "EACCES", "ENOENT"]),
      Act("mount-tmpfs=/tmp", .untried, refused), Act("remount-root", .untried, refused),
      Act("open-file-system=tmpfs", .untried, refused), Act("clone-tree=/usr", .untried, refused),
      Act("change-root=/usr", .untried, refused),
      Act("reach=155", .untried, refused),  // pivot_root
      Act("reach=166", .untried, refused),  // umount2
      Act("reach=442", .untried, refused),  // mount_setattr
      Act("reach=457", .untried, refused), Act("reach=458", .untried, refused),  // list mounts
    ])
  func `cannot make namespaces, mounts or roots`(tier: SandboxTier, act: Act) async throws {
    #if !arch(x86_64)
    if act.text.hasPrefix("reach=1") { try Test.cancel("The number is another one here.") }
    #endif
    try await act.attempt(in: World(), tier)
  }

  @Test(
    arguments: Walls.tiers,
    [
      Act("ring", .mostlySucceeds, ["ENOSYS"]), Act("user-faults", .mostlySucceeds, refused),
      Act("keyring", .mostlySucceeds, refused), Act("add-key", .mostlySucceeds, refused),
      Act("secret-memory", .mostlySucceeds, refused),
      Act("fixed-addresses", .succeeds, refused), Act("move-program-break", .untried, refused),
      Act("unreviewed", .untried, ["ENOSYS"]),
      Act("type-into-terminal", .untried, refused), Act("type-with-high-bits", .untried, refused),
    ])
  func `cannot reach young or rare parts of the kernel`(tier: SandboxTier, act: Act) async throws {
    try await act.attempt(in: World(), tier)
  }

  #if arch(x86_64)
  /// Numbers of x86-64 that the filter refuses whatever their arguments are.
  @Test(
    arguments: Walls.tiers,
    [
      298, 321, 135 + 0x10_0000, 175, 313, 176, 246, 320, 169, 167, 168, 163, 179, 443, 164, 227,
      305,
      159, 172, 173, 154, 103, 153, 212, 134, 300, 301, 237, 238, 256, 279, 450, 440, 448, 467,
    ])
  func `cannot make a call that administers the machine`(
    tier: SandboxTier, number: Int
  ) async throws {
    // personality(2) is refused by its argument, so it needs one.
    let act = number > 0x10_0000 ? "reach=\(number - 0x10_0000),4,0,0,0" : "reach=\(number)"
    #expect(try await World().probe(act, tier) == "EPERM")
  }

  @Test(arguments: Walls.tiers, ["x32", "compatibility"])
  func `dies when it enters the kernel by another door`(
    tier: SandboxTier, act: String
  ) async throws {
    try await Act(act, .mostlySucceeds, ["SIGSYS"]).attempt(in: World(), tier)
  }
  #endif

  @Test(
    arguments: Walls.tiers,
    [
      Act("become-root", .untried, ["EPERM", "EINVAL"]),
      Act("set-groups", .untried, ["EPERM", "EINVAL"]),
      Act("take-capabilities", .untried, refused),
      Act("forget-no-new-privileges", .untried, ["EINVAL"]),
      Act("nice-up", .untried, ["EACCES", "EPERM"]), Act("real-time", .untried, refused),
      Act("raise-limit", .untried, refused),
    ])
  func `cannot gain rights`(tier: SandboxTier, act: Act) async throws {
    try await act.attempt(in: World(), tier)
  }

  @Test(
    arguments: Walls.tiers,
    [
      "stream-pair", "ask-personality", "fifo={workspace}", "create={workspace}/file", "forks=20",
      "descriptors=100", "memory=64", "rename={workspace}/file,{workspace}/other",
      "read=/usr/bin/env",
      "overwrite=/dev/null", "read=/dev/urandom",
    ])
  func `can do what tools need`(tier: SandboxTier, act: String) async throws {
    let world = try World()
    try Data().write(to: URL(filePath: world.workspace + "/file"))
    if geteuid() == 0 { chmod(world.workspace, 0o777) }
    #expect(try await world.probe(world.spell(act), tier) == "ok")
  }
}
