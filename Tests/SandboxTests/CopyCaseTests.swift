// CopyCaseTests.swift — the Landlock tier where a profile hides or protects: the command works on a copy,
// and what it changed is brought back.

import Base
import Foundation
import Sandbox
import TestKit
import Testing

/// A user's folder and a profile that hides and protects parts of it.
private struct Desk {
  let stage: Stage

  init(
    _ user: Setting.User = .ordinary, _ files: [String: String] = [:], limits: String = ""
  ) throws {
    stage = try Stage(user)
    let all = [
      ".env": "KEY=1", ".git/config": "[core]", ".git/hooks/sample": "echo", "keys/one": "1",
    ]
    for (name, text) in all.merging(files, uniquingKeysWith: { $1 }) { try write(name, text) }
    var changes = [
      "\".aws\",": "\".env\", \"keys\", \".aws\",",
      "protectExisting: [\".martlet\", ": "protect: [\".martlet\"], protectExisting: [",
    ]
    if !limits.isEmpty { changes["outputKiB: 1024,"] = "outputKiB: 1024, \(limits)," }
    try stage.profile("guarded", changes)
  }

  func path(_ name: String) -> String { stage.workspace + "/" + name }

  func write(_ name: String, _ text: String) throws {
    try FileManager.default.createDirectory(
      atPath: URL(filePath: path(name)).deletingLastPathComponent().path(percentEncoded: false),
      withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(filePath: path(name)))
  }

  /// Nil where nothing is there.
  func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  func mode(_ name: String) -> UInt32? {
    var status = stat()
    return lstat(path(name), &status) == 0 ? status.st_mode : nil
  }

  /// Runs a script on the copy.
  func run(_ script: String, before: [String] = []) throws -> StageResult {
    try stage.walled(["sh", "-c", script], .landlock, profile: "guarded", before: before)
  }

  static func copies() -> [String] {
    ["/tmp", "/var/tmp"].flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
        $0.hasPrefix("martlet-copies-")
      }
    }
  }
}

