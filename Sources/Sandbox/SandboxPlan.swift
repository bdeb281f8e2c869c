// SandboxPlan.swift — a profile with concrete folders: everything decided, nothing done.

import CSandbox
import Glibc

/// A sandbox that could be built on this machine, as often as one likes.
public struct SandboxPlan: Sendable {
  public let profile: SandboxProfile
  public let identity: SandboxIdentity
  /// The tiers to try, the best first. The next is tried only where the kernel refuses namespaces.
  public let tiers: [SandboxTier]
  public let wall: WallProgram
  let mounts: [PlannedMount]
  let links: [(path: String, content: String)]
  private let exceptions: GrantExceptions
  /// The least ABI of Landlock that will do, 0 for any or none.
  public let leastLandlockABI: Int
  /// Folder of the host and its first target, by the name of its grant.
  private let places: [String: (source: String, target: String)]

  /// What the wall takes.
  private static let mountCountMax = 128

  /// Where a program of the host appears inside.
  static let programFolder = "/run/martlet"

  /// Puts folders into a profile.
  ///
  /// - Parameters:
  ///   - profile: What the walled process may do.
  ///   - folders: A path of the host for each name that the profile's grants use, except "system".
  ///     Symbolic links in it are followed now, once.
  ///   - wall: The program that builds the wall.
  ///   - tier: Use exactly this tier; nil for the best that works and that the profile accepts.
  ///   - leastLandlockABI: Less of Landlock will not do, whatever the profile says.
  /// - Throws: What the profile needs and does not have here.
  public init(
    _ profile: SandboxProfile, folders: [String: String], wall: WallProgram,
    tier: SandboxTier? = nil, leastLandlockABI: Int = 0
  ) throws(SandboxError) {
    if profile.isRootless, geteuid() == 0 { throw .rootRefused(profile: profile.name) }
    if let tier, tier == .landlock, profile.leastTier == .full {
      throw .tierBelowLeast(profile: profile.name, least: .full, asked: tier)
    }
    if tier == .landlock, geteuid() == 0 { throw .landlockAsRoot }
    let excepted = profile.grants.first { $0.hasExceptions && $0.belowFull == .refuse }
    if let excepted, tier == .landlock {
      throw .needsMounts(profile: profile.name, folder: excepted.folder)
    }
    var layout = Layout()
    for grant in profile.grants {
      try layout.add(grant, folders: folders, profile: profile.name)
    }
    for mount in SystemFolders.deviceMounts { try layout.add(mount) }
    self.profile = profile
    self.wall = wall
    identity = SandboxIdentity(workspace: folders[SandboxProfile.workspace])
    mounts = layout.sorted
    links = layout.links + SystemFolders.deviceLinks
    places = layout.places
    exceptions = layout.exceptions
    self.leastLandlockABI = max(leastLandlockABI, profile.leastLandlockABI)
    let isLandlockPossible =
      profile.leastTier == .landlock && geteuid() != 0 && excepted == nil
    tiers = tier.map { [$0] } ?? (isLandlockPossible ? [.full, .landlock] : [.full])
  }

  /// The folders of which the command gets copies in this tier, looking at the disk now: only those in
  /// which something is there to hide or protect.
  func copyOrders(in tier: SandboxTier) throws(SandboxError) -> [FolderCopy.Order] {
    guard tier == .landlock else { return [] }
    var orders: [FolderCopy.Order] = []
    for grant in profile.grants where grant.hasExceptions && grant.belowFull == .copy {
      guard let source = places[grant.folder]?.source else { continue }
      let (hidden, protected) = try exceptions.found(in: source)
      if hidden.isEmpty, protected.isEmpty { continue }
      // What another grant shows as well, a copy does not keep from anybody.
      let seen = mounts.contains { mount in
        mount.kind == .folder && mount.source != source
          && (hidden.map(\.path) + (mount.access == .write ? protected : []))
            .contains { SandboxPath.isInside("\(source)/\($0)", mount.source) }
      }
      if seen { throw .needsMounts(profile: profile.name, folder: grant.folder) }
      orders.append(
        FolderCopy.Order(
          grant: grant.folder, source: source, isWritable: grant.access == .write, hidden: hidden,
          protected: protected))
    }
    return orders
  }

