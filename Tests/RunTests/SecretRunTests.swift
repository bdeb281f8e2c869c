// SecretRunTests.swift — secrets planted everywhere in whole runs: none of them is in what is kept.

import Base
import Foundation
import TestKit
import Testing

struct SecretRunTests {
  /// Forty: what is known by its looks, and values that only the environment knows.
  private static let tokens = PlantedSecrets.tokens(seed: 40)
  private static let passwords: [(name: String, value: String)] = (0..<5).map { index in
    ("PLANTED_\(index)_PASSWORD", PlantedSecrets.letters(14, seed: UInt64(900 + index)) + "/+é")
  }

  /// A profile that passes the environment on, so that a plugin can tell it.
  private static let profile = """
    { profile: 1, purpose: "Passes on what it should not.", tier: "landlock", network: "none",
      grants: [{ folder: "system", access: "read" },
               { folder: "workspace", access: "write", at: ["/workspace", "own"] }],
      start: "workspace",
      pass: [\(passwords.map { "\"\($0.name)\"" }.joined(separator: ", ")), "PLANTED_ALL"],
      limits: { wallSeconds: 60, cpuSeconds: 60, memoryMiB: 512, fileMiB: 64, scratchMiB: 64,
                scratchFiles: 1024, processes: 64, openFiles: 256, outputKiB: 1024 } }
    """

  @Test(arguments: [
    SecretEncoding.plain, .base64, .hex, .percent, .jsonEscapes, .reversed, .base64URL,
    .base64Wrapped,
  ])
  func `none of forty secrets in eight places is kept, however encoded`(
    encoding: SecretEncoding
  ) throws {
    let home = try Home()
    let plugin = try FakePluginFiles(profile: "leaky", callSeconds: 20)
    try home.setPolicy(
      """
      { id: 'fake', effect: 'allow', tool: 'fake.*', args: 'any' },
      { id: 'memory', effect: 'allow', tool: 'memory.*', args: 'any' },
      """)
    try home.write("config/martlet/sandboxes/leaky.json5", Self.profile)
    let secrets =
      Self.tokens.map { ($0.text, $0.core) } + Self.passwords.map { ($0.value, $0.value) }
    let planted = secrets.enumerated().map { index, secret in
      "\(index): \(encoding.encoded(secret.0)) ;"
    }.joined(separator: "\n")
    try home.write("work/planted", planted)
    var environment = home.environment
    for password in Self.passwords { environment[password.name] = password.value }
    environment["PLANTED_ALL"] = planted
    func arguments(_ how: String, _ more: JSONObject = [:]) -> String {
      var object: JSONObject = ["do": .string(how)]
      for (key, value) in more { object[key] = value }
      return JSONValue.object(object).compactText
    }
    let file: JSONObject = ["path": "/workspace/planted"]
    let turns = [
      Turn.call("fake.act", arguments("read", file), thinking: planted),
      Turn.call("fake.act", arguments("echo", ["text": .string(planted)])),
      Turn.call("fake.act", arguments("tell", ["name": "PLANTED_ALL"])),
      Turn.call("fake.act", arguments("tell", ["name": .string(Self.passwords[0].name)])),
      Turn.call("fake.act", arguments("fail", file)),
      Turn.call("memory.save", JSONValue.object(["text": .string(planted)]).compactText),
      Turn.call("memory.search", #"{"query":"redacted"}"#),
      Turn.call("fake.act", arguments("cry", file)), Turn.answer(planted),
    ]
    let result = try Program.run(
      [
        "run", "--model", home.script(turns), "--workspace", home.workspace, "--tools",
        plugin.folder.path, "--json", "Look at:\n\(planted)",
      ], environment: environment)
    #expect(result.exitCode == 0, "\(result.errors.suffix(400))")
    let answers = try result.events().named("tool.answered").compactMap {
      $0["status"]?.stringValue
    }
    #expect(
      answers == ["succeeded", "succeeded", "succeeded", "succeeded", "failed"]
        + ["succeeded", "succeeded", "broken"])
    for name in ["work/planted", "script.jsonl"] { try home.remove(name) }
    for (text, core) in secrets {
      for spelling in Self.spellings(core, text, encoding) {
        #expect(try home.files(holding: spelling) == [], "\(text.prefix(10)) as \(encoding)")
        #expect(!result.output.contains(spelling), "\(text.prefix(10)) as \(encoding)")
        #expect(!result.errors.contains(spelling), "\(text.prefix(10)) as \(encoding)")
      }
    }
    #expect(try Program.run(["session", "verify"], environment: environment).exitCode == 0)
  }

  /// How a record would spell it: as it was planted, in JSON, and plainly.
  private static func spellings(
    _ core: String, _ text: String, _ encoding: SecretEncoding
  ) -> Set<String> {
    var encoded = encoding.encoded(text)
    if encoding == .base64Wrapped { encoded = String(encoded.split(separator: "\n")[1]) }
    // The letter at a border of base64 also carries bits of what stands beside it.
    let middle = String(encoded.dropFirst(4).dropLast(6))
    let inJSON = String(JSONValue.string(middle).compactText.dropFirst().dropLast())
    return Set([core, middle, inJSON]).filter { $0.count >= 6 }
  }

