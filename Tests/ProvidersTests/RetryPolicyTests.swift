// RetryPolicyTests.swift — when to try again, and what it costs.

import Base
import Providers
import Testing

@Suite struct `A policy of retries` {
  private func refused(_ hint: RetryHint) -> ProviderError {
    .refused(status: 429, code: nil, message: "", hint)
  }

  @Test func `waits longer each time, with a jitter that its seed decides`() {
    func waits(_ seed: UInt64) -> [Double] {
      var attempts = RetryPolicy(attemptCountMax: 7).attempts(seed: seed)
      var waits: [Double] = []
      while let seconds = attempts.failed(isTransient: true) { waits.append(seconds) }
      return waits
    }
    let bounds = [0.5, 1, 2, 4, 8, 8]
    #expect(waits(1).count == bounds.count)
    for (seconds, bound) in zip(waits(1), bounds) {
      #expect(seconds <= bound)
      #expect(seconds >= bound * 0.75)
    }
    #expect(waits(1) == waits(1))
    #expect(waits(1) != waits(2))
  }

  @Test func `does what the server asks for, within bounds`() {
    var attempts = RetryPolicy().attempts(seed: 0)
    #expect(attempts.failed(refused(RetryHint(seconds: 30))) == 30)
    #expect(attempts.failed(refused(RetryHint(seconds: 121))) == nil)
    #expect(attempts.failed(refused(RetryHint(seconds: 30, isWanted: false))) == nil)
    #expect(attempts.failed(.tooLarge(bytesMax: 1)) == nil)
  }

  @Test func `has a budget of attempts and one of waiting`() {
    var attempts = RetryPolicy(attemptCountMax: 10, waitSecondsMax: 100).attempts(seed: 0)
    #expect(attempts.failed(refused(RetryHint(seconds: 60))) == 60)
    #expect(attempts.failed(refused(RetryHint(seconds: 60))) == nil)
    var few = RetryPolicy(attemptCountMax: 2).attempts(seed: 0)
    #expect(few.failed(isTransient: true) != nil)
    #expect(few.failed(isTransient: true) == nil)
  }

  @Test func `reads seconds, milliseconds and dates`() {
    func hint(_ headers: [String: String]) -> Double? {
      RetryHint({ headers[$0] }, unixTime: 784_111_770).seconds
    }
    #expect(hint(["Retry-After": "2.5"]) == 2.5)
    #expect(hint(["Retry-After": "9", "retry-after-ms": "1500"]) == 1.5)
    #expect(hint(["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"]) == 7)
    #expect(hint(["Retry-After": "soon"]) == nil)
    #expect(hint(["Retry-After": "-3"]) == nil)
    #expect(hint(["Retry-After": "inf"]) == nil)
    #expect(hint(["Retry-After": "Sun, 06 Nov 1994 08:49:00 GMT"]) == nil)
    #expect(HTTPDate.unixTime("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
    #expect(HTTPDate.unixTime("Thu, 29 Feb 2024 12:00:00 GMT") == 1_709_208_000)
    #expect(HTTPDate.unixTime("Fri, 31 Dec 9999 23:59:59 GMT") == 253_402_300_799)
    #expect(HTTPDate.unixTime("Sun, 06 Foo 1994 08:49:37 GMT") == nil)
  }
}

@Suite struct `A table of prices` {
  @Test func `says what an answer cost`() throws {
    let table = try PriceTable(
      [
        "models": [
          "m": ["input": 1, "cachedInput": 0.5, "output": 4.0], "n": ["input": 2, "output": 2],
        ]
      ])
    let usage = ProviderUsage(inputTokens: 1_000_000, cachedTokens: 400_000, outputTokens: 250_000)
    #expect(table.cost(of: usage, model: "m") == 0.6 + 0.2 + 1)
    #expect(table.cost(of: usage, model: "n") == 2.5)
    #expect(table.cost(of: usage, model: "o") == nil)
    #expect(table.currency == "USD")
  }

  static let bad: [(JSONValue, String)] = [
    ([], "must be an object"),
    (["prices": [:]], "\"prices\" is unknown here; there are: currency, models"),
    (
      ["models": ["m": ["input": 1]]],
      "\"m\" needs \"input\" and \"output\", and may have \"cachedInput\""
    ),
    (
      ["models": ["m": ["input": -1, "output": 1]]],
      "\"input\" of \"m\" must be a number that is not negative"
    ),
  ]

  @Test(arguments: bad)
  func `says what is wrong with it`(json: JSONValue, words: String) {
    let problem = #expect(throws: PriceTable.Problem.self) { try PriceTable(json) }
    #expect(problem?.description == words)
  }
}
