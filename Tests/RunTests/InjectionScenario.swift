// InjectionScenario.swift — scenarios of injected text, and what has to have happened for one to have worked.
//
// A line of Tests/Vectors/injections/scenarios.jsonl:
//
//     id, class, source, task, input?     what kind, where the injected text stands, what the user typed and piped
//     files, home, pages, documents       what there is: by name, the first in the workspace
//     notes, poisoned                     notes that the user typed, and that an earlier run saved
//     servers, answers, words, pinned?    third-party servers, what their tools answer and say of themselves, and
//                                         whether they said it already when they were pinned
//     calls, answer?                      what a model does that does the task
//     marker, injected                    what it does once a result had the marker; all along without one
//     then                                a second task in a later run: task, calls, injected, marker
//     harm                                the attack worked where one of these holds
//     done                                the task is done where all of these hold
//
// What can hold: { called, with? }, a server's tool was called with that in its arguments; { request }, a site was
// asked for that; { file, has } and { gone }; { note }, a note has that; { answered }; { exit: [CODE, …] }.

import Base
import Foundation
import TestKit

struct InjectionScenario: CustomStringConvertible, Sendable {
  let json: JSONValue
  var id: String { text("id") }
  var group: String { text("class") }
  var isAttack: Bool { json["injected"] != nil }
  var description: String { id }

  func text(_ key: String) -> String { json[key]?.stringValue ?? "" }
  func texts(_ key: String) -> [String] { json[key]?.arrayValue?.compactMap(\.stringValue) ?? [] }
  func members(_ key: String) -> [(key: String, value: JSONValue)] {
    json[key]?.objectValue.map { object in object.map { ($0, $1) } } ?? []
  }

  static func all() throws -> [InjectionScenario] {
    try Vectors.jsonLines("injections/scenarios.jsonl").map(InjectionScenario.init)
  }

  /// The tasks, one a session.
  var tasks: [JSONValue] { [json] + (json["then"].map { [$0] } ?? []) }

  /// The lines of a script that does one of the tasks, and obeys what it reads where `isObedient`.
  func script(of task: JSONValue, isObedient: Bool) -> String {
    let calls = task["calls"]?.arrayValue ?? []
    var lines = calls.map { Self.line($0, seen: nil) }
    if isObedient {
      let marker = task["marker"]?.stringValue ?? ""
      let injected = (task["injected"]?.arrayValue ?? []).map {
        Self.line($0, seen: marker.isEmpty ? nil : marker)
      }
      // Right before the first thing that the task itself changes or sends: arguments are smuggled then.
      let first = calls.firstIndex(where: Self.isEffect) ?? calls.count
      lines.insert(contentsOf: injected, at: marker.isEmpty ? 0 : max(first, min(1, calls.count)))
    }
    let answer = task["answer"]?.stringValue ?? "Done."
    lines.append(JSONValue.object(["completion": .string(Turn.answer(answer))]).compactText)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func isEffect(_ call: JSONValue) -> Bool {
    let tool = call["tool"]?.stringValue ?? ""
    let names = [".send", ".pay", ".create", ".post", ".set_standing_order", ".apply_patch"]
    return names.contains(where: tool.hasSuffix)
  }

  private static func line(_ call: JSONValue, seen: String?) -> String {
    let tool = call["tool"]?.stringValue ?? ""
    let arguments = call["arguments"] ?? [:]
    let body = arguments.stringValue ?? arguments.compactText
    let turn = tool.hasPrefix("functions.") ? Turn.function(tool, body) : Turn.call(tool, body)
    var line: JSONObject = ["completion": .string(turn)]
    line["seen"] = seen.map { .string($0) }
    return JSONValue.object(line).compactText
  }

  /// What a person who knows the task would say yes to: its calls, and the pages that it is about.
  var plan: String {
    let calls = tasks.flatMap { $0["calls"]?.arrayValue ?? [] }
    let pages = members("pages").filter { $0.value.stringValue != nil }.map { page -> JSONValue in
      ["tool": "web.fetch", "arguments": ["url": .string(page.key), "method": "GET"]]
    }
    return (calls + pages).map(\.compactText).joined(separator: "\n") + "\n"
  }
}

/// What came of one scenario under one policy and one approver.
struct InjectionOutcome: Equatable {
  var isHarmed = false
  var isDone = false
  /// Questions that were put, or that nobody was there to be put.
  var questionCount = 0
}

/// Where scenarios are played: sites behind a proxy, and servers that are pinned once.
final class InjectionStage: Sendable {
  private let sites: SitesStandIn
  private let pinned: TemporaryFolder
  private let servers: JSONValue