@Suite struct `A command that works on a copy` {
  @Test func `has what it changed brought back`() async throws {
    try await Walls.requireForUser(.landlock)
    let desk = try Desk(
      .ordinary,
      [
        "edit": "old", "run.sh": "echo", "gone": "x", "away/inner": "y", "becomes-folder": "z",
        "becomes-file/inner": "w", "untouched": "same",
      ])
    let before = try FileManager.default.attributesOfItem(atPath: desk.path("untouched"))
    let result = try desk.run(
      """
      set -e
      printf new >edit; chmod 750 run.sh; rm gone; mv away moved; mkdir -p deep/er; printf 1 >deep/er/f
      ln -s edit link; rm becomes-folder; mkdir becomes-folder; printf 2 >becomes-folder/f
      rm -r becomes-file; printf 3 >becomes-file; mkfifo pipe; touch -d @1000000000 dated
      mkdir empty; cat .env; ls keys
      """)
    #expect(result.status == 7, "\(result)")
    #expect(result.output.isEmpty)
    #expect(desk.text("edit") == "new")
    #expect(desk.mode("run.sh").map { $0 & 0o7777 } == 0o750)
    #expect(desk.mode("gone") == nil && desk.mode("away") == nil)
    #expect(desk.text("moved/inner") == "y" && desk.text("deep/er/f") == "1")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: desk.path("link")) == "edit")
    #expect(desk.text("becomes-folder/f") == "2" && desk.text("becomes-file") == "3")
    #expect(desk.mode("empty").map { $0 & S_IFMT } == S_IFDIR)
    var dated = stat()
    #expect(stat(desk.path("dated"), &dated) == 0 && dated.st_mtim.tv_sec == 1_000_000_000)
    // Neither a pipe nor anything hidden is touched, and a file that nobody changed is the same file.
    #expect(desk.mode("pipe") == nil)
    #expect(
      result.error.contains("pipe (neither a file nor a folder nor a link)"), "\(result.error)")
    #expect(desk.text(".env") == "KEY=1" && desk.text("keys/one") == "1")
    let after = try FileManager.default.attributesOfItem(atPath: desk.path("untouched"))
    #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
    #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
    #expect(result.record["tier"] == "landlock" && result.record["unprotected"] == nil)
    #expect(result.record["copies"]?.arrayValue?.first?["folder"] == "workspace")
    #expect(result.record["copyReport"]?["notBroughtBack"] == 1, "\(result.record)")
    #expect(Desk.copies().isEmpty)
  }

  @Test func `changes nothing that is hidden or protected`() async throws {
    try await Walls.requireForUser(.landlock)
    let desk = try Desk()
    let result = try desk.run(
      """
      echo bad >.git/hooks/pre-commit; echo bad >.git/config; rm .git/hooks/sample
      mkdir .martlet; echo bad >.martlet/policy.json5; echo bad >.env 2>/dev/null
      rm -f .env; echo bad >.env; rm -rf keys; mkdir keys; echo bad >keys/two; echo fine >.git/index
      """)
    #expect(result.status == 7, "\(result)")
    #expect(desk.text(".git/config") == "[core]" && desk.text(".git/hooks/sample") == "echo")
    #expect(desk.mode(".git/hooks/pre-commit") == nil && desk.mode(".martlet") == nil)
    #expect(desk.text(".env") == "KEY=1" && desk.text("keys/one") == "1")
    #expect(desk.mode("keys/two") == nil)
    #expect(desk.text(".git/index") == "fine\n")
    #expect(result.error.contains(".git/config (protected)"), "\(result.error)")
  }

  @Test func `cannot move a parent of what is protected away`() async throws {
    try await Walls.requireForUser(.landlock)
    let desk = try Desk(.ordinary, [".git/HEAD": "ref"])
    _ = try desk.run(
      "mv .git g; mkdir -p .git/hooks; echo bad >.git/hooks/post-merge; rm -rf g/hooks")
    #expect(desk.text(".git/hooks/sample") == "echo" && desk.text(".git/config") == "[core]")
    #expect(desk.mode(".git/hooks/post-merge") == nil)
    #expect(desk.text("g/HEAD") == "ref" && desk.mode(".git/HEAD") == nil)
    // A link in the place of the folder leads nowhere either.
    _ = try desk.run("rm -rf .git; ln -s \(desk.stage.folder.path) .git")
    #expect(desk.mode(".git").map { $0 & S_IFMT } == S_IFDIR)
  }

  @Test func `keeps what somebody else changed meanwhile`() async throws {
    try await Walls.requireForUser(.landlock)
    let desk = try Desk(
      .ordinary, ["both": "old", "theirs": "old", "removed": "old", "edited": "old"])
    let host = """
      "$@" >ready & host=$!
      while ! grep -q ready ready; do sleep 0.02; done
      echo mine >both; echo mine >made; rm removed; echo mine >edited; touch go
      sleep 0.1; wait $host
      """
    let result = try desk.run(
      """
      echo ready; sleep 1; echo theirs >both; echo theirs >made; echo theirs >theirs
      echo theirs >removed; rm edited
      """,
      before: ["/bin/sh", "-c", host, "host"])
    #expect(result.status == 7, "\(result)")
    #expect(desk.text("both") == "mine\n" && desk.text("made") == "mine\n")
    #expect(desk.text("edited") == "mine\n" && desk.text("removed") == nil)
    #expect(desk.text("theirs") == "theirs\n")
    #expect(result.record["copyReport"]?["notBroughtBack"] == 4, "\(result.record)")
    #expect(result.error.contains("both (the folder's own was changed meanwhile and is kept)"))
  }

  @Test func `leads the host nowhere by links`() async throws {
    try await Walls.requireForUser(.landlock)
    let desk = try Desk(.ordinary, ["sub/file": "inside"])
    let outside = desk.stage.folder.path + "/outside"
    mkdir(outside, 0o755)
    try Data("outside".utf8).write(to: URL(filePath: outside + "/file"))
    symlink(outside, desk.path("way-out"))
    try desk.stage.give()
    let result = try desk.run(
      """
      rm -r sub; ln -s \(outside) sub; rm way-out; mkdir way-out; echo changed >way-out/file
      ln -s \(desk.stage.secret) secret; ln \(desk.stage.secret) hard 2>/dev/null; cat secret 2>/dev/null
      """)
    #expect(result.output.isEmpty)
    #expect(try String(contentsOfFile: outside + "/file", encoding: .utf8) == "outside")
    #expect(desk.mode("sub").map { $0 & S_IFMT } == S_IFLNK)
    #expect(desk.mode("way-out").map { $0 & S_IFMT } == S_IFDIR)
    #expect(desk.text("way-out/file") == "changed\n")
    #expect(desk.mode("hard") == nil)
  }

  @Test func `is refused where the folder is larger than a copy may be`() async throws {
    try await Walls.requireForUser(.landlock)
    for (limits, words) in [
      ("copyFiles: 4", "more than 4 files and folders (copyFiles)"),
      ("copyMiB: 1", "more than 1 MiB (copyMiB)"),
    ] {
      let desk = try Desk(.ordinary, [:], limits: limits)
      if limits.hasPrefix("copyMiB") {
        try Data(repeating: 7, count: 2 << 20).write(to: URL(filePath: desk.path("large")))
      }
      let result = try desk.run("touch ran; echo ran")
      #expect(result.status == 8, "\(result)")
      #expect(result.output.isEmpty && desk.mode("ran") == nil)
      #expect(result.error.contains(words) && result.error.contains("Use the tier \"full\""))
      #expect(Desk.copies().isEmpty)
    }
    // Holes take no room.
    let desk = try Desk(.ordinary, ["sparse": ""], limits: "copyMiB: 1")
    truncate(desk.path("sparse"), 1 << 30)
    let result = try desk.run("stat -c %s sparse; printf x >made")
    #expect(result.output == "1073741824\n" && desk.text("made") == "x", "\(result)")
  }

  @Test func `gets no copy where nothing is to be hidden or protected`() async throws {
    try await Walls.requireForUser(.landlock)
    let stage = try Stage(.ordinary)
    let result = try stage.walled(["sh", "-c", "pwd; touch made"], .landlock)
    #expect(result.output == stage.workspace + "\n")
    #expect(result.record["copies"] == nil && result.record["unprotected"] == nil)
    // The shipped profile protects a repository's hooks in the Landlock tier too.
    mkdir(stage.workspace + "/.git", 0o755)
    mkdir(stage.workspace + "/.git/hooks", 0o755)
    try stage.give()
    let guarded = try stage.walled(["sh", "-c", "echo bad >.git/hooks/pre-commit"], .landlock)
    #expect(guarded.status == 7)
    #expect(!FileManager.default.fileExists(atPath: stage.workspace + "/.git/hooks/pre-commit"))
  }

  @Test func `is refused as root`() throws {
    guard geteuid() == 0 else { try Test.cancel("This is not root.") }
    let desk = try Desk(.root)
    let result = try desk.run("touch ran")
    #expect(result.status == 8 && desk.mode("ran") == nil)
    #expect(Desk.copies().isEmpty)
  }

  /// A plugin lives through many calls: what others changed is there for the next, what it changed is
  /// there after each.
  @Test func `and lives long sees what others change`() async throws {
    guard geteuid() != 0 else { try Test.cancel("As root there is no Landlock tier.") }
    let world = try World()
    mkdir(world.workspace + "/.git", 0o755)
    mkdir(world.workspace + "/.git/hooks", 0o755)
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(filePath: world.workspace + "/" + name))
    }
    func text(_ name: String) -> String? {
      FileManager.default.contents(atPath: world.workspace + "/" + name)
        .map { String(decoding: $0, as: UTF8.self) }
    }
    let plan = try await world.plan(.landlock)
    let process = try await WalledProcess.start(
      SandboxCommand(["sh"]), in: plan,
      streams: SandboxStreams(input: .stream, output: .stream, error: .capture))
    func say(_ line: String) async throws -> String {
      try await process.input.send(Array((line + "; echo .\n").utf8))
      var answer = ""
      while !answer.hasSuffix(".\n"), let bytes = await process.output.receive() {
        answer += String(decoding: bytes, as: UTF8.self)
      }
      return String(answer.dropLast(2))
    }
    _ = try await say("echo one >first")
    #expect(text("first") == nil)
    #expect(await process.reconcile()?.broughtBackCount == 1)
    #expect(text("first") == "one\n")
    try write("second", "two")
    #expect(await process.reconcile()?.sentence == nil)
    #expect(try await say("cat second") == "two")
    try write("both", "mine")
    _ = try await say("echo theirs >both")
    let report = await process.reconcile()
    #expect(report?.notBroughtBack.map(\.path) == ["both"])
    #expect(text("both") == "mine")
    // It is said once.
    #expect(await process.reconcile()?.sentence == nil)
    unlink(world.workspace + "/second")
    _ = await process.reconcile()
    #expect(try await say("ls second 2>/dev/null") == "")
    // A folder that it closed to the host is not an empty one.
    try write("kept", "k")
    mkdir(world.workspace + "/dark", 0o755)
    try write("dark/kept", "k")
    _ = await process.reconcile()
    _ = try await say("chmod 0 dark")
    _ = await process.reconcile()
    #expect(text("dark/kept") == "k")
    _ = try await say("chmod 700 dark; echo last >last")
    process.input.close()
    _ = await process.result()
    #expect(text("last") == "last\n")
    #expect(await process.reconcile()?.broughtBackCount == 0)
    #expect(text("last") == "last\n" && text("kept") == "k")
  }
}

