// SandboxCommands.swift — a command behind the walls that tools run behind, and whether these stand.

import Base
import Glibc
import Planner
import Runtime
import Sandbox
import Synchronization

extension Command {
  static let sandboxRun = Command(
    name: "sandbox run",
    summary: "Run a command in a sandbox.",
    synopsis: "--profile NAME [--workspace DIR] [--tier full|landlock] [--json] -- COMMAND…",
    details: """
      The command has this terminal's standard streams: its input as it is, its output copied as it
      comes. The profile says what it may see, reach and use up; its bound on output, which is about what
      a run keeps, does not apply here. Without --workspace the profile's workspace is the current folder.

      The exit code is the command's, or 128 and the number of the signal that ended it; 137 also where
      the sandbox ended it, and stderr says why; 130 and 143 where you did. Where the sandbox cannot be
      built, nothing runs, stderr begins "martlet: sandbox:", and the exit code is 8. In the Landlock tier
      a command whose profile hides or protects something works on a copy of the folder; where not all
      that it changed could be brought back, stderr says what, and the exit code is not 0 but 7.
      """,
    options: [
      Option(name: "--profile", value: "NAME", help: "a profile of Sandboxes/, or of your own"),
      .workspace,
      Option(
        name: "--tier", value: "TIER", help: "exactly this wall; default: the best that works"),
      Option(name: "--json", help: "the record of what happened to file descriptor 3"),
    ],
    positionalCount: 1...100_000,
    examples: [
      Example(
        command: "./martlet sandbox run --profile container -- make test",
        meaning: "sees the current folder and the system's programs; has no network"),
      Example(
        command: "./martlet sandbox run --profile closed --json -- sort 3>record.json <in.txt",
        meaning: "sees its input only; what it used up is in record.json"),
    ]
  ) { arguments in
    let tier = try arguments.tier()
    let places = Places.ofThisProcess()
    let name = try arguments.profile(in: places)
    let wantsRecord = arguments.has("--json")
    if wantsRecord { try checkRecordDescriptor() }
    let launch = SandboxLaunch(
      profile: name, profileFolders: places.profileFolders, workspace: try arguments.workspace(),
      tier: tier, command: arguments.positional)
    let interruption = Mutex<Interruption?>(nil)
    let signals = SignalWatch()
    let end = waiting {
      let run = Task { await launch.run() }
      signals.tell { word in
        interruption.withLock { $0 = $0 ?? word }
        run.cancel()
      }
      return await run.value
    }
    if let complaint = end.complaint { Progress.line("martlet: sandbox: \(complaint)") }
    if wantsRecord { try write(end.record) }
    switch interruption.withLock({ $0 }) {
    case .interrupted?: return .interrupted
    case .terminated?: return .terminated
    case nil: break
    }
    return ExitCode(rawValue: end.exitStatus)
  }

  static let sandboxDoctor = Command(
    name: "sandbox doctor",
    summary: "Whether sandboxes work on this machine, found out by building and trying them.",
    synopsis: "[--json]",
    details: "The exit code is 8 where no wall holds.",
    options: [Option(name: "--json", help: "one finding a line, as a JSON object")],
    examples: [
      Example(
        command: "./martlet sandbox doctor", meaning: "what holds, and what to do about the rest")
    ]
  ) { arguments in
    let findings = waiting { await SandboxDoctor().examine() }
    show(findings, asJSON: arguments.has("--json"))
    return findings.hasSandbox ? .success : .sandboxUnavailable
  }

  /// Descriptor 3 must be there before anything runs: a record that nobody gets is no record.
  private static let recordDescriptor: Int32 = 3

  private static func checkRecordDescriptor() throws(CommandError) {
    let flags = fcntl(recordDescriptor, F_GETFL)
    guard flags >= 0, flags & O_ACCMODE != O_RDONLY else {
      throw .usage(
        "--json writes to file descriptor 3, which is not open for writing. Add 3>FILE to the command line."
      )
    }
  }

  private static func write(_ record: JSONValue) throws(CommandError) {
    var bytes = Array((record.compactText + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(recordDescriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw CommandError(
          exitCode: .internalError,
          sentence:
            "The record could not be written to file descriptor 3: \(String(cString: strerror(errno)))."
        )
      }
      bytes = bytes.dropFirst(count)
    }
  }
}

extension Arguments {
  fileprivate func tier() throws(CommandError) -> SandboxTier? {
    guard let word = self["--tier"] else { return nil }
    guard let tier = SandboxTier(rawValue: word) else {
      let names = SandboxTier.allCases.map(\.rawValue)
      throw .usage(
        "--tier is one of: \(names.joined(separator: ", ")); \"\(word)\" is not.\(suggestion(for: word, among: names))"
      )
    }
    return tier
  }

  /// A profile that exists; the error names those that do.
  fileprivate func profile(in places: Places) throws(CommandError) -> String {
    let name = try required("--profile")
    let known = SandboxProfile.names(in: places.profileFolders)
    guard known.contains(name) else {
      throw .usage(
        """
        There is no sandbox profile "\(name)".\(suggestion(for: name, among: known)) There are: \
        \(known.isEmpty ? "none" : known.joined(separator: ", ")); looked in \
        \(places.profileFolders.joined(separator: ", ")).
        """)
    }
    return name
  }
}
