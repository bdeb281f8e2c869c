// PullCommandTests.swift — `martlet model pull`, `list` and `remove`, as a user would run them.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `The model commands` {
  private let hub: TinyHub
  private let home: Home
  private let environment: [String: String]

  init() throws {
    hub = try TinyHub(shardBytes: [9_000_000, 100_000])
    home = try Home()
    environment = home.environment.merging(
      ["HF_ENDPOINT": hub.standIn.endpoint, "HF_HOME": home.path + "/hf", "HF_TOKEN": ""]
    ) { $1 }
  }

  private func run(_ words: String...) throws -> ProgramResult {
    try Program.run(words, environment: environment)
  }

  private var repository: String { home.path + "/hf/hub/models--org--tiny" }

  // MARK: - Pull

  @Test func `fetch a model and say where it is`() throws {
    let result = try run("model", "pull", "org/tiny")
    #expect(result.errors.isEmpty)
    #expect(result.exitCode == 0)
    let commit = try String(contentsOfFile: repository + "/refs/main", encoding: .utf8)
    #expect(result.output == "\(repository)/snapshots/\(commit)\n")
    #expect(try treeOfFiles(repository) == hub.expectedTree(commit: commit))
    let again = try run("model", "pull", "org/tiny", "--revision", commit, "--json")
    let json = try JSONReader.value(again.output, source: "standard output")
    #expect(json["commit"]?.stringValue == commit)
    #expect(json["fetched_bytes"] == 0)
    #expect(json["files"]?.arrayValue?.count == hub.wanted.count)
  }

  @Test func `refuse without any connection what the policy denies`() throws {
    for (words, sentence) in [
      (
        ["--policy", "offline"],
        "martlet: Fetching org/tiny is refused (no-network): Rule \"no-network\" of \"offline\" denies it: the policy \"offline\" uses no network.\n"
      ),
      (
        ["--policy", "closed"], "martlet: Fetching org/tiny is refused (nothing): "
      ),
    ] {
      let result = try Program.run(["model", "pull", "org/tiny"] + words, environment: environment)
      #expect(result.exitCode == 3)
      #expect(result.output.isEmpty)
      #expect(result.errors.hasPrefix(sentence), "\(result.errors)")
    }
    #expect(try hub.standIn.log().connectionCount == 0)
    #expect(!FileManager.default.fileExists(atPath: home.path + "/hf"))
  }

  @Test func `need a person where the policy asks`() throws {
    try home.write(
      "config/martlet/policy.json5",
      """
      { schema: 'tool-policy/1', id: 'careful', revision: 1, defaults: { noMatch: 'deny' }, rules: [
        { id: 'ask-me', effect: 'ask', tool: 'model.pull', args: { model: { oneOf: ['org/tiny'] } },
          actor: ['user'], reason: 'it is large' } ] }
      """)
    let result = try run("model", "pull", "org/tiny")
    #expect(result.exitCode == 4, "\(result.errors)")
    #expect(result.errors.contains("needs approval"))
    #expect(try hub.standIn.log().connectionCount == 0)
    #expect(try run("model", "pull", "org/other").exitCode == 3)
  }

  /// Runs a line of sh at a terminal; `answer` is typed every second.
  private func atTerminal(_ line: String, answer: String = "") throws -> ProgramResult {
    try Program.run(
      [
        "-c",
        "(while sleep 1; do printf '\(answer)\\n' || exit; done) | script -qefc '\"$MARTLET\" \(line)' /dev/null",
      ], of: "/bin/sh", environment: environment)
  }

  @Test func `ask at a terminal and do what is answered`() throws {
    try home.write(
      "config/martlet/policy.json5",
      """
      { schema: 'tool-policy/1', id: 'careful', revision: 1, defaults: { noMatch: 'deny' }, rules: [
        { id: 'ask-me', effect: 'ask', tool: 'model.pull', args: 'any', actor: ['user'],
          reason: 'it is large' } ] }
      """)
    let refused = try atTerminal("model pull org/tiny", answer: "n")
    #expect(refused.exitCode == 3, "\(refused)")
    #expect(refused.output.contains("This command needs model.pull:"))
    #expect(try hub.standIn.log().connectionCount == 0)
    let fetched = try atTerminal("model pull org/tiny", answer: "y")
    #expect(fetched.exitCode == 0, "\(fetched)")
    let kept = try atTerminal("model remove org/tiny", answer: "n")
    #expect(kept.exitCode == 3, "\(kept)")
    #expect(FileManager.default.fileExists(atPath: repository))
    #expect(try atTerminal("model remove org/tiny", answer: "y").exitCode == 0)
    #expect(!FileManager.default.fileExists(atPath: repository))
  }

  @Test func `show bytes, speed and time left at a terminal`() throws {
    try hub.standIn.misbehave(["rate": 2_000_000])
    let result = try atTerminal("model pull org/tiny")
    #expect(result.exitCode == 0)
    #expect(
      result.output.contains(
        /org\/tiny: \d+ %, [\d.]+ [kM]B of 9.2 MB, [\d.]+ [kM]B\/s, \d+ s left/),
      "\(result.output)")
  }

  @Test func `tell usage, refusals and a dead network apart`() throws {
    #expect(try run("model", "pull", "nonsense").exitCode == 2)
    #expect(try run("model", "pull", "org/tiny@a..b").exitCode == 2)
    #expect(try run("model", "pull", "org/tiny:../x.gguf").exitCode == 2)
    #expect(try run("model", "pull", "org/tiny", "--token-file", "/nowhere").exitCode == 2)
    #expect(try run("model", "pull", "org/nothing").exitCode == 2)
    #expect(try run("model", "pull", "org/tiny", "--revision", "v9").exitCode == 2)
    let dead = environment.merging(["HF_ENDPOINT": "http://127.0.0.1:1"]) { $1 }
    let result = try Program.run(["model", "pull", "org/tiny"], environment: dead)
    #expect(result.exitCode == 10)
    #expect(
      result.errors
        == "martlet: http://127.0.0.1:1 could not be reached: the connection was refused, or there is no way to it.\n"
    )
    #expect(
      try run("model", "pull", "gpt-oss").errors
        == "martlet: \"gpt-oss\" names no model. Give one of gpt-oss-20b, gpt-oss-120b, or ORG/NAME[@REVISION][:FILE].\n"
    )
  }

  @Test func `read the token from a file and show it to the hub only`() throws {
    let file = try home.write("token", "hf_from_file\n")
    #expect(try run("model", "pull", "org/tiny", "--token-file", file).exitCode == 0)
    let log = try hub.standIn.log()
    #expect(Set(log.tokens(cdn: false)) == ["Bearer hf_from_file"])
    #expect(log.tokens(cdn: true).isEmpty)
    #expect(try home.files(holding: "hf_from_file") == ["token"])
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func `stop cleanly at a signal and go on later`(signal: Int32, code: Int32) async throws {
    try hub.standIn.misbehave(["rate": 3_000_000])
    let process = try start()
    try await hub.standIn.waitUntilSent(bytes: 500_000)
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    #expect(process.terminationStatus == code)
    #expect(try treeOfFiles(repository)["refs/main"] == nil)
    try hub.standIn.misbehave()
    #expect(try run("model", "pull", "org/tiny").exitCode == 0)
    let commit = try String(contentsOfFile: repository + "/refs/main", encoding: .utf8)
    #expect(try treeOfFiles(repository) == hub.expectedTree(commit: commit))
  }

  private func start() throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: Program.path)
    process.arguments = ["model", "pull", "org/tiny"]
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  @Test func `go on byte by byte after a kill at any moment`() async throws {
    var random = SplitMix64(seed: 5)
    for round in 0..<repetitions(4, full: 100) {
      try? FileManager.default.removeItem(atPath: home.path + "/hf")
      try hub.standIn.misbehave(["rate": 12_000_000])
      for _ in 0..<2 {
        let process = try start()
        try await Task.sleep(for: .milliseconds(20 + random.nextUnit() * 500))
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
      let there = bytesThere()
      try hub.standIn.misbehave()
      let result = try run("model", "pull", "org/tiny")
      #expect(result.exitCode == 0, "round \(round): \(result.errors)")
      let commit = try String(contentsOfFile: repository + "/refs/main", encoding: .utf8)
      #expect(try treeOfFiles(repository) == hub.expectedTree(commit: commit), "round \(round)")
      let sent = try hub.standIn.log().sentBytes.values.reduce(0, +)
      #expect(sent == hub.totalBytes - there, "round \(round)")
    }
  }

  /// Bytes that need not be asked for again: of blobs, and of parts on record.
  private func bytesThere() -> Int {
    var sum = 0
    let manager = FileManager.default
    for bytes in hub.wanted.values {
      let name = contentName(bytes)
      if manager.fileExists(atPath: "\(repository)/blobs/\(name)") {
        sum += bytes.count
        continue
      }
      let partial = "\(repository)/.martlet/\(name)"
      guard manager.contents(atPath: partial + ".data")?.count == bytes.count,
        let record = manager.contents(atPath: partial + ".parts"), record.count > 24
      else { continue }
      for start in stride(from: 24, to: record.count, by: 4) {
        sum += (0..<4).reduce(0) { $0 | Int(record[start + $1]) << (8 * $1) }
      }
    }
    return sum
  }

  // MARK: - A full disk

  @Test func `say that a disk is too small and leave nothing false on it`() throws {
    let mounted = """
      mount -t tmpfs -o size=4m none '\(home.path)/hf' && '\(Program.path)' model pull org/tiny; \
      code=$?; find '\(home.path)/hf' -type f -size +100k; exit $code
      """
    try FileManager.default.createDirectory(
      atPath: home.path + "/hf", withIntermediateDirectories: true)
    let probe = try Program.run(
      ["-rm", "mount", "-t", "tmpfs", "none", home.path + "/hf"], of: "/usr/bin/unshare")
    guard probe.exitCode == 0 else {
      // Without user namespaces no test can make a small disk.
      return
    }
    let result = try Program.run(
      ["-rm", "sh", "-c", mounted], of: "/usr/bin/unshare", environment: environment)
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("has too little room"), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test
  func `of a disk that fills up on the way leave nothing false, and go on when there is room`()
    throws
  {
    try FileManager.default.createDirectory(
      atPath: home.path + "/hf", withIntermediateDirectories: true)
    let probe = try Program.run(
      ["-rm", "mount", "-t", "tmpfs", "none", home.path + "/hf"], of: "/usr/bin/unshare")
    // Without user namespaces no test can make a small disk.
    guard probe.exitCode == 0 else { return }
    // Room for the bytes, and too little of it for the names: that shows on the way only.
    let script = """
      mount -t tmpfs -o size=14m,nr_inodes=18 none "$HF_HOME" || exit 99
      '\(Program.path)' model pull org/tiny; echo "first: $?"
      find "$HF_HOME/hub" -path '*snapshots*' -type l | while read -r link; do \
        test -e "$link" || echo false; done
      find "$HF_HOME/hub" -path '*blobs*' -type f -size +5k | while read -r blob; do \
        test "$(sha256sum <"$blob" | cut -c1-64)" = "$(basename "$blob")" || echo false; done
      mount -o remount,nr_inodes=9999 "$HF_HOME"
      '\(Program.path)' model pull org/tiny >/dev/null; echo "second: $?"
      """
    let result = try Program.run(
      ["-rm", "sh", "-c", script], of: "/usr/bin/unshare", environment: environment)
    #expect(result.output == "first: 1\nsecond: 0\n", "\(result.errors)")
    #expect(
      result.errors.contains("cannot be written: No space left on device"), "\(result.errors)")
  }

  // MARK: - HTTPS and proxies

  @Test func `reach a hub by HTTPS, by a private authority, and through a proxy`() throws {
    let certificate = try TestCertificate()
    let hub = try TinyHub(shardBytes: [300_000, 100_000], certificate: certificate)
    func pull(_ more: [String: String], _ name: String) throws -> ProgramResult {
      try Program.run(
        ["model", "pull", "org/tiny"],
        environment: environment.merging([
          "HF_ENDPOINT": hub.standIn.endpoint, "HF_HOME": home.path + "/" + name,
          // What the machine trusts besides is no part of this.
          "CURL_CA_BUNDLE": "", "SSL_CERT_FILE": "", "SSL_CERT_DIR": "",
        ]) { $1 }.merging(more) { $1 })
    }
    let trusted = try pull(["SSL_CERT_FILE": certificate.authority], "trusted")
    #expect(trusted.exitCode == 0, "\(trusted.errors)")
    let commit = try #require(trusted.output.split(separator: "/").last).prefix(40)
    #expect(
      try treeOfFiles(home.path + "/trusted/hub/models--org--tiny")
        == hub.expectedTree(commit: String(commit)))
    let strange = try pull([:], "strange")
    #expect(strange.exitCode == 10)
    #expect(strange.errors.contains("is not secure"), "\(strange.errors)")
    #expect(strange.errors.contains("SSL_CERT_FILE=FILE"))
    let other = try pull(["SSL_CERT_FILE": try TestCertificate().authority], "other")
    #expect(other.exitCode == 10)
    #expect(other.errors.contains("is not secure"), "\(other.errors)")
    for folder in ["strange", "other"] {
      #expect(try treeOfFiles(home.path + "/\(folder)/hub/models--org--tiny") == [:])
    }
    try hub.standIn.misbehave()
    // A name that only the proxy knows.
    let proxied = try pull(
      [
        "HF_ENDPOINT": "https://hub.test:\(hub.standIn.hubPort)",
        "https_proxy": "http://127.0.0.1:\(hub.standIn.proxyPort)",
        "SSL_CERT_FILE": certificate.authority,
      ], "proxied")
    #expect(proxied.exitCode == 0, "\(proxied.errors)")
    let tunnels = try hub.standIn.log().requests.filter { $0["method"] == "CONNECT" }
    #expect(
      Set(tunnels.compactMap { $0["path"]?.stringValue }) == [
        "hub.test:\(hub.standIn.hubPort)", "hub.test:\(hub.standIn.cdnPort)",
      ])
  }

  @Test func `reach a hub as network.json says, and say what its proxy says`() throws {
    let certificate = try TestCertificate()
    let hub = try TinyHub(shardBytes: [300_000, 100_000], certificate: certificate)
    let credentials = try home.write("credentials", "user:word\n")
    let proxy = "127.0.0.1:\(hub.standIn.proxyPort)"
    func pull(
      _ settings: JSONObject, adding: JSONObject = [:], _ more: [String: String] = [:]
    ) throws -> ProgramResult {
      var settings = settings
      for (key, value) in adding { settings[key] = value }
      try home.write("config/martlet/network.json", JSONValue.object(settings).compactText)
      return try Program.run(
        ["model", "pull", "org/tiny"],
        environment: environment.merging([
          "HF_ENDPOINT": "https://hub.test:\(hub.standIn.hubPort)", "CURL_CA_BUNDLE": "",
          "SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "https_proxy": "http://127.0.0.1:1",
        ]) { $1 }.merging(more) { $1 })
    }
    let way: JSONObject = [
      "proxy": .string("http://\(proxy)"), "caFile": .string(certificate.authority),
    ]
    for (status, words) in [
      (403, "open hub.test:\(hub.standIn.hubPort)"), (407, "\"proxyCredentials\" in network.json"),
    ] {
      try hub.standIn.misbehave(["proxyStatus": .number(.integer(Int64(status)))])
      let refused = try pull(way)
      #expect(refused.exitCode == 10)
      #expect(
        refused.errors.contains(
          "The proxy \(proxy) gives no way to https://hub.test:\(hub.standIn.hubPort): it answered with status \(status)."
        ), "\(refused.errors)")
      #expect(refused.errors.contains(words), "\(refused.errors)")
      // Who says no is not asked again.
      #expect(try hub.standIn.log().requests.count == 1)
    }
    // The same by the environment's proxy, which libcurl finds by itself.
    let byVariable = try pull(
      ["caFile": .string(certificate.authority)], ["https_proxy": "http://\(proxy)"])
    #expect(byVariable.exitCode == 10)
    #expect(byVariable.errors.contains("The proxy \(proxy) gives no way"), "\(byVariable.errors)")
    try hub.standIn.misbehave(["proxyKey": "dXNlcjp3b3Jk"])
    let without = try pull(way)
    #expect(without.errors.contains("status 407"), "\(without.errors)")
    let with = try pull(way, adding: ["proxyCredentials": .string(credentials)])
    #expect(with.exitCode == 0, "\(with.errors)")
    let commit = try #require(with.output.split(separator: "/").last).prefix(40)
    #expect(try treeOfFiles(repository) == hub.expectedTree(commit: String(commit)))
    #expect(try home.files(holding: "user:word") == ["credentials"])
    // Hosts that need none, and an authority that is not the hub's.
    try hub.standIn.misbehave()
    let direct = try pull(way, adding: ["noProxy": ["hub.test"]])
    #expect(direct.exitCode == 10)
    #expect(direct.errors.contains("hub.test could not be resolved"), "\(direct.errors)")
    let other = try TestCertificate()
    let strange = try pull(["proxy": .string(proxy), "caFile": .string(other.authority)])
    #expect(strange.exitCode == 10)
    #expect(strange.errors.contains("\"caFile\" in network.json"), "\(strange.errors)")
    let wrong = try pull(["proxy": "ftp://x"])
    #expect(wrong.exitCode == 2)
    #expect(wrong.errors.contains("network.json: the proxy is not of the form"), "\(wrong.errors)")
    // Where there is no CONNECT, a proxy answers in the hub's place.
    try FileManager.default.removeItem(atPath: home.path + "/config/martlet/network.json")
    try self.hub.standIn.misbehave(["api": [407, nil, nil, 1]])
    let plain = try run("model", "pull", "org/tiny")
    #expect(plain.exitCode == 10)
    #expect(plain.errors.contains("it answered with status 407"), "\(plain.errors)")
  }

  // MARK: - List and remove

  @Test func `list what is here and why some of it cannot be used`() throws {
    let model = TinyModel()
    try home.write("data/martlet/models/mine/config.json", model.configuration.compactText)
    try Data(model.tensors.safetensors).write(
      to: URL(filePath: home.path + "/data/martlet/models/mine/model.safetensors"))
    let digest = String(repeating: "ab", count: 32)
    try home.write(
      ".ollama/models/manifests/registry.ollama.ai/library/gpt-oss/20b",
      #"{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:\#(digest)"}]}"#
    )
    try home.write(".ollama/models/blobs/sha256-\(digest)", "GGUF")
    try home.write(".lmstudio/models/org/repo/m.gguf", "nonsense")
    _ = try run("model", "pull", "org/tiny")
    let result = try run("model", "list", "--json")
    #expect(result.exitCode == 0)
    let lines = try result.output.split(separator: "\n").map {
      try JSONReader.value(String($0), source: "output")
    }
    let found = lines.map { line in
      [line["place"], line["name"]].compactMap { $0?.stringValue }.joined(separator: " ")
        + (line["usable"] == true ? " usable" : "")
    }
    #expect(found.contains("store mine usable"))
    #expect(found.contains("hf-cache org/tiny"))
    #expect(found.contains("ollama gpt-oss:20b"))
    #expect(found.contains("lm-studio \(home.path)/.lmstudio/models/org/repo/m.gguf"))
    for line in lines where line["usable"] == false {
      #expect(line["problem"]?.stringValue?.isEmpty == false)
    }
    #expect(try run("model", "list").output.contains("cannot be used:"))
  }

  @Test func `bear links that lead back, and say what of a store cannot be read`() throws {
    _ = try run("model", "pull", "org/tiny")
    for (link, target) in [
      (repository + "/refs/loop", "."), (repository + "/refs/other", ".."),
      (home.path + "/.lmstudio/models/a/b", ".."),
      (home.path + "/.ollama/models/manifests/h/s", "."),
    ] {
      try FileManager.default.createDirectory(
        atPath: URL(filePath: link).deletingLastPathComponent().path(percentEncoded: false),
        withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    }
    let clock = ContinuousClock()
    let time = try clock.measure {
      let result = try run("model", "list")
      #expect(result.exitCode == 0)
      #expect(result.output.contains("org/tiny"))
    }
    #expect(time < .seconds(10))
    // Nobody but root reads what has no permissions.
    guard geteuid() != 0 else { return }
    let closed = home.path + "/.ollama/models/manifests"
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: closed)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: closed)
    }
    #expect(try run("model", "list").errors.contains("\(closed) cannot be read: Permission denied"))
  }

  @Test func `find a blob of Ollama's whose bytes are not those of its name`() throws {
    let model = try Data(
      contentsOf: URL(filePath: Repository.path("Tests/Vectors/tiny-gpt-oss/tiny-q8.gguf")))
    let name = contentName([UInt8](model))
    let blob = home.path + "/.ollama/models/blobs/sha256-\(name)"
    try home.write(
      ".ollama/models/manifests/registry.ollama.ai/library/tiny/latest",
      #"{"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:\#(name)"}]}"#
    )
    try home.write(".ollama/models/blobs/sha256-\(name)", "")
    try model.write(to: URL(filePath: blob))
    #expect(try run("model", "list").output.contains("tiny:latest"))
    let whole = try run("model", "verify", blob)
    #expect(whole.exitCode == 0, "\(whole.errors)")
    #expect(whole.output.contains("1 file matches its digest"))
    #expect(try run("model", "verify", "tiny:latest").output == whole.output)
    var bytes = [UInt8](model)
    bytes[700_000] ^= 1
    try Data(bytes).write(to: URL(filePath: blob))
    let flipped = try run("model", "verify", blob)
    #expect(flipped.exitCode == 6)
    #expect(flipped.errors.contains("it ought to be \(name)"), "\(flipped.errors)")
    try Data(bytes.prefix(500_000)).write(to: URL(filePath: blob))
    #expect(try run("model", "verify", blob).exitCode == 6)
    let listed = try run("model", "list")
    #expect(listed.output.contains("cannot be used: "))
    for (name, words) in [
      ("tiny:latest", "tiny:latest is in a store of ollama, which is only read here"),
      ("nano", "nano ships with the program, and stays"),
      ("nobody", "There is no model \"nobody\""),
    ] {
      let kept = try run("model", "remove", name, "--yes")
      #expect(kept.exitCode == 2)
      #expect(kept.errors.contains(words), "\(kept.errors)")
    }
    #expect(FileManager.default.fileExists(atPath: blob))
  }

  @Test func `find a file of the cache that has changed`() throws {
    _ = try run("model", "pull", "org/tiny")
    // This model is only noise: its digests match, and then it cannot be opened.
    #expect(try !run("model", "verify", "org/tiny").errors.contains("digest"))
    let name = contentName(try #require(hub.wanted["tokenizer.json"]))
    let blob = "\(repository)/blobs/\(name)"
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: blob)))
    bytes[4711] ^= 1
    try Data(bytes).write(to: URL(filePath: blob))
    let result = try run("model", "verify", "org/tiny")
    #expect(result.exitCode == 6)
    #expect(result.errors.contains("tokenizer.json is damaged: its digest is "))
    #expect(result.errors.contains("it ought to be \(name)."))
  }

  @Test func `find gpt-oss-20b in the shared cache`() throws {
    let model = TinyModel()
    let commit = String(repeating: "a", count: 40)
    let folder = "hf/hub/models--openai--gpt-oss-20b"
    try home.write("\(folder)/refs/main", commit)
    try home.write(
      "\(folder)/snapshots/\(commit)/config.json", model.configuration.compactText)
    // Half of it is not it.
    let before = try run("run", "--model", "gpt-oss-20b", "--print-prompt", "Hi")
    #expect(before.exitCode == 6)
    let advice = "Fetch it: martlet model pull gpt-oss-20b\n"
    #expect(before.errors.hasSuffix(advice), "\(before.errors)")
    try Data(model.tensors.safetensors).write(
      to: URL(filePath: "\(home.path)/\(folder)/snapshots/\(commit)/model.safetensors"))
    let listed = try run("model", "list", "--json").output
    #expect(listed.contains(#"{"name":"gpt-oss-20b","place":"hf-cache""#))
    // The tiny one has no tokenizer; it was found.
    let after = try run("run", "--print-prompt", "Hi")
    #expect(after.errors.contains("models--openai--gpt-oss-20b"), "\(after.errors)")
  }

  @Test func `remove only what was meant, and only when told so`() throws {
    _ = try run("model", "pull", "org/tiny")
    let asked = try run("model", "remove", "org/tiny")
    #expect(asked.exitCode == 4)
    #expect(FileManager.default.fileExists(atPath: repository))
    let removed = try run("model", "remove", "org/tiny", "--yes")
    #expect(removed.output == "Removed org/tiny: 9.2 MB.\n")
    #expect(!FileManager.default.fileExists(atPath: repository))
    #expect(try run("model", "remove", "org/tiny", "--yes").exitCode == 2)
    for name in ["../work", "nano", "..", ""] {
      #expect(try run("model", "remove", name, "--yes").exitCode == 2)
    }
    // A link goes, and what it leads to stays.
    let precious = try home.write("precious/config.json", "{}")
    try FileManager.default.createDirectory(
      atPath: home.path + "/data/martlet/models", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: home.path + "/data/martlet/models/linked",
      withDestinationPath: home.path + "/precious")
    #expect(try run("model", "remove", "linked", "--yes").exitCode == 0)
    #expect(FileManager.default.fileExists(atPath: precious))
    let store = home.path + "/data/martlet/models"
    #expect(try FileManager.default.contentsOfDirectory(atPath: store).isEmpty)
  }
}
