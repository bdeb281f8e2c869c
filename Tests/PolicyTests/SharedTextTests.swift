// SharedTextTests.swift — where one text has the words of another.

import Policy
import Testing

@Suite struct `A shared text` {
  private static let passage = "The margin of the northern plants fell by eleven points."

  private func parts(_ text: String, _ other: String) -> [String] {
    let bytes = Array(text.utf8)
    return SharedText(text).ranges(sharedWith: Array(other.utf8)).map {
      String(decoding: bytes[$0], as: UTF8.self)
    }
  }

  @Test func `is found where it was copied`() {
    #expect(
      parts("Before. \(Self.passage) After.", "Else:\n\(Self.passage)\nMore.")
        == [Self.passage])
    #expect(parts(Self.passage, Self.passage) == [Self.passage])
  }

  @Test func `is found where it was wrapped anew or shouted`() {
    let wrapped = Self.passage.split(separator: " ").joined(separator: "\n   ")
    #expect(parts("x \(wrapped)", Self.passage) == [wrapped])
    #expect(parts(Self.passage.uppercased(), Self.passage) == [Self.passage.uppercased()])
  }

  @Test func `is not what is too short, or says the same in other words`() {
    #expect(parts(Self.passage, "The margin of the northern mills") == [])
    #expect(parts(Self.passage, "Northern plants lost eleven points of margin, all told.") == [])
    #expect(parts("short", "short") == [])
    #expect(parts("", Self.passage) == [])
  }

  @Test func `is not a line of dashes`() {
    let line = String(repeating: "-", count: 80)
    #expect(parts("a\n\(line)\nb", line) == [])
  }

  /// Against a search of every window, over a small alphabet with many chance matches.
  @Test func `is what a search of every window finds`() {
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let words = (0..<12).map { _ in
      String((0..<9).map { _ in Character(Unicode.Scalar(UInt8(97 + next(20)))) })
    }
    for _ in 0..<60 {
      let text = Array((0..<30).map { _ in words[next(12)] }.joined().utf8)
      let other = Array((0..<30).map { _ in words[next(12)] }.joined().utf8)
      let count = SharedText.windowBytes
      var covered = Set<Int>()
      for start in 0...(text.count - count) {
        let window = text[start..<(start + count)]
        guard Set(window).count >= 8 else { continue }
        for place in 0...(other.count - count)
        where other[place..<(place + count)].elementsEqual(window) {
          covered.formUnion(start..<(start + count))
        }
      }
      let found = SharedText(String(decoding: text, as: UTF8.self)).ranges(sharedWith: other)
      #expect(Set(found.flatMap { Array($0) }) == covered)
    }
  }
}
