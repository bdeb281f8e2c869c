// InlineTest.swift — examples in a policy file, run whenever it is loaded.
//
//     tests: [ { name, tool, arguments, state, links, …, verdict, by } ]
//
// A test is a rehearsed call and what its layer alone has to say about it: "allow", "ask", "deny",
// or "inherit" where the layer has no opinion. It is written for the workspace /workspace and the
// home /home/user, so that it means the same on every machine.

import Base

/// One example of a policy file.
struct InlineTest: Sendable {
  enum Expected: String, CaseIterable, Sendable { case allow, ask, deny, inherit }

  static let variables = PolicyVariables(workspace: "/workspace", home: "/home/user")

  let node: PolicyNode
  let name: String
  let call: RehearsedCall
  let expected: Expected
  /// The deciding rules in any order; nil where the test leaves them open.
  let decidedBy: Set<String>?
}

extension PolicyNode {
  /// One element of "tests".
  func inlineTest(policy: String) throws(PolicyError) -> InlineTest {
    let own = ["name", "verdict", "by"]
    let members = try members()
    var object = JSONObject()
    for member in members where !own.contains(member.key) {
      object[member.key] = member.node.jsonValue
    }
    func member(_ key: String) -> PolicyNode? { members.first { $0.key == key }?.node }
    guard let verdict = member("verdict") else { throw error(.missingKey("verdict")) }
    var call: RehearsedCall
    do {
      call = try RehearsedCall(.object(object), workspace: InlineTest.variables.workspace)
    } catch { throw self.error(.notUsable(error.description)) }
    call.nameOrigins(of: policy)
    return InlineTest(
      node: self, name: try member("name")?.text() ?? "calling \(call.effect.tool)",
      call: call, expected: try verdict.word(),
      decidedBy: try member("by").map { node throws(PolicyError) in Set(try node.strings()) })
  }
}

/// What came of one test of a policy file.
public struct PolicyTestOutcome: Equatable, Sendable {
  public var policy: String
  public var name: String
  /// Nil where it holds.
  public var failure: PolicyError?
}

extension PolicyEngine {
  /// Runs the tests of one layer against that layer alone; the first that fails is thrown.
  func runTests(ofLayer index: Int) throws(PolicyError) {
    for outcome in try outcomes(ofLayer: index).outcomes {
      if let failure = outcome.failure { throw failure }
    }
  }

  /// Runs every test of every file, and asks for one of each locked rule.
  ///
  /// - Returns: The outcomes in the order of the files. A locked rule without a test is a failure.
  /// - Throws: ``PolicyError`` for a layer that cannot stand alone.
  public func testOutcomes() throws(PolicyError) -> [PolicyTestOutcome] {
    var all: [PolicyTestOutcome] = []
    for index in layers.indices { all += try outcomes(ofLayer: index).outcomes }
    return all
  }

  /// The ids that the layer's tests show to decide.
  func proven(ofLayer index: Int) throws(PolicyError) -> Set<String> {
    try outcomes(ofLayer: index).proven
  }

  private func outcomes(
    ofLayer index: Int
  ) throws(PolicyError) -> (outcomes: [PolicyTestOutcome], proven: Set<String>) {
    let layer = layers[index]
    var outcomes: [PolicyTestOutcome] = []
    var proven: Set<String> = []
    if layer.files.contains(where: { !$0.tests.isEmpty }) {
      let engine = try alone(layer)
      for file in layer.files {
        for test in file.tests {
          do throws(PolicyError) {
            proven.formUnion(try engine.run(test))
            outcomes.append(PolicyTestOutcome(policy: file.id, name: test.name))
          } catch {
            outcomes.append(PolicyTestOutcome(policy: file.id, name: test.name, failure: error))
          }
        }
      }
    }
    for file in layer.files {
      for lock in file.locks where lock.components.count == 2 && lock.components[0] == "rules" {
        let id = lock.components[1]
        guard !proven.contains(id) else { continue }
        let failure = (file.root.node(at: ["lock"]) ?? file.root).error(.lockedRuleUntested(id))
        outcomes.append(
          PolicyTestOutcome(
            policy: file.id, name: "a test of the locked rule \(id)", failure: failure))
      }
    }
    return (outcomes, proven)
  }

  /// The layer as if it were the only one, with the variables that tests are written for.
  private func alone(_ layer: Layer) throws(PolicyError) -> PolicyEngine {
    var files: [PolicyFile] = []
    for file in layer.files {
      files.append(try PolicyFile(file.source, variables: InlineTest.variables))
    }
    return try PolicyEngine(
      layers: [Layer(files: files, isBase: layer.isBase)], variables: InlineTest.variables)
  }

  /// The ids that decided.
  private func run(_ test: InlineTest) throws(PolicyError) -> [String] {
    let judgement = judgement(test.call.effect, test.call.state)
    let hasNoOpinion = judgement.opinions.isEmpty && judgement.gates.isEmpty
    let decision = judgement.decision(in: self)
    let found: InlineTest.Expected =
      switch decision.verdict {
      case _ where hasNoOpinion: .inherit
      case .allow: .allow
      case .ask: .ask
      case .deny: .deny
      }
    let ids = hasNoOpinion ? [] : decision.ruleIDs
    let isAsExpected = found == test.expected && (test.decidedBy.map { $0 == Set(ids) } ?? true)
    guard isAsExpected else {
      let wanted = test.decidedBy.map { " by " + $0.sorted().joined(separator: ", ") } ?? ""
      throw test.node.error(
        .testFailed(
          name: test.name, wanted: test.expected.rawValue + wanted,
          found: found.rawValue + (ids.isEmpty ? "" : " by " + ids.joined(separator: ", "))))
    }
    return ids
  }
}
