// SecretScan+Nationals.swift — numbers that states give to people.
//
// A number with marks or letters of its own is known by them and its checksum. One of plain digits
// looks like any order number: a word before it has to say what it is.

extension SecretScan {
  typealias National = (confidence: SecretFinding.Confidence, end: Int)

  // MARK: - Numbers with letters

  /// GB NINO, ES NIE, IT codice fiscale.
  func nationalNumber(lettersAt position: Int) -> National? {
    if let end = nationalInsurance(at: position) { return (.likely, end) }
    if let end = spanish(at: position) { return (.likely, end) }
    if let end = codiceFiscale(at: position) { return (.certain, end) }
    return nil
  }

  /// Two letters, six digits, A to D; in pairs where there are spaces.
  private func nationalInsurance(at position: Int) -> Int? {
    guard position + 9 <= bytes.count else { return nil }
    let prefix = Array(bytes[position..<position + 2])
    guard prefix.allSatisfy({ ByteSet.upper.contains($0) }),
      !ByteSet("DFIQUV").contains(prefix[0]), !ByteSet("DFIOQUV").contains(prefix[1]),
      !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(String(decoding: prefix, as: UTF8.self))
    else { return nil }
    var end = position + 2
    var digits = 0
    let isSpaced = byte(end) == 0x20
    while digits < 6 {
      if isSpaced, digits % 2 == 0 {
        guard byte(end) == 0x20 else { return nil }
        end += 1
      }
      guard let byte = byte(end), ByteSet.digits.contains(byte) else { return nil }
      digits += 1
      end += 1
    }
    if isSpaced {
      guard byte(end) == 0x20 else { return nil }
      end += 1
    }
    guard let suffix = byte(end), ByteSet("ABCD").contains(suffix), !joinsRight(end + 1) else {
      return nil
    }
    return end + 1
  }

  /// NIE: X, Y or Z, seven digits, a check letter. DNI: eight digits and the letter.
  private func spanish(at position: Int) -> Int? {
    guard position + 9 <= bytes.count, !joinsRight(position + 9) else { return nil }
    var number = 0
    for (index, byte) in bytes[position..<position + 8].enumerated() {
      if index == 0, let sign = Array("XYZ".utf8).firstIndex(of: byte) {
        number = sign
      } else if ByteSet.digits.contains(byte) {
        number = number * 10 + Int(byte - 0x30)
      } else {
        return nil
      }
    }
    return bytes[position + 8] == Array("TRWAGMYFPDXBNJZSQVHLCKE".utf8)[number % 23]
      ? position + 9 : nil
  }

  /// Sixteen letters and digits; the last is a sum of the others.
  private func codiceFiscale(at position: Int) -> Int? {
    guard position + 16 <= bytes.count, !joinsRight(position + 16) else { return nil }
    let code = Array(bytes[position..<position + 16])
    let digitPlaces: Set<Int> = [6, 7, 9, 10, 12, 13, 14]
    // Where two people have the same code, letters stand for digits.
    let stand = ByteSet.digits.union("LMNPQRSTUV")
    for (index, byte) in code.enumerated() {
      guard digitPlaces.contains(index) ? stand.contains(byte) : ByteSet.upper.contains(byte)
      else { return nil }
    }
    guard ByteSet("ABCDEHLMPRST").contains(code[8]) else { return nil }
    let odd = [
      1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ]
    var sum = 0
    for (index, byte) in code[..<15].enumerated() {
      let value = ByteSet.digits.contains(byte) ? Int(byte - 0x30) : Int(byte - 0x41)
      sum += index % 2 == 0 ? odd[value] : value
    }
    return Int(code[15] - 0x41) == sum % 26 ? position + 16 : nil
  }

  // MARK: - Numbers of digits

  /// US SSN, SE personnummer, BR CPF, FR NIR, ES DNI; and by a word before them DE, NL, PL.
  func nationalNumber(digitsAt position: Int) -> National? {
    if let end = spanish(at: position), ByteSet.digits.contains(bytes[position]) {
      return (.likely, end)
    }
    if let end = socialSecurity(at: position) { return (.likely, end) }
    if let end = personnummer(at: position) { return (.likely, end) }
    if let end = cpf(at: position) { return (.certain, end) }
    if let end = nir(at: position) { return (.certain, end) }
    return plainDigits(at: position)
  }

  private func group(_ position: Int, _ count: Int) -> Int? {
    guard position + count <= bytes.count else { return nil }
    var value = 0
    for byte in bytes[position..<position + count] {
      guard ByteSet.digits.contains(byte) else { return nil }
      value = value * 10 + Int(byte - 0x30)
    }
    return value
  }

  /// AAA-GG-SSSS; no area 000, 666 or from 900, no group 00, no serial 0000.
  private func socialSecurity(at position: Int) -> Int? {
    guard let area = group(position, 3), byte(position + 3) == 0x2D,
      let group = group(position + 4, 2), byte(position + 6) == 0x2D,
      let serial = self.group(position + 7, 4), !joinsRight(position + 11),
      area != 0, area != 666, area < 900, group != 0, serial != 0
    else { return nil }
    return position + 11
  }

  /// YYMMDD-XXXX or YYYYMMDD-XXXX, `+` from the hundredth birthday on; Luhn over the ten digits.
  private func personnummer(at position: Int) -> Int? {
    let dash = end(of: .digits, from: position, max: 9)
    guard dash - position == 6 || dash - position == 8, let mark = byte(dash),
      mark == 0x2D || mark == 0x2B, group(dash + 1, 4) != nil, !joinsRight(dash + 5),
      let month = group(dash - 4, 2), let day = group(dash - 2, 2), (1...12).contains(month),
      (1...31).contains(day) || (61...91).contains(day)
    else { return nil }
    let digits = (bytes[dash - 6..<dash] + bytes[dash + 1..<dash + 5]).map { $0 - 0x30 }
    return Self.passesLuhn(digits) ? dash + 5 : nil
  }

