// SchemaPattern.swift — the "pattern" of a JSON Schema: found anywhere in a text, linear in the text.

/// A compiled pattern of a JSON Schema; `PatternParser+ECMAScript.swift` lists the syntax.
package struct SchemaPattern: Sendable {
  /// As it was written.
  let text: String
  /// The outermost branches. Each brings its own anchors, so each is a pattern of its own.
  let branches: [Pattern]
  private let positionCount: Int

  init(_ text: String) throws(PatternProblem) {
    self.text = text
    branches = try PatternParser.parseECMAScript(text).map { Pattern(text, $0) }
    positionCount = branches.reduce(0) { $0 + $1.positionCount }
  }

  package func occurs(in text: String) -> Bool { branches.contains { $0.occurs(in: text) } }

  /// What one search costs at most, in the steps of a ``SchemaChecker``.
  func stepCount(in text: String) -> Int {
    (text.utf8.count + 1) * (branches.count + positionCount / 16)
  }
}
