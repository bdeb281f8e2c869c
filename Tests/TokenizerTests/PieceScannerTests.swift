// PieceScannerTests.swift — where text is cut before anything is looked up.

import Testing
import Tokenizer

@Suite struct `The pre-tokenizer` {
  @Test(
    arguments: [
      ("", []),
      ("Hello world", ["Hello", " world"]),
      // Case changes: capitals then small letters are one word, small then capital are two.
      ("HTTPServer camelCase", ["HTTPServer", " camel", "Case"]),
      // A letter without case ends the run of capitals early where no small letter follows.
      ("日ABC", ["日", "ABC"]),
      ("日ABc", ["日ABc"]),
      ("AB日CD", ["AB日", "CD"]),
      // Contractions, any case, also the long s; not after digits, not with another apostrophe.
      ("I'VE don'tx it'ſ x’s", ["I'VE", " don't", "x", " it'ſ", " x", "’s"]),
      ("we'lL you'l 9's", ["we'lL", " you", "'l", " ", "9", "'s"]),
      ("'s", ["'s"]),
      // One character that is no letter, digit or line break may lead a word, a mark too.
      ("(a!b\tc\u{A0}d", ["(a", "!b", "\tc", "\u{A0}d"]),
      ("\u{301}ABC", ["\u{301}", "ABC"]),
      ("\u{301}Abc", ["\u{301}Abc"]),
      ("\u{301}\u{302}9", ["\u{301}\u{302}", "9"]),
      ("e\u{301}tude A\u{301}B", ["e\u{301}tude", " A\u{301}", "B"]),
      ("\u{301}'s", ["\u{301}'s"]),
      // Numbers by three, of any script and kind.
      ("1234567 ٣٤²½", ["123", "456", "7", " ", "٣٤²", "½"]),
      // Symbols take one leading blank, and line breaks and slashes that follow.
      ("a ...\r\n/\nb", ["a", " ...\r\n/\n", "b"]),
      ("\t!!", ["\t", "!!"]),
      ("!\u{301}x ?\u{301}", ["!\u{301}x", " ?\u{301}"]),
      // White space: up to the last line break; else the last one goes with what follows.
      ("a \n \n  b", ["a", " \n \n", " ", " b"]),
      ("a   ", ["a", "   "]),
      ("a   9", ["a", "  ", " ", "9"]),
      ("a \u{3000}9", ["a", " ", "\u{3000}", "9"]),
      ("\r\n\r\n", ["\r\n\r\n"]),
      ("🚀🚀!", ["🚀🚀!"]),
      ("नमस्ते ที่", ["नमस्ते", " ที่"]),
    ] as [(String, [String])])
  func `cuts as the pattern does`(text: String, pieces: [String]) {
    #expect(cut(text, digitRunMax: 3).map(utf8) == pieces.map(utf8))
  }

  @Test func `makes each digit a piece where the pattern says so`() {
    #expect(cut("a123 4", digitRunMax: 1) == ["a", "1", "2", "3", " ", "4"])
  }

  private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func cut(_ text: String, digitRunMax: Int) -> [String] {
    var text = text
    return text.withUTF8 { bytes in
      var scanner = PieceScanner(bytes, 0..<bytes.count, digitRunMax: digitRunMax)
      var pieces: [String] = []
      while let range = scanner.next() {
        pieces.append(String(decoding: bytes[range], as: UTF8.self))
      }
      return pieces
    }
  }
}
