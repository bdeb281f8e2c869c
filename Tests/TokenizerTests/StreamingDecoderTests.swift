// StreamingDecoderTests.swift — text out of bytes that arrive in any portions.

import Testing
import Tokenizer

@Suite struct `A streaming decoder` {
  @Test func `gives the same text however the bytes are split`() {
    let text = "aé日🚀e\u{301}👩‍👩‍👧 ſ\u{10FFFF}"
    let bytes = Array(text.utf8)
    for first in 0...bytes.count {
      for second in first...bytes.count {
        var decoder = StreamingDecoder()
        var out = ""
        for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
          out += decoder.append(part)
          #expect(!out.unicodeScalars.contains("\u{FFFD}"))
        }
        #expect(Array((out + decoder.finish()).utf8) == bytes)
      }
    }
  }

  @Test func `shows a character as soon as its last byte is there`() {
    var decoder = StreamingDecoder()
    #expect(Array("é🚀".utf8).map { decoder.append([$0]) } == ["", "é", "", "", "", "🚀"])
    #expect(decoder.finish() == "")
  }

  /// Expected as by Python's `bytes.decode("utf-8", "replace")`.
  @Test(
    arguments: [
      ([0x80], "\u{FFFD}"), ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"), ([0xC3, 0x41], "\u{FFFD}A"),
      ([0xE2, 0x82, 0x41], "\u{FFFD}A"), ([0xE0, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
      ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"), ([0xF0, 0x9F, 0x9A], "\u{FFFD}"),
      ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
      ([0xF0, 0x9F, 0xF0, 0x9F, 0x9A, 0x80], "\u{FFFD}🚀"), ([0xFF, 0xFE], "\u{FFFD}\u{FFFD}"),
    ] as [([UInt8], String)])
  func `replaces what is proven invalid, at once and in portions`(bytes: [UInt8], text: String) {
    for split in 0...bytes.count {
      var decoder = StreamingDecoder()
      let out = decoder.append(bytes[..<split]) + decoder.append(bytes[split...])
      #expect(out + decoder.finish() == text)
    }
  }

  @Test func `holds what may still become valid, and gives it up at the end`() {
    var decoder = StreamingDecoder()
    #expect(decoder.append([0xF0, 0x9F, 0x9A]) == "")
    #expect(decoder.finish() == "\u{FFFD}")
    #expect(decoder.append(Array("again".utf8)) == "again")
  }
}
