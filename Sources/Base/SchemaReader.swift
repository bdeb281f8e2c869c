// SchemaReader.swift — a JSON Schema as nodes, every keyword accounted for, every reference resolved.

/// Reads one schema document.
struct SchemaReader {
  /// Levels of arrays and objects, in schemas and in values.
  static let depthMax = 128
  static let schemaCountMax = 20_000
  /// Each compiled pattern takes some kilobytes.
  static let patternCountMax = 1_000
  /// Every node keeps its pointer, so a long key above many of them would be kept many times.
  static let pointerBytesMax = 2_048

  /// Where a schema stands.
  private struct Place {
    var pointer = ""
    /// Whether an "$id" below the root has changed what a local reference means.
    var isUnderID = false

    func at(_ keyword: String, _ key: String? = nil) -> Place {
      var place = self
      place.pointer += "/" + JSONPointer.escaped(keyword)
      if let key { place.pointer += "/" + JSONPointer.escaped(key) }
      return place
    }
  }

  /// A "$ref" that is still to be resolved. It is the first check of its node.
  private struct Reference {
    let node: Int
    let text: String
    let keys: [String]
    let pointer: String
  }

  private let root: JSONValue
  private let source: String
  private var nodes: [SchemaNode] = []
  private var indexByPointer: [ByteKey: Int] = [:]
  private var references: [Reference] = []
  private var patternCount = 0

  /// The nodes of the schema; the first is the root.
  static func read(_ json: JSONValue, source: String) throws(JSONSchemaError) -> [SchemaNode] {
    var reader = SchemaReader(root: json, source: source)
    guard !json.isDeeper(than: depthMax) else {
      throw reader.fault(.tooDeep(depthMax: depthMax), at: "")
    }
    _ = try reader.schema(json, at: Place())
    try reader.resolveReferences()
    try reader.refuseEndlessReferences()
    return reader.nodes
  }

  private init(root: JSONValue, source: String) {
    self.root = root
    self.source = source
  }

  private func fault(_ problem: JSONSchemaError.Problem, at pointer: String) -> JSONSchemaError {
    JSONSchemaError(source: source, pointer: pointer, problem: problem)
  }

  // MARK: Schemas

  private mutating func schema(
    _ json: JSONValue, at place: Place
  ) throws(JSONSchemaError) -> Int {
    guard nodes.count < Self.schemaCountMax else {
      throw fault(.tooManySchemas(countMax: Self.schemaCountMax), at: "")
    }
    guard place.pointer.utf8.count <= Self.pointerBytesMax else {
      throw fault(.placeTooLong(bytesMax: Self.pointerBytesMax), at: "")
    }
    let index = nodes.count
    nodes.append(SchemaNode(pointer: place.pointer))
    indexByPointer[ByteKey(text: place.pointer)] = index
    switch json {
    case .bool(let isOpen): if !isOpen { nodes[index].checks = [.nothing] }
    case .object(let object):
      var place = place
      if index > 0, object["$id"] != nil { place.isUnderID = true }
      let keywords = SchemaKeywords(object: object, pointer: place.pointer, source: source)
      try keywords.refuseUnknown()
      let checks = try self.checks(keywords, at: place, node: index)
      nodes[index].checks = checks
      nodes[index].stepCount += checks.reduce(0) { $0 + $1.stepCount }
    case .null, .number, .string, .array:
      throw fault(.notASchema(found: Words.kind(of: json)), at: place.pointer)
    }
    return index
  }

  private mutating func checks(
    _ keywords: SchemaKeywords, at place: Place, node: Int
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    var checks = try referenceCheck(keywords, at: place, node: node)
    if let types = try keywords.types() { checks.append(.types(types)) }
    if let value = keywords.object["const"] { checks.append(.values(ValueList([value]))) }
    if let values = try keywords.list("enum") { checks.append(.values(ValueList(values))) }
    checks += try numberChecks(keywords)
    checks += try textChecks(keywords, at: place)
    checks += try arrayChecks(keywords, at: place)
    checks += try objectChecks(keywords, at: place)
    checks += try combiningChecks(keywords, at: place)
    for keyword in ["$defs", "definitions"] {
      for (key, json) in try keywords.members(keyword) ?? [:] {
        _ = try schema(json, at: place.at(keyword, key))
      }
    }
    return checks
  }

