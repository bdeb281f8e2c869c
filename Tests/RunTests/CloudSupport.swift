// CloudSupport.swift — a user with a cloud model: configuration, policy, and the questions of a script.

import Base
import Foundation
import TestKit
import Testing

/// A home that is set up to ask a stand-in.
struct CloudHome {
  static let key = "key-4f9a1c77e02b48d6a1"

  let home: Home
  let cloud: CloudStandIn

  /// The rules that let the model ask, and the stand-in be sent what was asked.
  static func rules(
    _ cloud: CloudStandIn, send: String = "allow", scheme: String = "http"
  ) -> String {
    """
    { id: 'ask', effect: 'allow', tool: 'cloud.ask', args: 'any', sandbox: 'cloud' },
    { id: 'python', effect: 'allow', tool: 'python', args: 'any', sandbox: 'python' },
    { id: 'send', effect: '\(send)', tool: 'cloud.send',
      args: { endpoint: { scheme: ['\(scheme)'], host: ['127.0.0.1', 'models.test'] },
              model: { oneOf: ['big'] }, payload: { maxBytes: 1000000 } } },
    """
  }

  init(
    certificates: Bool = false, configuration: JSONObject = [:], send: String = "allow",
    more: String = "", rules: String = ""
  ) throws {
    home = try Home()
    cloud = try CloudStandIn(certificates: certificates)
    try configure(configuration)
    try home.setPolicy(
      Self.rules(cloud, send: send, scheme: certificates ? "https" : "http") + rules, more: more)
  }

  /// Writes cloud.json, with `members` in place of the usual ones.
  func configure(_ members: JSONObject) throws {
    let key = try home.write("key", Self.key + "\n")
    chmod(key, 0o600)
    var object: JSONObject = [
      "baseURL": .string(cloud.baseURL), "model": "big", "key": ["file": .string(key)],
      "prices": ["models": ["big": ["input": 2, "cachedInput": 1, "output": 10]]],
      "limits": ["silenceSeconds": 2, "totalSeconds": 4, "attempts": 3, "waitSeconds": 3],
    ]
    for (name, value) in members { object[name] = value }
    try home.write("config/martlet/cloud.json", JSONValue.object(object).compactText)
  }

  static func question(_ text: String, context: String? = nil) -> String {
    var arguments: JSONObject = ["question": .string(text)]
    arguments["context"] = context.map { .string($0) }
    return Turn.call("cloud.ask", JSONValue.object(arguments).compactText)
  }

  static let moons = "How many moons has Mars?"
  static let answer = "Mars has two moons: Phobos and Deimos."

  /// A run whose model asks once and then answers.
  func ask(_ text: String = moons, _ words: [String] = []) throws -> ProgramResult {
    try home.run(
      script: [Self.question(text), Turn.answer("Done.")], words + ["What of Mars?"])
  }

  /// What the stand-in's requests said, in order.
  func userTexts() throws -> [String] {
    try cloud.requests().map { request in
      let json = try JSONReader.value(request.body, source: "the request")
      let messages = (json["messages"] ?? json["input"])?.arrayValue ?? []
      return messages.compactMap { $0["content"]?.stringValue }.joined(separator: "\n")
    }
  }
}
