// SchemaFinding.swift — what a schema finds wrong with a value, and the sentence about it.

/// Something that is wrong with a value.
struct SchemaFinding {
  /// Where in the value.
  var place: JSONPointer
  /// What was expected and what is there: a sentence without its capital and full stop.
  var clause: String
  /// Of several alternatives that fail, the one with the highest rank was probably meant: the one
  /// that fails deepest in the value, and rather in anything but a literal such as a type's name.
  var rank: Int

  /// The finding as one sentence.
  var sentence: String {
    let hint = place.steps.isEmpty ? " (the whole value)" : ""
    return "At \(place.quoted)\(hint): \(clause.clipped(to: 1_000))."
  }
}

extension JSONPointer {
  var quoted: String { JSONValue.string(text(keyCharactersMax: 60)).compactText }
}
