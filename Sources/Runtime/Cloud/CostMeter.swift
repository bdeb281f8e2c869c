// CostMeter.swift — what a task may cost at model servers and at the cloud model: reserved before each
// request, settled after its answer.

import Base
public import Planner
import Providers

/// Counts millionths of the price tables' currency.
///
/// What a request may cost at most is taken before it is sent; what it did cost, as the server counts, takes
/// its place. A request that came to nothing, or whose server does not count, stays what it was taken for: it
/// may well be billed.
struct CostMeter: Equatable, Sendable {
  /// Nil for no bound.
  let limit: Int?
  /// Of the present task, what is reserved included.
  private(set) var spent = 0

  init(limit: Int?) { self.limit = limit }

  /// What a bound may be, in whole units of the currency.
  static let amounts = 0.0...1_000_000

  /// Rounded down.
  static func millionths(_ amount: Double) -> Int {
    Int((amount * 1_000_000 + 1e-6).rounded(.down))
  }

  var left: Int? { limit.map { max(0, $0 - spent) } }

  /// A task begins.
  mutating func begin() { spent = 0 }

  /// Takes `amount`, as long as that much is left.
  mutating func reserve(_ amount: Int) -> Bool {
    guard left.map({ amount <= $0 }) ?? true else { return false }
    add(amount)
    return true
  }

  /// What was taken as `reserved` did cost `amount`; nil where nobody says.
  mutating func settle(_ reserved: Int, spent amount: Int?) {
    guard let amount else { return }
    spent = max(0, spent - reserved)
    add(amount)
  }

  private mutating func add(_ amount: Int) {
    let (sum, overflows) = spent.addingReportingOverflow(max(0, amount))
    spent = overflows ? .max : sum
  }
}

/// Amounts of money as people read them.
public enum CostText {
  /// "0.0068 USD".
  public static func text(_ millionths: Int, _ currency: String) -> String {
    var digits = String(millionths % 1_000_000)
    digits = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    while digits.count > 2, digits.hasSuffix("0") { digits.removeLast() }
    return "\(millionths / 1_000_000).\(digits) \(currency)"
  }

  /// Why a request is not sent.
  static func refusal(_ needed: Int, of limit: Int, left: Int, _ currency: String) -> String {
    """
    It may cost up to \(text(needed, currency)), and of the \(text(limit, currency)) that the run may cost \
    \(text(left, currency)) is left.
    """
  }
}

extension Budgets {
  /// What a run may use up where nobody says otherwise: with `"maxCost"` of the user's configuration.
  ///
  /// - Throws: ``RunError``: the configuration cannot be used.
  public static func configured(_ places: Places) throws(RunError) -> Budgets {
    Budgets(costMillionthsMax: try Configuration(places).costMillionthsMax)
  }

  /// What `--max-cost` may be.
  public static let costs = CostMeter.amounts

  /// Bounds the cost, in whole units of the currency.
  public mutating func setCostMax(_ amount: Double) {
    costMillionthsMax = CostMeter.millionths(amount)
  }
}

extension PriceTable {
  /// What `usage` costs at most, in millionths; nil without a price.
  func millionths(of usage: ProviderUsage, model: String) -> Int? {
    cost(of: usage, model: model).map { Self.millionths($0) }
  }

  /// Rounded up; what no one could pay is cut.
  static func millionths(_ amount: Double) -> Int {
    let millionths = (amount * 1_000_000).rounded(.up)
    return millionths < 1e15 ? Int(max(0, millionths)) : 1 << 50
  }

  /// Output tokens that `millionths` pay for after an input of `inputTokens`, which is not cached; nil where
  /// output costs nothing, 0 where the input costs more already, or nobody knows.
  func outputTokens(for millionths: Int, afterInput inputTokens: Int, model: String) -> Int? {
    guard let price = prices[model] else { return 0 }
    let left = Double(millionths) - Double(inputTokens) * price.input
    guard left >= 0 else { return 0 }
    guard price.output > 0 else { return nil }
    return Int(min(left / price.output, Double(ProviderUsage.tokenCountMax)))
  }
}
