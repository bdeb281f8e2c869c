// SandboxDoctor.swift — what works on this machine, found out by doing it, and what to do about what
// does not.

import CSandbox
import Glibc

/// Looks at this machine by building real walls and trying to get out of them.
public struct SandboxDoctor: Sendable {
  public enum State: String, CaseIterable, Equatable, Sendable {
    case works
    /// Less than there could be; `remedy` says how to get it.
    case limited
    case missing
  }

  public struct Finding: Equatable, Sendable {
    public var subject: String
    public var state: State
    public var detail: String
    public var remedy: String?

    public init(subject: String, state: State, detail: String, remedy: String? = nil) {
      self.subject = subject
      self.state = state
      self.detail = detail
      self.remedy = remedy
    }
  }

  public init() {}

  /// All findings, in the order in which to read them. Takes some tens of milliseconds.
  public func examine() async -> [Finding] {
    let wall: WallProgram
    do throws(SandboxError) { wall = try .find() } catch {
      let detail = error.description
      return [Finding(subject: "martlet-wall", state: .missing, detail: detail, remedy: nil)]
    }
    var findings = [
      Finding(subject: "martlet-wall", state: .works, detail: wall.path, remedy: nil)
    ]
    for tier in [SandboxTier.full, .landlock] { findings.append(await examine(tier, wall)) }
    findings.append(await inForce)
    findings.append(memoryLimits)
    findings.append(await processLimits)
    if geteuid() == 0 { findings.append(root) }
    return findings
  }

  // MARK: - Tiers

  /// The best tier that this machine builds, nil where it builds none: found out once, by building it.
  public static var tierInForce: SandboxTier? { get async { await firstRun.value?.tier } }

  private static let firstRun = Task { () -> SandboxOutcome? in
    do throws(SandboxError) {
      let plan = try SandboxPlan(profile, folders: [:], wall: .find())
      let outcome = try await plan.run(SandboxCommand(["/bin/true"])).outcome
      return outcome.layers.isEmpty ? nil : outcome
    } catch { return nil }
  }

  private func examine(_ tier: SandboxTier, _ wall: WallProgram) async -> Finding {
    let subject = "sandbox tier \(tier.rawValue)"
    do throws(SandboxError) {
      let canary = try Canary()
      let plan = try SandboxPlan(Self.profile, folders: [:], wall: wall, tier: tier)
      let escapes = try await escapes(plan, canary)
      guard let escapes else {
        return Finding(
          subject: subject, state: .limited,
          detail: "The walls stand, and were not put to the test.",
          remedy: "Build martlet-probe beside martlet-wall (Sources/CSandbox/wall/build.sh).")
      }
      guard escapes.isEmpty else {
        let detail = "The walls stand and do not hold: \(escapes.joined(separator: ", "))."
        return Finding(
          subject: subject, state: .missing, detail: detail,
          remedy: "Do not run tools here. Please report this, with the kernel's version.")
      }
      let detail = "\(canary.acts.count) ways out were tried, and are closed."
      return Finding(subject: subject, state: .works, detail: detail, remedy: nil)
    } catch {
      let isOptional = tier == .landlock
      return Finding(
        subject: subject, state: isOptional ? .limited : .missing, detail: error.description,
        remedy: isOptional ? "The full tier is better, and enough where it works." : nil)
    }
  }

  private var inForce: Finding {
    get async {
      let subject = "sandbox tier in force"
      switch await Self.tierInForce {
      case .full?:
        return Finding(subject: subject, state: .works, detail: "full", remedy: nil)
      case .landlock?:
        return Finding(
          subject: subject, state: .limited,
          detail: "landlock; profiles that ask for the full tier are refused.",
          remedy: "See the remedy of the tier full.")
      case nil:
        return Finding(
          subject: subject, state: .missing, detail: "none; no tool runs.",
          remedy: "See the remedies of both tiers.")
      }
    }
  }

  /// Acts that succeeded, nil where there is no probe to try them.
  private func escapes(
    _ plan: SandboxPlan, _ canary: Canary
  ) async throws(SandboxError) -> [String]? {
    let probe = WallProgram.findProbe()
    let acts = canary.acts
    let command = SandboxCommand(
      ["martlet-probe"] + (probe == nil ? [] : acts), hostProgram: probe ?? "/bin/true")
    let result = try await plan.run(command)
    if case .wallFailed(let failure) = result.outcome.verdict { throw .wall(failure) }
    guard probe != nil else { return nil }
    let lines = result.output.text.split(separator: "\n")
    guard result.outcome.verdict == .exited(code: 0), lines.count == acts.count else {
      return ["the probe did not finish (\(result.outcome.summary))"]
    }
    return lines.filter { $0.hasSuffix(" ok") }.map { String($0.dropLast(3)) }
  }

