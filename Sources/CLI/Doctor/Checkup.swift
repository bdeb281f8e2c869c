// Checkup.swift — the single examinations of `martlet doctor`.

import Base
import Glibc
import Inference
import ModelFiles
import Policy
import Runtime
import Sandbox
import Store

/// One finding, and what it does to the doctor's exit code.
struct Checkup {
  var finding: SandboxDoctor.Finding
  /// Nil where runs can do without.
  var exitCode: ExitCode?

  private init(
    _ subject: String, _ state: SandboxDoctor.State, _ detail: String, remedy: String? = nil,
    exitCode: ExitCode? = nil
  ) {
    finding = SandboxDoctor.Finding(
      subject: subject, state: state, detail: detail, remedy: remedy)
    self.exitCode = exitCode
  }

  // MARK: Sandboxes

  /// The walls, and python behind one.
  static func sandboxes(_ places: Places) async -> [Checkup] {
    let findings = await SandboxDoctor().examine()
    var checkups = findings.map { finding in
      var checkup = Checkup(finding.subject, finding.state, finding.detail, remedy: finding.remedy)
      let isBarrier = finding.state == .missing && !findings.hasSandbox
      checkup.exitCode = isBarrier ? .sandboxUnavailable : nil
      return checkup
    }
    // Without a wall there is nothing to run python in.
    if findings.hasSandbox { checkups.append(await python(places)) }
    return checkups
  }

  private static func python(_ places: Places) async -> Checkup {
    let subject = "python in its sandbox"
    do throws(SandboxError) {
      let workspace = try EmptyFolder()
      let profile = try SandboxProfile(named: "python", in: places.profileFolders)
      let plan = try SandboxPlan(
        profile, folders: [SandboxProfile.workspace: workspace.path], wall: .find())
      let command = SandboxCommand([
        "python3", "-c", "import sys; sys.stdout.write(sys.version.split()[0])",
      ])
      let result = try await plan.run(command)
      guard result.outcome.verdict == .exited(code: 0) else {
        return Checkup(
          subject, .missing, result.outcome.summary,
          remedy: "Install python3 (on Debian: apt-get install python3), or run without the tool.")
      }
      let version = result.output.text.oneLine(lengthMax: 40)
      let milliseconds = result.outcome.timeTotal / .milliseconds(1)
      return Checkup(
        subject, .works,
        "Python \(version) ran in \(Int(milliseconds.rounded())) ms, the sandbox included.")
    } catch {
      return Checkup(
        subject, .missing, error.description,
        remedy: "Correct or remove the profile that is named, or run without the tool.")
    }
  }

  // MARK: Files

  /// Loads the policies as a run in the current folder would.
  static func policy(_ places: Places) -> Checkup {
    let subject = "policy"
    do {
      let engine = try PolicyLoading.engine(
        chosen: nil, places: places, workspace: ".".resolvingLinks ?? "/")
      let layers = engine.policies.map { "\($0.id) \($0.revision) (\($0.place.rawValue))" }
      return Checkup(
        subject, .works, "In force, the base first: \(layers.joined(separator: ", ")).")
    } catch {
      return Checkup(
        subject, .missing, "\(error)",
        remedy: "Correct the file, then: martlet policy check </dev/null", exitCode: .usage)
    }
  }

  /// Opens the ledger and the memories as their readers do.
  static func stores(_ places: Places) -> [Checkup] {
    [
      store("ledger", places.ledgerPath) { () throws(CommandError) in
        guard let ledger = try Stores.recordedLedger() else { return nil }
        let last = try Stores.telling { () throws(StoreError) in try ledger.sessions(limit: 1) }
        return last.first.map { "The last run was recorded on \($0.time.shortText)." }
          ?? "No runs yet."
      },
      store("memories", places.memoriesPath) { () throws(CommandError) in
        guard let memories = try Stores.savedMemories() else { return nil }
        let last = try Stores.telling { () throws(StoreError) in try memories.list(limit: 1) }
        return last.first.map { "The last was saved on \($0.created.shortText)." } ?? "None yet."
      },
    ]
  }

  private static func store(
    _ subject: String, _ path: String, _ facts: () throws(CommandError) -> String?
  ) -> Checkup {
    do throws(CommandError) {
      guard let facts = try facts() else {
        return Checkup(subject, .works, "\(path) is made when it is first needed.")
      }
      return Checkup(subject, .works, "\(path) opens. \(facts)")
    } catch {
      return Checkup(
        subject, .missing, error.sentence, remedy: "Runs need it. Mend it, or move it away.",
        exitCode: error.exitCode)
    }
  }

