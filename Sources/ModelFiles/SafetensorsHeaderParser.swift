// SafetensorsHeaderParser.swift — the JSON of a safetensors header, checked against the data.

import Base

/// Reads one header's JSON. Every number in it is a claim until `checkCover` has passed.
struct SafetensorsHeaderParser {
  private(set) var entries: [TensorEntry] = []
  private(set) var metadata: [String: String] = [:]
  private let path: String
  /// Where the data starts in the file, and how many bytes it has.
  private let dataOffset: Int
  private let dataBytes: Int
  private let text: [UInt8]
  private var reader: JSONReader
  private var names: Set<String> = []
  /// Ends of the entries, so that neighbours can be compared: begin, end, index into `entries`.
  private var ranges: [(begin: UInt64, end: UInt64, index: Int)] = []

  init(_ text: [UInt8], path: String, dataOffset: Int, dataBytes: Int) {
    self.path = path
    self.dataOffset = dataOffset
    self.dataBytes = dataBytes
    self.text = text
    reader = JSONReader(
      text, source: "\(path), header", limits: JSONReader.Limits(depthMax: 4))
  }

  mutating func parse() throws(ModelFileError) {
    guard text.first == UInt8(ascii: "{") else {
      throw .safetensors(path: path, tensor: nil, problem: .headerIsNoObject)
    }
    guard String(validating: text, as: UTF8.self) != nil else {
      throw .notUTF8(path: path, field: "header")
    }
    var first = true
    try json { reader throws(JSONError) in try reader.beginObject() }
    while let name = try json({ reader throws(JSONError) in try reader.nextKey(first: &first) }) {
      guard names.insert(name).inserted else { throw .duplicate(path: path, what: "tensor", name) }
      if name == "__metadata__" { try parseMetadata() } else { try parseEntry(name) }
    }
    try json { reader throws(JSONError) in try reader.expectEnd() }
    try checkCover()
  }

  private mutating func json<Result>(
    _ body: (inout JSONReader) throws(JSONError) -> Result
  ) throws(ModelFileError) -> Result {
    do throws(JSONError) { return try body(&reader) } catch { throw .json(error) }
  }

