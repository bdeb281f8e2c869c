// GGUFHeaderParser.swift — reads a GGUF header field by field, believing nothing.

/// Reads one header. Counts and lengths are compared with the bytes left before they are used.
struct GGUFHeaderParser {
  private(set) var version: UInt32 = 0
  private(set) var metadata: [String: GGUFValue] = [:]
  private(set) var entries: [TensorEntry] = []
  private var reader: FieldReader
  private var alignment: UInt64 = 32
  private let path: String

  /// A tensor's line before it is known where the data starts.
  private struct Claim {
    var name: String
    var type: StorageType
    var shape: [Int]
    /// From the start of the data.
    var offset: UInt64
    var byteCount: UInt64
  }

  /// The least that a line can have: an empty name's length, axes, type and offset.
  private static let claimBytesMin: UInt64 = 24
  /// An empty key's length, type and a one-byte value.
  private static let pairBytesMin: UInt64 = 13

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.path = path
    reader = FieldReader(bytes, path: path, limit: Int(GGUFHeader.headerBytesMax))
  }

  mutating func parse() throws(ModelFileError) {
    guard try reader.read("magic") == GGUFHeader.magic else { throw problem(nil, .noMagic) }
    version = try reader.read("version")
    try checkVersion()
    let tensorCount: UInt64 = try reader.read("tensor count")
    let pairCount: UInt64 = try reader.read("metadata count")
    try limit(tensorCount, "tensors", GGUFHeader.tensorCountMax)
    try limit(pairCount, "metadata values", GGUFHeader.metadataCountMax)
    try reader.expectRoom(for: pairCount, ofAtLeast: Self.pairBytesMin, "metadata")
    for _ in 0..<pairCount { try parsePair() }
    try reader.expectRoom(for: tensorCount, ofAtLeast: Self.claimBytesMin, "tensor table")
    var claims: [Claim] = []
    var names: Set<String> = []
    for _ in 0..<tensorCount {
      let claim = try parseClaim()
      guard names.insert(claim.name).inserted else {
        throw .duplicate(path: path, what: "tensor", claim.name)
      }
      claims.append(claim)
    }
    try place(claims)
  }

  private func checkVersion() throws(ModelFileError) {
    switch version {
    case 2, 3: return
    case 0: throw problem(nil, .version(0))
    case _ where version & 0xFFFF == 0: throw problem(nil, .bigEndian)
    default: throw problem(nil, .version(version))
    }
  }

  // MARK: Metadata

  private mutating func parsePair() throws(ModelFileError) {
    let key = try readString("metadata key", bytesMax: GGUFHeader.keyBytesMax)
    guard !key.isEmpty else { throw problem(nil, .emptyKey) }
    let type = try readValueType(of: key)
    let value = try readValue(type, of: key)
    guard metadata.updateValue(value, forKey: key) == nil else {
      throw .duplicate(path: path, what: "metadata key", key)
    }
    if key == "general.alignment" { try setAlignment(type, value) }
  }

  private mutating func setAlignment(
    _ type: GGUFValueType, _ value: GGUFValue
  ) throws(ModelFileError) {
    guard type == .u32, case .unsigned(let value) = value, value.nonzeroBitCount == 1 else {
      throw problem("key \"general.alignment\"", .alignment)
    }
    alignment = value
  }

  private mutating func readValueType(of key: String) throws(ModelFileError) -> GGUFValueType {
    let number: UInt32 = try reader.read("value type of \"\(key)\"")
    guard let type = GGUFValueType(rawValue: number) else {
      throw problem("key \"\(key)\"", .unknownValueType(number))
    }
    return type
  }

  private mutating func readValue(
    _ type: GGUFValueType, of key: String
  ) throws(ModelFileError) -> GGUFValue {
    switch type {
    case .string:
      let length: UInt64 = try reader.read("length of \"\(key)\"")
      let start = try reader.take(length, "\(key)")
      return .string(String(decoding: reader.bytes[start..<reader.offset], as: UTF8.self))
    case .array: return .array(try readArray(of: key))
    default:
      let start = try reader.take(UInt64(type.byteCount ?? 0), "\(key)")
      if type == .bool { try checkBools(reader.bytes[start..<reader.offset], of: key) }
      guard let value = type.value(at: start, in: reader.bytes) else {
        throw problem("key \"\(key)\"", .unknownValueType(type.rawValue))
      }
      return value
    }
  }

  private mutating func readArray(of key: String) throws(ModelFileError) -> GGUFArray {
    let type = try readValueType(of: key)
    guard type != .array else { throw problem("key \"\(key)\"", .nestedArray) }
    let count: UInt64 = try reader.read("count of \"\(key)\"")
    // A string has its length, at least.
    let width = UInt64(type.byteCount ?? 8)
    try reader.expectRoom(for: count, ofAtLeast: width, "\(key)")
    let start = reader.offset
    if type == .string {
      for _ in 0..<count {
        let length: UInt64 = try reader.read("a string's length in \"\(key)\"")
        _ = try reader.take(length, "a string in \"\(key)\"")
      }
    } else {
      _ = try reader.take(count * width, "\(key)")
      if type == .bool { try checkBools(reader.bytes[start..<reader.offset], of: key) }
    }
    return GGUFArray(
      elementType: type, count: Int(count), offset: start, byteCount: reader.offset - start)
  }

  private func checkBools(
    _ bytes: Slice<UnsafeRawBufferPointer>, of key: String
  ) throws(ModelFileError) {
    if let byte = bytes.first(where: { $0 > 1 }) { throw problem("key \"\(key)\"", .badBool(byte)) }
  }

  /// A string that must be UTF-8: a key or a name.
  private mutating func readString(
    _ what: String, bytesMax: UInt64
  ) throws(ModelFileError) -> String {
    let length: UInt64 = try reader.read("length of a \(what)")
    try limit(length, "bytes in a \(what)", bytesMax)
    let start = try reader.take(length, what)
    guard let text = String(validating: reader.bytes[start..<reader.offset], as: UTF8.self) else {
      throw .notUTF8(path: path, field: "\(what) at byte \(start)")
    }
    return text
  }

  // MARK: Tensors

  private mutating func parseClaim() throws(ModelFileError) -> Claim {
    let name = try readString("tensor name", bytesMax: GGUFHeader.nameBytesMax)
    let axisCount: UInt32 = try reader.read("axes of \"\(name)\"")
    try limit(
      UInt64(axisCount), "axes in tensor \"\(name)\"", GGUFHeader.dimensionCountMax)
    var extents: [UInt64] = []
    for _ in 0..<axisCount { extents.append(try reader.read("extents of \"\(name)\"")) }
    let number: UInt32 = try reader.read("type of \"\(name)\"")
    let offset: UInt64 = try reader.read("offset of \"\(name)\"")
    guard let type = StorageType.ggml[number] else {
      // Ollama's first gpt-oss files used the number 4 for MXFP4.
      if metadata["general.architecture"] == .string("gptoss") {
        throw .refused(path: path, .ollama)
      }
      if let removed = StorageType.ggmlRemoved[number] {
        throw problem(tensor: name, .removedType(number, name: removed))
      }
      throw problem(tensor: name, .unknownType(number))
    }
    let rowCount = extents.first ?? 1
    guard rowCount.isMultiple(of: UInt64(type.blockElementCount)) else {
      throw problem(
        tensor: name,
        .unevenRow(elements: rowCount, type: type.name, block: type.blockElementCount))
    }
    var elementCount: UInt64 = 1
    for extent in extents {
      let (product, overflow) = elementCount.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw problem(tensor: name, .shapeOverflow(extents)) }
      elementCount = product
    }
    guard let byteCount = type.byteCount(of: elementCount), let shape = extents.allInts else {
      throw problem(tensor: name, .shapeOverflow(extents))
    }
    return Claim(
      name: name, type: type, shape: shape.reversed(), offset: offset, byteCount: byteCount)
  }

  /// Compares the claims with the data there is.
  private mutating func place(_ claims: [Claim]) throws(ModelFileError) {
    guard !claims.isEmpty else { return }
    let fileBytes = UInt64(reader.bytes.count)
    let dataOffset = Self.padded(UInt64(reader.offset), to: alignment)
    guard let dataOffset, dataOffset <= fileBytes else {
      throw .truncated(
        path: path, field: "padding before the data", offset: reader.offset,
        needed: (dataOffset ?? .max) - UInt64(reader.offset),
        remaining: reader.bytes.count - reader.offset)
    }
    var expected: UInt64 = 0
    for claim in claims {
      guard claim.offset == expected else {
        throw problem(
          tensor: claim.name, .offset(found: claim.offset, expected: expected))
      }
      let available = fileBytes - dataOffset
      guard expected <= available, claim.byteCount <= available - expected else {
        throw .truncated(
          path: path, field: claim.name, offset: Int(min(fileBytes, dataOffset + expected)),
          needed: claim.byteCount, remaining: Int(available - min(expected, available)))
      }
      entries.append(
        TensorEntry(
          name: claim.name, type: claim.type, shape: claim.shape,
          offset: Int(dataOffset + expected), count: Int(claim.byteCount)))
      guard let next = Self.padded(expected + claim.byteCount, to: alignment) else {
        throw problem(tensor: claim.name, .alignment)
      }
      expected = next
    }
  }

  /// The next multiple of `alignment`, a power of two; nil past 64 bits.
  private static func padded(_ value: UInt64, to alignment: UInt64) -> UInt64? {
    let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
    return overflow ? nil : sum & ~(alignment - 1)
  }

  private func limit(_ found: UInt64, _ what: String, _ limit: UInt64) throws(ModelFileError) {
    guard found <= limit else {
      throw .overLimit(path: path, what: what, found: found, limit: limit)
    }
  }

  private func problem(_ place: String?, _ problem: GGUFProblem) -> ModelFileError {
    .gguf(path: path, place: place, problem: problem)
  }

  private func problem(tensor: String, _ problem: GGUFProblem) -> ModelFileError {
    .gguf(path: path, place: "tensor \"\(tensor)\"", problem: problem)
  }
}
