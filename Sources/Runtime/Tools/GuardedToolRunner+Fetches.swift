// GuardedToolRunner+Fetches.swift — pages that a plugin wants while it answers a call: the second
// judgement. The first was about the call, which may say nothing of where it leads.

import Base
import Planner
import Policy
import Sandbox

/// The fetches of one call.
struct CallFetches {
  let call: ToolCall
  /// The only plugin that may fetch for it; nil where there is none.
  let plugin: String?
  /// What the cloud plugin may send; nil for every other plugin.
  var sending: CloudSending?
  /// The address in the call where a person, or a lease, approved the call: its page is not asked about a
  /// second time.
  let approvedAddress: String?
  /// A page that was granted: by which rule, and whether a person was asked.
  typealias PageGrant = (fetch: WebFetch, rule: String, isApproved: Bool)
  /// The last one of each "SCHEME HOST PORT".
  var grants: [String: PageGrant] = [:]
  /// Why the first page that was refused was refused, and whether a person's word was what it lacked.
  var refusal: (reason: String, stopsRun: Bool)?

  /// For the record; nil where no call of the model's is answered.
  var callNumber: JSONValue? { call.id > 0 ? .number(.integer(Int64(call.id))) : nil }

  /// What is told of the call: a refusal on its way counts for the run, whatever the plugin made of it.
  func answer(with result: ToolResult, _ policy: PolicyEngine) -> ToolAnswer {
    guard let refusal else { return ToolAnswer(result: result) }
    if refusal.stopsRun {
      return ToolAnswer(result: result, flaw: .approvalNeeded(refusal.reason))
    }
    guard result.status != .succeeded else {
      return ToolAnswer(
        result: result, flaw: policy.toleratesRefusals ? nil : .denied(refusal.reason))
    }
    var refused = result
    if refused.status == .failed { refused.status = .refused }
    return ToolAnswer(result: refused)
  }
}

/// The gate of one plugin's broker.
struct FetchGate: EgressGate {
  let runner: GuardedToolRunner
  let plugin: String

  func judge(_ request: EgressRequest) async -> EgressVerdict {
    await runner.judge(request, of: plugin)
  }

  func ended(_ outcome: EgressOutcome) async { await runner.record(outcome, of: plugin) }
}

extension GuardedToolRunner {
  /// Judges what a plugin announces, asks where a rule says so, and records the decision.
  func judge(_ request: EgressRequest, of plugin: String) async -> EgressVerdict {
    guard let fetches = fetching, fetches.plugin == plugin else {
      return .refused(reason: "No call is under way that this could be fetched for.")
    }
    if plugin == CloudDesk.plugin { return await judgeConnection(request, fetches) }
    let fetch = WebFetch(url: request.url, method: request.method, hop: request.hop)
    if request.purpose == .robots, let page = pageGrant(beside: fetch, fetches) {
      return await robotsVerdict(beside: page, fetch, request, fetches)
    }
    let effect = traced(fetch.effect)
    var decision = judged(effect)
    var approval: JSONObject?
    if decision.verdict == .ask, fetches.approvedAddress.map(request.isFor) ?? false {
      var approved = state
      approved.isApproved = true
      decision = policy.judge(effect, approved)
      approval = ["by": "call"]
    }
    if decision.verdict == .ask {
      // The plugin's answer waits for the person, and the call's time goes on.
      let question = ToolCall(
        id: fetches.call.id, tool: WebFetch.tool, body: effect.arguments.compactText)
      do throws(CancellationError) {
        let settled = try await settle(effect, decision, question)
        decision = settled.decision
        approval = settled.record
      } catch {
        return .refused(reason: "The run is ending.")
      }
    }
    let isAsked = approval != nil
    if decision.verdict == .allow { reserve(&decision, for: effect) }
    var record = members(
      decision.json.objectValue ?? [:], fetch, request, fetches,
      policies: decision.decidedBy.map(\.policy))
    record["approval"] = approval.map(JSONValue.object)
    guard await isRecorded(record) else { return Self.unrecorded }
    guard decision.verdict == .allow, let web = fetch.address else {
      if request.purpose == .page, fetching?.refusal == nil {
        fetching?.refusal = (decision.reason, decision.refusal == .stopRun)
      }
      return .refused(reason: "The policy does not open \(fetch.shown): \(decision.reason)")
    }
    account(decision)
    let page = (fetch, decision.ruleID, isAsked)
    fetching?.grants[web.origin] = page
    return .granted(grant(page, web))
  }

  static let unrecorded = EgressVerdict.refused(
    reason: "The decision cannot be recorded, so nothing is fetched.")

  private func isRecorded(_ members: JSONObject) async -> Bool {
    do {
      try await journal.append(.reported(name: "egress.judged", members))
      return true
    } catch {
      return false
    }
  }

