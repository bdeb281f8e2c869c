// CallBody.swift — the body of a call to the plugin's arguments, and an answer's text to its bound.

import Base

/// What is wrong with the body of a call, in a sentence for the model.
struct BodyProblem: Error, Equatable {
  var sentence: String
}

extension ToolManifest.Tool {
  /// The arguments that a body means. An empty body is a call without arguments.
  func arguments(of body: String) throws(BodyProblem) -> JSONObject {
    guard body.utf8.count <= ToolHost.bodyBytesMax else {
      throw BodyProblem(
        sentence: "The call of \"\(name)\" has more than \(ToolHost.bodyBytesMax) bytes.")
    }
    switch self.body {
    case .raw(let argument): return [argument: .string(body)]
    case .json: break
    }
    guard body.contains(where: { !$0.isWhitespace }) else { return [:] }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.value(
        body, source: "The arguments of \"\(name)\"",
        limits: JSONReader.Limits(depthMax: 64, valueCountMax: 100_000))
    } catch {
      // A key that is repeated in the message may be of any length.
      throw BodyProblem(
        sentence: capped("\(error) Send one JSON object.", byteCountMax: 1000))
    }
    guard let object = value.objectValue else {
      throw BodyProblem(sentence: "The arguments of \"\(name)\" must be one JSON object: { … }.")
    }
    return object
  }
}

/// The beginning and the end of a text that is too long, with a note in between.
func capped(_ text: String, byteCountMax: Int) -> String {
  let byteCount = text.utf8.count
  guard byteCount > byteCountMax else { return text }
  let head = prefix(text, byteCountMax * 2 / 3)
  let tail = suffix(text, byteCountMax / 3)
  let left = byteCount - head.utf8.count - tail.utf8.count
  return "\(head)\n[… \(left) bytes left out …]\n\(tail)"
}

/// At most so many bytes, cut between scalars.
private func prefix(_ text: String, _ byteCountMax: Int) -> Substring {
  var end = text.utf8.index(text.startIndex, offsetBy: byteCountMax)
  while end.samePosition(in: text.unicodeScalars) == nil { text.utf8.formIndex(before: &end) }
  return text[..<end]
}

private func suffix(_ text: String, _ byteCountMax: Int) -> Substring {
  var start = text.utf8.index(text.endIndex, offsetBy: -byteCountMax)
  while start.samePosition(in: text.unicodeScalars) == nil { text.utf8.formIndex(after: &start) }
  return text[start...]
}
