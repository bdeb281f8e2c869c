// SandboxCommandTests.swift — commands behind walls, started by hand.

import Base
import Foundation
import TestKit
import Testing

/// Whether this machine lets the tests build walls; where it does not, SandboxTests say why.
private let hasSandbox: Bool = {
  let built = try? Program.run([Repository.path("Sources/CSandbox/wall/build.sh")], of: "/bin/sh")
  guard built?.exitCode == 0 else { return false }
  return (try? Program.run(["sandbox", "doctor"]))?.exitCode == 0
}()

@Suite(.enabled(if: hasSandbox, "no sandbox can be built here; see: martlet sandbox doctor"))
struct `A command in a sandbox` {
  private let home: Home

  init() throws { home = try Home() }

  private func run(_ words: String..., input: String = "") throws -> ProgramResult {
    try Program.run(
      ["sandbox", "run", "--workspace", home.workspace, "--profile"] + words, input: input,
      environment: home.environment)
  }

  @Test func `sees the workspace, and has our streams`() throws {
    try home.write("work/note.txt", "hello")
    let result = try run(
      "container", "--", "sh", "-c", "pwd; ls; cat; echo aside >&2", input: "typed\n")
    #expect(
      result
        == ProgramResult(exitCode: 0, output: "/workspace\nnote.txt\ntyped\n", errors: "aside\n"))
  }

  @Test func `has the current folder for a workspace where none is named`() throws {
    let result = try home.shell("\"$MARTLET\" sandbox run --profile container -- touch made-inside")
    #expect(result.exitCode == 0)
    #expect(FileManager.default.fileExists(atPath: home.workspace + "/made-inside"))
  }

  @Test(arguments: [
    ("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -15 $$", 143), ("kill -9 $$", 137),
  ])
  func `ends with its own status`(script: String, code: Int32) throws {
    let result = try run("closed", "--", "sh", "-c", script)
    #expect(result == ProgramResult(exitCode: code, output: "", errors: ""))
  }

  @Test func `is answered like a shell where it is not there`() throws {
    let result = try run("closed", "--", "no-such-program")
    #expect(
      result
        == ProgramResult(
          exitCode: 127, output: "",
          errors: "martlet: sandbox: no-such-program: No such file or directory.\n"))
  }

  @Test func `may have no right to be executed`() throws {
    try home.write("work/script", "#!/bin/sh\n")
    #expect(
      try run("container", "--", "./script")
        == ProgramResult(
          exitCode: 126, output: "", errors: "martlet: sandbox: ./script: Permission denied.\n"))
    #expect(try run("container", "--", "/workspace").exitCode == 126)
  }

  @Test func `finds a workspace that is named relative to the current folder`() throws {
    let result = try home.shell(
      "cd .. && \"$MARTLET\" sandbox run --workspace ./work --profile container -- touch made")
    #expect(result == ProgramResult(exitCode: 0, output: "", errors: ""))
    #expect(FileManager.default.fileExists(atPath: home.workspace + "/made"))
  }

  @Test func `writes bytes that are no text, and no end of line`() throws {
    let result = try home.shell(
      "\"$MARTLET\" sandbox run --profile closed -- printf '\\377\\000a\\033' | od -An -tx1")
    #expect(result.output.split(whereSeparator: \.isWhitespace) == ["ff", "00", "61", "1b"])
  }

  @Test func `reads what is piped, typed or in a file, and no more than it reads`() throws {
    let program = "\"$MARTLET\" sandbox run --profile closed --"
    #expect(try home.shell("printf 'b\\na\\n' | \(program) sort").output == "a\nb\n")
    try home.write("work/list", "one\ntwo\nthree\n")
    #expect(try home.shell("\(program) sort <list").output == "one\nthree\ntwo\n")
    #expect(
      try home.shell("while read -r line; do \(program) echo \"$line\"; done <list").output
        == "one\ntwo\nthree\n")
    #expect(try home.shell("\(program) cat <&-").exitCode == 0)
    // What the host opens must not come to stand in a closed stream's place.
    let closed = try home.shell("\(program) sh -c 'readlink /proc/self/fd/0' <&-")
    #expect(closed.output == "/dev/null\n")
    let folder = try home.shell("\(program) cat <.")
    #expect(folder.exitCode == 2)
    #expect(folder.errors.hasPrefix("martlet: sandbox: Standard input is a folder"))
    let large = try home.shell("head -c 3000000 /dev/zero >zeros; \(program) wc -c <zeros")
    #expect(large.output.filter(\.isNumber) == "3000000")
  }

  @Test(arguments: [("INT", 130), ("TERM", 143)])
  func `ends when it is told to`(signal: String, code: Int) throws {
    let start = ContinuousClock.now
    let result = try home.shell(
      """
      rm -f started
      "$MARTLET" sandbox run --profile container -- sh -c 'trap "" INT TERM; touch started; sleep 61' &
      for i in $(seq 1000); do [ -e started ] && break; sleep 0.02; done
      kill -\(signal) $!; wait $!; echo $?
      """)
    #expect(result.output == "\(code)\n", "\(result)")
    #expect(.now - start < .seconds(20))
  }

  @Test func `lives on under nohup when the terminal goes`() throws {
    let result = try home.shell(
      """
      rm -f started
      nohup "$MARTLET" sandbox run --profile container -- \
        sh -c 'touch started; while [ ! -e go ]; do sleep 0.02; done; echo done' >out 2>errors &
      for i in $(seq 1000); do [ -e started ] && break; sleep 0.02; done
      kill -HUP $!; touch go; wait $!; echo $?; cat out
      """)
    #expect(result.output == "0\ndone\n", "\(result)")
  }

  /// More than any profile keeps of a tool's output, and more than pipes hold.
  @Test func `gives out all that it writes`() throws {
    let result = try home.shell(
      "\"$MARTLET\" sandbox run --profile closed -- head -c 20000000 /dev/zero | wc -c")
    #expect(result.output.filter(\.isNumber) == "20000000")
    #expect(result.errors.isEmpty)
  }

  @Test func `answers line by line, as pipes need it`() throws {
    let script = """
      mkfifo in out && exec 9<>in 8<>out
      "$MARTLET" sandbox run --profile closed -- sed -u 's/^/> /' <in >out &
      echo one >&9; read -r answer <&8; echo "$answer"
      echo two >&9; read -r answer <&8; echo "$answer"
      kill $!; wait $! || true
      """
    #expect(try home.shell(script).output == "> one\n> two\n")
  }

  @Test func `is ended where nobody reads any more`() throws {
    let result = try home.shell(
      "{ \"$MARTLET\" sandbox run --profile closed -- yes; echo $? >&2; } | head -n 1")
    #expect(result.output == "y\n")
    #expect(result.errors == "141\n")
  }

  @Test func `leaves its record on descriptor 3`() throws {
    let command = "\"$MARTLET\" sandbox run --profile closed --json -- sh -c 'echo hi; exit 3'"
    let result = try home.shell("\(command) 3>record; echo $?; cat record >&2")
    #expect(result.output == "hi\n3\n")
    let record = try JSONReader.value(result.errors, source: "the record")
    #expect(record["profile"] == "closed")
    #expect(record["verdict"] == "exited")
    #expect(record["exitStatus"] == 3)
    #expect(record["bytes"]?["output"] == 3)
  }

  @Test func `does not start where nobody can take the record`() throws {
    for redirection in ["3>&-", "3</dev/null"] {
      let result = try home.shell(
        "\"$MARTLET\" sandbox run --profile container --json -- touch started \(redirection)")
      #expect(result.exitCode == 2)
      #expect(
        result.errors == """
          martlet: --json writes to file descriptor 3, which is not open for writing. Add 3>FILE to \
          the command line.

          """)
    }
    #expect(!FileManager.default.fileExists(atPath: home.workspace + "/started"))
  }

  @Test func `of a profile that demands more than the tier is refused, with a record`() throws {
    let command = "\"$MARTLET\" sandbox run --profile closed --tier landlock --json -- true"
    let result = try home.shell("\(command) 3>record; echo $?; cat record")
    let sentence =
      "The sandbox profile \"closed\" asks for the tier \"full\"; \"landlock\" is less. Choose another profile or tier."
    #expect(result.errors == "martlet: sandbox: \(sentence)\n")
    let lines = result.output.split(separator: "\n")
    #expect(lines.first == "2")
    #expect(
      try JSONReader.value(String(lines[1]), source: "the record") == [
        "profile": "closed", "verdict": "notStarted", "sentence": .string(sentence),
        "exitStatus": 2,
      ])
  }
}