  /// A site's robots.txt is read along with a page of the same site that was granted: it is the same
  /// way to the same place, and nobody is asked twice.
  private func pageGrant(
    beside fetch: WebFetch, _ fetches: CallFetches
  ) -> CallFetches.PageGrant? {
    guard let web = fetch.address, fetch.method == "GET", fetch.url.hasSuffix("/robots.txt"),
      fetch.url.split(separator: "/").count == 3
    else { return nil }
    return fetches.grants[web.origin]
  }

  private func robotsVerdict(
    beside page: CallFetches.PageGrant, _ fetch: WebFetch, _ request: EgressRequest,
    _ fetches: CallFetches
  ) async -> EgressVerdict {
    guard let web = fetch.address else { return Self.unrecorded }
    let decision: JSONObject = [
      "verdict": "allow", "rules": [.string(page.rule)],
      "reason": "It is read along with a page of the same host and port that was granted.",
    ]
    guard await isRecorded(members(decision, fetch, request, fetches, policies: [])) else {
      return Self.unrecorded
    }
    return .granted(grant(page, web))
  }

  /// A grant for the host of `page`, whose addresses are judged as those of the page.
  private func grant(_ page: CallFetches.PageGrant, _ web: WebAddress) -> EgressGrant {
    var state = state
    state.isApproved = page.isApproved
    let (policy, fetch) = (policy, page.fetch)
    return EgressGrant(
      host: web.host, port: web.port, rule: page.rule, bindsRequest: policy.bindsRequest(of: fetch)
    ) { [state] address in
      policy.admits(address, for: fetch, state)
    }
  }

  /// Records what became of a grant.
  func record(_ outcome: EgressOutcome, of plugin: String) async {
    var members: JSONObject = [:]
    members["call"] = fetching?.callNumber
    members["plugin"] = .string(plugin)
    members["host"] = .string(outcome.host)
    members["port"] = .number(.integer(Int64(outcome.port)))
    members["address"] = outcome.address.map { .string($0.description) }
    members["proxy"] = outcome.proxy.map { .string($0) }
    if outcome.proxy != nil { members["resolved_by"] = "proxy" }
    members["rule"] = .string(outcome.rule)
    members["ending"] = .string(outcome.ending.rawValue)
    members["sent_bytes"] = .number(.integer(Int64(outcome.sentBytes)))
    members["received_bytes"] = .number(.integer(Int64(outcome.receivedBytes)))
    members["milliseconds"] = .number(.integer(outcome.duration.wholeMilliseconds))
    Self.name(outcome.request, isBound: outcome.bindsRequest, in: &members)
    if outcome.ending == .addressRefused, outcome.request.purpose == .page,
      fetching?.refusal == nil
    {
      fetching?.refusal = (
        "\(outcome.host) leads to an address that no rule opens to it.", stopsRun: false
      )
    }
    // What cannot be recorded now is missed by the next event too, which ends the run.
    try? await journal.append(.reported(name: "egress.ended", members))
  }

  private func members(
    _ decision: JSONObject, _ fetch: WebFetch, _ request: EgressRequest, _ fetches: CallFetches,
    policies: [String]
  ) -> JSONObject {
    var members = decision
    members["call"] = .number(.integer(Int64(fetches.call.id)))
    members["plugin"] = fetches.plugin.map { .string($0) }
    members["policies"] = .array(policies.map { .string($0) })
    if let web = fetch.address {
      members["scheme"] = .string(web.scheme)
      members["host"] = .string(web.host)
      members["port"] = .number(.integer(Int64(web.port)))
    }
    Self.name(request, isBound: policy.bindsRequest(of: fetch), in: &members)
    return members
  }

  /// Says which way the request takes, and what of it is held to.
  ///
  /// Over a relay only the plugin says what is asked for inside the connection: the broker sees and
  /// enforces host, port and bytes. The host's fetcher asks for the URL that was judged, and nothing else.
  static func name(_ request: EgressRequest, isBound: Bool, in members: inout JSONObject) {
    var asked: JSONObject = ["url": .string(request.url), "method": .string(request.method)]
    members["way"] = isBound ? "fetcher" : "relay"
    members["enforced"] =
      isBound ? ["scheme", "host", "port", "path", "query", "method"] : ["host", "port"]
    if isBound {
      members["asked"] = .object(asked)
      asked = [:]
    }
    asked["hop"] = .number(.integer(Int64(request.hop)))
    asked["purpose"] = .string(request.purpose.rawValue)
    members["claimed"] = .object(asked)
  }
}

extension EgressRequest {
  /// Whether it is for exactly what `address` says, and not for where that led.
  fileprivate func isFor(_ address: String) -> Bool {
    hop == 0 && method == "GET" && purpose == .page
      && (url.utf8.elementsEqual(address.utf8) || url.utf8.elementsEqual((address + "/").utf8))
  }
}

extension WebFetch {
  /// For a sentence: the origin alone, or the beginning of what is no URL.
  fileprivate var shown: String { address.map { "\($0.scheme)://\($0.host)" } ?? "this address" }
}

extension WebAddress {
  fileprivate var origin: String { "\(scheme) \(host) \(port)" }
}

extension Duration {
  fileprivate var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
