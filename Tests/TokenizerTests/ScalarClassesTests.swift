// ScalarClassesTests.swift — the embedded Unicode table against the reference's.

import Testing
import Tokenizer

@Suite struct `The classes of Unicode scalars` {
  /// FNV-1a over the class of every scalar from U+0000 to U+10FFFF, surrogates without class, as read
  /// off tiktoken 0.14.0: Lu and Lt 5, Ll 6, Lm and Lo 7, M 3, N 8, `\s` 16, CR and LF 48.
  @Test func `are tiktoken's, all of them`() {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var uppercaseCount = 0
    for scalar in UInt32(0)..<0x11_0000 {
      let kind = ScalarClasses.shared[scalar].rawValue
      hash = (hash ^ UInt64(kind)) &* 0x100_0000_01B3
      if kind == 5 { uppercaseCount += 1 }
    }
    #expect(uppercaseCount == 1858 + 31)
    #expect(hash == 0xE508_E77C_4CBE_6E70)
  }
}
