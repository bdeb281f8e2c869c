// CloudOutcome.swift — what came of a request to the cloud, from the plugin's words to the run's.

import Base
import Digests
import Planner
import Policy
import Providers

/// What the cloud plugin says of one request. The text is a stranger's; the numbers are what it claims.
struct CloudOutcome: Equatable, Sendable {
  private let result: ToolResult
  private let usage: ProviderUsage?
  /// As the price table has it; nil without a price.
  private let microdollars: Int?
  private let prices: PriceTable

  init(_ result: ToolResult, _ configuration: CloudConfiguration) {
    self.result = result
    prices = configuration.prices
    let claimed = result.structured?["usage"]
    usage = claimed.map { json in
      ProviderUsage(
        inputTokens: json["input_tokens"]?.intValue ?? 0,
        cachedTokens: json["cached_tokens"]?.intValue ?? 0,
        outputTokens: json["output_tokens"]?.intValue ?? 0,
        reasoningTokens: json["reasoning_tokens"]?.intValue ?? 0)
    }
    microdollars = usage.flatMap { usage in
      configuration.prices.millionths(of: usage, model: configuration.model)
    }
  }

  private var isAnswered: Bool { result.status == .succeeded }

  /// What budgets are charged in place of the estimate; nil where the provider did not say.
  var spent: BudgetAmounts? {
    guard isAnswered, let usage else { return nil }
    return BudgetAmounts(
      calls: 1, tokens: usage.inputTokens + usage.outputTokens, microdollars: microdollars ?? 0)
  }

  /// Members of `cloud.answered`. The answer itself is in the event that follows.
  ///
  /// - Parameters:
  ///   - call: Its number; 0 for the planner's own.
  ///   - prepared: What was sent.
  ///   - spentMillionths: What the task has cost so far.
  /// - Returns: The members.
  func record(call: Int, _ prepared: PreparedSend, spentMillionths: Int) -> JSONObject {
    var members: JSONObject = [
      "status": .string(isAnswered ? "succeeded" : "failed"),
      "payload_sha256": .string(prepared.digest.hex),
    ]
    if call > 0 { members["call"] = .number(.integer(Int64(call))) }
    for key in ["attempts", "http_status", "model", "id", "ending"] {
      members[key] = result.structured?[key]
    }
    if let usage {
      func whole(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
      members["usage"] = [
        "input_tokens": whole(usage.inputTokens), "cached_tokens": whole(usage.cachedTokens),
        "output_tokens": whole(usage.outputTokens),
        "reasoning_tokens": whole(usage.reasoningTokens),
      ]
    }
    if let microdollars {
      members["cost_millionths"] = .number(.integer(Int64(microdollars)))
      members["spent_millionths"] = .number(.integer(Int64(spentMillionths)))
      members["currency"] = .string(prices.currency)
    }
    return members
  }

  /// What the run is told.
  var answer: ToolAnswer {
    guard !isAnswered else { return ToolAnswer(result: result) }
    let text = "The cloud model gave no answer: \(result.text)"
    var told = result
    told.text = text
    if told.status == .broken { told.status = .failed }
    return ToolAnswer(result: told, flaw: .networkFailed(text))
  }
}
