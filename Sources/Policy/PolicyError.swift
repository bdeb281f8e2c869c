// PolicyError.swift — what is wrong with a policy, where, and what to do about it.

public import Base

/// A policy that cannot be used. `description` names file, line, key and remedy.
///
/// A policy with an error is never used in part: a rule that was meant to deny would be missing.
public struct PolicyError: Error, Equatable, Sendable {
  public enum Problem: Equatable, Sendable {
    // The text.
    case tooLarge(bytesMax: Int)
    case byteOrderMark
    case invalidUTF8
    case hiddenCharacter(UInt32)
    case unexpected(byte: UInt8, wanted: String)
    case unexpectedEnd(wanted: String)
    case tooDeep(depthMax: Int)
    case duplicateKey(String)
    case keyNotPlain
    case number(String)
    case escape
    case loneSurrogate
    case controlCharacter(UInt8)
    case trailingText
    case readersDisagree(String)
    // The members.
    case unknownKey(String, known: [String])
    case missingKey(String)
    case wrongType(wanted: String, found: String)
    case notOneOf(String, known: [String])
    case outOfRange(Int, lowest: Int, highest: Int)
    case tooMany(what: String, countMax: Int)
    case empty(String)
    case notAnIdentifier(String)
    case reservedIdentifier(String)
    case duplicateID(String)
    case unknownSet(String)
    case unknownBudget(String)
    case pattern(PatternProblem)
    /// Any other value that is of the right type and wrong; the sentence says what to write.
    case notUsable(String)
    // The layers.
    case locked(path: String, by: String)
    case noBase
    case neverBase(place: String)
    case wrongPlace(declared: String, place: String)
    case noSuchLockTarget(String)
    case lockedRuleUntested(String)
    case testFailed(name: String, wanted: String, found: String)
    // The files.
    case unreadable(String)
    case unsafeOwner(String)
    /// The end of a sentence: what is wrong with the signature.
    case unsigned(String)
    case outdated(revision: Int, last: Int)
  }

  /// The file's path, or what the text is: "the command line".
  public var source: String
  /// 1-based; nil where the problem is the file's as a whole.
  public var line: Int?
  /// 1-based, in bytes.
  public var column: Int?
  /// The key's place in the file: "rules[3].effect". Empty for the file itself.
  public var keyPath: String
  public var problem: Problem

  public init(
    source: String, line: Int? = nil, column: Int? = nil, keyPath: String = "", problem: Problem
  ) {
    self.source = source
    self.line = line
    self.column = column
    self.keyPath = keyPath
    self.problem = problem
  }
}

extension PolicyError: CustomStringConvertible {
  public var description: String {
    var place = source
    if let line, let column { place += ", line \(line), column \(column)" }
    if !keyPath.isEmpty { place += ", \(keyPath)" }
    return "\(place): \(sentence)"
  }

