// ServerLog.swift — what a run asks of a model server, and what comes of it, for the record: sizes,
// digests, usage and cost, and why something was tried again. Never a key, never a header.

import Base
import Digests
import Planner
import Providers

/// Asks on behalf of a run, and records it.
struct ServerLog: Sendable {
  let journal: LedgerJournal

  /// Asks as ``ServerConnection/ask(_:_:onDelta:onRetry:)`` does.
  func ask(
    _ body: JSONValue, _ interface: ProviderInterface, _ server: ServerModel, _ frame: EngineFrame,
    onDelta: @escaping @Sendable (ProviderDelta) -> Void
  ) async throws(EngineFailure) -> ServerConnection.Reply {
    let bytes = Array(body.compactText.utf8)
    try await record(
      "server.asked",
      [
        "interface": .string(interface.rawValue), "sent_bytes": .whole(bytes.count),
        "sha256": .string(SHA256.digest(of: bytes).hex),
      ])
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
      let prices = server.connection.settings.prices
      if let cost = prices.cost(of: usage, model: server.address.model) {
        members["cost"] = .number(.double(cost))
        members["currency"] = .string(prices.currency)
      }
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