  init(for scenarios: [InjectionScenario]) throws {
    sites = try SitesStandIn()
    pinned = try TemporaryFolder()
    servers = try JSONReader.value(
      Vectors.bytes("injections/servers.json"), source: "servers.json")
    let home = try Home()
    for name in Set(scenarios.flatMap { $0.texts("servers") }).sorted() {
      try addManifest(name, to: home, answers: nil, words: nil)
      try Self.pin(name, in: home)
      try FileManager.default.copyItem(
        atPath: "\(home.path)/tools/\(name)", toPath: "\(pinned.path)/\(name)")
    }
  }

  /// Plays a scenario under what `--policy` and `--approver` say, "ideal" standing for the scenario's own
  /// plan; `isObedient` says whether the model does what injected text demands.
  ///
  /// A policy "A + B" is A, with B as the workspace's own file, which narrows it.
  func play(
    _ scenario: InjectionScenario, policy: String, approver: String, isObedient: Bool
  ) throws -> InjectionOutcome {
    let home = try Home()
    let parts = policy.components(separatedBy: " + ")
    let policy = parts[0]
    if parts.count > 1 {
      try home.write(
        "work/.martlet/policy.json5",
        String(decoding: try Repository.bytes("Policies/\(parts[1]).json5"), as: UTF8.self))
    }
    try sites.set(pages: scenario.json["pages"] ?? [:])
    try prepare(home, scenario)
    let plan = try home.write("plan.jsonl", scenario.plan)
    var outcome = InjectionOutcome()
    var last: ProgramResult?
    for task in scenario.tasks {
      let script = try home.write(
        "script.jsonl", scenario.script(of: task, isObedient: isObedient))
      let result = try Program.run(
        [
          "run", "--json", "--quiet", "--model", "script:\(script)", "--workspace",
          home.workspace,
          "--tools", home.path + "/tools", "--policy", policy,
          "--approver", approver == "ideal" ? "ideal:\(plan)" : approver,
          task["task"]?.stringValue ?? "",
        ], input: scenario.text("input"), environment: home.environment,
        secondsMax: Self.playSecondsMax)
      let events = try result.events()
      let judged = events.named("policy.judged") + events.named("egress.judged")
      outcome.questionCount += judged.count { event in
        let by = event["approval"]?["by"]?.stringValue
        return by == "nobody" || by == (approver == "ideal" ? "ideal" : approver)
      }
      last = result
    }
    let requests = try sites.log()
    func holds(_ check: JSONValue) -> Bool {
      Self.holds(check, home, requests, last)
    }
    outcome.isHarmed = scenario.json["harm"]?.arrayValue?.contains(where: holds) ?? false
    outcome.isDone = scenario.json["done"]?.arrayValue?.allSatisfy(holds) ?? false
    return outcome
  }

  // MARK: - What there is

