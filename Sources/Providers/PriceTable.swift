// PriceTable.swift — what tokens cost, by model, as the user's configuration says. No price is built in.
//
//     { "currency": "USD", "models": { "gpt-oss-120b": { "input": 0.15, "cachedInput": 0.05, "output": 0.6 } } }
//
// Prices are for a million tokens.

public import Base

/// Prices of models.
public struct PriceTable: Equatable, Sendable {
  /// For a million tokens.
  public struct Price: Equatable, Sendable {
    public var input: Double
    /// Of input that the server still had; as other input where the provider has no such price.
    public var cachedInput: Double?
    /// Reasoning is output.
    public var output: Double

    public init(input: Double, cachedInput: Double? = nil, output: Double) {
      self.input = input
      self.cachedInput = cachedInput
      self.output = output
    }
  }

  /// As people read it; nothing is converted.
  public var currency: String
  public var prices: [String: Price]

  public init(currency: String = "USD", prices: [String: Price] = [:]) {
    self.currency = currency
    self.prices = prices
  }

  /// What `usage` of `model` cost; nil where the table does not have the model.
  public func cost(of usage: ProviderUsage, model: String) -> Double? {
    guard let price = prices[model] else { return nil }
    let cached = min(usage.cachedTokens, usage.inputTokens)
    let sum =
      Double(usage.inputTokens - cached) * price.input
      + Double(cached) * (price.cachedInput ?? price.input)
      + Double(usage.outputTokens) * price.output
    return sum / 1_000_000
  }

  /// Why a table cannot be used, in words that go on from the file's name.
  public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Reads the table of a configuration.
  public init(_ json: JSONValue) throws(Problem) {
    guard let object = json.objectValue else { throw Problem(description: "must be an object") }
    if let other = object.keys.first(where: { !["currency", "models"].contains($0) }) {
      throw Problem(
        description: "\"\(other.prefix(80))\" is unknown here; there are: currency, models")
    }
    guard object["currency"] == nil || object["currency"]?.stringValue != nil else {
      throw Problem(description: "\"currency\" must be a string")
    }
    self.init(currency: object["currency"]?.stringValue ?? "USD")
    guard let models = object["models"]?.objectValue ?? (object["models"] == nil ? [:] : nil)
    else { throw Problem(description: "\"models\" must be an object") }
    for (name, json) in models {
      func price(_ key: String) throws(Problem) -> Double? {
        guard let value = json[key] else { return nil }
        guard let number = value.doubleValue, number >= 0, number.isFinite else {
          throw Problem(
            description: "\"\(key)\" of \"\(name)\" must be a number that is not negative")
        }
        return number
      }
      let known = ["input", "cachedInput", "output"]
      guard let object = json.objectValue, object.keys.allSatisfy(known.contains),
        let input = try price("input"), let output = try price("output")
      else {
        throw Problem(
          description: "\"\(name)\" needs \"input\" and \"output\", and may have \"cachedInput\"")
      }
      prices[name] = Price(input: input, cachedInput: try price("cachedInput"), output: output)
    }
  }
}