  private func numberChecks(
    _ keywords: SchemaKeywords
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    var checks: [SchemaCheck] = []
    let bounds: [(String, SchemaCheck.Bound)] = [
      ("minimum", .least), ("maximum", .most), ("exclusiveMinimum", .above),
      ("exclusiveMaximum", .below),
    ]
    for (keyword, bound) in bounds {
      if let number = try keywords.number(keyword) { checks.append(.bound(bound, number)) }
    }
    if let divisor = try keywords.number("multipleOf") {
      guard divisor.doubleValue > 0 else {
        throw keywords.fault(.wrongValue(wanted: "a number above 0"), at: "multipleOf")
      }
      checks.append(.multiple(of: divisor))
    }
    return checks
  }

  private mutating func textChecks(
    _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    var checks: [SchemaCheck] = []
    if let count = try keywords.count("minLength") { checks.append(.charactersMin(count)) }
    if let count = try keywords.count("maxLength") { checks.append(.charactersMax(count)) }
    if let text = try keywords.text("pattern") {
      checks.append(.pattern(try pattern(text, at: place.at("pattern"))))
    }
    return checks
  }

  private mutating func pattern(
    _ text: String, at place: Place
  ) throws(JSONSchemaError) -> SchemaPattern {
    patternCount += 1
    guard patternCount <= Self.patternCountMax else {
      throw fault(.tooManyPatterns(countMax: Self.patternCountMax), at: "")
    }
    do { return try SchemaPattern(text) } catch {
      throw fault(.pattern(error), at: place.pointer)
    }
  }

  private mutating func arrayChecks(
    _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    var checks: [SchemaCheck] = []
    if let count = try keywords.count("minItems") { checks.append(.elementsMin(count)) }
    if let count = try keywords.count("maxItems") { checks.append(.elementsMax(count)) }
    if case .array = keywords.object["items"] {
      throw keywords.fault(
        .wrongValue(wanted: "one schema (several, one an element, are \"prefixItems\")"),
        at: "items")
    }
    let prefix = try schemas("prefixItems", keywords, at: place)
    let rest = try subschema("items", keywords, at: place)
    if prefix != nil || rest != nil {
      checks.append(.elements(prefix: prefix ?? [], rest: rest))
    }
    let (least, most) = (try keywords.count("minContains"), try keywords.count("maxContains"))
    if let index = try subschema("contains", keywords, at: place) {
      checks.append(.contains(index, min: least ?? 1, max: most))
    }
    if try keywords.truth("uniqueItems") ?? false { checks.append(.elementsUnique) }
    return checks
  }

  private mutating func objectChecks(
    _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    var checks: [SchemaCheck] = []
    if let rules = try memberRules(keywords, at: place) { checks.append(.members(rules)) }
    if let value = keywords.object["required"] {
      checks.append(.required(try keywords.names(value, at: "required")))
    }
    for (key, value) in try keywords.members("dependentRequired") ?? [:] {
      checks.append(.requiredBeside(key, try keywords.names(value, at: "dependentRequired")))
    }
    if let index = try subschema("propertyNames", keywords, at: place) {
      checks.append(.memberNames(index))
    }
    if let count = try keywords.count("minProperties") { checks.append(.membersMin(count)) }
    if let count = try keywords.count("maxProperties") { checks.append(.membersMax(count)) }
    return checks
  }

