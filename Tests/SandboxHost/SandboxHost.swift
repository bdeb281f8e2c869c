// SandboxHost.swift — a host of its own for the tests: run as another user, killed, measured.
//
//     sandbox-host run PROFILE [--profiles DIR] [--workspace DIR] [--tier TIER] -- COMMAND...
//     sandbox-host bench starts | python | steps-full | steps-landlock [COUNT]

import Base
import Glibc
import Sandbox

@main struct SandboxHost {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 2 else { exit(2) }
    switch arguments[0] {
    case "run": await run(arguments[1], Array(arguments.dropFirst(2)))
    case "bench": await bench(arguments[1], arguments.count > 2 ? Int(arguments[2]) ?? 200 : 200)
    default: exit(2)
    }
  }

  private static func bench(_ what: String, _ count: Int) async {
    var bench = Bench(count: count)
    switch what {
    case "starts": await bench.starts()
    case "python": await bench.python()
    case "steps-full": await bench.steps(.full)
    case "steps-landlock": await bench.steps(.landlock)
    default: exit(2)
    }
  }

  private static func run(_ profile: String, _ arguments: [String]) async {
    var launch = SandboxLaunch(
      profile: profile, profileFolders: ["Sandboxes"], workspace: nil, command: [])
    var rest = arguments[...]
    while let word = rest.popFirst(), word != "--" {
      switch word {
      case "--profiles": launch.profileFolders = [rest.popFirst() ?? ""]
      case "--workspace": launch.workspace = rest.popFirst()
      case "--tier": launch.tier = rest.popFirst().flatMap(SandboxTier.init(rawValue:))
      default: exit(2)
      }
    }
    launch.command = Array(rest)
    let end = await launch.run()
    if let complaint = end.complaint {
      complain("martlet: sandbox: \(complaint)\n")
    }
    complain(end.record.compactText + "\n")
    exit(end.exitStatus)
  }

  private static func complain(_ text: String) {
    _ = Array(text.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }
}