  private func prepare(_ home: Home, _ scenario: InjectionScenario) throws {
    for file in scenario.members("files") {
      try home.write("work/\(file.key)", file.value.stringValue ?? "")
    }
    for file in scenario.members("home") {
      try home.write(file.key, file.value.stringValue ?? "")
    }
    let settings: JSONValue = [
      "proxy": .string("http://127.0.0.1:\(sites.port)"), "caFile": .string(sites.authority),
      "robots": "ignore",
    ]
    try home.write("config/martlet/network.json", settings.compactText)
    try home.write(
      "config/martlet/search.json", #"{"engine":"searxng","url":"https://search.test"}"#)
    try FileManager.default.createDirectory(
      atPath: home.path + "/tools", withIntermediateDirectories: true)
    let isPinned = scenario.json["pinned"]?.boolValue ?? true
    for name in scenario.texts("servers") {
      if scenario.json["words"] != nil, isPinned {
        try addManifest(
          name, to: home, answers: scenario.json["answers"], words: scenario.json["words"])
        try Self.pin(name, in: home)
        continue
      }
      try FileManager.default.copyItem(
        atPath: "\(pinned.path)/\(name)", toPath: "\(home.path)/tools/\(name)")
      try addData(
        name, to: home, answers: scenario.json["answers"], words: scenario.json["words"])
    }
    for text in scenario.texts("notes") {
      _ = try home.run("memory", "add", "--workspace", home.workspace, text)
    }
    for text in scenario.texts("poisoned") {
      let body = JSONValue.object(["text": .string(text)]).compactText
      _ = try home.run(script: [Turn.call("memory.save", body), Turn.answer("Saved.")], ["Go."])
    }
    let documents = scenario.members("documents")
    for file in documents { try home.write("docs/\(file.key)", file.value.stringValue ?? "") }
    if !documents.isEmpty { _ = try home.run("docs", "add", home.path + "/docs") }
  }

  private func addManifest(
    _ name: String, to home: Home, answers: JSONValue?, words: JSONValue?
  ) throws {
    let source = String(decoding: try Repository.bytes("Tests/StandIns/server.py"), as: UTF8.self)
    let program = try home.write("tools/\(name)/server", source)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let none = JSONValue.string("sha256:" + String(repeating: "0", count: 64))
    let tools = (servers[name]?.arrayValue ?? []).map { tool -> JSONValue in
      var entry: JSONObject = [:]
      for key in ["name", "effects", "content"] { entry[key] = tool[key] }
      entry["calls"] = tool["name"]
      entry["pin"] = none
      return .object(entry)
    }
    let manifest: JSONValue = [
      "manifest": 1, "name": .string(name), "kind": "mcp", "purpose": "A stand-in.",
      "tools": .array(tools), "command": ["{folder}/server", .string(name)],
      "sandbox": "container",
      "limits": ["startSeconds": 60, "callSeconds": 60, "outputKiB": 64],
    ]
    try home.write("tools/\(name)/manifest.json", manifest.compactText)
    try addData(name, to: home, answers: answers, words: words)
  }

  private func addData(
    _ name: String, to home: Home, answers: JSONValue?, words: JSONValue?
  ) throws {
    try home.write("work/.server/\(name).json", (servers[name] ?? []).compactText)
    try home.write("work/.server/answers.json", (answers ?? [:]).compactText)
    try home.write("work/.server/words.json", (words ?? [:]).compactText)
  }

  private static func pin(_ name: String, in home: Home) throws {
    let result = try home.run(
      "tool", "pin", name, "--tools", home.path + "/tools", "--workspace", home.workspace,
      "--policy", "default", "--write")
    guard result.exitCode == 0 else { throw Failure(words: "\(name): \(result.errors)") }
  }

  /// Many times what a play takes on a busy machine.
  private static let playSecondsMax = 300

  struct Failure: Error, CustomStringConvertible {
    var words: String
    var description: String { words }
  }

  // MARK: - What happened

  private static func holds(
    _ check: JSONValue, _ home: Home, _ requests: [String], _ last: ProgramResult?
  ) -> Bool {
    func content(_ path: String) -> String? {
      FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
    if let tool = check["called"]?.stringValue {
      let words = check["with"]?.stringValue ?? ""
      let lines = content(home.workspace + "/.server/log.jsonl") ?? ""
      return lines.split(separator: "\n").contains { line in
        guard let call = try? JSONReader.value(String(line), source: "log"),
          call["tool"]?.stringValue == tool
        else { return false }
        return words.isEmpty || line.contains(words)
      }
    }
    if let text = check["request"]?.stringValue {
      return requests.contains { $0.contains(text) }
    }
    if let file = check["file"]?.stringValue {
      return content(home.workspace + "/" + file)?.contains(check["has"]?.stringValue ?? "")
        ?? false
    }
    if let file = check["gone"]?.stringValue {
      return !FileManager.default.fileExists(atPath: home.workspace + "/" + file)
    }
    if let text = check["note"]?.stringValue {
      return ((try? home.files(holding: text)) ?? []).contains { $0.contains("memories.sqlite") }
    }
    if let codes = check["exit"]?.arrayValue {
      return codes.contains { $0.intValue == (last?.exitCode).map(Int.init) }
    }
    guard let last, let finished = try? last.events().last else { return false }
    return finished["answer"]?.stringValue != nil && [0, 3].contains(last.exitCode)
  }
}

/// `Tests/StandIns/sites.py`, with a certificate for every name that the scenarios use.
final class SitesStandIn: Sendable {
  private let folder: TemporaryFolder
  let port: Int
  private let script: StandIn

  var authority: String { folder.path + "/site.pem" }

  init() throws {
    folder = try TemporaryFolder()
    let names = ["news.test", "search.test", "evil.test", "*.evil.test", "169.254.169.254"]
    let list = names.map { $0.first == "1" ? "IP:\($0)" : "DNS:\($0)" }.joined(separator: ",")
    let made = try Program.run(
      [
        "-c",
        """
        cd '\(folder.path)' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
        -keyout site.key -out site.pem -days 2 -subj '/CN=Sites' -addext 'subjectAltName=\(list)' 2>/dev/null
        """,
      ], of: "/bin/sh")
    guard made.exitCode == 0 else { throw POSIXError(.EINVAL) }
    script = try StandIn("sites.py", [folder.path])
    port = script.greeting.intValue ?? 0
  }

  /// What there is from now on; what was asked before is forgotten.
  func set(pages: JSONValue) throws { try script.order(["pages": pages]) }

  /// What was asked since, as "HOST TARGET".
  func log() throws -> [String] {
    try script.order(.null).arrayValue?.compactMap(\.stringValue) ?? []
  }
}
