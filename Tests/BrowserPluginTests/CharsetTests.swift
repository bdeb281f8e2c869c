// CharsetTests.swift — bytes to text: which encoding, and what becomes of bytes that mean nothing.

import Base
import BrowserPlugin
import TestKit
import Testing

@Suite struct `The bytes of a page` {
  private static let html = Array("<p>".utf8)

  @Test(
    arguments: [
      ("shift_jis", [0x93, 0xFA, 0x96, 0x7B], "日本"), ("Shift-JIS", [0x93, 0xFA, 0x96, 0x7B], "日本"),
      ("euc-jp", [0xC6, 0xFC, 0xCB, 0xDC], "日本"),
      ("iso-2022-jp", [0x1B, 0x24, 0x42, 0x46, 0x7C, 0x4B, 0x5C, 0x1B, 0x28, 0x42], "日本"),
      ("gb2312", [0xD6, 0xD0, 0xCE, 0xC4], "中文"), ("GBK", [0xD6, 0xD0, 0xCE, 0xC4], "中文"),
      ("gb18030", [0x81, 0x30, 0x81, 0x30], "\u{80}"), ("big5", [0xA4, 0xA4, 0xA4, 0xE5], "中文"),
      ("euc-kr", [0xC7, 0xD1, 0xB1, 0xDB], "한글"),
      ("koi8-r", [0xF0, 0xD2, 0xC9, 0xD7, 0xC5, 0xD4], "Привет"),
      ("windows-1251", [0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2], "Привет"),
      ("iso-8859-1", [0x93, 0x68, 0x69, 0x94, 0x20, 0x80], "“hi” €"), ("latin1", [0xE9], "é"),
      ("iso-8859-2", [0xB1], "ą"), ("iso-8859-15", [0xA4], "€"), ("iso-8859-9", [0xFD], "ı"),
      ("\" utf-8 \"", [0xC3, 0xA9], "é"), ("utf-16le", [0x41, 0x00, 0xE9, 0x00], "Aé"),
      ("no-such-charset", [0xC3, 0xA9], "é"), ("no-such-charset", [0xE9, 0x21], "é!"),
    ] as [(String, [UInt8], String)])
  func `are read in the header's encoding`(charset: String, bytes: [UInt8], expected: String) {
    let shown = text(bytes, type: "text/plain; charset=\(charset)")
    // A control character of the text is not shown.
    #expect(shown == (expected == "\u{80}" ? "" : expected))
  }

  @Test(arguments: [
    ("<meta charset=koi8-r>", "П"), ("<META CHARSET='KOI8-R'>", "П"),
    ("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", "П"),
    ("<meta content='text/html; charset=\"koi8-r\"' http-equiv=content-type>", "П"),
    ("<meta content='charset=koi8-r'>", "ð"), ("<!-- <meta charset=koi8-r> -->", "ð"),
    ("<x y='<meta charset=koi8-r>'>", "ð"), ("<meta name=x charset = koi8-r >", "П"),
    ("<meta charset=utf-16><!-- é -->", "\u{FFFD}"), ("<meta charset=nonsense>", "ð"),
    ("<metax charset=koi8-r>", "ð"), ("</p/><meta/charset=koi8-r>", "П"),
    (String(repeating: " ", count: 1024) + "<meta charset=koi8-r>", "ð"),
  ])
  func `are read in the encoding that the page names in its first 1,024 bytes`(
    head: String, expected: String
  ) {
    let body = Array(head.utf8) + Array("<body><p>".utf8) + [0xF0] + Array("</p>".utf8)
    #expect(text(body, type: "text/html") == expected)
  }

  @Test func `say by their mark what they are, whatever anybody else says`() {
    let type = "text/html; charset=koi8-r"
    #expect(text([0xEF, 0xBB, 0xBF] + Array("<p>é".utf8), type: type) == "é")
    #expect(
      text([0xFF, 0xFE] + "<p>é".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, type: type)
        == "é")
    #expect(
      text([0xFE, 0xFF] + "<p>é".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, type: type)
        == "é")
    // The header is asked before the page.
    #expect(
      text(Array("<meta charset=utf-8><p>".utf8) + [0xF0] + Array("</p>".utf8), type: type) == "П")
  }

  @Test(
    arguments: [
      ("utf-8", [0x61, 0xFF, 0x62], "a\u{FFFD}b"), ("utf-8", [0x61, 0xE2, 0x82], "a\u{FFFD}"),
      ("utf-8", [0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
      ("utf-8", [0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
      ("shift_jis", [0x61, 0x81], "a\u{FFFD}"), ("euc-jp", [0x61, 0xFF, 0x62], "a\u{FFFD}b"),
      ("gb18030", [0x81], "\u{FFFD}"), ("big5", [0xFE], "\u{FFFD}"), ("utf-16be", [0x00], ""),
      ("utf-16le", [0x00, 0xD8, 0x41, 0x00], "\u{FFFD}A"),
      ("iso-2022-jp", [0x1B, 0x24, 0x42, 0x46], "\u{FFFD}"),
    ] as [(String, [UInt8], String)])
  func `become replacement characters where they mean nothing`(
    charset: String, bytes: [UInt8], expected: String
  ) {
    #expect(text(bytes, type: "text/plain; charset=\(charset)") == expected)
  }

  @Test(
    arguments: [
      (nil, "<!DOCTYPE html><p>x", "x"), (nil, "  <HTML><p>x", "x"), ("", "x < y", "x < y"),
      ("application/octet-stream", "<html><p>x", "x"), ("text/plain", "<p>x", "<p>x"),
      ("application/json", "{\"a\": [1]}", "{\"a\": [1]}"), ("image/svg+xml", "<svg/>", "<svg/>"),
      ("application/ld+json", "{}", "{}"), ("TEXT/HTML;x", "<p>x", "x"),
      ("application/xhtml+xml", "<p>x</p>", "x"),
      ("text/markdown", "# x\r\n\r\ny\tz", "# x\n\ny       z"),
    ] as [(String?, String, String)])
  func `are taken for what the header says, or else for what they look like`(
    type: String?, body: String, expected: String
  ) {
    #expect(text(Array(body.utf8), type: type) == expected)
  }

  @Test func `of no known kind are named and not shown`() {
    var binary = browser([0, 1, 2], url: "http://site.test/b", type: nil)
    #expect(
      binary.open(["id": "http://site.test/b"]).hasSuffix(
        """
        The page is of the type "application/octet-stream" (3 bytes), which cannot be shown as text.
        """))
  }

  @Test func `keep the white space of plain text, and lose its marks`() {
    #expect(text("a\u{C}b\u{B}c\u{1F}d\u{1B}e", type: "text/plain") == "a\nb c de")
    #expect(
      text("  a   b\n\n\n\nc 【0†d】\u{200B}\u{7}!\n\n", type: "text/plain")
        == "  a   b\n\n\n\nc 〖0†d〗!")
  }
}
