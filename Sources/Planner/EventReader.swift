// EventReader.swift — members of a recorded event, each with an error that names it.

import Base

/// The members of one event or of an object inside it.
struct EventReader {
  let event: String
  let object: JSONObject

  func bad(_ member: String) -> PlannerError { .badMember(event: event, member: member) }

  func text(_ member: String) throws(PlannerError) -> String {
    guard let value = object[member]?.stringValue else { throw bad(member) }
    return value
  }

  func optionalText(_ member: String) throws(PlannerError) -> String? {
    object[member] == nil ? nil : try text(member)
  }

  func integer(_ member: String) throws(PlannerError) -> Int {
    guard let value = object[member]?.intValue, value >= 0 else { throw bad(member) }
    return value
  }

  func optionalInteger(_ member: String) throws(PlannerError) -> Int? {
    object[member] == nil ? nil : try integer(member)
  }

  func truth(_ member: String) throws(PlannerError) -> Bool {
    guard let value = object[member]?.boolValue else { throw bad(member) }
    return value
  }

  func inner(_ member: String) throws(PlannerError) -> EventReader {
    guard let value = object[member]?.objectValue else { throw bad(member) }
    return EventReader(event: event, object: value)
  }

  func list(_ member: String) throws(PlannerError) -> [JSONValue] {
    guard let value = object[member]?.arrayValue else { throw bad(member) }
    return value
  }

  func inners(_ member: String) throws(PlannerError) -> [EventReader] {
    var readers: [EventReader] = []
    for element in try list(member) {
      guard let value = element.objectValue else { throw bad(member) }
      readers.append(EventReader(event: event, object: value))
    }
    return readers
  }

  func texts(_ member: String) throws(PlannerError) -> [String] {
    var texts: [String] = []
    for element in try list(member) {
      guard let value = element.stringValue else { throw bad(member) }
      texts.append(value)
    }
    return texts
  }

  func choice<Choice: RawRepresentable<String>>(
    _ member: String, _ type: Choice.Type = Choice.self
  ) throws(PlannerError) -> Choice {
    guard let value = Choice(rawValue: try text(member)) else { throw bad(member) }
    return value
  }
}

extension JSONValue {
  /// A count. Budgets below nothing mean nothing, and are written so.
  static func whole(_ value: Int) -> JSONValue { .number(.integer(Int64(max(0, value)))) }
}