  /// Whether a run may write where it has to.
  static func folders(_ places: Places) -> [Checkup] {
    let written = [("state folder", places.stateFolder), ("data folder", places.dataFolder)]
      .map { subject, folder in
        let existing = nearestExisting(folder)
        guard access(existing, W_OK | X_OK) == 0 else {
          return Checkup(
            subject, .missing,
            "\(existing) cannot be written: \(String(cString: strerror(errno))).",
            remedy: "Let it belong to you, or set XDG_STATE_HOME and XDG_DATA_HOME.",
            exitCode: .usage)
        }
        return Checkup(
          subject, .works, "\(folder) can be \(existing == folder ? "written" : "made").")
      }
    let config = places.configFolder
    let own = Resources.isThere(config)
    return written + [
      Checkup(
        "config folder", .works,
        own ? "\(config) is there." : "\(config) is not there: nothing of your own is used.")
    ]
  }

  private static func nearestExisting(_ folder: String) -> String {
    var folder = folder
    while access(folder, F_OK) != 0, let slash = folder.lastIndex(of: "/"),
      slash != folder.startIndex
    {
      folder = String(folder[..<slash])
    }
    return access(folder, F_OK) == 0 ? folder : "/"
  }

  // MARK: The network

  /// What is configured about proxies, servers and the cloud; nobody is asked.
  static func network(_ places: Places) -> [Checkup] {
    NetworkDoctor(places).examine().map { found in
      Checkup(
        found.finding.subject, found.finding.state, found.finding.detail,
        remedy: found.finding.remedy, exitCode: found.isBarrier ? .usage : nil)
    }
  }

  // MARK: The model and its machine

  /// The model that ships with the program.
  static func model(_ places: Places) -> Checkup {
    let subject = "model nano"
    guard let path = places.resources.map({ $0.folder + "/Models/nano" }), Resources.isThere(path)
    else {
      return Checkup(
        subject, .limited, "The built-in model is not there.",
        remedy: "Name a model folder or a GGUF file: --model PATH")
    }
    do {
      let parameters = try GPTOSSCheckpoint(path: path).facts.parameterCount
      return Checkup(subject, .works, "\(path), \(parameters / 1_000_000) million parameters.")
    } catch {
      return Checkup(
        subject, .limited, "\(error)", remedy: "Restore the folder from the program's release.")
    }
  }

  static var processor: Checkup {
    let cores = ProcessorCount.physical()
    let count = "\(cores) core\(cores == 1 ? "" : "s")"
    #if arch(x86_64)
    guard InstructionSet.avx2.isAvailable else {
      return Checkup(
        "processor", .limited,
        "\(count), without AVX2: plain kernels compute, several times slower.",
        remedy: "Use a processor with AVX2 (2013 or later) for the large models.")
    }
    let instructions = InstructionSet.avx512.isAvailable ? "AVX-512 VNNI" : "AVX2"
    return Checkup("processor", .works, "\(count), with \(instructions).")
    #else
    return Checkup(
      "processor", .limited,
      "\(count); for this kind there are plain kernels only, which are slow.",
      remedy: "Use an x86-64 processor with AVX2 for the large models.")
    #endif
  }

  /// Bytes that gpt-oss-20b takes: its weights, and a context of some thousand tokens.
  private static let bytesOfGPTOSS20b = 13_000_000_000

  static var memory: Checkup {
    let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    // "max", or what this container or service may use. (Source: kernel.org, cgroup-v2.rst.)
    let group = (try? wholeText("/sys/fs/cgroup/memory.max")).flatMap {
      Int($0.filter { !$0.isWhitespace })
    }
    let total = min(machine, group ?? machine)
    let gigabytes = "\(total / 1_000_000_000) GB"
    guard total >= bytesOfGPTOSS20b else {
      return Checkup(
        "memory", .limited, "\(gigabytes); gpt-oss-20b needs about 13 GB.",
        remedy: "Use a smaller model, or a machine with more memory.")
    }
    return Checkup("memory", .works, "\(gigabytes), enough for gpt-oss-20b (about 13 GB).")
  }

  /// A file of the kernel's, which has no size to ask for.
  private static func wholeText(_ path: String) throws(FileReadError) -> String {
    String(decoding: try wholeFile(path, bytesMax: 1 << 24), as: UTF8.self)
  }
}

extension Resources {
  fileprivate static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

/// A folder of its own for one examination.
private final class EmptyFolder: Sendable {
  let path: String

  init() throws(SandboxError) {
    var template = Array("/tmp/martlet-doctor-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .call(name: "mkdtemp", errno: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { rmdir(path) }
}
