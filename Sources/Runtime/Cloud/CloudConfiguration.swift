// CloudConfiguration.swift — the cloud model that may be asked: `cloud.json`.
//
// The administrator's /etc/martlet/cloud.json where there is one, else the user's own. Without a file no
// cloud model is ever asked. An unknown key is an error.
//
//     "baseURL": "https://api.openai.com/v1"   what "/chat/completions" or "/responses" is appended to
//     "interface": "chat" | "responses"        "chat"
//     "model": "gpt-5"
//     "key": { "environment": "OPENAI_API_KEY" } | { "file": PATH } | { "command": [PROGRAM, …] } | "none"
//     "effort": "low" | "medium" | "high"      the provider's own default
//     "instructions": "…"                      what the model is told before the question
//     "maxTokens": 4096                        of an answer
//     "prices": { "currency": "USD", "models": { MODEL: { "input": 1.25, "output": 10 } } }
//     "limits": { "payloadKiB": 256, "silenceSeconds": 120, "totalSeconds": 900, "attempts": 4,
//                 "waitSeconds": 120 }

import Base
import Glibc
import Planner
import Policy
import Providers

/// Which model may be asked, how, and what it may use up.
struct CloudConfiguration: Equatable, Sendable {
  struct Limits: Equatable, Sendable {
    /// Of one request's body.
    var payloadBytes = 256 << 10
    /// A provider that sends nothing for so long is given up.
    var silenceSeconds = 120
    /// Of one attempt, from the connection to the last byte.
    var totalSeconds = 900
    /// Of one question, the first one included.
    var attempts = 4
    /// Spent on waiting between attempts, altogether.
    var waitSeconds = 120
  }

  /// No trailing slash.
  var baseURL: String
  var interface = ProviderInterface.chat
  var model: String
  var key: KeySource
  var effort: String?
  var instructions: String?
  var tokensMax = 4096
  var prices = PriceTable()
  var limits = Limits()

  /// What a request is posted to.
  var endpoint: String { baseURL + interface.path }

  private static let bytesMax = 64 << 10
  private static let keys = [
    "baseURL", "interface", "model", "key", "effort", "instructions", "maxTokens", "prices",
    "limits",
  ]
  private static let limitKeys = [
    "payloadKiB", "silenceSeconds", "totalSeconds", "attempts", "waitSeconds",
  ]

  private struct Problem: Error { var words: String }

  /// Where the file is looked for, the administrator's first.
  static func paths(_ places: Places) -> [String] {
    [places.systemFolder, places.configFolder].map { $0 + "/cloud.json" }
  }

  /// The configuration of this machine; nil where there is none.
  ///
  /// - Throws: ``RunError`` that names file, key and remedy.
  static func find(_ places: Places) throws(RunError) -> CloudConfiguration? {
    guard let path = paths(places).first(where: Resources.exists) else { return nil }
    do {
      return try CloudConfiguration(
        JSONReader.value(wholeFile(path, bytesMax: bytesMax), source: path))
    } catch let error as FileReadError {
      throw RunError(.misconfigured("\(path) cannot be read: \(error.reason)."))
    } catch let error as Problem {
      throw RunError(.misconfigured("\(path): \(error.words)."))
    } catch {
      throw RunError(.misconfigured("\(error)"))
    }
  }

  /// - Throws: What is wrong, as a part of a sentence.
  init(_ json: JSONValue) throws {
    guard let object = json.objectValue else {
      throw Problem(words: "it must be an object: { … }")
    }
    try Self.check(object, Self.keys)
    func text(_ key: String) throws -> String? {
      guard let value = object[key] else { return nil }
      guard let text = value.stringValue, !text.isEmpty, text.utf8.count <= 16 << 10 else {
        throw Problem(words: "\"\(key)\" must be a string that is not empty")
      }
      return text
    }
    guard var base = try text("baseURL") else {
      throw Problem(
        words: "\"baseURL\" is missing. Write one such as \"https://api.openai.com/v1\"")
    }
    while base.hasSuffix("/") { base.removeLast() }
    guard let web = WebAddress(plain: base), !web.hasUserinfo, web.queryBytes == 0,
      !base.contains("?"), !base.contains("#")
    else {
      throw Problem(
        words: "\"baseURL\" must be an http or https address without user, query or fragment")
    }
    baseURL = base
    guard !CloudSend(endpoint: base, model: "", payload: "", reason: .modelAsked).isPlainRemote
    else {
      throw Problem(
        words:
          "\"baseURL\" begins with http:, which would show key and question to everyone on the "
          + "way. Write https:")
    }
    guard let model = try text("model") else {
      throw Problem(words: "\"model\" is missing. Write the provider's name for it")
    }
    self.model = model
    guard let key = object["key"] else {
      throw Problem(
        words: "\"key\" is missing. Write where it comes from, such as { \"environment\": "
          + "\"OPENAI_API_KEY\" }, or \"none\"")
    }
    do throws(KeySource.Problem) { self.key = try KeySource(key) } catch {
      throw Problem(words: "\"key\" \(error.description)")
    }
    if let word = try text("interface") {
      guard let known = ProviderInterface(rawValue: word), known != .completions else {
        throw Problem(words: "\"interface\" is \"chat\" or \"responses\"")
      }
      interface = known
    }
    effort = try text("effort")
    instructions = try text("instructions")
    if let prices = object["prices"] {
      do throws(PriceTable.Problem) { self.prices = try PriceTable(prices) } catch {
        throw Problem(words: "\"prices\" \(error.description)")
      }
    }
    func integer(
      _ object: JSONObject, _ key: String, _ range: ClosedRange<Int>
    ) throws -> Int? {
      guard let value = object[key] else { return nil }
      guard let number = value.intValue, range.contains(number) else {
        throw Problem(
          words: "\"\(key)\" must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        )
      }
      return number
    }
    if let count = try integer(object, "maxTokens", 1...1_000_000) { tokensMax = count }
    guard let limits = object["limits"] else { return }
    guard let limits = limits.objectValue else {
      throw Problem(words: "\"limits\" must be an object")
    }
    try Self.check(limits, Self.limitKeys)
    if let kib = try integer(limits, "payloadKiB", 1...2048) {
      self.limits.payloadBytes = kib << 10
    }
    if let count = try integer(limits, "silenceSeconds", 1...3600) {
      self.limits.silenceSeconds = count
    }
    if let count = try integer(limits, "totalSeconds", 1...3600) {
      self.limits.totalSeconds = count
    }
    if let count = try integer(limits, "attempts", 1...20) { self.limits.attempts = count }
    if let count = try integer(limits, "waitSeconds", 0...3600) { self.limits.waitSeconds = count }
  }

  private static func check(_ object: JSONObject, _ keys: [String]) throws {
    guard let other = object.keys.first(where: { !keys.contains($0) }) else { return }
    throw Problem(
      words: "\"\(other.prefix(80))\" is not a setting; there are: "
        + keys.joined(separator: ", "))
  }
}
