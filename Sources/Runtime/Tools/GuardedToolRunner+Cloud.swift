// GuardedToolRunner+Cloud.swift — questions to a model elsewhere: the second judgement, of the exact bytes.
//
// The first was about the call, `cloud.ask`, or was not needed because the planner asks. The second is
// `cloud.send`, about the request as it would leave. Only what was judged is handed to the plugin, which adds
// the key and nothing else, and which reaches the configured endpoint and nothing else.

import Base
import Digests
import Planner
import Policy
import Providers
import Sandbox
import ToolHost

/// A request that was judged, on its way to the plugin.
struct CloudSending: Sendable {
  let prepared: PreparedSend
  let decision: PolicyDecision
  /// Who was asked, and what was said; nil where nobody was.
  let approval: JSONObject?
}

/// The cloud model of a run: how it is asked, and by which plugin.
struct CloudDesk: Sendable {
  static let tool = "cloud.ask"
  static let plugin = "cloud"
  /// The only command that is given the key.
  static let command = ["{martlet}", "tool", "serve", "cloud"]
  /// The variable in which the plugin, and no other process, finds the key.
  static let keyVariable = "MARTLET_CLOUD_KEY"

  let configuration: CloudConfiguration
  /// Knows the user's secrets.
  let scanner: SecretScanner

  /// The plugin's bounds and its key, for its start.
  func own(key: String?, _ settings: EgressSettings) -> ToolHost.Network.Own {
    var settings = settings
    // TLS and headers around it.
    settings.sentBytesMax = configuration.limits.payloadBytes * 11 / 10 + (256 << 10)
    settings.connectionTimeMax = .seconds(configuration.limits.totalSeconds + 5)
    settings.hostCountMax = 1
    return ToolHost.Network.Own(
      settings: settings, variables: key.map { [Self.keyVariable: $0] } ?? [:])
  }

  /// What the plugin is given for one request.
  func arguments(_ send: CloudSend) -> JSONValue {
    let limits = configuration.limits
    func whole(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
    return [
      "endpoint": .string(send.endpoint),
      "interface": .string(configuration.interface.rawValue), "payload": .string(send.payload),
      "silenceSeconds": whole(limits.silenceSeconds), "totalSeconds": whole(limits.totalSeconds),
      "attempts": whole(limits.attempts), "waitSeconds": whole(limits.waitSeconds),
    ]
  }
}

extension GuardedToolRunner {
  /// Whether a call is one of the cloud plugin's.
  func isCloud(_ call: ToolCall) -> Bool {
    offered.catalog.resolve(call.tool)?.manifest.name == CloudDesk.plugin
  }

  // MARK: - The model asks

  /// Judges what an allowed call would send; what comes of it takes the place of `decision`.
  ///
  /// - Returns: Whether it is not sent because it could cost more than is left.
  func admitSend(
    of call: ToolCall, _ decision: inout PolicyDecision
  ) async throws(CancellationError) -> Bool {
    guard isCloud(call) else { return false }
    guard cloud != nil else {
      let paths = cloudPaths.joined(separator: " or ")
      decision.deny(
        by: "cloud.configuration",
        "No cloud model is configured here: there is no \(paths). See Docs/CLOUD.md.")
      return false
    }
    let arguments = (try? JSONReader.value(call.body, source: "the call")) ?? .null
    guard let question = arguments["question"]?.stringValue,
      question.contains(where: { !$0.isWhitespace })
    else {
      decision.deny(
        by: "call-shape", "The call has no \"question\". Give one that can be understood by itself."
      )
      return false
    }
    var messages = [CloudMessage(role: .user, text: question)]
    if let context = arguments["context"]?.stringValue, !context.isEmpty {
      messages.insert(CloudMessage(role: .user, text: context), at: 0)
    }
    let judged = try await judgeSend(messages, .modelAsked, call: call.id)
    switch judged {
    case .success(let sending):
      self.sending = sending
      await journal.hold(.reported(name: "cloud.judged", record(sending, call: call.id)))
      return false
    case .failure(let refusal):
      decision = refusal.decision
      await journal.hold(.reported(name: "cloud.judged", refusal.record))
      return refusal.isCostSpent
    }
  }

  /// Why nothing is sent, and what is recorded of it.
  private struct SendRefusal: Error {
    var decision: PolicyDecision
    var record: JSONObject
    var isCostSpent: Bool
  }

