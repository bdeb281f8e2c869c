// ByteAlphabet.swift — the printable letters in which GPT-2 and its heirs write bytes.

/// GPT-2's byte-to-letter map (openai/gpt-2, `bytes_to_unicode`): the bytes 33...126, 161...172 and
/// 174...255 are the letters of the same number; the other 68, in order, are U+0100 onwards.
enum ByteAlphabet {
  /// By letter; `none` where the letter stands for no byte.
  private static let bytes: [UInt16] = {
    var bytes = [UInt16](repeating: none, count: 256 + 68)
    var next = 256
    for byte in UInt16(0)..<256 {
      switch byte {
      case 33...126, 161...172, 174...255: bytes[Int(byte)] = byte
      default:
        bytes[next] = byte
        next += 1
      }
    }
    return bytes
  }()

  private static let none = UInt16.max

  /// Appends the bytes that `letters` (UTF-8) stand for. Returns false at a letter that stands for
  /// none.
  static func decode(_ letters: some Collection<UInt8>, into out: inout [UInt8]) -> Bool {
    var lead: UInt8 = 0
    for byte in letters {
      let letter: Int
      if lead != 0 {
        guard byte & 0xC0 == 0x80 else { return false }
        letter = Int(lead & 0x1F) << 6 | Int(byte & 0x3F)
        lead = 0
      } else if byte < 0x80 {
        letter = Int(byte)
      } else {
        // The highest letter is U+0143, so every letter above ASCII has two bytes.
        guard (0xC2...0xC5).contains(byte) else { return false }
        lead = byte
        continue
      }
      guard letter < bytes.count, bytes[letter] != none else { return false }
      out.append(UInt8(truncatingIfNeeded: bytes[letter]))
    }
    return lead == 0
  }
}