  /// What the wall is told. `scratch` is the private folder that stands for /tmp in the Landlock tier,
  /// `copies` stand for folders there.
  func specification(
    for command: SandboxCommand, tier: SandboxTier, scratch: String?, copies: FolderCopies?,
    group: ControlGroup?, hasBroker: Bool
  ) throws(SandboxError) -> WallSpecification {
    var specification = WallSpecification()
    specification.flags = flags(for: command, tier: tier, group: group)
    if hasBroker { specification.flags |= WALL_FLAG_BROKER.rawValue }
    specification.identity(identity)
    var arguments = command.arguments
    var mounts = mounts
    if let program = command.hostProgram {
      let mount = try hostProgram(program, tier: tier)
      mounts.append(mount)
      arguments.replaceSubrange(arguments.prefix(1).indices, with: [mount.target])
    }
    if tier == .full {
      specification.name("martlet")
      specification.scratch(
        byteCountMax: profile.limits.scratchBytesMax,
        fileCountMax: profile.limits.scratchFileCountMax)
      addFiles(to: &specification)
      mounts = Layout.sorted(mounts + (try exceptions.mounts(beside: self.mounts)))
    } else if let scratch {
      if let copies {
        for index in mounts.indices where mounts[index].kind == .folder {
          guard let copy = copies.path(of: mounts[index].source) else { continue }
          (mounts[index].source, mounts[index].target) = (copy, copy)
        }
      }
      mounts.append(PlannedMount(source: scratch, target: scratch, kind: .folder, access: .write))
    }
    guard mounts.count <= Self.mountCountMax else {
      throw .argument(
        problem: """
          The sandbox profile "\(profile.name)" takes \(mounts.count) mounts; \(Self.mountCountMax) are \
          possible. Grant, hide and protect less.
          """)
    }
    for mount in mounts { try add(mount, to: &specification) }
    if leastLandlockABI > 0 { specification.landlock(least: leastLandlockABI) }
    if let group { specification.controlGroups(group.doors.count) }
    addLimits(to: &specification, tier: tier)
    let home = scratch ?? "/tmp"
    var variables = variables(for: command, home: home)
    if hasBroker { variables[EgressBroker.variable] = String(WALL_BROKER) }
    for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
      specification.variable(name, value)
    }
    for argument in arguments { specification.argument(argument) }
    let start = profile.start.flatMap { folder(named: $0, tier: tier) }
    specification.folder(start.map { copies?.path(of: $0) ?? $0 } ?? home)
    return try checked(specification, arguments, variables)
  }

  /// Folders of the host that the command may write.
  func writableFolders(_ copies: FolderCopies?) -> [String] {
    let sources = Set(mounts.filter { $0.access == .write && $0.kind == .folder }.map(\.source))
    return sources.map { copies?.path(of: $0) ?? $0 }.sorted()
  }

  /// Whether the profile hides or protects something that this tier cannot, and does without.
  func isBare(in tier: SandboxTier) -> Bool {
    tier == .landlock && profile.grants.contains { $0.hasExceptions && $0.belowFull == .bare }
  }

  /// Where the folder that was granted under `name` appears inside, if the command gets no copy of it;
  /// nil where it was not granted.
  public func folder(named name: String, tier: SandboxTier) -> String? {
    places[name].map { tier == .full ? $0.target : $0.source }
  }

  private func flags(
    for command: SandboxCommand, tier: SandboxTier, group: ControlGroup?
  )
    -> UInt32
  {
    var flags: UInt32 = 0
    if tier == .landlock { flags |= WALL_FLAG_LANDLOCK_TIER.rawValue }
    if tier == .full, profile.hasProc { flags |= WALL_FLAG_PROC.rawValue }
    if command.isTraced { flags |= WALL_FLAG_TRACE.rawValue }
    if group == nil { flags |= WALL_FLAG_COUNTED_MEMORY_ONLY.rawValue }
    if group?.isBirthplace == true { flags |= WALL_FLAG_CLONE_INTO_CGROUP.rawValue }
    return flags
  }

  private func addFiles(to specification: inout WallSpecification) {
    let accounts = identity.accounts
    specification.file("/etc/passwd", accounts.passwd)
    specification.file("/etc/group", accounts.group)
    specification.file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    specification.file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    for (path, content) in links { specification.link(path, to: content) }
  }

  private func hostProgram(
    _ path: String, tier: SandboxTier
  ) throws(SandboxError) -> PlannedMount {
    guard let source = SandboxPath.resolved(path) else {
      throw .cannotRead(path: path, errno: errno)
    }
    let name = source.split(separator: "/").last.map(String.init) ?? "program"
    let target = tier == .full ? "\(Self.programFolder)/\(name)" : source
    return PlannedMount(source: source, target: target, kind: .file, access: .read)
  }

  /// Opens the source, so that what is mounted is what was looked at.
  private func add(
    _ mount: PlannedMount, to specification: inout WallSpecification
  ) throws(SandboxError) {
    let resolve = UInt64(CS_RESOLVE_NO_SYMLINKS | CS_RESOLVE_NO_MAGICLINKS)
    let file = cs_openat2(AT_FDCWD, mount.source, Int32(CS_PATH_ONLY) | O_CLOEXEC, 0, resolve)
    guard file >= 0 else { throw .cannotRead(path: mount.source, errno: errno) }
    specification.held.append(Descriptor(file))
    var identity = cs_identity()
    guard cs_identify(file, &identity) == 0 else {
      throw .cannotRead(path: mount.source, errno: errno)
    }
    specification.mount(mount, device: identity.device, inode: identity.inode)
  }

  private func addLimits(to specification: inout WallSpecification, tier: SandboxTier) {
    let limits = profile.limits
    specification.limit(UInt32(RLIMIT_CPU.rawValue), UInt64(limits.cpuTimeMax.components.seconds))
    specification.limit(UInt32(RLIMIT_FSIZE.rawValue), limits.fileBytesMax)
    specification.limit(UInt32(RLIMIT_NOFILE.rawValue), UInt64(limits.openFileCountMax))
    // Private writable memory; unlike RLIMIT_AS it lets programs reserve addresses.
    specification.limit(UInt32(RLIMIT_DATA.rawValue), limits.memoryBytesMax)
    specification.limit(UInt32(RLIMIT_STACK.rawValue), 8 << 20)
    // Too little for a core file. At 0 the kernel would still start a program of the host's that takes
    // cores, where there is one, as root and outside; at 1 it does not. Source: core(5).
    specification.limit(UInt32(RLIMIT_CORE.rawValue), 1)
    specification.limit(UInt32(CS_LIMIT_LOCKED_MEMORY), 0)
    specification.limit(UInt32(CS_LIMIT_MESSAGE_QUEUES), 0)
    // Some users may ask for more of the processor than others; this one is not to.
    specification.limit(UInt32(CS_LIMIT_NICE), 0)
    specification.limit(UInt32(CS_LIMIT_REAL_TIME), 0)
    // Timers and signals that wait are counted for the user, whose other programs need some too.
    specification.limit(UInt32(CS_LIMIT_PENDING_SIGNALS), 4096)
    // In a user namespace process 1 counts too. Without one the kernel counts every process of the
    // user; what is running now is more than those, so this stops a fork bomb, and the watchdog counts.
    let others = tier == .full ? 1 : Self.taskCount
    specification.limit(UInt32(CS_LIMIT_PROCESSES), UInt64(limits.processCountMax + others))
  }

  /// Processes and threads on this machine: the fourth field of /proc/loadavg is "RUNNING/ALL".
  private static var taskCount: Int {
    let fields = readText("/proc/loadavg")?.split(separator: " ") ?? []
    return fields.count > 3
      ? fields[3].split(separator: "/").last.flatMap { Int($0) } ?? 4096 : 4096
  }

  private func variables(for command: SandboxCommand, home: String) -> [String: String] {
    var variables = [
      "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME": home, "TMPDIR": home, "USER": "user", "LOGNAME": "user",
    ]
    for name in profile.passedVariables {
      if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    variables.merge(profile.environment) { _, new in new }
    variables.merge(command.environment) { _, new in new }
    return variables
  }

  /// The wall would refuse these too, without saying why.
  private func checked(
    _ specification: WallSpecification, _ arguments: [String], _ variables: [String: String]
  ) throws(SandboxError) -> WallSpecification {
    guard let program = arguments.first, !program.isEmpty else {
      throw .argument(problem: "There is no command to run.")
    }
    let texts = arguments + variables.map { "\($0.key)=\($0.value)" }
    guard !texts.contains(where: { $0.utf8.contains(0) }) else {
      throw .argument(problem: "An argument or variable contains a NUL byte. Leave it out.")
    }
    guard variables.keys.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "=")) }) else {
      throw .argument(problem: "The name of a variable is empty or contains \"=\".")
    }
    // What the kernel takes: 128 KiB each, about 2 MiB in all.
    let byteCount = texts.reduce(0) { $0 + $1.utf8.count + 1 }
    guard texts.allSatisfy({ $0.utf8.count < 128 << 10 }), byteCount < 2 << 20,
      arguments.count <= 4096, variables.count <= 4096
    else {
      throw .argument(
        problem: """
          The command line is too long: 128 KiB for one argument, 2 MiB for all. Write long text to \
          a file, or to standard input.
          """)
    }
    return specification
  }
}