@Suite struct `A sandbox` {
  private let home: Home

  init() throws { home = try Home() }

  @Test func `that cannot be built is exit code 8, and nothing runs`() throws {
    // A program that was moved away from its wall.
    let program = home.path + "/bin/martlet"
    try home.write("bin/keep", "")
    try FileManager.default.copyItem(atPath: Program.path, toPath: program)
    for folder in ["Models", "Sandboxes"] {
      try home.write("share/martlet/\(folder)/keep", "")
    }
    try FileManager.default.removeItem(atPath: home.path + "/share/martlet/Sandboxes")
    try FileManager.default.copyItem(
      atPath: Repository.path("Sandboxes"), toPath: home.path + "/share/martlet/Sandboxes")
    let result = try Program.run(
      [
        "sandbox", "run", "--workspace", home.workspace, "--profile", "container", "--", "touch",
        "x",
      ],
      of: program, environment: home.environment)
    #expect(result.exitCode == 8)
    #expect(result.errors.hasPrefix("martlet: sandbox: The program martlet-wall is not there"))
    #expect(!FileManager.default.fileExists(atPath: home.workspace + "/x"))
    let doctor = try Program.run(["sandbox", "doctor"], of: program, environment: home.environment)
    #expect(doctor.exitCode == 8)
    let all = try Program.run(["doctor"], of: program, environment: home.environment)
    #expect(all.exitCode == 2, "no policy ships beside it, and that comes first")
  }

