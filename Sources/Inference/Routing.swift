// Routing.swift — which experts a token goes to, and with what weight.

import Glibc

/// One token's experts, best first.
package struct Routing: Equatable {
  package let experts: [Int]
  /// Softmax over the chosen logits; sums to 1.
  package let weights: [Float]

  /// The `count` largest logits; of equal ones, the lower index first.
  ///
  /// A NaN is never larger than anything, so it is chosen only where nothing else is left.
  package init(logits: UnsafeBufferPointer<Float>, count: Int) {
    var experts: [Int] = []
    var isChosen = [Bool](repeating: false, count: logits.count)
    while experts.count < min(count, logits.count) {
      var best: Int?
      for index in logits.indices where !isChosen[index] {
        guard let current = best else {
          best = index
          continue
        }
        let beatsNaN = logits[current].isNaN && !logits[index].isNaN
        if logits[index] > logits[current] || beatsNaN { best = index }
      }
      guard let best else { break }
      isChosen[best] = true
      experts.append(best)
    }
    let chosen = experts.map { logits[$0] }
    let exponentials = chosen.map { exp($0 - (chosen.first ?? 0)) }
    let total = exponentials.reduce(0, +)
    self.experts = experts
    weights = exponentials.map { $0 / total }
  }
}
