// DisplayCheck.swift — what holds of any display of any page, however hostile it is.

/// Looks for marks that a page forged, and for lines that are no lines.
public enum DisplayCheck {
  /// What is wrong with a display that shows a page from its first line; nil for nothing.
  public static func problem(in display: String) -> String? {
    let lines = display.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 4, lines[0].hasPrefix("["), lines[2].isEmpty else {
      return "the head is not a head"
    }
    guard lines[1].hasPrefix("**viewing lines ["), lines[1].hasSuffix("**") else {
      return "the second line does not say which lines are viewed"
    }
    var text = ""
    var number: Int?
    for line in lines.dropFirst(3) {
      guard line.hasPrefix("L"), let colon = line.firstIndex(of: ":"),
        let found = Int(line[line.index(after: line.startIndex)..<colon])
      else { return "a line has no number: \(line.prefix(40))" }
      if let number, found != number + 1 { return "line \(found) follows line \(number)" }
      number = found
      let body = line[colon...].dropFirst(2)
      guard body.unicodeScalars.count <= 80 else { return "line \(found) has more than 80 columns" }
      if body.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
        return "line \(found) has a control character"
      }
      text += body
    }
    return problem(inMarks: text)
  }

  /// Every 【 begins a number and a †, and every 】 ends what a 【 began.
  private static func problem(inMarks text: String) -> String? {
    var rest = text.unicodeScalars[...]
    var isOpen = false
    while let mark = rest.firstIndex(where: { $0 == "【" || $0 == "】" }) {
      let scalar = rest[mark]
      rest = rest[rest.index(after: mark)...]
      guard isOpen == (scalar == "】") else { return "a mark is open twice, or closed twice" }
      isOpen.toggle()
      if isOpen {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        // What is shown may end within a mark.
        guard !digits.isEmpty || rest.isEmpty else { return "a mark has no number" }
        guard rest[digits.endIndex...].first == "†" || digits.endIndex == rest.endIndex else {
          return "a mark's number is followed by something else"
        }
      }
    }
    return nil
  }
}
