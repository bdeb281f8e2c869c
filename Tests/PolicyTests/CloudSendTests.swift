// CloudSendTests.swift — the exact payload before the policy: labels, redactions, conditions, addresses.

import Base
import Policy
import Testing

@Suite struct `A request to a cloud model` {
  private static let rule = """
    { id: 'S', effect: 'allow', tool: 'cloud.send',
      args: { endpoint: { scheme: ['https'], host: ['api.example.com'] }, model: { any: true },
              payload: { maxBytes: 100 } } },
    """

  private func engine(_ rules: String, _ more: String = "") throws -> PolicyEngine {
    try PolicyEngine(
      base: [
        PolicySource(
          name: "p",
          text: "{ schema: 'tool-policy/1', id: 'p', \(more) rules: [ \(rules) ] }",
          place: .chosen)
      ], variables: variables)
  }

  private func send(
    _ endpoint: String = "https://api.example.com/v1/chat/completions",
    _ reason: CloudSend.Reason = .modelAsked
  ) -> CloudSend {
    CloudSend(endpoint: endpoint, model: "m", payload: "{}", reason: reason)
  }

  private func ids(_ engine: PolicyEngine, _ send: CloudSend) -> [String] {
    engine.judge(send.effect, PolicyState(model: "local/x")).ruleIDs
  }

  @Test func `is judged by its endpoint, model and bytes`() throws {
    let engine = try engine(Self.rule)
    #expect(ids(engine, send()) == ["S"])
    #expect(ids(engine, send("https://api.example.org/v1/chat/completions")) == ["noMatch:p"])
    #expect(ids(engine, send("http://api.example.com/v1/chat/completions")) == ["noMatch:p"])
    #expect(ids(engine, send("https://127.1/v1")) == ["call-shape"])
    var long = send()
    long.payload = String(repeating: "x", count: 101)
    #expect(ids(engine, long) == ["noMatch:p"])
  }

  @Test func `is judged by what was found in it`() throws {
    let rules =
      Self.rule + """
        { id: 'F', effect: 'ask', tool: 'cloud.send', args: { endpoint: { any: true }, model: { any: true },
          payload: { any: true }, files: { some: { under: ['${workspace}/src'] } } } },
        { id: 'K', effect: 'deny', tool: 'cloud.send', args: { secrets: { some: { any: true } } } },
        { id: 'P', effect: 'deny', tool: 'cloud.send', args: { scan: { oneOf: ['partial'] } } },
        { id: 'M', effect: 'deny', tool: 'cloud.send', args: { reason: { oneOf: ['steps-spent'] } } },
        """
    let engine = try engine(rules)
    var found = send()
    found.files = ["/srv/work/src/a.swift"]
    #expect(ids(engine, found) == ["F"])
    found.secrets = ["private-key"]
    #expect(ids(engine, found) == ["K"])
    var partial = send()
    partial.isScanWhole = false
    #expect(ids(engine, partial) == ["P"])
    #expect(ids(engine, send("https://api.example.com/v1/x", .stepsSpent)) == ["M"])
  }

  @Test func `is on the account of who wanted it`() throws {
    let engine = try engine(
      """
      { id: 'A', effect: 'allow', tool: 'cloud.send', args: 'any', actor: ['plugin'] },
      { id: 'B', effect: 'ask', tool: 'cloud.send', args: 'any', actor: ['planner'] },
      """)
    #expect(ids(engine, send()) == ["A"])
    #expect(ids(engine, send("https://api.example.com/v1/x", .modelFailed)) == ["B"])
  }