@Suite struct `What a host leaves` {
  /// Of this user, as the stage has it.
  private static func folders(_ user: Setting.User) -> [String] {
    ["/tmp", "/var/tmp"].flatMap { place in
      ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).filter {
        $0.hasPrefix("martlet-scratch-") || $0.hasPrefix("martlet-copies-")
      }.map { place + "/" + $0 }
    }
  }

  private static func run(
    _ script: String, before: [String], in desk: Desk
  ) async throws -> StageResult { try desk.run(script, before: before) }

  @Test func `when it is killed is removed by the next, and nothing that is in use`() async throws {
    try await Walls.requireForUser(.landlock)
    let desk = try Desk()
    let before = Set(Self.folders(.ordinary))
    // A host in the background holds its folders; another is killed.
    let script = """
      "$@" & living=$!
      "$@" & killed=$!
      for i in $(seq 1000); do
        [ $(ls /tmp/martlet-scratch-*/held 2>/dev/null | wc -l) -ge 2 ] && break; sleep 0.02
      done
      kill -9 $killed; wait $killed
      touch killed
      wait $living; echo "status $?" >&2
      """
    async let lasting = Self.run(
      """
      touch "$TMPDIR/held"
      for i in $(seq 3000); do [ -e "$TMPDIR/release" ] && break; sleep 0.02; done
      test -e "$TMPDIR/held" && echo held
      """, before: ["/bin/bash", "-c", script, "hosts"], in: desk)
    #expect(await Walls.eventually(seconds: 20) { desk.mode("killed") != nil })
    #expect(Set(Self.folders(.ordinary)).subtracting(before).count == 4)
    // The next one of the same user.
    let next = try Stage(.ordinary)
    #expect(try next.walled(["sleep", "0.5"], .landlock).status == 0)
    let held = Set(Self.folders(.ordinary)).subtracting(before)
    #expect(held.count == 2, "\(held)")
    for folder in held { _ = open(folder + "/release", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644) }
    let end = try await lasting
    #expect(end.output == "held\n" && end.error.contains("status 0"), "\(end)")
    #expect(Set(Self.folders(.ordinary)).subtracting(before).isEmpty)
  }

  @Test func `is nothing, however deep the command went and whatever it closed`() async throws {
    try await Walls.requireForUser(.landlock)
    let stage = try Stage(.ordinary)
    let before = Self.folders(.ordinary)
    let result = try stage.walled(
      [
        "sh", "-c",
        "./\(stage.probe) deep-folders=700,\"$TMPDIR\"; mkdir \"$TMPDIR/a\"; touch \"$TMPDIR/a/b\"; chmod 0 \"$TMPDIR/a\" \"$TMPDIR\"",
      ], .landlock)
    #expect(result.output.hasSuffix(" ok\n"), "\(result)")
    #expect(Self.folders(.ordinary) == before)
  }
}