  private func judgeSend(
    _ messages: [CloudMessage], _ reason: CloudSend.Reason, call: Int?
  ) async throws(CancellationError) -> Result<CloudSending, SendRefusal> {
    guard let cloud else { preconditionFailure("There is no cloud to send to.") }
    let limit = cloud.configuration.limits.payloadBytes
    var messages = messages
    if let instructions = cloud.configuration.instructions {
      messages.insert(CloudMessage(role: .system, text: instructions), at: 0)
    }
    let key = await readKey(cloud)
    let gate = DataGate(
      configuration: cloud.configuration, policy: policy, workspace: workspace,
      scanner: Self.scanner(cloud.scanner, with: key))
    let (heard, isWhole) = (heard, isHeardWhole)
    let prepared = await gate.prepare(
      messages, heard: heard, isHeardWhole: isWhole, reason: reason)
    let effect = prepared.send.effect
    var decision = judged(effect)
    if prepared.send.payload.utf8.count > limit {
      decision.deny(
        by: "cloud.payload",
        "The request has \(prepared.send.payload.utf8.count) bytes; at most \(limit) are sent. "
          + "Ask for less, or see \"payloadKiB\".")
    }
    var approval: JSONObject?
    if decision.verdict == .ask {
      let shown = ToolCall(id: call ?? 0, tool: CloudSend.tool, body: prepared.shown)
      let settled = try await settle(
        effect, decision, shown, asker: reason == .modelAsked ? .model : .planner)
      decision = settled.decision
      approval = settled.record
    }
    let isBounded = costs.limit != nil || policy.limitsDollars(decision)
    if decision.verdict == .allow, isBounded,
      cloud.configuration.prices.prices[cloud.configuration.model] == nil
    {
      let bound =
        costs.limit == nil ? "A budget of the policy counts dollars" : "The run's cost is bounded"
      decision.deny(
        by: "cloud.prices",
        "\(bound), and cloud.json has no price for \"\(cloud.configuration.model)\". Add it under "
          + "\"prices\".")
    }
    let isCostSpent = decision.verdict == .allow && !reserveCost(of: prepared, &decision)
    if decision.verdict == .allow { reserve(&decision, for: effect) }
    let sending = CloudSending(prepared: prepared, decision: decision, approval: approval)
    guard decision.verdict == .allow else {
      return .failure(
        SendRefusal(
          decision: decision, record: record(sending, call: call), isCostSpent: isCostSpent))
    }
    return .success(sending)
  }

  /// Takes what the request may cost from what the run may; denies it where too little is left.
  private func reserveCost(of prepared: PreparedSend, _ decision: inout PolicyDecision) -> Bool {
    let needed = prepared.send.cost.microdollars
    let (left, currency) = (costs.left ?? 0, cloud?.configuration.prices.currency ?? "")
    guard !costs.reserve(needed) else { return true }
    decision.deny(
      by: "cost", CostText.refusal(needed, of: costs.limit ?? 0, left: left, currency))
    return false
  }

  /// Members of `cloud.judged`: what would leave, what was taken out of it, and who said yes or no.
  private func record(_ sending: CloudSending, call: Int?) -> JSONObject {
    let send = sending.prepared.send
    let decision = sending.decision
    var members = decision.json.objectValue ?? [:]
    members["call"] = call.map { .number(.integer(Int64($0))) }
    members["policies"] = .array(decision.decidedBy.map { .string($0.policy) })
    members["asked_because"] = .string(send.reason.rawValue)
    members["endpoint"] = .string(send.endpoint)
    members["model"] = .string(send.model)
    members["payload_sha256"] = .string(sending.prepared.digest.hex)
    members["payload_bytes"] = .number(.integer(Int64(send.payload.utf8.count)))
    if let prices = cloud?.configuration.prices, prices.prices[send.model] != nil {
      members["reserved_millionths"] = .number(.integer(Int64(send.cost.microdollars)))
      members["currency"] = .string(prices.currency)
    }
    members["scan"] = .string(send.isScanWhole ? "whole" : "partial")
    members["payload_labels"] = .array(send.labels.sorted().map { .string($0) })
    members["secrets"] = .array(send.secrets.map { .string($0) })
    members["files"] = .array(send.files.map { .string($0) })
    members["redactions"] = .array(
      sending.prepared.redactions.map { span in
        [
          "mark": .string(span.mark), "bytes": .number(.integer(Int64(span.range.count))),
          "labels": .array(span.labels.sorted().map { .string($0) }),
        ]
      })
    // What left the machine, byte for byte; what did not leave is not kept.
    if decision.verdict == .allow { members["payload"] = .string(send.payload) }
    members["approval"] = sending.approval.map(JSONValue.object)
    return members
  }

  // MARK: - Sending

