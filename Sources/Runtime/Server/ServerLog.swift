// ServerLog.swift — what a run asks of a model server, and what comes of it, for the record: sizes,
// digests, usage and cost, and why something was tried again. Never a key, never a header.

import Base
import Digests
import Planner
import Policy
import Providers

/// Asks on behalf of a run, within what that may cost, and records it.
struct ServerLog: Sendable {
  let journal: LedgerJournal
  let runner: GuardedToolRunner

  /// Reserves what a request may cost.
  ///
  /// - Parameters:
  ///   - server: To whom it goes.
  ///   - inputTokens: Of the request, at most.
  ///   - outputTokens: Of its answer, as far as it is bounded already.
  ///   - fallback: What is reserved for an answer that nothing bounds.
  /// - Returns: What may be asked for.
  /// - Throws: `EngineFailure.costSpent`: too little is left, which was recorded.
  func admit(
    to server: ServerModel, inputTokens: Int, outputTokens: Int?, fallback: Int
  ) async throws(EngineFailure) -> ServerAdmission {
    do throws(CostRefusal) {
      return try await runner.admit(
        to: server, inputTokens: inputTokens, outputTokens: outputTokens, fallback: fallback)
    } catch {
      try await record(ServerEvents.refused, ["reason": .string(error.reason)])
      throw .costSpent
    }
  }

  /// Asks as ``ServerConnection/ask(_:_:onDelta:onRetry:)`` does.
  func ask(
    _ body: JSONValue, _ interface: ProviderInterface, _ server: ServerModel,
    _ admission: ServerAdmission, onDelta: @escaping @Sendable (ProviderDelta) -> Void
  ) async throws(EngineFailure) -> ServerConnection.Reply {
    let prices = server.connection.settings.prices
    let hasPrice = prices.prices[server.address.model] != nil
    let bytes = Array(body.compactText.utf8)
    var asked: JSONObject = [
      "interface": .string(interface.rawValue), "sent_bytes": .whole(bytes.count),
      "sha256": .string(SHA256.digest(of: bytes).hex),
    ]
    if hasPrice {
      asked["reserved_millionths"] = .whole(admission.reserved.microdollars)
      asked["currency"] = .string(prices.currency)
    }
    try await record("server.asked", asked)
    let reply = try await server.connection.ask(body, interface, onDelta: onDelta) { retry in
      // A retry that cannot be recorded shows in the next event that cannot be.
      try? await record(
        ServerEvents.retried,
        [
          "reason": .string(retry.reason), "seconds": .number(.double(retry.seconds)),
          "attempt": .whole(retry.attempt),
        ])
    }
    var members: JSONObject = ["attempts": .whole(reply.attemptCount)]
    members["model"] = reply.answer.model.map { .string(String($0.prefix(200))) }
    if let usage = reply.answer.usage {
      members["input_tokens"] = .whole(usage.inputTokens)
      members["cached_tokens"] = .whole(usage.cachedTokens)
      members["output_tokens"] = .whole(usage.outputTokens)
      members["reasoning_tokens"] = .whole(usage.reasoningTokens)
      members["cost_millionths"] =
        prices.millionths(of: usage, model: server.address.model).map(JSONValue.whole)
    }
    let spent = await runner.settle(admission, of: server, reply.answer.usage)
    if hasPrice {
      members["spent_millionths"] = .whole(spent)
      members["currency"] = .string(prices.currency)
    }
    try await record(ServerEvents.answered, members)
    return reply
  }

  private func record(_ name: String, _ members: JSONObject) async throws(EngineFailure) {
    do { try await journal.append(.reported(name: name, members)) } catch {
      throw .model("What was asked of the server could not be recorded: \(error)")
    }
  }
}

extension JSONValue {
  fileprivate static func whole(_ value: Int) -> JSONValue { .number(.integer(Int64(value))) }
}