  @Test(arguments: [
    (["--", "true"], "--profile is missing. See: martlet sandbox run --help"),
    (["--profile", "closed"], "an argument is missing. Usage: martlet sandbox run"),
    (
      ["--profile", "closed", "--tier", "ful", "--", "true"],
      "--tier is one of: landlock, full; \"ful\" is not. Did you mean full?"
    ),
  ])
  func `wants to be described`(words: [String], sentence: String) throws {
    let result = try Program.run(["sandbox", "run"] + words, environment: home.environment)
    #expect(result.exitCode == 2)
    #expect(result.errors.hasPrefix("martlet: \(sentence)"), "\(result.errors)")
  }

  @Test(arguments: [
    ("nowhere", "The workspace nowhere cannot be used: No such file or directory."),
    ("file", "The workspace file is not a folder."),
  ])
  func `wants a workspace that is there`(workspace: String, sentence: String) throws {
    try home.write("work/file", "")
    let result = try home.shell(
      "\"$MARTLET\" sandbox run --profile container --workspace \(workspace) -- true")
    #expect(result.exitCode == 2)
    #expect(result.errors.hasPrefix("martlet: \(sentence)"), "\(result.errors)")
  }

  @Test(arguments: ["/", "/etc", "/proc/self"])
  func `does not show the whole machine`(workspace: String) throws {
    let result = try home.shell(
      "\"$MARTLET\" sandbox run --profile container --workspace \(workspace) -- true")
    #expect(result.exitCode == 2)
    let isSaid = ["too broad to grant", "describes the machine"].contains {
      result.errors.contains($0)
    }
    #expect(isSaid && result.errors.hasPrefix("martlet: sandbox: \("/")"), "\(result.errors)")
  }

  @Test(arguments: [
    ("\"tier\":", "\"teir\":", "tier", "is missing"),
    ("wallSeconds: 30", "wallSeconds: \"30\"", "limits.wallSeconds", "a whole number"),
    ("network: \"none\"", "network: \"nome\"", "network", "not \"nome\""),
    ("grants: [", "grants: [ {", "", "not JSON5"),
  ])
  func `of a profile with a slip of the pen names file, key and remedy`(
    old: String, new: String, key: String, words: String
  ) throws {
    let closed = try String(
      contentsOfFile: Repository.path("Sandboxes/closed.json5"), encoding: .utf8
    ).replacing("tier:", with: "\"tier\":")
    try #require(closed.contains(old))
    let file = try home.write(
      "config/martlet/sandboxes/mine.json5", closed.replacing(old, with: new))
    let result = try home.run("sandbox", "run", "--profile", "mine", "--", "true")
    #expect(result.exitCode == 2)
    let place = key.isEmpty ? file : "\(file), \"\(key)\""
    #expect(result.errors.hasPrefix("martlet: sandbox: \(place): "), "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func `of an unknown profile names the known ones`() throws {
    try home.write("config/martlet/sandboxes/mine.json5", "{}")
    let result = try home.run("sandbox", "run", "--profile", "clsed", "--", "true")
    #expect(result.exitCode == 2)
    #expect(
      result.errors == """
        martlet: There is no sandbox profile "clsed". Did you mean closed? There are: browser, closed, \
        cloud, container, documents, fetcher, mine, python; looked in /etc/martlet/sandboxes, \
        \(home.path)/config/martlet/sandboxes, \(Repository.path("Sandboxes")).

        """)
  }
}

@Suite struct `The doctor` {
  private let home: Home

  init() throws { home = try Home() }

  private func findings(_ result: ProgramResult) throws -> [String: JSONValue] {
    var findings: [String: JSONValue] = [:]
    for line in result.output.split(separator: "\n") {
      let value = try JSONReader.value(String(line), source: "a finding")
      findings[value["subject"]?.stringValue ?? ""] = value
    }
    return findings
  }

