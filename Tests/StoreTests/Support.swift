// Support.swift — what the store's tests share.

import Base
import Store
import Testing

func time(_ milliseconds: Int64) -> UnixTime { UnixTime(milliseconds: milliseconds) }

func body(_ name: String, _ text: String) -> LedgerBody {
  LedgerBody(name: name, content: Array(text.utf8))
}

func memory(
  _ text: String, origin: String = "user", session: String? = nil, trust: String = "trusted",
  scope: MemoryScope = .global, at time: Int64 = 0
) -> NewMemory {
  NewMemory(
    text: text, origin: origin, session: session, trust: trust, scope: scope,
    created: UnixTime(milliseconds: time))
}

/// The sentence of the error that `body` throws.
func sentence(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return "nothing was thrown"
}
