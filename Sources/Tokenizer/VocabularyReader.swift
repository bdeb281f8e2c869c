// VocabularyReader.swift — the JSON reader with its errors turned into this target's.

import Base

/// Pulls values as `JSONReader` does; see there.
struct VocabularyReader {
  private var json: JSONReader

  init(_ bytes: [UInt8], source: String, valueCountMax: Int) {
    json = JSONReader(
      bytes, source: source, limits: JSONReader.Limits(valueCountMax: valueCountMax))
  }

  mutating func beginObject() throws(TokenizerError) {
    do { try json.beginObject() } catch { throw .malformedJSON(error) }
  }

  mutating func beginArray() throws(TokenizerError) {
    do { try json.beginArray() } catch { throw .malformedJSON(error) }
  }

  mutating func nextKey(first: inout Bool) throws(TokenizerError) -> String? {
    do { return try json.nextKey(first: &first) } catch { throw .malformedJSON(error) }
  }

  mutating func nextKey(
    into key: inout [UInt8], first: inout Bool
  ) throws(TokenizerError) -> Bool {
    do { return try json.nextKey(into: &key, first: &first) } catch { throw .malformedJSON(error) }
  }

  mutating func nextElement(first: inout Bool) throws(TokenizerError) -> Bool {
    do { return try json.nextElement(first: &first) } catch { throw .malformedJSON(error) }
  }

  mutating func nextIsArray() throws(TokenizerError) -> Bool {
    do { return try json.peekKind() == .array } catch { throw .malformedJSON(error) }
  }

  mutating func readString(into out: inout [UInt8]) throws(TokenizerError) {
    do { try json.readString(into: &out) } catch { throw .malformedJSON(error) }
  }

  mutating func readInteger() throws(TokenizerError) -> Int {
    do { return try json.readInteger() } catch { throw .malformedJSON(error) }
  }

  mutating func readBool() throws(TokenizerError) -> Bool {
    do { return try json.readBool() } catch { throw .malformedJSON(error) }
  }

  mutating func readTree() throws(TokenizerError) -> JSONValue {
    do { return try json.readValue() } catch { throw .malformedJSON(error) }
  }

  mutating func skipValue() throws(TokenizerError) {
    do { try json.skipValue() } catch { throw .malformedJSON(error) }
  }

  mutating func expectEnd() throws(TokenizerError) {
    do { try json.expectEnd() } catch { throw .malformedJSON(error) }
  }
}
