// LineFramerTests.swift — how a byte stream falls into lines, and what a flood leaves behind.

import Base
import MCP
import Testing

@Suite struct `A line framer` {
  @Test(arguments: 1...12)
  func `gives the same lines however the bytes arrive`(chunkBytes: Int) {
    var framer = LineFramer(lineBytesMax: 8)
    let stream = Array("eins\r\n\n  \t\nzwölf\n123456789\n12345678\n12345678\r\nrest".utf8)
    var pieces: [LineFramer.Piece] = []
    for start in stride(from: 0, to: stream.count, by: chunkBytes) {
      pieces += framer.receive(Array(stream[start..<min(start + chunkBytes, stream.count)]))
    }
    if let last = framer.finish() { pieces.append(last) }
    #expect(
      pieces == [
        line("eins"), line("zwölf"), .tooLong(bytesMax: 8), line("12345678"), line("12345678"),
        .unterminated(byteCount: 4),
      ])
  }

  @Test func `reports an endless line once and goes on after it`() {
    var framer = LineFramer(lineBytesMax: 16)
    let flood = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000)
    var pieces: [LineFramer.Piece] = []
    for _ in 0..<1_000 { pieces += framer.receive(flood) }
    #expect(pieces == [.tooLong(bytesMax: 16)])
    #expect(framer.receive(Array("\nok\n".utf8)) == [line("ok")])
  }

  @Test func `has nothing to say about a stream that ends between lines`() {
    var framer = LineFramer()
    #expect(framer.receive(Array("a\n".utf8)) == [line("a")])
    #expect(framer.finish() == nil)
  }

  private func line(_ text: String) -> LineFramer.Piece { .line(Array(text.utf8)) }
}
