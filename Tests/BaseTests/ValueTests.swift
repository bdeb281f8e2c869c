// ValueTests.swift — the small shared values: ordered objects, the generator, allowed tokens.

import Base
import Testing

@Suite struct `A JSON object` {
  @Test func `replaces in place, appends at the end, forgets on nil`() {
    var object: JSONObject = ["a": 1, "b": 2, "c": 3]
    object["b"] = "two"
    object["a"] = nil
    object["d"] = 4
    #expect(JSONValue.object(object).compactText == #"{"b":"two","c":3,"d":4}"#)
    #expect(object.count == 3)
  }

  @Test func `tells keys apart that only look alike`() throws {
    let value = try JSONReader.value("{\"caf\u{E9}\":1,\"cafe\u{301}\":2}", source: "test")
    #expect(value["caf\u{E9}"] == 1)
    #expect(value["cafe\u{301}"] == 2)
  }

  @Test func `is equal whatever the order of its keys`() {
    #expect(JSONValue(dictionaryLiteral: ("a", 1), ("b", 2)) == ["b": 2, "a": 1])
  }

  @Test(arguments: [("4", 4), ("4.0", 4), ("-7", -7), ("4.5", nil), ("1e30", nil), ("\"4\"", nil)])
  func `gives a whole number only where it is one`(text: String, whole: Int?) throws {
    #expect(try JSONReader.value(text, source: "test").intValue == whole)
  }
}

@Suite struct `SplitMix64 numbers` {
  /// The first outputs for seed 1234567, as the author's C program prints them.
  @Test func `follow the published sequence`() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<3).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      ])
  }

  @Test func `stay within the unit interval and fill it evenly`() {
    var random = SplitMix64(seed: 1)
    let numbers = (0..<100_000).map { _ in random.nextUnit() }
    #expect(numbers.allSatisfy { (0..<1).contains($0) })
    #expect(abs(numbers.reduce(0, +) / 100_000 - 0.5) < 0.005)
  }
}

@Suite struct `Allowed tokens` {
  @Test func `are a list of what is in or of what is out`() {
    #expect(AllowedTokens.only([3]).contains(3))
    #expect(!AllowedTokens.only([3]).contains(4))
    #expect(!AllowedTokens.allExcept([3]).contains(3))
    #expect(AllowedTokens.allExcept([3]).contains(4))
    var mask = TokenMask(rowCount: 70)
    mask.insert(3)
    #expect(AllowedTokens.mask(mask).contains(3))
    #expect(!AllowedTokens.mask(mask).contains(4))
  }

  @Test func `are the same as a set and as bits`() {
    var random = SplitMix64(seed: 5)
    for _ in 0..<200 {
      var sets: [Set<TokenID>] = [[], []]
      var masks = [TokenMask(rowCount: 130), TokenMask(rowCount: 10)]
      for side in 0..<2 {
        for _ in 0..<Int.random(in: 0...40, using: &random) {
          let token = TokenID(Int32.random(in: 0..<200, using: &random))
          sets[side].insert(token)
          masks[side].insert(token)
        }
        #expect(masks[side].indices == sets[side].map(\.index).sorted())
        #expect(masks[side].count == sets[side].count)
        #expect(masks[side].isEmpty == sets[side].isEmpty)
      }
      var union = masks[0]
      union.formUnion(masks[1])
      #expect(union.indices == sets[0].union(sets[1]).map(\.index).sorted())
      union.subtract(masks[1])
      #expect(union.indices == sets[0].subtracting(sets[1]).map(\.index).sorted())
    }
  }

  @Test func `have no bit for what is no row`() {
    var mask = TokenMask(rowCount: -1)
    mask.insert(-3)
    #expect(mask.isEmpty && !mask.contains(-3) && !mask.contains(1_000))
  }
}
