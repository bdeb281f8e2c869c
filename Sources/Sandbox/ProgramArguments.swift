// ProgramArguments.swift — the arguments of this program, also behind walls.

import CSandbox

public enum ProgramArguments {
  /// The program's name and what follows it. Swift's own list is empty where /proc is out of reach, as it
  /// is in the Landlock tier.
  public static var all: [String] {
    var count: Int32 = 0
    let list = cs_arguments(&count)
    return (0..<Int(count)).compactMap { index in list[index].map { String(cString: $0) } }
  }
}
