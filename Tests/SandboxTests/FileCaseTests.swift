// FileCaseTests.swift — cases about files that take more than one act: what is hidden and protected,
// odd names, and the host's own file tools.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

@Suite struct `A file in the workspace` {
  /// A workspace with secrets and a repository, and a profile that hides and protects.
  private static func stage(_ user: Setting.User, belowFull: String = "copy") throws -> Stage {
    let stage = try Stage(user)
    for (name, text) in [
      (".env", "KEY=1"), (".git/config", "[core]"), (".git/hooks/sample", "echo"),
      ("keys/one", "1"),
    ] {
      let file = stage.workspace + "/" + name
      try FileManager.default.createDirectory(
        atPath: URL(filePath: file).deletingLastPathComponent().path(percentEncoded: false),
        withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: file))
    }
    try stage.profile(
      "guarded",
      [
        "\".aws\",": "\".env\", \"keys\", \"absent\", \".aws\",",
        "protectExisting: [\".martlet\", \".git/hooks\", \".git/config\"]": """
        protect: [".martlet/later"], protectExisting: [".git/config", ".git/hooks", "absent"],
              belowFull: "\(belowFull)"
        """,
      ])
    return stage
  }

  @Test(arguments: Setting.all)
  func `reads nothing of what is hidden`(setting: Setting) throws {
    let stage = try Self.stage(setting.user)
    #expect(stage.openly(attempt: ["read-something=.env"])["read-something=.env"] == "ok")
    let result = try stage.attempt(
      [
        "read-something=.env", "read-something={workspace}/.env", "create=.env", "list=keys",
        "read=keys/one", "create=keys/new", "rename=.env,.other", "rename=keys,other",
        "unlink=.env", "read-something=.git/config",
      ], setting.tier, profile: "guarded")
    let answers = result.answers
    #expect(answers["read-something=.env"] == "ENODATA", "\(result)")
    #expect(answers["read=keys/one"] == "ENOENT")
    #expect(try String(contentsOfFile: stage.workspace + "/.env", encoding: .utf8) == "KEY=1")
    #expect(try String(contentsOfFile: stage.workspace + "/keys/one", encoding: .utf8) == "1")
    guard setting.tier == .full else {
      // What lies in the folder itself is out of reach.
      #expect(answers["read-something=\(stage.workspace)/.env"] == "EACCES")
      return
    }
    #expect(answers["read-something=\(stage.workspace)/.env"] == "ENODATA")
    #expect(["EROFS", "EACCES"].contains(answers["create=.env"]))
    #expect(answers["list=keys"] == "ok")
    #expect(["EROFS", "EACCES", "ENOENT"].contains(answers["create=keys/new"]))
    for act in ["rename=.env,.other", "rename=keys,other", "unlink=.env"] {
      #expect(["EBUSY", "EROFS", "EXDEV"].contains(answers[act]), "\(act) \(answers[act] ?? "")")
    }
    #expect(answers["read-something=.git/config"] == "ok")
  }

  @Test(arguments: Setting.all)
  func `cannot be born where it is protected`(setting: Setting) throws {
    let stage = try Self.stage(setting.user)
    let acts = [
      "create=.git/hooks/pre-commit", "overwrite=.git/hooks/sample", "overwrite=.git/config",
      "create=.martlet/later/policy.json5", "create={workspace}/.git/hooks/post-checkout",
      "change-mode=.git/hooks/sample", "unlink=.git/config", "rename=movable,.git/config",
    ]
    let result = try stage.attempt(
      acts + ["create=.git/index", "create=.martlet/own"], setting.tier, profile: "guarded")
    for name in [".git/hooks/pre-commit", ".martlet/later/policy.json5"] {
      #expect(!FileManager.default.fileExists(atPath: stage.workspace + "/" + name))
    }
    let config = try String(contentsOfFile: stage.workspace + "/.git/config", encoding: .utf8)
    #expect(config == "[core]")
    #expect(FileManager.default.fileExists(atPath: stage.workspace + "/.git/index"))
    guard setting.tier == .full else { return }
    for act in acts {
      let answer = result.answers[stage.spell(act)]
      #expect(["EROFS", "EACCES", "EBUSY", "EXDEV"].contains(answer), "\(act) \(answer ?? "")")
    }
    #expect(result.answers["create=.git/index"] == "ok")
    #expect(result.answers["create=.martlet/own"] == "ok")
  }

  @Test(arguments: Setting.all)
  func `cannot be moved away with its parent`(setting: Setting) throws {
    let stage = try Self.stage(setting.user)
    let script =
      "mv .git g; mv .martlet m; rm -rf .git; mkdir -p .git/hooks; touch .git/hooks/x; ls .git/hooks"
    let result = try stage.walled(["sh", "-c", script], setting.tier, profile: "guarded")
    let sample = try String(
      contentsOfFile: stage.workspace + "/.git/hooks/sample", encoding: .utf8)
    #expect(sample == "echo")
    if setting.tier == .full {
      #expect(result.output == "sample\n")
      #expect(result.error.contains("Device or resource busy"))
    }
    #expect(!FileManager.default.fileExists(atPath: stage.workspace + "/.git/hooks/x"))
  }

  @Test(arguments: Setting.all.filter { $0.tier == .landlock })
  func `is bare in the Landlock tier where the profile says so`(setting: Setting) throws {
    let stage = try Self.stage(setting.user, belowFull: "bare")
    let result = try stage.attempt(["create=.git/hooks/x"], .landlock, profile: "guarded")
    #expect(result.answers["create=.git/hooks/x"] == "ok")
    #expect(result.record["unprotected"] == true)
  }

  @Test(arguments: Setting.all.filter { $0.tier == .landlock })
  func `is refused in the Landlock tier where the profile says so`(setting: Setting) throws {
    let stage = try Self.stage(setting.user, belowFull: "refuse")
    let result = try stage.attempt(["read-something=.env"], .landlock, profile: "guarded")
    #expect(result.status == 2)
    #expect(result.error.contains("hides or protects parts of \"workspace\""))
    #expect(result.output.isEmpty)
  }

  @Test(arguments: ["keys/", "./keys", "keys//one", "../secret", "", "/etc"])
  func `spells paths in one way only`(path: String) throws {
    let stage = try Self.stage(Setting.all[0].user)
    try stage.profile("spelled", ["\".aws\",": "\"\(path)\", \".aws\","])
    let result = try stage.walled(["true"], .full, profile: "spelled")
    #expect(result.status == 2)
    #expect(result.error.contains("is not a path beneath the folder"), "\(result.error)")
  }

  @Test(arguments: Setting.all)
  func `keeps names byte for byte`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    // A byte that is not UTF-8, a line's end, an escape sequence, and e with its accent apart.
    let name: [UInt8] = [0x61, 0xFF, 0x0A, 0x1B, 0x5B, 0x33, 0x31, 0x6D, 0x65, 0xCC, 0x81]
    let script = "printf 'a\\377\\n\\033[31me\\314\\201' >name; touch \"$(cat name)\"; ls -b"
    let result = try stage.walled(["sh", "-c", script], setting.tier)
    #expect(result.output.contains("a\\377\\n\\033[31m"))
    let folder = try #require(opendir(stage.workspace))
    defer { closedir(folder) }
    var names: [[UInt8]] = []
    while let entry = readdir(folder) {
      names.append(withUnsafeBytes(of: entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } })
    }
    #expect(names.contains(name))
  }

  @Test(arguments: Setting.all)
  func `sees no mount but its own`(setting: Setting) throws {
    let stage = try Stage(setting.user)
    let result = try stage.walled(["cat", "/proc/self/mountinfo"], setting.tier)
    guard setting.tier == .full else {
      #expect(result.output.isEmpty)
      #expect(result.error.contains("Permission denied"))
      return
    }
    let places = result.output.split(separator: "\n").compactMap {
      $0.split(separator: " ").dropFirst(4).first
    }
    #expect(places.contains("/workspace"))
    for place in places {
      let isOwn = [
        "/", "/tmp", "/proc", "/workspace", "/usr", "/bin", "/sbin", "/lib", "/etc", "/dev",
      ]
      .contains { place == $0 || place.hasPrefix($0 + "/") || place.hasPrefix("/lib") }
      #expect(isOwn, "\(place)")
    }
    #expect(!result.output.contains("/var") && !result.output.contains("/home"))
  }
}

