// Targets.swift — everything that the fuzz driver knows by name.

import Base
import TestKit

/// Every fuzz target. The canary is first: it must be found, or nothing here proves anything.
func allTargets() throws -> [FuzzTarget] {
  let store = try StoreFuzz()
  return [
    canary, json, try tokenizerTarget(), try HarmonyFuzz().target, safetensorsTarget(),
    ggufTarget(), configurationTarget(), mcp, store.search, store.ledger,
    try htmlTarget(),
  ]
}

/// A parser with a planted bug: it trusts the length byte that follows its magic.
private let canary = FuzzTarget(
  name: "canary", corpus: [Array("MAGC".utf8) + [4, 1, 2, 3, 4]],
  body: { bytes in
    guard bytes.starts(with: Array("MAGC".utf8)), bytes.count > 4 else { return }
    var sum = 0
    for index in 0..<Int(bytes[4]) { sum &+= Int(bytes[5 + index]) }
    _ = sum
  })

private let json = FuzzTarget(
  name: "json",
  corpus: [
    Array(#"{"a":[1,2.5e3,-0,true,null],"b":{"c":"\u00e9\ud83d\ude80\n"}}"#.utf8),
    Array(#"[[[[]]],{"x":{"y":{}}},18446744073709551615,"テスト"]"#.utf8),
  ],
  body: { bytes in
    guard let value = try? JSONReader.value(bytes, source: "fuzz") else { return }
    let again = try JSONReader.value(value.compactText, source: "written by us")
    guard again == value else { throw FuzzFinding(what: "a value changed when written and read") }
  })

/// A wrong answer, as opposed to a trap.
struct FuzzFinding: Error {
  let what: String
}
