// GumboReader.swift — libgumbo's tree, walked without recursion. All pointers into it stay here.

import CGumbo
import CMarkup
import Glibc

/// HTML parsed by libgumbo, within bounds.
enum GumboReader: MarkupReader {
  static func read(
    _ html: [UInt8], limits: MarkupLimits, _ handler: inout some MarkupHandler
  ) throws(MarkupFailure) {
    var tree: OpaquePointer?
    let status = html.withUnsafeBufferPointer { page in
      let packed = PackedText(page)
      return (packed?.bytes ?? html).withUnsafeBytes { bytes in
        // An empty array has no address.
        let text = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        let status = withUnsafePointer(to: CChar(0)) { empty in
          cm_parse(
            text ?? empty, bytes.count, limits.memoryBytesMax, limits.millisecondsMax, &tree)
        }
        // The tree points into the text in places that are not looked at here; text is copied.
        if let tree { walk(cm_document(tree), packed, page, &handler) }
        return status
      }
    }
    if let tree { cm_free(tree) }
    switch status {
    case CM_PARSED: return
    case CM_TOO_LARGE: throw .tooLarge
    case CM_TOO_SLOW: throw .tooSlow
    default: throw .noMemory
    }
  }

  private typealias Node = UnsafePointer<GumboNode>

  /// A node whose children are being told.
  private struct Level {
    var children: GumboVector
    var next: UInt32
    /// Nil for the document, which is no element.
    var tag: MarkupTag?
  }

  private static func walk(
    _ document: Node, _ packed: PackedText?, _ page: UnsafeBufferPointer<UInt8>,
    _ handler: inout some MarkupHandler
  ) {
    var unpacked: [UInt8] = []
    var levels = [Level(children: document.pointee.v.document.children, next: 0, tag: nil)]
    while let level = levels.last {
      guard level.next < level.children.length, let slots = level.children.data,
        let child = slots[Int(level.next)]
      else {
        levels.removeLast()
        if let tag = level.tag { handler.end(tag) }
        continue
      }
      levels[levels.count - 1].next += 1
      let node = Node(child.assumingMemoryBound(to: GumboNode.self))
      switch node.pointee.type {
      case GUMBO_NODE_ELEMENT, GUMBO_NODE_TEMPLATE:
        let element = GumboTagElement(node)
        if handler.start(element) {
          levels.append(
            Level(children: node.pointee.v.element.children, next: 0, tag: element.tag))
        }
      case GUMBO_NODE_TEXT, GUMBO_NODE_WHITESPACE, GUMBO_NODE_CDATA:
        guard let text = node.pointee.v.text.text else { continue }
        let count = cm_text_length(text)
        text.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
          let text = UnsafeBufferPointer(start: bytes, count: count)
          guard let packed, PackedText.mayHaveNumbers(text) else { return handler.text(text) }
          unpacked.removeAll(keepingCapacity: true)
          packed.unpack(text, of: page, into: &unpacked)
          unpacked.withUnsafeBufferPointer { handler.text($0) }
        }
      default: continue
      }
    }
  }

  // MARK: - Names

  /// Our tags by libgumbo's numbers.
  fileprivate static let tags: [MarkupTag] = {
    var tags = [MarkupTag](repeating: .other, count: Int(GUMBO_TAG_LAST.rawValue) + 1)
    for tag in MarkupTag.allCases where tag != .other {
      let number = Int("\(tag)".withCString { gumbo_tag_enum($0) }.rawValue)
      if tags.indices.contains(number) { tags[number] = tag }
    }
    tags[Int(GUMBO_TAG_UNKNOWN.rawValue)] = .other
    return tags
  }()
}

/// An element of libgumbo's tree.
private struct GumboTagElement: MarkupElement {
  let tag: MarkupTag
  private let attributes: GumboVector

  init(_ node: UnsafePointer<GumboNode>) {
    let element = node.pointee.v.element
    attributes = element.attributes
    switch element.tag_namespace {
    case GUMBO_NAMESPACE_HTML:
      let number = Int(element.tag.rawValue)
      let known = number < GumboReader.tags.count ? GumboReader.tags[number] : .other
      tag = element.tag == GUMBO_TAG_UNKNOWN ? Self.newer(element.original_tag) : known
    case GUMBO_NAMESPACE_SVG: tag = .svg
    default: tag = .math
    }
  }

  /// Elements that are newer than libgumbo, by the text of their tag.
  private static func newer(_ tag: GumboStringPiece) -> MarkupTag {
    guard let text = tag.data, tag.length > 6 else { return .other }
    for (offset, wanted) in "dialog".utf8.enumerated() {
      guard UInt8(bitPattern: text[offset + 1]) | 0x20 == wanted else { return .other }
    }
    return .dialog
  }

  var hasAttributes: Bool { attributes.length > 0 }

  func hasAttribute(_ name: StaticString) -> Bool { value(name) != nil }

  func attribute(_ name: StaticString) -> String? { value(name).map { String(cString: $0) } }

  func attributeBytes(_ name: StaticString) -> UnsafeBufferPointer<UInt8>? {
    value(name).map { value in
      let count = cm_text_length(value)
      return value.withMemoryRebound(to: UInt8.self, capacity: count) {
        UnsafeBufferPointer(start: $0, count: count)
      }
    }
  }

  /// The value of an attribute. The parser has put all names into lower case.
  private func value(_ name: StaticString) -> UnsafePointer<CChar>? {
    guard let slots = attributes.data else { return nil }
    for index in 0..<Int(attributes.length) {
      guard let slot = slots[index] else { continue }
      let attribute = slot.assumingMemoryBound(to: GumboAttribute.self).pointee
      let isIt = name.utf8Start.withMemoryRebound(
        to: CChar.self, capacity: name.utf8CodeUnitCount + 1
      ) { $0.pointee == attribute.name.pointee && strcmp($0, attribute.name) == 0 }
      if isIt { return attribute.value }
    }
    return nil
  }
}