  @Test(.enabled(if: hasSandbox))
  func `finds what a run needs, and says what to do about the rest`() throws {
    let result = try home.run("doctor", "--json")
    #expect(result.exitCode == 0)
    let findings = try findings(result)
    for subject in [
      "martlet-wall", "policy", "ledger", "memories", "state folder", "data folder",
    ] {
      #expect(findings[subject]?["state"] == "works", "\(subject)")
    }
    for subject in ["python in its sandbox", "model nano", "processor", "memory"] {
      #expect(findings[subject] != nil, "\(subject)")
    }
    for (subject, finding) in findings where finding["state"] != "works" {
      #expect(finding["remedy"]?.stringValue?.isEmpty == false, "\(subject)")
    }
    let shown = try home.run("doctor").output
    #expect(shown.contains("works    policy                 In force, the base first: default 2"))
  }

  @Test func `calls a policy that cannot be used by exit code 2`() throws {
    let path = try home.write("config/martlet/policy.json5", "{ schema: 'tool-policy/1' }")
    let result = try home.run("doctor", "--json")
    #expect(result.exitCode == 2)
    let policy = try #require(try findings(result)["policy"])
    #expect(policy["state"] == "missing")
    #expect(policy["detail"]?.stringValue?.hasPrefix("\(path), line 1") == true)
    #expect(
      policy["remedy"] == "Correct the file, then: martlet policy check </dev/null")
  }

  @Test func `tells what is configured about the network, and shows no key`() throws {
    for (subject, words) in [
      ("network", "There is no network.json."), ("model servers", "None is configured in "),
      ("model hub", "https://huggingface.co"), ("cloud model", "None is configured: there is no "),
    ] {
      let finding = try #require(try findings(home.run("doctor", "--json"))[subject])
      #expect(finding["state"] == "works", "\(finding)")
      #expect(finding["detail"]?.stringValue?.contains(words) == true, "\(finding)")
    }
    let secret = "sk-test-0123456789abcdef"
    let key = try home.write("key", secret + "\n")
    try home.write("credentials", "user:pass-word-1\n")
    try home.write(
      "config/martlet/network.json",
      #"{"proxy": "http://proxy.test:3128", "proxyCredentials": "\#(home.path)/credentials"}"#)
    try home.write(
      "config/martlet/cloud.json",
      #"{"baseURL": "https://api.test/v1", "model": "big", "key": {"file": "\#(key)"}}"#)
    try home.write(
      "config/martlet/config.json",
      #"{"servers": {"http://h.test/v1": {"key": {"environment": "NO_SUCH_KEY"}}, "#
        + #""http://i.test/v1": {"key": {"command": ["no-such-program"]}}}}"#)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
    let open = try home.run("doctor", "--json")
    var found = try findings(open)
    #expect(found["cloud model"]?["state"] == "limited")
    #expect(
      found["cloud model"]?["detail"]?.stringValue?.contains("chmod 600 \(key)") == true)
    #expect(found["model servers"]?["state"] == "limited")
    let servers = found["model servers"]?["detail"]?.stringValue ?? ""
    #expect(servers.contains("The variable NO_SUCH_KEY"), "\(servers)")
    #expect(servers.contains("The command no-such-program"), "\(servers)")
    #expect(
      found["network"]?["detail"]?.stringValue?.contains(
        "Proxy proxy.test:3128, with a password.") == true)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    let shut = try home.run("doctor", "--json")
    found = try findings(shut)
    #expect(found["cloud model"]?["state"] == "works")
    #expect(
      found["cloud model"]?["detail"]?.stringValue
        == "big at https://api.test/v1/chat/completions, key from \(key), which nobody else can read, "
        + "no price. The policy says whether it is asked.")
    for text in [secret, "pass-word-1"] {
      #expect(!(open.output + open.errors + shut.output + shut.errors).contains(text))
    }
    for (file, subject) in [
      ("network", "network"), ("cloud", "cloud model"), ("config", "model servers"),
    ] {
      let path = try home.write("config/martlet/\(file).json", #"{"nonsense": 1}"#)
      let result = try home.run("doctor", "--json")
      #expect([2, 8].contains(result.exitCode))
      let finding = try #require(try findings(result)[subject])
      #expect(finding["state"] == "missing")
      #expect(finding["detail"]?.stringValue?.contains(path) == true, "\(finding)")
      #expect(finding["remedy"]?.stringValue?.isEmpty == false)
      try FileManager.default.removeItem(atPath: path)
    }
  }

  @Test func `calls a ledger that is none by its name`() throws {
    try home.write("state/martlet/ledger.sqlite", "not a ledger at all")
    let result = try home.run("doctor", "--json")
    #expect(result.exitCode == 2)
    let ledger = try #require(try findings(result)["ledger"])
    #expect(ledger["state"] == "missing")
    #expect(
      ledger["detail"]
        == .string(
          "\(home.ledgerPath) is not a SQLite file. Move it away, or name another file."))
  }
}
