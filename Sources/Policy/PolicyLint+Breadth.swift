// PolicyLint+Breadth.swift — rules that open more than they should, and names that mean nothing.

import Base

extension PolicyLint {
  /// Tools of the format itself, which exist without a manifest.
  static let ownTools: KnownTools = [
    "python": ["code"],
    "container.exec": [
      "cmd", "command", "commands", "argv", "workdir", "timeout", "env", "session_name", "user",
    ],
    "functions.apply_patch": ["patch", "paths"], "repo_browser.apply_patch": ["patch", "paths"],
    "apply_patch": ["patch", "paths"],
    "browser.search": [], "browser.open": [], "browser.find": [],
    "web.fetch": [], "memory.search": ["query", "limit"], "memory.save": ["text", "scope"],
    "cloud.ask": ["question", "context", "prompt"],
    "cloud.send": ["endpoint", "model", "payload", "secrets", "files", "scan", "reason"],
    "model.pull": [], "model.server": ["url", "model"], "server.start": [],
    "mcp.": [],
  ]

  /// Programs that run what their arguments say.
  private static let interpreters: Set<String> = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "busybox", "python", "python2", "python3", "perl",
    "ruby", "node", "deno", "bun", "lua", "php", "tclsh", "awk", "gawk", "mawk", "sed", "env",
    "xargs",
    "find", "make", "cmake", "ninja", "cargo", "npm", "npx", "pip", "pip3", "uv", "swift", "go",
    "java",
    "sudo", "su", "doas", "ssh", "nsenter", "unshare", "chroot", "setsid", "nohup", "timeout",
    "nice",
    "strace", "gdb", "vi", "vim", "nano", "emacs", "less", "man", "tar", "zip", "rsync", "docker",
    "podman", "kubectl", "systemd-run", "at", "crontab", "parallel", "script", "expect", "sqlite3",
  ]

  // MARK: Names

  mutating func checkNames(_ rule: Rule, _ place: Place) {
    let listed = engine.layers.flatMap(\.files).flatMap(\.effects).map(\.tool)
    let known = Self.ownTools.merging(tools) { $1 }
    for tool in rule.tools {
      let isKnown =
        known.keys.contains { name in
          tool.overlaps(NamePattern(name.hasSuffix(".") ? name + "*" : name))
        } || listed.contains { $0.overlaps(tool) }
      guard !isKnown else { continue }
      report(
        .unknownTool, .warning, place,
        "there is no tool \"\(tool.text)\". Correct the name, or say under \"effects\" what it can do."
      )
    }
    checkArgumentNames(rule, place, known)
    if rule.verdict == .deny, rule.reason == nil {
      report(
        .denyWithoutReason, .note, place,
        "\"\(rule.id)\" denies without a reason, which the model and people would read. Add \"reason\"."
      )
    }
  }

  private mutating func checkArgumentNames(_ rule: Rule, _ place: Place, _ known: KnownTools) {
    guard case .named(let matchers) = rule.arguments, rule.tools.count == 1,
      let tool = rule.tools.first, let names = known[tool.text], !names.isEmpty
    else { return }
    for matcher in matchers where !names.contains(matcher.name) {
      report(
        .unknownArgument, .warning, place,
        "\"\(tool.text)\" has no argument \"\(matcher.name)\"; it has: "
          + "\(names.sorted().joined(separator: ", ")).")
    }
  }

  // MARK: Breadth

  mutating func checkBreadth(_ rule: Rule, _ place: Place) {
    guard rule.verdict != .deny else { return }
    let kinds = kinds(of: rule)
    if case .named(let matchers) = rule.arguments {
      for matcher in matchers {
        for check in matcher.matcher.allChecks { checkHosts(check, rule, place) }
        guard rule.verdict == .allow else { continue }
        checkFolders(matcher, kinds, rule, place)
        checkProgram(matcher, rule, place)
      }
    }
    let harmful: [Effect.Kind] = [.write, .exec, .send, .cloud]
    let risks = harmful.filter(kinds.contains)
    guard rule.verdict == .allow, rule.sandboxProfile == nil, !risks.isEmpty, isBroad(rule) else {
      return
    }
    let words = risks.map(\.rawValue).joined(separator: ", ")
    report(
      .broad, .warning, place,
      "\"\(rule.id)\" allows any arguments of \(shown(rule.tools)), which can \(words), and demands no "
        + "sandbox. Name the arguments, ask, or add \"sandbox\".")
  }

  /// Whether the rule takes any arguments, of a tool that has no narrower description. Notes that stay
  /// on this machine and a command of the user's own are as narrow as they can be.
  private func isBroad(_ rule: Rule) -> Bool {
    if rule.actors == [.user] || rule.condition.from != nil { return false }
    // A server starts behind the walls of its manifest.
    let narrow = ["memory.", "server.start"]
    if rule.tools.allSatisfy({ tool in narrow.contains { tool.text.hasPrefix($0) } }) {
      return false
    }
    guard case .named(let matchers) = rule.arguments else { return true }
    return !matchers.isEmpty
      && matchers.allSatisfy { matcher in matcher.matcher.checks.allSatisfy { $0 == .anything } }
  }

  private func kinds(of rule: Rule) -> Set<Effect.Kind> {
    let kinds: Set<Effect.Kind> = rule.tools.reduce(into: []) { kinds, tool in
      let listed = engine.layers.flatMap(\.files).flatMap(\.effects).filter {
        $0.tool.overlaps(tool)
      }
      // A tool that nobody lists can do everything.
      kinds.formUnion(listed.isEmpty ? Set(Effect.Kind.allCases) : Set(listed.flatMap(\.kinds)))
    }
    return rule.condition.canOnly.map(kinds.intersection) ?? kinds
  }

  private func shown(_ tools: [NamePattern]) -> String {
    tools.map { "\"\($0.text)\"" }.joined(separator: ", ")
  }

  private mutating func checkHosts(_ check: Matcher.Check, _ rule: Rule, _ place: Place) {
    guard case .web(let web) = check else { return }
    for host in web.hosts ?? [] where host.isWildcard {
      let name = String(decoding: host.name.dropFirst(), as: UTF8.self)
      guard PublicSuffixes.contains(name) else { continue }
      report(
        .wideHost, .warning, place,
        "\"*.\(name)\" is everybody's: strangers register names under it. Name the hosts that are meant."
      )
    }
  }

  private mutating func checkFolders(
    _ matcher: Rule.NamedMatcher, _ kinds: Set<Effect.Kind>, _ rule: Rule, _ place: Place
  ) {
    guard kinds.contains(.write),
      let workspace = CanonicalPath(Array(engine.variables.workspace.utf8))
    else { return }
    for case .under(let folders) in matcher.matcher.allChecks {
      for folder in folders where !folder.isUnder(workspace) && !folder.isUnder(Self.scratch) {
        report(
          .writeOutside, .warning, place,
          "\"\(rule.id)\" lets \(shown(rule.tools)) write under "
            + "\(String(decoding: folder.bytes, as: UTF8.self)), outside the workspace. Narrow "
            + "\"\(matcher.name)\", or ask.")
      }
    }
  }

  private static let scratch = CanonicalPath(Array("/tmp".utf8)) ?? CanonicalPath.root

  private mutating func checkProgram(
    _ matcher: Rule.NamedMatcher, _ rule: Rule, _ place: Place
  ) {
    var positions: [Set<[UInt8]>]?
    var refusesFlags = false
    for check in matcher.matcher.checks {
      if case .prefix(let list) = check { positions = list }
      if case .denyFlags = check { refusesFlags = true }
    }
    guard let programs = positions?.first else { return }
    let names = programs.map { String(decoding: $0, as: UTF8.self) }.sorted()
    let running = names.filter {
      Self.interpreters.contains($0.split(separator: "/").last.map(String.init) ?? $0)
    }
    if !running.isEmpty {
      report(
        .interpreter, .warning, place,
        "\"\(rule.id)\" allows \(running.joined(separator: ", ")), which runs whatever its arguments say. "
          + "Ask, or allow the programs that are meant.")
    } else if !refusesFlags {
      report(
        .flags, .warning, place,
        "\"\(rule.id)\" allows \(names.joined(separator: ", ")) with any flags, and flags can run programs "
          + "and write files. Add \"denyFlags\".")
    }
  }

  // MARK: The policies together

  mutating func checkWhole() {
    let files = engine.layers.flatMap(\.files)
    guard let base = files.first else { return }
    let whole = Place(file: base, path: ["cloud"])
    let grantsCloud = engine.layers[0].files.flatMap(\.rules).contains { rule in
      rule.verdict != .deny && kinds(of: rule).contains(.cloud)
        && rule.tools.contains { $0.overlaps(NamePattern("cloud.*")) }
    }
    let isCloudOff = files.contains { $0.cloud?.isEnabled == false }
    if grantsCloud, !isCloudOff, engine.cloud.denyLabels.isEmpty {
      report(
        .cloudLabels, .warning, whole,
        "a cloud model can be asked, and no label keeps anything from it. Add cloud: { denyLabels: […] }."
      )
    }
    for file in files { checkTrifecta(file) }
  }

  /// A tool that brings in strangers' words and can send, allowed without a question and without a flow
  /// rule between what was read and what is sent.
  private mutating func checkTrifecta(_ file: PolicyFile) {
    let files = engine.layers.flatMap(\.files)
    let hasFlow = files.flatMap(\.flows).contains { flow in
      flow.contextLabels.contains("untrusted") && !flow.sinks.isDisjoint(with: [.send, .cloud])
    }
    guard !hasFlow else { return }
    let sources = files.flatMap(\.labelSources).filter { $0.labels.contains("untrusted") }
    for (number, rule) in file.rules.enumerated()
    where rule.verdict == .allow && rule.condition.from == nil && !rule.takesNoWords {
      let readsAndSends = rule.tools.contains { tool in
        sources.contains { $0.tools.contains { $0.overlaps(tool) } }
      }
      guard readsAndSends, !kinds(of: rule).isDisjoint(with: [.send, .cloud]) else { continue }
      report(
        .trifecta, .warning, Place(file: file, path: ["rules", "#\(number)"], rule: rule.id),
        "\"\(rule.id)\" allows \(shown(rule.tools)), which reads what strangers wrote and can send, and no "
          + "flow rule stands between the two. Add one with when: { context: ['untrusted'] } and sink: "
          + "['send'].")
    }
  }
}

