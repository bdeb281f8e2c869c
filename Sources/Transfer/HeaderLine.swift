// HeaderLine.swift — one line of an answer's head, as libcurl hands it over.

/// What a line says.
enum HeaderLine {
  /// A new head begins: that of an interim answer, or the real one.
  case status(Int)
  case field(name: String, value: String)
  case end
  case other

  init(_ bytes: UnsafeRawBufferPointer) {
    var line = bytes[...]
    while let last = line.last, last == 0x0D || last == 0x0A { line = line.dropLast() }
    if line.starts(with: "HTTP/".utf8) {
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
      let status = words.count > 1 ? Int(String(decoding: words[1], as: UTF8.self)) ?? 0 : 0
      self = .status(status)
    } else if line.isEmpty {
      self = .end
    } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
      self = .field(
        name: String(decoding: line[..<colon], as: UTF8.self),
        value: Self.trimmed(line[(colon + 1)...]))
    } else {
      self = .other
    }
  }

  private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    var bytes = bytes
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes = bytes.dropFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes = bytes.dropLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
