// DoctorCommand.swift — what works on this machine, and what to do about what does not.

import Base
import Runtime
import Sandbox

extension Command {
  static let doctor = Command(
    name: "doctor",
    summary: "What works on this machine, and what to do about what does not.",
    synopsis: "[--json]",
    details: """
      Sandboxes are built and tried, python runs in one, the policy in force is loaded, memories and
      ledger are opened, settings of proxies, model servers and the cloud model are read, their keys too and
      without being shown, and the machine is compared with what gpt-oss-20b needs. Nothing is changed, and
      no connection is opened.

      The exit code is 0 where everything that a run needs works, 2 where the policy, a settings file or a
      folder keeps runs from working, 1 where the ledger or the memories are damaged, and 8 where no sandbox stands.
      """,
    options: [Option(name: "--json", help: "one finding a line, as a JSON object")],
    examples: [
      Example(command: "./martlet doctor", meaning: "one line for each thing that a run needs")
    ]
  ) { arguments in
    let places = Places.ofThisProcess()
    var checkups = waiting { await Checkup.sandboxes(places) }
    checkups.append(Checkup.policy(places))
    checkups += Checkup.stores(places)
    checkups += Checkup.folders(places)
    checkups += Checkup.network(places)
    checkups += [Checkup.model(places), Checkup.processor, Checkup.memory]
    show(checkups.map(\.finding), asJSON: arguments.has("--json"))
    // What keeps a run from starting at all is the first thing to mend.
    let order: [ExitCode] = [.internalError, .usage, .sandboxUnavailable]
    return order.first { code in checkups.contains { $0.exitCode == code } } ?? .success
  }
}
