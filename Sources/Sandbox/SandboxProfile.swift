// SandboxProfile.swift — what a walled process may see, reach and use up.

/// How much of a wall there is.
public enum SandboxTier: String, Equatable, Sendable, CaseIterable {
  /// No namespaces: Landlock, the system call filter and resource limits.
  case landlock
  /// Seven namespaces and a root of its own; Landlock and the filter behind them.
  case full
}

/// A sandbox as its file describes it: with names for folders, not with paths of this machine.
///
/// Read from `Sandboxes/NAME.json5` by ``SandboxProfile/init(text:path:)``; a ``SandboxPlan`` puts
/// concrete folders in.
public struct SandboxProfile: Equatable, Sendable {
  /// What there is of a network.
  public enum Network: String, Equatable, Sendable, CaseIterable {
    /// No sockets but the standard streams.
    case none
    /// Connections that the host's broker makes and hands over, each after it was judged. Where the
    /// host runs no broker, the same as `none`.
    case broker
  }

  public enum Access: String, Equatable, Sendable, CaseIterable {
    case read
    case write
  }

  /// What to do in the Landlock tier, which cannot take out what lies beneath a grant.
  public enum BelowFull: String, Equatable, Sendable, CaseIterable {
    /// The command works on a copy without what is hidden; what it changed is brought back, except
    /// where that is protected. See ``FolderCopy``.
    case copy
    /// The folder itself is granted, nothing hidden and nothing protected.
    case bare
    /// There is no sandbox.
    case refuse
  }

  /// One folder that the command may see.
  public struct Grant: Equatable, Sendable {
    /// "system" (what the operating system's programs need), "workspace", another name that the host
    /// gives a folder for, or an absolute path.
    public var folder: String
    public var access: Access
    /// Where it appears inside: absolute paths, or "own" for the path it has outside.
    public var targets: [String]
    /// Leave the grant out where the host has no folder of that name.
    public var isOptional: Bool
    /// Paths beneath the folder that are there and are not seen: empty to whoever looks.
    public var hidden: [String]
    /// Paths beneath a writable folder that can only be read, each an empty folder where it is missing.
    public var protected: [String]
    /// The same for those that are there when the walls go up.
    public var protectedWhereThere: [String]
    /// What the Landlock tier does where something beneath the folder is hidden or protected.
    public var belowFull: BelowFull

    public init(
      folder: String, access: Access, targets: [String] = [ownPath], isOptional: Bool = false,
      hidden: [String] = [], protected: [String] = [], protectedWhereThere: [String] = [],
      belowFull: BelowFull = .copy
    ) {
      self.folder = folder
      self.access = access
      self.targets = targets
      self.isOptional = isOptional
      self.hidden = hidden
      self.protected = protected
      self.protectedWhereThere = protectedWhereThere
      self.belowFull = belowFull
    }

    /// Whether anything beneath the folder is treated differently from the rest.
    var hasExceptions: Bool {
      !(hidden.isEmpty && protected.isEmpty && protectedWhereThere.isEmpty)
    }
  }

  /// The word for "the path it has outside" in ``Grant/targets``.
  public static let ownPath = "own"
  /// The name of the operating system's read-only folders in ``Grant/folder``.
  public static let system = "system"
  /// The name of the user's folder in ``Grant/folder``.
  public static let workspace = "workspace"

  /// The file's name without its extension.
  public var name: String
  /// The file it was read from, for messages.
  public var path: String
  /// One sentence for people who read `martlet doctor` or an audit.
  public var purpose: String
  /// Less wall than this is an error.
  public var leastTier: SandboxTier
  /// Less of Landlock than this ABI is an error, in either tier; 0 for whatever there is.
  public var leastLandlockABI: Int
  /// Whether a host that runs as root is refused.
  public var isRootless: Bool
  public var network: Network
  /// Whether the command sees its own processes in /proc.
  public var hasProc: Bool
  public var grants: [Grant]
  /// The name of the grant in whose first target the command starts; nil for /tmp.
  public var start: String?
  /// Variables set to these values.
  public var environment: [String: String]
  /// Variables taken over from the host where it has them.
  public var passedVariables: [String]
  public var limits: SandboxLimits
}

/// What one walled process and its children may use up. Every limit is finite.
public struct SandboxLimits: Equatable, Sendable {
  /// From the moment the walls stand to the end of everything.
  public var wallTimeMax: Duration
  /// Processor time of each process.
  public var cpuTimeMax: Duration
  /// Memory of all processes together, and of each alone. /tmp counts by itself.
  public var memoryBytesMax: UInt64
  /// The size of each file written.
  public var fileBytesMax: UInt64
  /// /tmp and shared memory together.
  public var scratchBytesMax: UInt64
  public var scratchFileCountMax: UInt64
  /// By how much a folder that may be written can grow.
  public var growthBytesMax: UInt64
  /// How many files and folders can be made in it, or changed.
  public var growthFileCountMax: UInt64
  /// What is copied of granted folders, all together, where the Landlock tier works on copies.
  public var copyBytesMax: UInt64
  public var copyFileCountMax: Int
  /// Processes and threads at one time.
  public var processCountMax: Int
  /// Open files of each process.
  public var openFileCountMax: Int
  /// Bytes kept of each output stream. What comes after is counted and dropped.
  public var outputBytesMax: Int
  /// Whether a machine on which no control group can hold the memory limit is refused.
  public var isHard: Bool
}
