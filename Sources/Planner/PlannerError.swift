// PlannerError.swift — what can be wrong with a recorded event.

/// A record that does not say what its kind has to say.
public enum PlannerError: Error, Equatable, Sendable, CustomStringConvertible {
  case unknownEvent(String)
  /// A member is missing or of the wrong kind.
  case badMember(event: String, member: String)

  public var description: String {
    switch self {
    case .unknownEvent(let name):
      "The event \"\(name)\" is unknown here. The record was probably made by a newer version."
    case .badMember(let event, let member):
      """
      The event "\(event)" lacks "\(member)", or has it in the wrong form. The record is damaged or \
      was made by another version.
      """
    }
  }
}