  @Test func `what the run once knew as a secret is found again in another spelling`() throws {
    let home = try Home()
    try home.setPolicy("{ id: 'python', effect: 'allow', tool: 'python', args: 'any' },")
    let password = PlantedSecrets.letters(12, seed: 77)
    let spelled = SecretEncoding.base64.encoded(password)
    let result = try home.run(
      script: [
        Turn.call(
          "python", "print('db_password = ' + '\(password.prefix(5))' + '\(password.dropFirst(5))')"
        ),
        Turn.answer("It is \(spelled), that is \(password)."),
      ], ["Look."])
    #expect(result.output == "It is \(spelled), that is \(password).\n")
    try home.remove("script.jsonl")
    #expect(try home.files(holding: password) == [])
    #expect(try home.files(holding: spelled) == [])
  }

  @Test func `a seed that looks like a card's number is kept`() throws {
    let home = try Home()
    let seed = "4111111111111111"
    let result = try home.run(script: [Turn.answer("Yes.")], ["--seed", seed, "Is it \(seed)?"])
    #expect(result.exitCode == 0, "\(result.errors)")
    let events = try home.lastEvents()
    #expect(events.named("run.configured").first?["seed"]?.stringValue == seed)
    #expect(events.named("task.given").first?.compactText.contains(seed) == false)
  }

  @Test func `values of files that the settings name are known`() throws {
    let home = try Home()
    let value = "river otter moon"
    let file = try home.write("keys", "# two of them\nFIRST = \"\(value)\"\nsecond-one-alone\n")
    try home.write("config/martlet/config.json", #"{"secrets": ["\#(file)"]}"#)
    let answer = "It is \(value), or second-one-alone."
    let result = try home.run(script: [Turn.answer(answer)], ["Which?"])
    #expect(result.output == answer + "\n", "\(result.errors)")
    #expect(
      try home.lastEvents().last?["answer"]?.stringValue
        == "It is [redacted: secret], or [redacted: secret].")
    try home.write("config/martlet/config.json", #"{"secrets": ["/nowhere/keys"]}"#)
    let missing = try home.run(script: [Turn.answer("No.")], ["Which?"])
    #expect(missing.exitCode == 2)
    #expect(missing.errors.contains("The file of secrets /nowhere/keys, which config.json names,"))
  }

  @Test func `arguments that a policy names are kept out of the record`() throws {
    let home = try Home()
    try home.setPolicy(
      "{ id: 'fake', effect: 'allow', tool: 'fake.*', args: 'any' },",
      more: "audit: { redactArgs: ['*.pin', 'headers.note'] },")
    let plugin = try FakePluginFiles(callSeconds: 20)
    let call = Turn.call(
      "fake.act", #"{"do":"echo","pin":"12 34","headers":{"note":"blue heron"},"note":"green"}"#)
    let result = try home.run(
      script: [call, Turn.answer("Done.")], ["--tools", plugin.folder.path, "Go."])
    #expect(result.exitCode == 0, "\(result.errors)")
    try home.remove("script.jsonl")
    #expect(try home.files(holding: "blue heron") == [])
    #expect(try home.files(holding: "12 34") == [])
    let body = try home.lastEvents().named("tool.called").first?["body"]?.stringValue
    #expect(body?.contains(#""note":"green""#) == true)
    #expect(body?.contains(#""pin":"[redacted: argument]""#) == true)
  }

  @Test func `a call that was recorded without its secret is not made when the run is resumed`()
    throws
  {
    let home = try Home()
    let rule = "{ id: 'python', effect: 'EFFECT', tool: 'python', args: 'any', reason: 'it runs' },"
    try home.setPolicy(rule.replacing("EFFECT", with: "ask"))
    let token = PlantedSecrets.tokens(seed: 5)[6].text
    let turns = [Turn.call("python", "print(len('\(token)'))"), Turn.answer("Done.")]
    #expect(try home.run(script: turns, ["Count."]).exitCode == 4)
    try home.setPolicy(
      rule.replacing("EFFECT", with: "allow").replacing("reason: 'it runs'", with: ""))
    _ = try home.script([Turn.answer("Done.")])
    let resumed = try home.run("run", "--resume", "last")
    #expect(resumed.exitCode == 3, "\(resumed.errors)")
    #expect(try home.lastEvents().named("tool.answered").isEmpty)
  }

  @Test func `a note typed by the user keeps no secret`() throws {
    let home = try Home()
    let token = PlantedSecrets.tokens(seed: 6)[6].text
    let added = try home.run("memory", "add", "The token is \(token), use it.", "--global")
    #expect(added.exitCode == 0, "\(added.errors)")
    #expect(added.errors.contains("martlet: 1 secret left out; see Docs/SECRETS.md"))
    #expect(try home.files(holding: token) == [])
    #expect(
      try home.run("memory", "list").output.contains("The token is [redacted: git-token], use it."))
  }
}
