// SecretScan+Numbers.swift — payment cards, bank accounts and national numbers, by their checksums.
//
// Sources: ISO/IEC 7812-1 (Luhn), ISO 13616 and its registry (IBAN), ISO 7064 (mod 97-10, mod 11,10),
// and each country's description of its number.

extension SecretScan {
  /// Every number in the text, once, from left to right.
  mutating func numbers() {
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      guard ByteSet.upperDigits.contains(byte), !joinsLeft(position) else {
        position += 1
        continue
      }
      if let (finding, end) = number(at: position) {
        add(finding.kind, position..<end, finding.confidence)
        position = end
      } else {
        position = end(of: .alphanumeric, from: position, max: bytes.count)
      }
    }
  }

  /// Part of a longer number, name or version.
  private func joinsLeft(_ position: Int) -> Bool {
    guard let before = byte(position - 1) else { return false }
    if ByteSet.alphanumeric.contains(before) || before == 0x5F || before >= 0x80 { return true }
    guard before == 0x2D || before == 0x2E || before == 0x2F || before == 0x2B,
      let more = byte(position - 2)
    else { return false }
    return ByteSet.alphanumeric.contains(more)
  }

  func joinsRight(_ end: Int) -> Bool {
    guard let after = byte(end) else { return false }
    if ByteSet.alphanumeric.contains(after) || after == 0x5F || after >= 0x80 { return true }
    guard after == 0x2D || after == 0x2E || after == 0x2F, let more = byte(end + 1) else {
      return false
    }
    return ByteSet.alphanumeric.contains(more)
  }

  private func number(
    at position: Int
  ) -> ((kind: SecretKind, confidence: SecretFinding.Confidence), end: Int)? {
    if ByteSet.letters.contains(bytes[position]) {
      if let end = iban(at: position) { return ((.iban, .certain), end) }
      if let (confidence, end) = nationalNumber(lettersAt: position) {
        return ((.nationalID, confidence), end)
      }
      return nil
    }
    if let end = paymentCard(at: position) { return ((.paymentCard, .likely), end) }
    if let (confidence, end) = nationalNumber(digitsAt: position) {
      return ((.nationalID, confidence), end)
    }
    return nil
  }

  // MARK: - Cards

  /// Digits of a number whose groups one and the same mark parts, and where it ends.
  func digits(at position: Int, separators: ByteSet, max: Int) -> (digits: [UInt8], end: Int) {
    var digits: [UInt8] = []
    var end = position
    var separator: UInt8?
    while let byte = byte(end), digits.count <= max {
      if ByteSet.digits.contains(byte) {
        digits.append(byte - 0x30)
      } else if separators.contains(byte), separator == nil || separator == byte,
        let next = self.byte(end + 1), ByteSet.digits.contains(next), !digits.isEmpty
      {
        separator = byte
      } else {
        break
      }
      end += 1
    }
    return (digits, end)
  }

  private func paymentCard(at position: Int) -> Int? {
    let (digits, end) = digits(at: position, separators: ByteSet(" -"), max: 19)
    guard (13...19).contains(digits.count), !joinsRight(end),
      Self.issuerLengths(digits).contains(digits.count), Self.passesLuhn(digits),
      Set(digits).count > 1, isGroupedLikeACard(position..<end, digits.count)
    else { return nil }
    return end
  }

  /// No marks at all, or groups of four (the last shorter), or 4-6-5 and 4-6-4.
  private func isGroupedLikeACard(_ range: Range<Int>, _ count: Int) -> Bool {
    let groups = bytes[range].split { !ByteSet.digits.contains($0) }.map(\.count)
    guard groups.count > 1 else { return true }
    if groups == [4, 6, 5] || groups == [4, 6, 4] { return true }
    return groups.dropLast().allSatisfy { $0 == 4 } && (groups.last ?? 0) <= 4
  }

  /// How long a number of its issuer is; empty where no issuer has the range.
  private static func issuerLengths(_ digits: [UInt8]) -> Set<Int> {
    let six = digits.prefix(6).reduce(0) { $0 * 10 + Int($1) }
    switch six {
    case 400_000...499_999: return [13, 16, 19]
    case 510_000...559_999, 222_100...272_099: return [16]
    case 340_000...349_999, 370_000...379_999: return [15]
    case 601_100...601_199, 644_000...659_999: return [16, 19]
    case 300_000...305_999, 360_000...369_999, 380_000...399_999: return [14, 16]
    case 352_800...358_999: return [16]
    case 620_000...629_999: return [16, 17, 18, 19]
    case 501_800...501_899, 502_000...502_099, 503_800...503_899, 589_300...589_399,
      630_400...630_499, 675_900...675_999, 676_100...676_399:
      return [13, 14, 15, 16, 17, 18, 19]
    default: return []
    }
  }

  static func passesLuhn(_ digits: [UInt8]) -> Bool {
    var sum = 0
    for (index, digit) in digits.reversed().enumerated() {
      let doubled = Int(digit) * 2
      sum += index % 2 == 0 ? Int(digit) : (doubled > 9 ? doubled - 9 : doubled)
    }
    return sum % 10 == 0
  }

  // MARK: - Bank accounts

  private func iban(at position: Int) -> Int? {
    guard position + 15 <= bytes.count, ByteSet.upper.contains(bytes[position]),
      ByteSet.upper.contains(bytes[position + 1]), ByteSet.digits.contains(bytes[position + 2]),
      ByteSet.digits.contains(bytes[position + 3]),
      let length = Self.ibanLengths[
        String(decoding: bytes[position..<position + 2], as: UTF8.self)]
    else { return nil }
    var letters: [UInt8] = []
    var end = position
    while letters.count < length, let byte = byte(end) {
      if ByteSet.upperDigits.contains(byte) {
        letters.append(byte)
      } else if byte == 0x20, letters.count % 4 == 0, self.byte(end - 1) != 0x20 {
        // Groups of four.
      } else {
        return nil
      }
      end += 1
    }
    guard letters.count == length, !joinsRight(end) else { return nil }
    var remainder = 0
    for letter in letters[4...] + letters[..<4] {
      if ByteSet.digits.contains(letter) {
        remainder = (remainder * 10 + Int(letter - 0x30)) % 97
      } else {
        remainder = (remainder * 100 + Int(letter - 0x41) + 10) % 97
      }
    }
    return remainder == 1 ? end : nil
  }

  private static let ibanLengths: [String: Int] = [
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24,
    "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
  ]
}
