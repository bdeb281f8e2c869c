// ContextItems.swift — the hosts, paths and recipients that a text names plainly.
//
// For arguments that carry such things in the open, not for code: what is assembled or encoded is not
// seen. What looks like one and cannot be read makes the text unreadable.

import Base

/// What of one kind a text names.
struct ContextItems: Equatable, Sendable {
  private(set) var items: Set<[UInt8]> = []
  /// False where something may be of the kind and could not be made out.
  private(set) var isReadable = true

  /// - Parameters:
  ///   - text: A value, or a span.
  ///   - kind: Not `value`.
  ///   - variables: What relative paths and "~/" are relative to.
  ///   - isWholeValue: A value of one word is a path also without a slash.
  init(
    of text: String, _ kind: OriginMatcher.Item, _ variables: PolicyVariables, isWholeValue: Bool
  ) {
    let words = Self.words(text)
    for word in words {
      switch kind {
      case .value: continue
      case .host: addHost(word)
      case .recipient: addRecipient(word)
      case .path:
        // Any word of a task may be the name of a file in the workspace.
        addPath(word, variables, isPath: !isWholeValue || words.count == 1)
      }
    }
  }

  // MARK: Words

  /// Pieces between white space, quotes and brackets, without punctuation around them.
  private static func words(_ text: String) -> [[UInt8]] {
    text.utf8.split { $0 <= 0x20 || "\"'`<>(){}[]|,;".utf8.contains($0) }.compactMap { piece in
      var piece = Array(piece)
      while let last = piece.last, ".:!?".utf8.contains(last) { piece.removeLast() }
      while let first = piece.first, ":!?".utf8.contains(first) { piece.removeFirst() }
      return piece.isEmpty ? nil : piece
    }
  }

  // MARK: Hosts

  private mutating func addHost(_ word: [UInt8]) {
    let text = String(decoding: word, as: UTF8.self)
    if text.contains("://") || text.contains(":\\\\") || text.hasPrefix("//") {
      guard let host = WebAddress(plain: text)?.host else {
        isReadable = false
        return
      }
      items.insert(Array(host.utf8))
      return
    }
    if IPAddress(v6: text) != nil || IPAddress(v4: text) != nil {
      items.insert(Array((IPAddress(v6: text)?.description ?? text).utf8))
      return
    }
    // An address of somebody names no host to go to; a path does not begin with one.
    guard !word.contains(UInt8(ascii: "@")), word.first != UInt8(ascii: "/") else { return }
    let name = text.prefix { $0 != "/" && $0 != ":" && $0 != "?" && $0 != "#" }
    guard Self.looksLikeHost(name) else { return }
    guard let host = WebAddress.canonicalName(String(name)) else {
      isReadable = false
      return
    }
    items.insert(Array(host.utf8))
  }

  /// At least two labels, or letters that are not ASCII with a full stop between them.
  private static func looksLikeHost(_ name: Substring) -> Bool {
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count > 1, let last = labels.last, last.utf8.count >= 2 else { return false }
    return labels.allSatisfy { !$0.isEmpty }
      && !last.utf8.allSatisfy { (0x30...0x39).contains($0) }
      && name.utf8.allSatisfy { byte in
        byte >= 0x80 || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x25
          || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      }
  }

  // MARK: Recipients

  private mutating func addRecipient(_ word: [UInt8]) {
    guard word.contains(UInt8(ascii: "@")) else { return }
    var text = String(decoding: word, as: UTF8.self)
    if text.lowercased().hasPrefix("mailto:") { text = String(text.dropFirst(7)) }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.allSatisfy(Self.isMailbox),
      let domain = WebAddress.canonicalName(String(parts[1])), domain.contains(".")
    else {
      isReadable = false
      return
    }
    items.insert(Array("\(parts[0].lowercased())@\(domain)".utf8))
  }

  /// The plain characters of a mailbox's name (RFC 5322, atext, without what mail systems route by).
  private static func isMailbox(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      || ".-_+&'".utf8.contains(byte)
  }

  // MARK: Paths

  private mutating func addPath(_ word: [UInt8], _ variables: PolicyVariables, isPath: Bool) {
    let text = String(decoding: word, as: UTF8.self)
    guard !text.contains("://") else { return }
    guard isPath || word.contains(UInt8(ascii: "/")) || text == "~" || text == ".." else { return }
    guard !text.contains("\\"), !text.contains("$"), !text.contains("*"), !text.contains("?") else {
      isReadable = false
      return
    }
    let absolute =
      if text == "~" || text.hasPrefix("~/") {
        variables.home + text.dropFirst()
      } else if text.hasPrefix("/") {
        text
      } else {
        variables.workspace + "/" + text
      }
    guard !text.hasPrefix("~") || text == "~" || text.hasPrefix("~/"),
      let path = CanonicalPath(Array(absolute.utf8))
    else {
      isReadable = false
      return
    }
    items.insert(path.bytes)
  }
}
