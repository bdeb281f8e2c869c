// Visibility.swift — what a person would not see, the model does not read.
//
// Text hidden from people is the cheapest way to talk to a model behind their backs. Style sheets are not
// evaluated: what they alone hide is shown.

enum Visibility {
  /// Whether the element's own attributes hide it with everything inside.
  static func isHidden(_ element: some MarkupElement) -> Bool {
    // A page shows this kind of hidden text itself when it is looked for.
    if let hidden = element.attribute("hidden") {
      return !equalsIgnoringCase(hidden, "until-found")
    }
    if element.tag == .dialog, !element.hasAttribute("open") { return true }
    guard let style = element.attributeBytes("style"), style.count <= 4096, mayHide(style) else {
      return false
    }
    return hides(String(decoding: style, as: UTF8.self))
  }

  /// Declarations of a style attribute that hide: the last of each property counts.
  private static func hides(_ style: String) -> Bool {
    var hiding: [String: Bool] = [:]
    for declaration in style.lowercased().split(separator: ";") {
      let parts = declaration.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let name = trimmed(parts[0])
      var value = trimmed(parts[1])
      if value.hasSuffix("!important") { value = trimmed(value.dropLast("!important".count)) }
      switch name {
      case "display": hiding[String(name)] = value == "none"
      case "visibility": hiding[String(name)] = value == "hidden" || value == "collapse"
      case "opacity", "font-size": hiding[String(name)] = isZero(value)
      default: continue
      }
    }
    return hiding.values.contains(true)
  }

  /// A quick look: whether a letter and its neighbours occur without which nothing hides ("none", "hidden",
  /// "collapse", "opacity", "font-size").
  private static func mayHide(_ style: UnsafeBufferPointer<UInt8>) -> Bool {
    var previous: UInt8 = 0
    for byte in style {
      let lower = byte | 0x20
      switch (previous, lower) {
      case (UInt8(ascii: "n"), UInt8(ascii: "e")), (UInt8(ascii: "d"), UInt8(ascii: "e")),
        (UInt8(ascii: "s"), UInt8(ascii: "e")), (UInt8(ascii: "t"), UInt8(ascii: "y")),
        (UInt8(ascii: "z"), UInt8(ascii: "e")):
        return true
      default: previous = lower
      }
    }
    return false
  }

  /// "0", "0.0", ".0", "0px", "0%".
  private static func isZero(_ value: Substring) -> Bool {
    let digits = value.prefix { "0123456789.".contains($0) }
    return digits.contains("0") && digits.allSatisfy { $0 == "0" || $0 == "." }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let start = text.drop { $0.isWhitespace }
    return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? start.prefix(0)
  }

  private static func equalsIgnoringCase(_ left: String, _ right: String) -> Bool {
    left.lowercased() == right
  }
}