extension Rule {
  /// Whether every argument that it accounts for is a number or a truth value: those carry no words away.
  fileprivate var takesNoWords: Bool {
    guard case .named(let matchers) = arguments, !matchers.isEmpty else { return false }
    return matchers.allSatisfy { matcher in
      matcher.matcher.checks.contains { check in
        switch check {
        case .integers: true
        case .oneOf(let literals): !literals.contains(where: \.isText)
        default: false
        }
      }
    }
  }
}

extension Literal {
  fileprivate var isText: Bool {
    if case .text = self { true } else { false }
  }
}

extension CanonicalPath {
  fileprivate static let root = CanonicalPath(components: [])
}

/// Names that anybody can register a name under; the well-known ones, not the whole list.
enum PublicSuffixes {
  private static let known: Set<String> = [
    "co.uk", "org.uk", "ac.uk", "gov.uk", "com.au", "net.au", "org.au", "co.nz", "co.jp", "ne.jp",
    "or.jp", "com.br", "com.cn", "com.tw", "com.hk", "com.sg", "com.mx", "com.ar", "com.tr",
    "co.in",
    "co.kr", "co.za", "co.il", "github.io", "githubusercontent.com", "gitlab.io", "pages.dev",
    "workers.dev", "vercel.app", "netlify.app", "web.app", "firebaseapp.com", "appspot.com",
    "herokuapp.com", "azurewebsites.net", "cloudfront.net", "amazonaws.com", "s3.amazonaws.com",
    "blogspot.com", "wordpress.com", "ngrok.io", "ngrok-free.app", "trycloudflare.com", "fly.dev",
    "onrender.com", "repl.co", "glitch.me", "duckdns.org",
  ]

  /// One label is always a suffix: "com".
  static func contains(_ name: String) -> Bool { !name.contains(".") || known.contains(name) }
}