  private mutating func memberRules(
    _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> MemberRules? {
    var rules = MemberRules()
    let properties = try keywords.members("properties")
    for (key, json) in properties ?? [:] {
      rules.named[ByteKey(text: key)] = try schema(json, at: place.at("properties", key))
    }
    let patterns = try keywords.members("patternProperties")
    for (text, json) in patterns ?? [:] {
      let place = place.at("patternProperties", text)
      rules.patterns.append((try pattern(text, at: place), try schema(json, at: place)))
    }
    rules.others = try subschema("additionalProperties", keywords, at: place)
    if keywords.object["additionalProperties"] == .bool(false) {
      let names = (properties?.keys ?? []).map(Words.quoted)
      let forms = (patterns?.keys ?? []).map { "names that match \(Words.quoted($0))" }
      let allowed = Words.excerpt(names + forms, joinedBy: "and")
      rules.refusal = allowed.isEmpty ? "no member is" : "allowed: \(allowed)"
    }
    return properties == nil && patterns == nil && rules.others == nil ? nil : rules
  }

  private mutating func combiningChecks(
    _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    var checks: [SchemaCheck] = []
    for (key, json) in try keywords.members("dependentSchemas") ?? [:] {
      checks.append(.schemaBeside(key, try schema(json, at: place.at("dependentSchemas", key))))
    }
    if let all = try schemas("allOf", keywords, at: place) { checks.append(.all(all)) }
    if let any = try schemas("anyOf", keywords, at: place) { checks.append(.any(any)) }
    if let one = try schemas("oneOf", keywords, at: place) { checks.append(.one(one)) }
    if let index = try subschema("not", keywords, at: place) { checks.append(.not(index)) }
    let condition = try subschema("if", keywords, at: place)
    let then = try subschema("then", keywords, at: place)
    let otherwise = try subschema("else", keywords, at: place)
    if let condition { checks.append(.condition(condition, then: then, else: otherwise)) }
    return checks
  }

  private mutating func subschema(
    _ keyword: String, _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> Int? {
    guard let json = keywords.object[keyword] else { return nil }
    return try schema(json, at: place.at(keyword))
  }

  private mutating func schemas(
    _ keyword: String, _ keywords: SchemaKeywords, at place: Place
  ) throws(JSONSchemaError) -> [Int]? {
    guard let list = try keywords.list(keyword) else { return nil }
    guard !list.isEmpty else {
      throw keywords.fault(.wrongValue(wanted: "an array with a schema in it"), at: keyword)
    }
    var indices: [Int] = []
    for (position, json) in list.enumerated() {
      indices.append(try schema(json, at: place.at(keyword, String(position))))
    }
    return indices
  }

  // MARK: References

  private mutating func referenceCheck(
    _ keywords: SchemaKeywords, at place: Place, node: Int
  ) throws(JSONSchemaError) -> [SchemaCheck] {
    guard let text = try keywords.text("$ref") else { return [] }
    guard text.hasPrefix("#"), let keys = JSONPointer.keys(ofFragment: text.dropFirst()) else {
      throw keywords.fault(.remoteReference(text), at: "$ref")
    }
    guard !place.isUnderID else { throw keywords.fault(.referenceUnderID(text), at: "$ref") }
    references.append(
      Reference(node: node, text: text, keys: keys, pointer: place.at("$ref").pointer))
    return [.reference(0)]
  }

  /// Reads what is referred to and was in no place for a schema; that can bring more references.
  private mutating func resolveReferences() throws(JSONSchemaError) {
    var next = 0
    while next < references.count {
      let reference = references[next]
      next += 1
      let pointer = JSONPointer(steps: reference.keys.map { .key($0) }).text()
      if let index = indexByPointer[ByteKey(text: pointer)] {
        nodes[reference.node].checks[0] = .reference(index)
        continue
      }
      guard let json = root.value(at: reference.keys) else {
        throw fault(.missingReference(reference.text), at: reference.pointer)
      }
      let index = try schema(json, at: Place(pointer: pointer))
      nodes[reference.node].checks[0] = .reference(index)
    }
  }

  /// Walks from schema to schema as long as they look at one value: a circle would never end.
  private func refuseEndlessReferences() throws(JSONSchemaError) {
    enum Mark { case unseen, open, done }
    var marks = [Mark](repeating: .unseen, count: nodes.count)
    for start in nodes.indices where marks[start] == .unseen {
      marks[start] = .open
      var path = [(node: start, rest: nodes[start].checks.flatMap(\.schemasInPlace))]
      while let (node, rest) = path.last {
        guard let next = rest.last else {
          marks[node] = .done
          path.removeLast()
          continue
        }
        path[path.count - 1].rest.removeLast()
        switch marks[next] {
        case .open: throw fault(.endlessReference, at: nodes[next].pointer)
        case .done: break
        case .unseen:
          marks[next] = .open
          path.append((next, nodes[next].checks.flatMap(\.schemasInPlace)))
        }
      }
    }
  }
}

extension SchemaCheck {
  /// What looking for the check's names costs, in the steps of a ``SchemaChecker``.
  fileprivate var stepCount: Int {
    switch self {
    case .required(let names): names.reduce(1) { $0 + 1 + $1.utf8.count / 16 }
    case .requiredBeside(let name, let names):
      (names + [name]).reduce(1) { $0 + 1 + $1.utf8.count / 16 }
    case .schemaBeside(let name, _): 1 + name.utf8.count / 16
    default: 1
    }
  }
}