/// Grants turned into mounts, each target once.
private struct Layout {
  var mounts: [PlannedMount] = []
  var links: [(path: String, content: String)] = []
  var places: [String: (source: String, target: String)] = [:]
  var exceptions = GrantExceptions()

  var sorted: [PlannedMount] { Self.sorted(mounts) }

  /// Outer folders first, so that an inner one is mounted on top.
  static func sorted(_ mounts: [PlannedMount]) -> [PlannedMount] {
    func depth(_ path: String) -> Int { path.utf8.count { $0 == UInt8(ascii: "/") } }
    return mounts.enumerated().sorted {
      (depth($0.element.target), $0.offset) < (depth($1.element.target), $1.offset)
    }.map(\.element)
  }

  mutating func add(
    _ grant: SandboxProfile.Grant, folders: [String: String], profile: String
  ) throws(SandboxError) {
    if grant.folder == SandboxProfile.system {
      let system = SystemFolders()
      for mount in system.mounts { try add(mount) }
      links += system.links
      return
    }
    let isPath = grant.folder.hasPrefix("/")
    guard let path = isPath ? grant.folder : folders[grant.folder] else {
      if grant.isOptional { return }
      throw .noFolder(profile: profile, folder: grant.folder)
    }
    guard let source = SandboxPath.resolved(path) else {
      if grant.isOptional, errno == ENOENT { return }
      throw .cannotRead(path: path, errno: errno)
    }
    if let problem = SandboxPath.problem(withSource: source) {
      throw .folder(path: source, problem: problem)
    }
    var status = stat()
    guard stat(source, &status) == 0 else { throw .cannotRead(path: source, errno: errno) }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    guard isFolder || status.st_mode & S_IFMT == S_IFREG else {
      throw .folder(path: source, problem: "is neither a folder nor a file; it cannot be granted.")
    }
    guard isFolder || !grant.hasExceptions else {
      throw .folder(path: source, problem: "is a file; there is nothing in it to hide or protect.")
    }
    exceptions.add(grant, source: source)
    for target in grant.targets {
      let target = target == SandboxProfile.ownPath ? source : target
      if places[grant.folder] == nil { places[grant.folder] = (source, target) }
      // A workspace that lies at "/workspace" itself asks for one place twice.
      if mounts.contains(where: { $0.target == target && $0.source == source }) { continue }
      try add(
        PlannedMount(
          source: source, target: target, kind: isFolder ? .folder : .file, access: grant.access))
    }
  }

  mutating func add(_ mount: PlannedMount) throws(SandboxError) {
    guard !mounts.contains(where: { $0.target.utf8.elementsEqual(mount.target.utf8) }) else {
      throw .folder(path: mount.target, problem: "is granted twice, with different meanings.")
    }
    mounts.append(mount)
  }
}
