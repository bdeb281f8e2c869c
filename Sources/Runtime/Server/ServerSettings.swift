// ServerSettings.swift — what is configured about model servers: `"servers"` in config.json.
//
//     "servers": {
//       "https://api.example.com/v1": {
//         "key": { "environment": "EXAMPLE_KEY" },     or { "file": "/PATH" }, or { "command": ["pass", "x"] }
//         "interface": "automatic",                    or "tokens", "responses", "chat"
//         "vocabulary": "/PATH",                       of the model, where it is not that of gpt-oss
//         "context": 131072,                           tokens, where the server does not say
//         "silenceSeconds": 300,                       a server that sends nothing for so long has gone
//         "attempts": 5, "waitSeconds": 180,           of one request; waiting between attempts altogether
//         "prices": { "currency": "USD", "models": { "NAME": { "input": 0.15, "output": 0.6 } } },
//         "plainHTTP": true                            lets the key go over http to another machine
//       } }

import Base
import Providers
import Transfer

/// How one server is used.
struct ServerSettings: Equatable, Sendable {
  /// The ways to talk to a server.
  enum Interface: String, CaseIterable, Equatable, Sendable {
    case automatic, tokens, responses, chat
  }

  var key: KeySource?
  var interface = Interface.automatic
  var vocabulary: String?
  var contextTokensMax: Int?
  var silenceSecondsMax = 300
  var retries = RetryPolicy()
  var prices = PriceTable()
  var allowsPlainHTTP = false

  /// What is wrong, in words that go on from the file's name.
  struct Problem: Error, Equatable {
    var words: String

    init(_ words: String) { self.words = words }
  }

  private static let keys = [
    "key", "interface", "vocabulary", "context", "silenceSeconds", "attempts", "waitSeconds",
    "prices", "plainHTTP",
  ]

  init() {}

  /// Reads the settings of the server at `base`.
  init(_ json: JSONValue, base: String) throws(Problem) {
    let place = "\"servers\", \"\(base)\""
    guard let object = json.objectValue else { throw Problem("\(place) must be an object") }
    if let other = object.keys.first(where: { !Self.keys.contains($0) }) {
      throw Problem(
        "\(place): \"\(other)\" is not a setting; there are: \(Self.keys.joined(separator: ", "))")
    }
    func whole(_ key: String, _ range: ClosedRange<Int>) throws(Problem) -> Int? {
      guard let value = object[key] else { return nil }
      guard let number = value.intValue, range.contains(number) else {
        throw Problem(
          "\(place): \"\(key)\" must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        )
      }
      return number
    }
    if let json = object["key"] {
      do throws(KeySource.Problem) { key = try KeySource(json) } catch {
        throw Problem("\(place): \"key\" \(error)")
      }
    }
    if let value = object["interface"] {
      guard let choice = value.stringValue.flatMap(Interface.init) else {
        throw Problem(
          "\(place): \"interface\" is one of: "
            + Interface.allCases.map(\.rawValue).joined(separator: ", "))
      }
      interface = choice
    }
    if let value = object["vocabulary"] {
      guard let path = value.stringValue, !path.isEmpty else {
        throw Problem("\(place): \"vocabulary\" must be a path")
      }
      vocabulary = path
    }
    contextTokensMax = try whole("context", 256...(1 << 30))
    silenceSecondsMax = try whole("silenceSeconds", 1...86_400) ?? silenceSecondsMax
    retries.attemptCountMax = try whole("attempts", 1...100) ?? retries.attemptCountMax
    retries.waitSecondsMax =
      try whole("waitSeconds", 0...86_400).map(Double.init) ?? retries.waitSecondsMax
    if let json = object["prices"] {
      do throws(PriceTable.Problem) { prices = try PriceTable(json) } catch {
        throw Problem("\(place): \"prices\": \(error)")
      }
    }
    if let value = object["plainHTTP"] {
      guard let bool = value.boolValue else {
        throw Problem("\(place): \"plainHTTP\" must be true or false")
      }
      allowsPlainHTTP = bool
    }
  }
}