/// A folder of ours, through which tools in the host read and write for a model.
@Suite struct `A confined folder` {
  private static let swaps =
    ProcessInfo.processInfo.environment["MARTLET_FULL"] == nil ? 40_000 : 400_000

  @Test func `is never left while links are swapped in`() throws {
    let outside = try TemporaryFolder()
    try outside.write("file", "outside".utf8)
    let inside = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: inside.path + "/a", withIntermediateDirectories: true)
    try inside.write("a/file", "inside".utf8)
    symlink(outside.path, inside.path + "/b")
    let folder = try ConfinedFolder(path: inside.path)
    _ = try #require(Walls.program)
    let swapper = try Process.run(
      URL(filePath: Walls.probe),
      arguments: ["swap=\(inside.path)/a,\(inside.path)/b,\(Self.swaps)"])
    var reads = (inside: 0, refused: 0)
    while swapper.isRunning {
      do {
        let bytes = try folder.read("a/file", byteCountMax: 100)
        #expect(bytes == Array("inside".utf8))
        reads.inside += 1
      } catch { reads.refused += 1 }
    }
    // Both came, or nothing was swapped between a look and a read.
    #expect(reads.inside > 0 && reads.refused > 0, "\(reads)")
  }

  @Test func `is not left through links of the kernel's`() throws {
    let inside = try TemporaryFolder()
    symlink("/proc/self/root/etc/passwd", inside.path + "/root")
    symlink("/proc/self/fd/0", inside.path + "/fd")
    symlink("/proc/self/cwd", inside.path + "/cwd")
    let folder = try ConfinedFolder(path: inside.path)
    for path in ["root", "fd", "cwd/x", "/proc/self/root/etc/passwd", "../x", "cwd/../../x"] {
      #expect(throws: ConfinedFolderError.self, "\(path)") {
        try folder.read(path, byteCountMax: 100)
      }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `gives ordinary files of a bounded size and nothing else`() throws {
    let inside = try TemporaryFolder()
    mkfifo(inside.path + "/pipe", 0o600)
    mkdir(inside.path + "/folder", 0o700)
    try inside.write("huge", [])
    truncate(inside.path + "/huge", 10 << 30)
    let folder = try ConfinedFolder(path: inside.path)
    for path in ["pipe", "folder"] {
      #expect(throws: ConfinedFolderError.notAFile(path: path)) {
        try folder.read(path, byteCountMax: 100)
      }
      #expect(throws: ConfinedFolderError.notAFile(path: path)) { try folder.write([1], to: path) }
    }
    #expect(throws: ConfinedFolderError.tooLarge(path: "huge", byteCountMax: 100)) {
      try folder.read("huge", byteCountMax: 100)
    }
    if geteuid() == 0 {
      mknod(inside.path + "/device", S_IFCHR | 0o600, 1 << 8 | 5)
      #expect(throws: ConfinedFolderError.notAFile(path: "device")) {
        try folder.read("device", byteCountMax: 100)
      }
    }
  }
}