  @Test func `keeps the cloud's conditions`() throws {
    let engine = try engine(
      Self.rule,
      """
      cloud: { endpoints: ['https://api.example.com'], reasons: ['model-asked'], denyLabels: ['secret'] },
      """)
    #expect(ids(engine, send()) == ["S"])
    #expect(
      ids(engine, send("https://api.example.com:8443/v1/chat/completions"))
        == ["S", "cloud.endpoints"])
    #expect(
      ids(engine, send("https://api.example.com/v1/x", .taskMarked)) == ["S", "cloud.reasons"])
    var labelled = send()
    labelled.labels = ["secret"]
    #expect(ids(engine, labelled) == ["S", "cloud.denyLabels"])
  }

  @Test func `reaches addresses of this site only where a rule names them`() throws {
    let engine = try engine(Self.rule)
    let state = PolicyState(model: nil)
    let world = try #require(IPAddress(v4: "93.184.215.14"))
    let neighbour = try #require(IPAddress(v4: "192.168.1.4"))
    #expect(engine.admits(world, for: send(), state))
    #expect(!engine.admits(neighbour, for: send(), state))
    let named = try self.engine(
      "{ id: 'S', effect: 'allow', tool: 'cloud.send', args: { endpoint: { host: ['192.168.1.4'] }, model: { any: true }, payload: { any: true } } }"
    )
    #expect(named.admits(neighbour, for: send("http://192.168.1.4/v1/x"), state))
    #expect(send("http://api.example.com/v1").isPlainRemote)
    #expect(!send("http://192.168.1.4/v1").isPlainRemote)
    #expect(!send("https://api.example.com/v1").isPlainRemote)
  }

  // MARK: - Redaction

  private func span(
    _ range: Range<Int>, _ kind: LabelledSpan.Kind, _ labels: Set<String>
  ) -> LabelledSpan {
    LabelledSpan(range: range, kind: kind, labels: labels)
  }

  @Test func `has a mark in place of each span that is left out`() throws {
    let engine = try engine(Self.rule, "cloud: { redact: ['secret'], stripToolOutput: true },")
    let text = "Grüße: AAAA, dann BBBB und CCCC."
    func place(_ word: String) -> Range<Int> {
      let bytes = Array(text.utf8)
      let start = bytes.firstRange(of: Array(word.utf8))?.lowerBound ?? 0
      return start..<(start + word.utf8.count)
    }
    let kept = span(place("BBBB"), .file("/srv/work/b"), ["internal"])
    let result = engine.redacted(
      text,
      [
        kept, span(place("CCCC"), .toolOutput(tool: "python"), []),
        span(place("AAAA"), .secret("aws-key"), ["secret"]),
      ])
    #expect(
      result.text == "Grüße: [redacted: aws-key], dann BBBB und [redacted: output of python].")
    #expect(result.taken.count == 2)
    #expect(result.left == [kept])
  }

  @Test func `is cut between characters, and once where spans overlap`() throws {
    let engine = try engine(Self.rule, "cloud: { redact: ['secret'] },")
    let result = engine.redacted(
      "aüüb",
      [
        span(2..<4, .secret("x"), ["secret"]), span(3..<5, .secret("y"), ["secret"]),
        span(3..<4, .file("/f"), ["internal"]),
      ])
    #expect(result.text == "a[redacted: x]b")
    #expect(result.left == [])
  }

  // MARK: - Labels of files, conditions of the planner

  @Test func `has the labels of files by their paths`() throws {
    let engine = try engine(
      Self.rule,
      """
      labels: { files: [ { path: { under: ['${workspace}/payroll'] }, add: ['confidential'] },
                         { path: { re: '.*[.]pem' }, add: ['secret'] } ] },
      """)
    #expect(engine.labels(ofFile: "/srv/work/payroll/may.csv") == ["confidential"])
    #expect(engine.labels(ofFile: "/srv/work/payroll/x.pem") == ["confidential", "secret"])
    #expect(engine.labels(ofFile: "/srv/work/payrolls") == [])
    #expect(engine.possibleFileLabels == ["confidential", "secret"])
  }

  @Test func `is made by the planner only where every layer lets it`() throws {
    func escalations(_ base: String, _ later: String) throws -> Set<CloudSend.Reason> {
      func source(_ id: String, _ more: String, _ place: PolicySource.Place) -> PolicySource {
        PolicySource(
          name: id, text: "{ schema: 'tool-policy/1', id: '\(id)', \(more) }", place: place)
      }
      return try PolicyEngine(
        base: [source("a", base, .chosen)],
        narrowing: [source("b", "defaults: { noMatch: 'inherit' }, " + later, .project)],
        variables: variables
      ).escalations
    }
    let both = "cloud: { escalate: ['model-failed', 'steps-spent'] }"
    #expect(try escalations(both, "") == [.modelFailed, .stepsSpent])
    #expect(
      try escalations(both, "cloud: { escalate: ['steps-spent', 'task-marked'] }") == [.stepsSpent])
    #expect(try escalations("", both) == [])
    #expect(throws: PolicyError.self) {
      try escalations("cloud: { escalate: ['model-asked'] }", "")
    }
  }
}