  /// Has the plugin send what was judged.
  func runSend(
    _ call: ToolCall, _ sending: CloudSending
  ) async throws(CancellationError) -> ToolAnswer {
    if let problem = keyProblem {
      costs.settle(sending.prepared.send.cost.microdollars, spent: 0)
      let text = "The cloud model cannot be asked: \(problem)"
      return ToolAnswer(
        result: ToolResult(status: .failed, text: text), flaw: .misconfigured(text))
    }
    guard let cloud else { preconditionFailure("There is no cloud to send to.") }
    account(sending.decision)
    let posted = ToolCall(
      id: call.id, tool: CloudDesk.tool,
      body: cloud.arguments(sending.prepared.send).compactText)
    let answer = try await runInSandbox(posted, sending: sending)
    guard answer.flaw == nil else { return answer }
    let outcome = CloudOutcome(answer.result, cloud.configuration)
    settleCosts(sending.decision, outcome.spent)
    costs.settle(sending.prepared.send.cost.microdollars, spent: outcome.spent?.microdollars)
    try? await journal.append(
      .reported(
        name: "cloud.answered",
        outcome.record(call: call.id, sending.prepared, spentMillionths: costs.spent)))
    return outcome.answer
  }

  // MARK: - The planner asks

  func escalate(_ escalation: Escalation) async throws(CancellationError) -> EscalationResult {
    guard cloud != nil, let reason = CloudSend.Reason(rawValue: escalation.reason.rawValue) else {
      let paths = cloudPaths.joined(separator: " or ")
      return .misconfigured("No cloud model is configured here: there is no \(paths).")
    }
    let messages = CloudTranscript(escalation.history, heard: heard).messages
    let sending: CloudSending
    switch try await judgeSend(messages, reason, call: nil) {
    case .failure(let refusal):
      await journal.hold(.reported(name: "cloud.judged", refusal.record))
      let text = refusal.decision.reason
      if refusal.isCostSpent { return .costSpent(text) }
      return refusal.decision.refusal == .stopRun ? .approvalNeeded(text) : .refused(text)
    case .success(let allowed): sending = allowed
    }
    do {
      try await journal.append(.reported(name: "cloud.judged", record(sending, call: nil)))
    } catch {
      return .failed("The decision cannot be recorded, so nothing is sent.")
    }
    let call = ToolCall(id: 0, tool: CloudDesk.tool, body: "")
    let answer = try await runSend(call, sending)
    switch answer.flaw {
    case nil: break
    case .misconfigured(let text): return .misconfigured(text)
    case .some(let flaw): return .failed(flaw.reason ?? flaw.name)
    }
    guard answer.result.status == .succeeded else { return .failed(answer.result.text) }
    facts.take(
      answer.result, of: sending.prepared.send.effect, labels: sending.decision.resultLabels)
    return .answered(answer.result.text, model: sending.prepared.send.model)
  }

  // MARK: - The key

  /// Knows the key too, whatever it looks like.
  private static func scanner(_ scanner: SecretScanner, with key: String?) -> SecretScanner {
    var scanner = scanner
    if let key = key.flatMap({ KnownSecret(name: "cloud-key", value: $0) }) { scanner.learn(key) }
    return scanner
  }

  /// Reads the key once; a problem is told when something is to be sent. No record keeps it from then on.
  private func readKey(_ cloud: CloudDesk) async -> String? {
    if let key { return key }
    do throws(KeySource.Problem) {
      key = try cloud.configuration.key.key()
      keyProblem = nil
      if let key { await keepOut(key, name: "cloud-key") }
    } catch {
      keyProblem = error.description
    }
    return key
  }

  /// For the start of the plugin called `plugin`; nil where it is another one's.
  func own(_ plugin: String, _ settings: EgressSettings) -> ToolHost.Network.Own? {
    guard plugin == CloudDesk.plugin, let cloud else { return nil }
    return cloud.own(key: key, settings)
  }

  // MARK: - The connection

  /// Judges the connection that the cloud plugin wants: to where the payload was allowed to go, or none.
  func judgeConnection(_ request: EgressRequest, _ fetches: CallFetches) async -> EgressVerdict {
    guard let sending = fetches.sending else {
      return .refused(reason: "Nothing was allowed to be sent.")
    }
    let send = sending.prepared.send
    guard let web = send.address, request.method == "POST", request.url == send.endpoint,
      request.purpose == .service
    else {
      return .refused(reason: "Only the configured endpoint is open to this plugin.")
    }
    let rule = sending.decision.ruleID
    var members: JSONObject = [
      "verdict": "allow", "rules": [.string(rule)],
      "reason": "The payload that was judged goes there.",
      "plugin": .string(CloudDesk.plugin), "scheme": .string(web.scheme),
      "host": .string(web.host), "port": .number(.integer(Int64(web.port))),
    ]
    members["call"] = fetches.callNumber
    Self.name(request, isBound: false, in: &members)
    do { try await journal.append(.reported(name: "egress.judged", members)) } catch {
      return Self.unrecorded
    }
    var state = state
    state.isApproved = sending.approval != nil
    let policy = policy
    return .granted(
      EgressGrant(host: web.host, port: web.port, rule: rule) { [state] address in
        policy.admits(address, for: send, state)
      })
  }
}