  private var sentence: String {
    switch problem {
    case .tooLarge(let bytesMax):
      "a policy may be \(bytesMax) bytes long, and this one is longer. Split it."
    case .byteOrderMark: "the file begins with a byte order mark. Save it as UTF-8 without one."
    case .invalidUTF8: "the file is not valid UTF-8. Save it as UTF-8."
    case .hiddenCharacter(let scalar):
      "the file has the invisible character U+\(Self.hex(scalar, digits: 4)), which makes text "
        + "read otherwise than it is. Remove it."
    case .unexpected(let byte, let wanted): "found \(Self.show(byte)) where \(wanted) should be."
    case .unexpectedEnd(let wanted): "the text ends where \(wanted) should be."
    case .tooDeep(let depthMax): "nested deeper than \(depthMax) levels. Flatten it."
    case .duplicateKey(let key): "the key \"\(key)\" appears twice. Remove one of them."
    case .keyNotPlain:
      "a key is written with an escape or a character that is not plain ASCII. Write it plainly."
    case .number(let text):
      "\"\(text)\" is no number that a policy uses. Write plain decimal digits, 15 at most."
    case .escape:
      "a string has an escape that policies do not use. Use \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t "
        + "or \\u and four hex digits, not zero."
    case .loneSurrogate: "a string has half of a surrogate pair. Write the whole character."
    case .controlCharacter(let byte):
      "a string has the bare control character \(Self.show(byte)). Write it as an escape."
    case .trailingText: "there is more text after the end of the policy. Remove it."
    case .readersDisagree(let what):
      "the policy can be read in two ways (\(what)). Write that place more plainly."
    case .unknownKey(let key, let known):
      "\"\(key)\" is not a key that belongs here. \(Self.advise(key, known))"
    case .missingKey(let key): "the key \"\(key)\" is missing. Add it."
    case .wrongType(let wanted, let found): "\(wanted) should be here, not \(found)."
    case .notOneOf(let value, let known):
      "\"\(value)\" is not a word that belongs here. \(Self.advise(value, known))"
    case .outOfRange(let value, let lowest, let highest):
      "\(value) is out of range. Write a number from \(lowest) to \(highest)."
    case .tooMany(let what, let countMax): "more than \(countMax) \(what). Use fewer."
    case .empty(let what): "\(what) is empty. Fill it, or leave the key out."
    case .notAnIdentifier(let text):
      "\"\(text)\" cannot be a name here. Use 1 to 64 letters, digits, \".\", \"_\" and \"-\"."
    case .reservedIdentifier(let text):
      "\"\(text)\" is a name that decisions use for themselves. Choose another."
    case .duplicateID(let id): "the id \"\(id)\" is used twice. Choose another."
    case .unknownSet(let name): "no set is called \"\(name)\". Add it under \"sets\"."
    case .unknownBudget(let name): "no budget is called \"\(name)\". Add it under \"budgets\"."
    case .pattern(let problem): "the pattern cannot be used: \(problem)"
    case .notUsable(let sentence): sentence
    case .locked(let path, let by):
      "\"\(path)\" is locked by the policy \"\(by)\". Remove it from this file."
    case .noBase:
      "there is no base policy. Name one with --policy, or restore Policies/default.json5."
    case .neverBase(let place):
      "a policy of the layer \"\(place)\" can only narrow another one, and there is none before it."
    case .wrongPlace(let declared, let place):
      "the file says layer \"\(declared)\" and was found as the \(place) layer. Correct \"layer\", or "
        + "move the file."
    case .noSuchLockTarget(let path):
      "the lock \"\(path)\" names nothing that is in this file. Correct it, or remove it."
    case .lockedRuleUntested(let id):
      "the rule \"\(id)\" is locked and no test shows that it decides. Add one under \"tests\"."
    case .testFailed(let name, let wanted, let found):
      "the test \"\(name)\" wants \(wanted) and gets \(found). Correct the rules or the test."
    case .unreadable(let why): "the file cannot be read: \(why)."
    case .unsafeOwner(let why):
      "\(why). Others could change the policy: let root own it, writable by root alone."
    case .unsigned(let why):
      "the policies in force have to be signed, and \(why). Have it signed: see Docs/policy.md."
    case .outdated(let revision, let last):
      "this is revision \(revision), and \(last) was in force here before. Use the newer policy, or "
        + "raise its revision."
    }
  }

  private static func advise(_ word: String, _ known: [String]) -> String {
    if let near = nearest(to: word, among: known) { return "Did you mean \"\(near)\"?" }
    return "Known here: \(known.joined(separator: ", "))."
  }

  private static func show(_ byte: UInt8) -> String {
    if byte >= 0x21, byte < 0x7F { return "\"\(Character(UnicodeScalar(byte)))\"" }
    return "the byte 0x" + hex(UInt32(byte), digits: 2)
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

/// The known word that `word` was probably meant to be: at most two slips away, and nearer than a
/// word of its length could be by chance.
func nearest(to word: String, among known: [String]) -> String? {
  let typed = Array(word.utf8.prefix(64))
  let slipsMax = min(2, typed.count / 2)
  var best: (word: String, slips: Int)?
  for candidate in known {
    let slips = slipCount(typed, Array(candidate.utf8))
    if slips <= slipsMax, slips < best?.slips ?? Int.max { best = (candidate, slips) }
  }
  return best?.word
}

/// Levenshtein's distance: single bytes inserted, left out or replaced.
private func slipCount(_ left: [UInt8], _ right: [UInt8]) -> Int {
  var row = Array(0...right.count)
  for (leftIndex, leftByte) in left.enumerated() {
    var diagonal = row[0]
    row[0] = leftIndex + 1
    for (rightIndex, rightByte) in right.enumerated() {
      let replaced = diagonal + (leftByte == rightByte ? 0 : 1)
      diagonal = row[rightIndex + 1]
      row[rightIndex + 1] = min(replaced, diagonal + 1, row[rightIndex] + 1)
    }
  }
  return row[right.count]
}