  /// A file of ours that a command must not reach, and other things of ours it must not.
  private final class Canary: Sendable {
    private let path: String

    init() throws(SandboxError) {
      var template = Array("/tmp/martlet-canary-XXXXXX".utf8CString)
      let file = mkstemp(&template)
      guard file >= 0 else { throw .call(name: "mkstemp", errno: errno) }
      close(file)
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { unlink(path) }

    var acts: [String] {
      var acts = [
        "overwrite=\(path)", "create=/usr/martlet-probe", "list=/home",
        "read=/proc/\(getpid())/environ",
        "socket=2,1,0", "socket=1,1,0", "socket=16,3,0", "aim-datagram-pair=@martlet-canary",
        "signal=\(getpid())", "attach", "read-parent-memory", "descriptor=3", "unshare-user",
        "clone-user", "mount-tmpfs=/tmp", "change-root=/tmp", "ring", "keyring", "user-faults",
        "take-capabilities", "become-root", "chmod-set-id=/tmp", "change-mode=\(path)",
        "change-times=\(path)", "bind-to-processors=\(getpid())",
      ]
      #if arch(x86_64)
      acts += ["x32", "compatibility"]
      #endif
      return acts
    }
  }

  /// Enough for the probe. Not a file, so that the doctor works where those are missing.
  private static let profile = SandboxProfile(
    name: "doctor", path: "(built in)", purpose: "Tries to get out.", leastTier: .landlock,
    leastLandlockABI: 0, isRootless: false, network: .none, hasProc: true,
    grants: [
      SandboxProfile.Grant(folder: SandboxProfile.system, access: .read)
    ],
    start: nil, environment: [:], passedVariables: [],
    limits: SandboxLimits(
      wallTimeMax: .seconds(20), cpuTimeMax: .seconds(20), memoryBytesMax: 256 << 20,
      fileBytesMax: 1 << 20, scratchBytesMax: 4 << 20, scratchFileCountMax: 256,
      growthBytesMax: 64 << 20, growthFileCountMax: 1024, copyBytesMax: 1 << 20,
      copyFileCountMax: 64, processCountMax: 16, openFileCountMax: 64, outputBytesMax: 64 << 10,
      isHard: false))

  // MARK: - Circumstances

  private var memoryLimits: Finding {
    let limits = Self.profile.limits
    if let group = ControlGroup.make(limits, user: geteuid()) {
      return Finding(
        subject: "memory limits", state: .works,
        detail: "The kernel holds them (\(group.enforcement.rawValue)).", remedy: nil)
    }
    return Finding(
      subject: "memory limits", state: .limited,
      detail: "A watchdog adds up memory every 100 ms; each process has its own hard limit.",
      remedy: "For hard limits run martlet in a delegated control group: "
        + "systemd-run --user --scope -p Delegate=yes martlet …")
  }

  /// Found out by starting something.
  private var processLimits: Finding {
    get async {
      let subject = "process limits"
      let works = [
        "rlimit": """
        The kernel holds them in the full tier (RLIMIT_NPROC); a watchdog in the Landlock tier.
        """,
        "process-numbers": "The kernel holds them: a sandbox has few numbers for processes.",
        "cgroup-v2": "The kernel holds them (cgroup-v2).",
      ]
      if let limit = await Self.firstRun.value?.processEnforcement, let detail = works[limit] {
        return Finding(subject: subject, state: .works, detail: detail, remedy: nil)
      }
      return Finding(
        subject: subject, state: .limited, detail: "A watchdog counts processes every 100 ms.",
        remedy: "Run martlet as an ordinary user where the full tier works, or on kernel 6.14.")
    }
  }

  private var root: Finding {
    Finding(
      subject: "running as root", state: .limited,
      detail:
        "Tools run as the workspace's owner; where that is root, as root without capabilities, "
        + "who sees nothing but what is granted. There is no Landlock tier.",
      remedy: "Run martlet as an ordinary user.")
  }
}
