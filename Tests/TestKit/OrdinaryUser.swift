// OrdinaryUser.swift — somebody without privileges, for tests that root runs.

import Foundation

/// An ordinary user in root's place; where an ordinary user runs the tests, that one.
public enum OrdinaryUser {
  /// No account of any machine.
  private static let number: UInt32 = 54_321

  /// Who it is.
  public static var id: UInt32 { geteuid() == 0 ? number : geteuid() }

  /// A command line that runs `words` as this user.
  public static func words(_ words: [String]) -> [String] {
    guard geteuid() == 0 else { return words }
    let number = String(number)
    return ["/usr/bin/setpriv", "--reuid", number, "--regid", number, "--clear-groups"] + words
  }

  /// Has this user own a folder and everything beneath it.
  public static func give(_ path: String) throws {
    guard geteuid() == 0 else { return }
    lchown(path, number, number)
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      lchown(path + "/" + name, number, number)
    }
  }
}