  private mutating func parseMetadata() throws(ModelFileError) {
    var first = true
    try json { reader throws(JSONError) in try reader.beginObject() }
    while let key = try json({ reader throws(JSONError) in try reader.nextKey(first: &first) }) {
      let value = try json { reader throws(JSONError) in try reader.readString() }
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw .duplicate(path: path, what: "metadata key", key)
      }
    }
  }

  private mutating func parseEntry(_ name: String) throws(ModelFileError) {
    guard entries.count < SafetensorsHeader.tensorCountMax else {
      throw .overLimit(
        path: path, what: "tensors", found: UInt64(entries.count) + 1,
        limit: SafetensorsHeader.tensorCountMax)
    }
    guard name.utf8.count <= SafetensorsHeader.nameBytesMax else {
      throw .overLimit(
        path: path, what: "bytes in a tensor's name", found: UInt64(name.utf8.count),
        limit: SafetensorsHeader.nameBytesMax)
    }
    var typeName: String?
    var shape: [UInt64]?
    var offsets: [UInt64]?
    var fields: Set<String> = []
    var first = true
    try json { reader throws(JSONError) in try reader.beginObject() }
    while let field = try json({ reader throws(JSONError) in try reader.nextKey(first: &first) }) {
      guard fields.insert(field).inserted else {
        throw .duplicate(path: path, what: "field of tensor \"\(name)\"", field)
      }
      switch field {
      case "dtype": typeName = try json { reader throws(JSONError) in try reader.readString() }
      case "shape": shape = try parseCounts(of: name, "dimensions")
      case "data_offsets": offsets = try parseCounts(of: name, "data offsets")
      default: try json { reader throws(JSONError) in try reader.skipValue() }
      }
    }
    guard let typeName else { throw problem(name, .missing(field: "dtype")) }
    guard let shape else { throw problem(name, .missing(field: "shape")) }
    guard let offsets else { throw problem(name, .missing(field: "data_offsets")) }
    try addEntry(name, typeName: typeName, shape: shape, offsets: offsets)
  }

  /// An array of whole numbers, 0 or more.
  private mutating func parseCounts(
    of name: String, _ what: String
  ) throws(ModelFileError) -> [UInt64] {
    var counts: [UInt64] = []
    var first = true
    try json { reader throws(JSONError) in try reader.beginArray() }
    while try json({ reader throws(JSONError) in try reader.nextElement(first: &first) }) {
      guard counts.count < SafetensorsHeader.dimensionCountMax else {
        throw .overLimit(
          path: path, what: "\(what) in tensor \"\(name)\"", found: UInt64(counts.count) + 1,
          limit: SafetensorsHeader.dimensionCountMax)
      }
      counts.append(
        try json { reader throws(JSONError) in
          switch try reader.readNumber() {
          case .integer(let value) where value >= 0: return UInt64(value)
          case .unsigned(let value): return value
          default: throw reader.error(.wrongType(wanted: "a whole number, 0 or more,"))
          }
        })
    }
    return counts
  }

  private mutating func addEntry(
    _ name: String, typeName: String, shape: [UInt64], offsets: [UInt64]
  ) throws(ModelFileError) {
    guard let type = StorageType.safetensors[typeName] else {
      throw problem(name, .unknownType(typeName))
    }
    guard offsets.count == 2 else { throw problem(name, .offsetsAreNotTwo(count: offsets.count)) }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end else { throw problem(name, .backwards(begin: begin, end: end)) }
    guard end <= UInt64(dataBytes) else {
      throw problem(name, .pastEnd(end: end, dataBytes: dataBytes))
    }
    var elementCount: UInt64 = 1
    for extent in shape {
      let (product, overflow) = elementCount.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw problem(name, .shapeOverflow(shape)) }
      elementCount = product
    }
    guard let byteCount = type.byteCount(of: elementCount) else {
      throw problem(name, .unevenBytes(shape: shape, type: typeName))
    }
    guard byteCount == end - begin else {
      throw problem(
        name,
        .wrongSize(shape: shape, type: typeName, expected: byteCount, found: end - begin))
    }
    // Every extent fits `Int`, except beside a zero, where the product says nothing about it.
    guard let extents = shape.allInts else { throw problem(name, .shapeOverflow(shape)) }
    ranges.append((begin, end, entries.count))
    entries.append(
      TensorEntry(
        name: name, type: type, shape: extents, offset: dataOffset + Int(begin),
        count: Int(byteCount)))
  }

  /// The entries together cover the data exactly, each byte once.
  private mutating func checkCover() throws(ModelFileError) {
    ranges.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var covered: UInt64 = 0
    var previous = ""
    for range in ranges {
      let name = entries[range.index].name
      guard range.begin <= covered else {
        throw problem(name, .gap(from: covered, to: range.begin))
      }
      guard range.begin >= covered else {
        throw problem(name, .overlap(with: previous, begin: range.begin, end: covered))
      }
      covered = range.end
      previous = name
    }
    guard covered == UInt64(dataBytes) else {
      throw .safetensors(
        path: path, tensor: nil, problem: .trailing(count: UInt64(dataBytes) - covered))
    }
  }

  private func problem(_ name: String, _ problem: SafetensorsProblem) -> ModelFileError {
    .safetensors(path: path, tensor: name, problem: problem)
  }
}

extension [UInt64] {
  /// The same numbers as `Int`; nil where one does not fit.
  var allInts: [Int]? {
    var ints: [Int] = []
    for value in self {
      guard let int = Int(exactly: value) else { return nil }
      ints.append(int)
    }
    return ints
  }
}
