// PatternProblem.swift — why a pattern cannot be used, each with what to write instead.

/// Why a pattern cannot be used.
public enum PatternProblem: Error, Equatable, Sendable, CustomStringConvertible {
  case unclosed(String)
  case unopened(String)
  case nothingToRepeat(String)
  case repeatedTwice
  case badCount
  case badRange
  case unknownClass(String)
  case unknownEscape(String)
  case groupOption
  case unsupportedEscape(String)
  case unsupportedGroup
  case posixClass
  case danglingBackslash
  case anchorInside(String)
  case emptyBranch
  case tooDeep(depthMax: Int)
  case tooLong(positionCountMax: Int)

  public var description: String {
    switch self {
    case .unclosed(let what): "\"\(what)\" is never closed. To mean the character, write [\(what)]."
    case .unopened(let what): "\"\(what)\" closes nothing. To mean the character, write \\\(what)."
    case .nothingToRepeat(let what):
      "\"\(what)\" has nothing to repeat before it. To mean the character, write \\\(what)."
    case .repeatedTwice: "a repetition is repeated. Put the first one in parentheses."
    case .badCount: "a count must read {m}, {m,} or {m,n} with m not above n. Correct it."
    case .badRange: "a range in brackets runs backwards or has a class at its end. Correct it."
    case .unknownClass(let name):
      "[:\(name):] is not a POSIX class. Use alpha, digit, alnum, "
        + "upper, lower, space, blank, punct, print, graph, cntrl or xdigit."
    case .unknownEscape(let what):
      "\"\\\(what)\" is not in POSIX patterns. Write a class in brackets, such as [0-9]."
    case .unsupportedEscape(let what):
      "\"\\\(what)\" is not supported here. "
        + "Write the characters that are meant as a class in brackets."
    case .unsupportedGroup:
      "\"(?\" is supported only as \"(?:\": nothing may look ahead or behind. Write a plain group."
    case .posixClass:
      "\"[:\" stands in brackets. Write ranges, such as 0-9, or \\[ for the character."
    case .danglingBackslash: "a backslash ends it. To mean the character, write it twice."
    case .groupOption: "\"(?\" is not in POSIX patterns. Write a plain group."
    case .anchorInside(let what):
      "\"\(what)\" stands inside the pattern. Only a leading ^ and a trailing $ have a meaning."
    case .emptyBranch: "a branch is empty. Write (…)? for what may be missing."
    case .tooDeep(let depthMax): "groups are nested deeper than \(depthMax) levels. Flatten it."
    case .tooLong(let positionCountMax):
      "it needs more than \(positionCountMax) positions, counts multiplied out. Shorten it."
    }
  }
}
