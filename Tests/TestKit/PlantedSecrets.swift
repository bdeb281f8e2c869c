// PlantedSecrets.swift — secrets for tests, put together when they run, and the ways to encode them.

public import Base
import Foundation

/// A secret that a test plants, and looks for afterwards.
public struct PlantedSecret: Sendable, CustomStringConvertible {
  public let kind: SecretKind
  public let text: String
  /// What must be nowhere afterwards.
  public let core: String

  public var description: String { "\(kind.rawValue) \(text.prefix(12))…" }
}

public enum PlantedSecrets {
  /// Random letters and digits, the same for the same seed, some of each among them.
  public static func letters(
    _ count: Int, seed: UInt64,
    of alphabet: String = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  ) -> String {
    var random = SplitMix64(seed: seed)
    let letters = Array(alphabet)
    return String(
      (0..<count).map { index in
        index == 4 ? "7" : letters[Int(random.next() % UInt64(letters.count))]
      })
  }

  /// One token of each well-known form.
  public static func tokens(seed: UInt64) -> [PlantedSecret] {
    let hex = "0123456789abcdef"
    let capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    let forms: [(SecretKind, String, Int, String?)] = [
      (.cloudKey, "AKIA", 16, capitals), (.cloudKey, "ASIA", 16, capitals),
      (.cloudKey, "AIza", 35, nil), (.cloudKey, "GOCSPX-", 28, nil), (.cloudKey, "ya29.", 60, nil),
      (.cloudKey, "dop_v1_", 64, hex), (.gitToken, "ghp_", 36, nil), (.gitToken, "gho_", 36, nil),
      (.gitToken, "ghs_", 36, nil), (.gitToken, "github_pat_", 82, nil),
      (.gitToken, "glpat-", 20, nil), (.chatToken, "xoxb-123456789012-", 24, nil),
      (.chatToken, "xapp-1-", 40, nil), (.chatToken, "123456789:AA", 33, nil),
      (.paymentKey, "sk_live_", 24, nil), (.paymentKey, "rk_live_", 24, nil),
      (.paymentKey, "whsec_", 32, nil), (.paymentKey, "shpat_", 32, hex),
      (.modelKey, "sk-", 48, nil), (.modelKey, "sk-proj-", 48, nil),
      (.modelKey, "sk-ant-api03-", 90, nil), (.modelKey, "hf_", 34, nil),
      (.modelKey, "gsk_", 52, nil), (.packageToken, "npm_", 36, nil),
      (.packageToken, "pypi-AgEI", 80, nil), (.packageToken, "rubygems_", 48, hex),
      (.packageToken, "dckr_pat_", 27, nil), (.serviceToken, "SG.", 66, nil),
      (.serviceToken, "SK", 32, hex), (.serviceToken, "hvs.", 90, nil),
      (.serviceToken, "glsa_", 41, nil), (.serviceToken, "NRAK-", 27, capitals),
      (.serviceToken, "lin_api_", 40, nil), (.serviceToken, "tskey-auth-", 40, nil),
    ]
    var result = forms.enumerated().map { index, form in
      let tail = letters(
        form.2, seed: seed &* 1_000 &+ UInt64(index),
        of: form.3 ?? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
      return PlantedSecret(kind: form.0, text: form.1 + tail, core: tail)
    }
    let claims = Data("{\"sub\":\"\(letters(12, seed: seed))\"}".utf8).base64EncodedString()
      .filter { $0 != "=" }
    let signature = letters(43, seed: seed &+ 99)
    result.append(
      PlantedSecret(
        kind: .webToken, text: "eyJhbGciOiJIUzI1NiJ9.\(claims).\(signature)", core: signature))
    return result
  }
}

/// The ways in which a secret may be written so that a search for it does not find it.
public enum SecretEncoding: String, CaseIterable, Sendable {
  case plain, base64, base64URL, base64Wrapped, hex, hexUpper, percent, jsonEscapes, reversed

  public func encoded(_ text: String) -> String {
    let bytes = Data(text.utf8)
    switch self {
    case .plain: return text
    case .base64: return bytes.base64EncodedString()
    case .base64URL:
      return bytes.base64EncodedString().replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_").filter { $0 != "=" }
    case .base64Wrapped:
      var lines: [Substring] = []
      var rest = bytes.base64EncodedString()[...]
      while !rest.isEmpty {
        lines.append(rest.prefix(12))
        rest = rest.dropFirst(12)
      }
      return lines.joined(separator: "\n")
    case .hex: return bytes.map { String(format: "%02x", $0) }.joined()
    case .hexUpper: return bytes.map { String(format: "%02X", $0) }.joined()
    case .percent: return bytes.map { String(format: "%%%02X", $0) }.joined()
    case .jsonEscapes: return text.utf16.map { String(format: "\\u%04x", $0) }.joined()
    case .reversed: return String(text.reversed())
    }
  }
}
