// PolicyBench.swift — what a decision costs: `bench policy [COUNT]` prints CSV.
//
// what, rules, decisions, p50, p90, p99 in microseconds. "spread" has the rules over fifty tools, as a
// company's policy has; "one tool" has all of them on one, the worst case; "hostile" judges arguments of
// half a megabyte. Calls that match and calls that do not alternate. The same rules as Cedar policies, for
// comparison by another program, are written to a file that is named: bench policy COUNT FILE.

import Base
import Foundation
import Policy

enum PolicyBench {
  private static let toolCount = 50

  static func run(count: Int, cedarFile: String?) throws {
    if let cedarFile { try Data(cedar(1_000).utf8).write(to: URL(filePath: cedarFile)) }
    print("what,rules,decisions,p50_us,p90_us,p99_us")
    for ruleCount in [10, 200, 1_000] {
      try measure("spread", ruleCount, count) { "t\($0 % toolCount)" }
    }
    try measure("one tool", 1_000, count) { _ in "t0" }
    try hostile(max(10, count / 1_000))
  }

  /// Rule `number` of a policy: a folder of its own, a method, a bound.
  private static func rule(_ number: Int, _ tool: String) -> String {
    """
    { id: 'R\(number)', effect: '\(number % 10 == 9 ? "ask" : "allow")', tool: '\(tool)',
      args: { path: { under: ['/srv/data/\(number)'] }, method: { oneOf: ['GET', 'HEAD'] }, n: { max: \(number + 10), optional: true } } }
    """
  }

  private static func engine(_ rules: [String]) throws -> PolicyEngine {
    let text = """
      { schema: 'tool-policy/1', id: 'bench', defaults: { noMatch: 'deny' },
        flow: [ { id: 'F', when: { context: ['untrusted'] }, sink: ['exec'], then: 'ask' } ],
        rules: [ \(rules.joined(separator: ",\n")) ] }
      """
    return try PolicyEngine(
      base: [PolicySource(name: "bench", text: text, place: .chosen)],
      variables: PolicyVariables(workspace: "/srv/work", home: "/home/u"))
  }

  private static func measure(
    _ what: String, _ ruleCount: Int, _ count: Int, _ tool: (Int) -> String
  ) throws {
    let start = ContinuousClock.now
    let engine = try engine((0..<ruleCount).map { rule($0, tool($0)) })
    let load = (ContinuousClock.now - start) / .milliseconds(1)
    let state = PolicyState(model: nil, labels: ["untrusted"])
    var random = SplitMix64(seed: 1)
    let calls = (0..<1_024).map { index in
      let number = Int.random(in: 0..<ruleCount, using: &random)
      let folder = index % 2 == 0 ? "data" : "other"
      return Effect(
        tool: tool(number),
        arguments: [
          "path": .string("/srv/\(folder)/\(number)/a/b.txt"), "method": "GET",
          "n": .number(.integer(Int64(number))),
        ])
    }
    var times: [Double] = []
    times.reserveCapacity(count)
    var allowed = 0
    for index in 0..<count {
      let effect = calls[index % calls.count]
      let start = ContinuousClock.now
      let decision = engine.judge(effect, state)
      times.append((ContinuousClock.now - start) / .microseconds(1))
      if decision.verdict != .deny { allowed += 1 }
    }
    guard allowed == (count + 1) / 2 else { throw CocoaError(.featureUnsupported) }
    report(what, ruleCount, times)
    print("\(what) load,\(ruleCount),1,\(String(format: "%.1f", load * 1_000)),,")
  }

  private static func hostile(_ count: Int) throws {
    let engine = try engine((0..<1_000).map { rule($0, "t0") })
    let state = PolicyState(model: nil)
    let long = String(repeating: "/a/..", count: 100_000)
    let words = JSONValue.array((0..<100_000).map { .string("--f\($0 % 10)") })
    var times: [Double] = []
    for _ in 0..<count {
      let effect = Effect(tool: "t0", arguments: ["path": .string(long), "method": words])
      let start = ContinuousClock.now
      guard engine.judge(effect, state).verdict == .deny else {
        throw CocoaError(.featureUnsupported)
      }
      times.append((ContinuousClock.now - start) / .microseconds(1))
    }
    report("hostile", 1_000, times)
  }

  private static func report(_ what: String, _ ruleCount: Int, _ times: [Double]) {
    let sorted = times.sorted()
    let figures = [50, 90, 99].map { sorted[min(sorted.count - 1, sorted.count * $0 / 100)] }
    let text = figures.map { String(format: "%.2f", $0) }.joined(separator: ",")
    print("\(what),\(ruleCount),\(sorted.count),\(text)")
  }

  /// The "spread" rules in Cedar's words.
  private static func cedar(_ ruleCount: Int) -> String {
    (0..<ruleCount).map { number in
      """
      permit(principal, action == Action::"t\(number % toolCount)", resource) when {
        context.path like "/srv/data/\(number)/*" && ["GET", "HEAD"].contains(context.method) && context.n <= \(number + 10) };
      """
    }.joined(separator: "\n")
  }
}
