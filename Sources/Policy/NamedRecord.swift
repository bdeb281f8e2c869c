// NamedRecord.swift — records that a server told of, so that a number can stand for what the user named.
//
// "Move my dentist appointment to Friday" names an appointment, and the call has its number. The number was
// said by whoever said the record's name, where one record alone of that server has that name: the server's
// answers tell which. What a record calls itself may be a stranger's choice (the subject of a mail), so a
// name that several records have vouches for none of them.

public import Base

/// An object of a tool's answer that has an identifier and a name.
public struct NamedRecord: Equatable, Sendable {
  /// The tool that told of it, in full: a server's numbers mean nothing to another one.
  public var tool: String
  public var id: String
  public var names: [String]

  public init(tool: String, id: String, names: [String]) {
    self.tool = tool
    self.id = id
    self.names = names
  }

  /// Shorter names stand in many a text that does not mean them.
  static let nameBytesMin = 4
  /// Longer ones are no names.
  static let nameBytesMax = 300
  /// Of one answer.
  static let countMax = 1_000

  /// "mcp.calendar" of "mcp.calendar.search"; nil for a tool of no server from elsewhere.
  static func server(of tool: String) -> String? {
    let parts = tool.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "mcp" else { return nil }
    return "mcp." + parts[1]
  }
}

extension PolicyEngine {
  /// The records that the answer of a server from elsewhere tells of, at any depth.
  ///
  /// - Parameters:
  ///   - effect: The call that was answered.
  ///   - text: What the model reads of the answer.
  ///   - structured: What the tool said for programs; where there is none, `text` counts if it is JSON.
  /// - Returns: Objects that have an identifier and a name, in their order; no more than 1,000.
  public func records(
    of effect: Effect, text: String, structured: JSONValue? = nil
  ) -> [NamedRecord] {
    guard NamedRecord.server(of: effect.tool) != nil,
      let json = structured ?? (try? JSONReader.value(text, source: "the result"))
    else { return [] }
    var records: [NamedRecord] = []
    json.forEachRecord { id, names in
      guard records.count < NamedRecord.countMax else { return }
      records.append(NamedRecord(tool: effect.tool, id: id, names: names))
    }
    return records
  }
}

extension JSONValue {
  private static let identifierKeys = ["id", "id_", "_id", "uid", "uuid"]
  private static let nameKeys = [
    "name", "title", "filename", "file_name", "subject", "summary", "label", "display_name",
  ]

  /// Every object in the value that has an identifier and a name among its own members.
  fileprivate func forEachRecord(_ body: (_ id: String, _ names: [String]) -> Void) {
    switch self {
    case .null, .bool, .number, .string: return
    case .array(let elements): for element in elements { element.forEachRecord(body) }
    case .object(let object):
      if let id = Self.identifier(of: object) {
        let names = Self.nameKeys.compactMap { object[$0]?.stringValue }.filter { name in
          (NamedRecord.nameBytesMin...NamedRecord.nameBytesMax).contains(name.utf8.count)
            && !name.utf8.allSatisfy { $0 < 0x3A }
        }
        if !names.isEmpty { body(id, names) }
      }
      for (_, value) in object { value.forEachRecord(body) }
    }
  }

  /// A text or a whole number under a key that says so: "id", or else the only "…_id".
  private static func identifier(of object: JSONObject) -> String? {
    func text(_ value: JSONValue?) -> String? {
      value?.stringValue ?? value?.intValue.map(String.init)
    }
    for key in identifierKeys { if let id = text(object[key]) { return id } }
    let others = object.keys.filter { $0.hasSuffix("_id") || $0.hasSuffix("Id") }
    return others.count == 1 ? text(object[others[0]]) : nil
  }
}

// MARK: What a number stands for

extension Subject {
  /// Whether `value` is the identifier of the only record of its server that has a name which `spans` say.
  /// Upper and lower case are one.
  func standsForNamed(_ value: JSONValue, _ spans: [String]) -> Bool {
    guard let id = value.stringValue ?? value.intValue.map(String.init), !records.isEmpty else {
      return false
    }
    let texts = spans.map { $0.lowercased() }
    let names = Set(records.filter { $0.id == id }.flatMap(\.names).map { $0.lowercased() })
    return names.contains { name in
      texts.contains { Occurrence.isSaid(name, in: $0) }
        && !records.contains { record in
          record.id != id && record.names.contains { $0.lowercased() == name }
        }
    }
  }
}
