// DisplayCheck.swift — what holds of any display of any page, however hostile it is.

/// Looks for marks that a page forged, and for lines that are no lines.
public enum DisplayCheck {
  private static let opening = Array("【".utf8)
  private static let closing = Array("】".utf8)
  private static let dagger = Array("†".utf8)

  /// What is wrong with a display that shows a page from its first line; nil for nothing.
  public static func problem(in display: String) -> String? {
    let lines = Array(display.utf8).split(separator: 0x0A, omittingEmptySubsequences: false)
    guard lines.count >= 4, lines[0].first == UInt8(ascii: "["), lines[2].isEmpty else {
      return "the head is not a head"
    }
    guard lines[1].starts(with: "**viewing lines [".utf8), lines[1].suffix(2) == [0x2A, 0x2A] else {
      return "the second line does not say which lines are viewed"
    }
    var text: [UInt8] = []
    var number: Int?
    for line in lines.dropFirst(3) {
      guard line.first == UInt8(ascii: "L"), let colon = line.firstIndex(of: UInt8(ascii: ":")),
        let found = Int(String(decoding: line[(line.startIndex + 1)..<colon], as: UTF8.self))
      else { return "a line has no number" }
      if let number, found != number + 1 { return "line \(found) follows line \(number)" }
      number = found
      let body = line[colon...].dropFirst(2)
      guard body.count(where: { $0 & 0xC0 != 0x80 }) <= 80 else {
        return "line \(found) has more than 80 columns"
      }
      if body.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
        return "line \(found) has a control character"
      }
      text += body
    }
    return problem(inMarks: text)
  }

  /// Every 【 begins a number and a †, and every 】 ends what a 【 began.
  private static func problem(inMarks text: [UInt8]) -> String? {
    var isOpen = false
    var index = 0
    while index < text.count {
      guard text[index] == opening[0] else {
        index += 1
        continue
      }
      let rest = text[index...]
      if rest.starts(with: closing) {
        guard isOpen else { return "a mark is closed that was not opened" }
        isOpen = false
      } else if rest.starts(with: opening) {
        guard !isOpen else { return "a mark is opened within another" }
        isOpen = true
        let number = rest.dropFirst(opening.count).prefix { (0x30...0x39).contains($0) }
        let after = text[number.endIndex...]
        // What is shown may end within a mark.
        guard after.isEmpty || (!number.isEmpty && after.starts(with: dagger)) else {
          return "a mark has no number, or no text"
        }
      }
      index += 3
    }
    return nil
  }
}
