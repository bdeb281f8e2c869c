// RotaryTable.swift — the angles of rotary position embedding, with YaRN's scaling.

import Glibc
package import ModelFiles

/// Cosines and sines for any position, computed in double precision and rounded once.
///
/// Source: Peng et al. 2023, "YaRN", in the form that gpt-oss uses: the correction range is not
/// rounded unless the configuration says so, and cosine and sine carry the concentration at all
/// positions.
package struct RotaryTable: Sendable {
  /// Radians per position, for each pair of a head.
  package let frequencies: [Double]
  /// What cosines and sines are multiplied by.
  package let concentration: Double

  package init(_ configuration: GPTOSSConfiguration) {
    let size = configuration.headSize
    let plain = (0..<size / 2).map { pair in
      pow(configuration.ropeTheta, -2 * Double(pair) / Double(size))
    }
    guard let yarn = configuration.yarn else {
      frequencies = plain
      concentration = 1
      return
    }
    let (low, high) = Self.correctionRange(yarn, size: size, theta: configuration.ropeTheta)
    frequencies = plain.enumerated().map { pair, frequency in
      let ramp = min(max((Double(pair) - low) / (high - low), 0), 1)
      return frequency * (1 - ramp) + frequency / yarn.factor * ramp
    }
    concentration = yarn.factor > 1 ? 0.1 * log(yarn.factor) + 1 : 1
  }

  /// The pairs between which frequencies pass from unscaled to scaled.
  private static func correctionRange(
    _ yarn: GPTOSSConfiguration.YaRN, size: Int, theta: Double
  ) -> (low: Double, high: Double) {
    func pair(turning turns: Double) -> Double {
      let original = Double(yarn.originalContextLength)
      return Double(size) * log(original / (turns * 2 * .pi)) / (2 * log(theta))
    }
    var low = pair(turning: yarn.betaFast)
    var high = pair(turning: yarn.betaSlow)
    if yarn.truncate {
      low = low.rounded(.down)
      high = high.rounded(.up)
    }
    low = max(low, 0)
    high = min(high, Double(size - 1))
    // As the reference does: an empty range becomes a step.
    return (low, high == low ? low + 0.001 : high)
  }

  /// Overwrites `cosines` and `sines`, (pairs,) each.
  package func fill(
    position: Int, cosines: UnsafeMutablePointer<Float>, sines: UnsafeMutablePointer<Float>
  ) {
    for (pair, frequency) in frequencies.enumerated() {
      let angle = Double(position) * frequency
      cosines[pair] = Float(cos(angle) * concentration)
      sines[pair] = Float(sin(angle) * concentration)
    }
  }
}