  /// 000.000.000-00 with two check digits, modulo 11.
  private func cpf(at position: Int) -> Int? {
    guard group(position, 3) != nil, byte(position + 3) == 0x2E, group(position + 4, 3) != nil,
      byte(position + 7) == 0x2E, group(position + 8, 3) != nil, byte(position + 11) == 0x2D,
      group(position + 12, 2) != nil, !joinsRight(position + 14)
    else { return nil }
    let digits = bytes[position..<position + 14].filter { ByteSet.digits.contains($0) }
    return Self.isCPF(digits.map { $0 - 0x30 }) ? position + 14 : nil
  }

  private static func isCPF(_ digits: [UInt8]) -> Bool {
    guard digits.count == 11, Set(digits).count > 1 else { return false }
    return [9, 10].allSatisfy { place in
      let sum = (0..<place).reduce(0) { $0 + Int(digits[$1]) * (place + 1 - $1) }
      return sum * 10 % 11 % 10 == Int(digits[place])
    }
  }

  /// Sex, year, month, department (2A and 2B in Corsica), town, serial, key: 97 less the rest.
  private func nir(at position: Int) -> Int? {
    var symbols: [UInt8] = []
    var end = position
    while symbols.count < 15, let byte = byte(end) {
      if ByteSet.digits.contains(byte) || symbols.count == 6 && (byte == 0x41 || byte == 0x42) {
        symbols.append(byte)
      } else if byte != 0x20 || symbols.isEmpty {
        return nil
      }
      end += 1
    }
    guard symbols.count == 15, !joinsRight(end), symbols[0] == 0x31 || symbols[0] == 0x32 else {
      return nil
    }
    let month = Int(symbols[3] - 0x30) * 10 + Int(symbols[4] - 0x30)
    guard (1...12).contains(month) || (20...42).contains(month) || month >= 50 else { return nil }
    // Corsica counts as 19 and 18 with the letter gone, which is the number less 1 or 2 million.
    let less = symbols[6] == 0x41 ? 1_000_000 : symbols[6] == 0x42 ? 2_000_000 : 0
    let number = symbols[..<13].reduce(0) { sum, byte in
      sum * 10 + (ByteSet.digits.contains(byte) ? Int(byte - 0x30) : 0)
    }
    let key = Int(symbols[13] - 0x30) * 10 + Int(symbols[14] - 0x30)
    return key == 97 - (number - less) % 97 ? end : nil
  }

  private func plainDigits(at position: Int) -> National? {
    let (digits, end) = digits(at: position, separators: ByteSet(" .-"), max: 12)
    guard !joinsRight(end) else { return nil }
    let isOne =
      switch digits.count {
      case 9: Self.isBSN(digits) && isSaid(["bsn", "burgerservice", "sofi"], before: position)
      case 10: Self.isPersonnummer(digits) && isSaid(["personnummer"], before: position)
      case 11:
        Self.isSteuerID(digits) && isSaid(["steuer", "tax id", "idnr", "tin"], before: position)
          || Self.isPESEL(digits) && isSaid(["pesel"], before: position)
          || Self.isCPF(digits) && isSaid(["cpf"], before: position)
      case 12:
        Self.isPersonnummer(Array(digits[2...])) && isSaid(["personnummer"], before: position)
      default: false
      }
    guard isOne else { return nil }
    return (.likely, end)
  }

  /// Whether one of `words` stands within 48 bytes before `position`, in any case.
  private func isSaid(_ words: [String], before position: Int) -> Bool {
    let near = bytes[max(0, position - 48)..<position].map {
      ByteSet.upper.contains($0) ? $0 | 0x20 : $0
    }
    return words.contains { SecretText.occurs(Array($0.utf8), in: near) }
  }

  /// The eleven test: weights 9 to 2, and the last digit taken off.
  private static func isBSN(_ digits: [UInt8]) -> Bool {
    let sum = (0..<8).reduce(0) { $0 + Int(digits[$1]) * (9 - $1) } - Int(digits[8])
    return sum % 11 == 0 && Set(digits).count > 1
  }

  private static func isPersonnummer(_ digits: [UInt8]) -> Bool {
    let month = digits[2] * 10 + digits[3]
    let day = digits[4] * 10 + digits[5]
    return (1...12).contains(month) && ((1...31).contains(day) || (61...91).contains(day))
      && passesLuhn(digits)
  }

  /// ISO 7064 mod 11,10; of the first ten digits one stands there twice or three times.
  private static func isSteuerID(_ digits: [UInt8]) -> Bool {
    guard digits[0] != 0 else { return false }
    var counts = [Int](repeating: 0, count: 10)
    for digit in digits[..<10] { counts[Int(digit)] += 1 }
    let repeated = counts.filter { $0 > 1 }
    guard repeated == [2] || repeated == [3] else { return false }
    var product = 10
    for digit in digits[..<10] {
      var sum = (Int(digit) + product) % 10
      if sum == 0 { sum = 10 }
      product = sum * 2 % 11
    }
    return (11 - product) % 10 == Int(digits[10])
  }

  /// Weights 1, 3, 7, 9; the month tells the century.
  private static func isPESEL(_ digits: [UInt8]) -> Bool {
    let month = Int(digits[2] * 10 + digits[3]) % 20
    let day = Int(digits[4] * 10 + digits[5])
    guard (1...12).contains(month), (1...31).contains(day) else { return false }
    let weights = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]
    let sum = (0..<10).reduce(0) { $0 + Int(digits[$1]) * weights[$1] }
    return (10 - sum % 10) % 10 == Int(digits[10])
  }
}
