// TokenShapes.swift — tokens that say themselves what they are, by how they begin.
//
// Sources: each issuer's documentation of its token formats. A shape is an anchor, bytes that must
// stand before it, and a tail of one alphabet. Tails are bounded, so that the time stays linear.

/// What a token looks like.
struct TokenShape: Sendable {
  let kind: SecretKind
  let anchor: [UInt8]
  let tail: ByteSet
  let tailMin: Int
  let tailMax: Int
  /// Bytes that stand before the anchor.
  var head = ByteSet()
  var headMin = 0
  var headMax = 0
  /// Only bytes from the anchor's end on are secret: what stands before says what it is for.
  var keepsAnchor = false
  /// Random letters nearly always have a digit among them; names of things do not.
  var needsDigit = true

  init(
    _ kind: SecretKind, _ anchor: String, _ tail: ByteSet, _ lengths: ClosedRange<Int>,
    needsDigit: Bool = true, keepsAnchor: Bool = false
  ) {
    self.kind = kind
    self.anchor = Array(anchor.utf8)
    self.tail = tail
    tailMin = lengths.lowerBound
    tailMax = lengths.upperBound
    self.needsDigit = needsDigit
    self.keepsAnchor = keepsAnchor
  }

  init(
    _ kind: SecretKind, after head: ByteSet, _ headLengths: ClosedRange<Int>, _ anchor: String,
    _ tail: ByteSet, _ lengths: ClosedRange<Int>
  ) {
    self.init(kind, anchor, tail, lengths)
    self.head = head
    headMin = headLengths.lowerBound
    headMax = headLengths.upperBound
  }

  /// The token whose anchor stands at `position`.
  func match(_ bytes: [UInt8], at position: Int) -> Range<Int>? {
    let tailStart = position + anchor.count
    guard tailStart + tailMin <= bytes.count else { return nil }
    for (index, byte) in anchor.enumerated() where bytes[position + index] != byte { return nil }
    var start = position
    while position - start <= headMax, start > 0, head.contains(bytes[start - 1]) { start -= 1 }
    guard (headMin...headMax).contains(position - start) else { return nil }
    // A name that only ends like the anchor is another name.
    let first = bytes[start]
    if ByteSet.alphanumeric.contains(first), start > 0 {
      let joining = isShortName ? ByteSet.word : .alphanumeric
      if joining.contains(bytes[start - 1]) { return nil }
    }
    var end = tailStart
    while end < bytes.count, end - tailStart < tailMax, tail.contains(bytes[end]) { end += 1 }
    while end - tailStart > tailMin, Self.punctuation.contains(bytes[end - 1]) { end -= 1 }
    guard end - tailStart >= tailMin else { return nil }
    if end < bytes.count, ByteSet.alphanumeric.contains(bytes[end]), tailMax - tailMin < 64 {
      return nil
    }
    let random = headMin > 0 ? start..<end : tailStart..<end
    guard SecretText.isRandom(bytes[random], needsDigit: needsDigit) else { return nil }
    return (keepsAnchor ? tailStart : start)..<end
  }

  /// "cache-key-0123…" is no token that begins with "key-".
  private var isShortName: Bool { anchor.count <= 4 && !anchor.contains(0x5F) }

  /// What ends a sentence rather than a token.
  private static let punctuation = ByteSet(".-_")

  // MARK: - The list

  /// Shapes by the first byte of their anchor.
  static let byFirstByte: [[TokenShape]] = {
    var table = Array(repeating: [TokenShape](), count: 256)
    for shape in all { table[Int(shape.anchor[0])].append(shape) }
    return table
  }()

  private static let dotted = ByteSet.word.union(".")

  private static let all: [TokenShape] =
    cloud + git + chat + payment + models + packages + services

  private static let cloud: [TokenShape] =
    ["AKIA", "ASIA", "ABIA", "ACCA"].map {
      TokenShape(.cloudKey, $0, .upperDigits, 16...16, needsDigit: false)
    } + [
      TokenShape(.cloudKey, "AIza", .word, 35...35),
      TokenShape(.cloudKey, "ya29.", dotted, 20...2_048),
      TokenShape(.cloudKey, "GOCSPX-", .word, 24...40),
      TokenShape(
        .cloudKey, "AccountKey=", .base64.union("="), 40...128, keepsAnchor: true),
      TokenShape(
        .cloudKey, "SharedAccessKey=", .base64.union("="), 40...128, keepsAnchor: true),
      TokenShape(.cloudKey, after: .word, 3...3, "8Q~", .word.union(".~"), 31...40),
      TokenShape(.cloudKey, "LTAI", .alphanumeric, 12...30),
      TokenShape(.cloudKey, "AKID", .alphanumeric, 13...40),
      TokenShape(.cloudKey, "dop_v1_", .lowerHex, 64...64),
      TokenShape(.cloudKey, "doo_v1_", .lowerHex, 64...64),
      TokenShape(.cloudKey, "dor_v1_", .lowerHex, 64...64),
      TokenShape(.cloudKey, "HRKU-", .word, 30...80),
      TokenShape(.cloudKey, "fm2_", .anyBase64.union("=,"), 60...2_048),
      TokenShape(.cloudKey, "nfp_", .alphanumeric, 30...60),
      TokenShape(.cloudKey, "rnd_", .alphanumeric, 24...40),
      TokenShape(.cloudKey, "dapi", .lowerHex.union("-"), 32...36),
    ]

  private static let git: [TokenShape] =
    ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map {
      TokenShape(.gitToken, $0, .alphanumeric, 30...255)
    } + [TokenShape(.gitToken, "github_pat_", .alphanumeric.union("_"), 40...255)]
    + ["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-", "glft-", "glimt-", "glagent-"]
    .map { TokenShape(.gitToken, $0, dotted, 20...128) } + [
      TokenShape(.gitToken, "GR1348941", .word, 20...40),
      TokenShape(.gitToken, "ATBB", .alphanumeric, 28...40),
      TokenShape(.gitToken, "ATCTT3xFfG", .word.union("="), 100...300),
      TokenShape(.gitToken, "ATATT3xFfG", .word.union("="), 100...300),
    ]

  private static let chat: [TokenShape] =
    ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxc-", "xoxd-", "xoxe-", "xapp-"]
    .map { TokenShape(.chatToken, $0, .word.union("%"), 16...400) } + [
      TokenShape(.chatToken, "xoxe.xoxp-", .word, 40...400),
      TokenShape(
        .chatToken, "hooks.slack.com/services/", .word.union("/"), 30...100, keepsAnchor: true),
      TokenShape(
        .chatToken, "discord.com/api/webhooks/", .word.union("/"), 60...120, keepsAnchor: true),
      TokenShape(.chatToken, after: .digits, 8...10, ":AA", .word, 32...33),
    ]

  private static let payment: [TokenShape] =
    ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"].map {
      TokenShape(.paymentKey, $0, .base64.union("="), 16...255)
    } + [
      TokenShape(.paymentKey, "sq0atp-", .word, 22...60),
      TokenShape(.paymentKey, "sq0csp-", .word, 40...60),
      TokenShape(.paymentKey, "access_token$production$", .alphanumeric.union("$"), 40...60),
      TokenShape(.paymentKey, "access-production-", .hex.union("-"), 36...36),
      TokenShape(.paymentKey, "shpat_", .hex, 32...32),
      TokenShape(.paymentKey, "shpss_", .hex, 32...32),
      TokenShape(.paymentKey, "shpca_", .hex, 32...32),
      TokenShape(.paymentKey, "shppa_", .hex, 32...32),
      TokenShape(.paymentKey, "FLWSECK", .alphanumeric.union("_-"), 16...60),
      TokenShape(.paymentKey, "EZAK", .alphanumeric, 54...54),
      TokenShape(.paymentKey, "EZTK", .alphanumeric, 54...54),
    ]

  private static let models: [TokenShape] =
    ["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-ant-", "sk-or-v1-"].map {
      TokenShape(.modelKey, $0, .word, 20...300)
    } + [
      TokenShape(.modelKey, "sk-", .alphanumeric, 20...120),
      TokenShape(.modelKey, "hf_", .alphanumeric, 30...50),
      TokenShape(.modelKey, "api_org_", .alphanumeric, 30...50),
      TokenShape(.modelKey, "gsk_", .alphanumeric, 40...80),
      TokenShape(.modelKey, "xai-", .alphanumeric, 60...120),
      TokenShape(.modelKey, "pplx-", .alphanumeric, 40...80),
      TokenShape(.modelKey, "r8_", .alphanumeric, 37...37),
      TokenShape(.modelKey, "nvapi-", .word, 40...100),
    ]

  private static let packages: [TokenShape] = [
    TokenShape(.packageToken, "npm_", .alphanumeric, 36...36),
    TokenShape(.packageToken, "pypi-AgE", .word, 40...400),
    TokenShape(.packageToken, "rubygems_", .lowerHex, 48...48),
    TokenShape(.packageToken, "cio", .alphanumeric, 32...32),
    TokenShape(.packageToken, "oy2", .lower.union("0123456789"), 43...43),
    TokenShape(.packageToken, "dckr_pat_", .word, 27...36),
    TokenShape(.packageToken, "dckr_oat_", .word, 27...36),
    TokenShape(.packageToken, "CLOJARS_", .alphanumeric, 60...60),
    TokenShape(.packageToken, "AKCp", .alphanumeric, 60...90),
  ]

  private static let services: [TokenShape] =
    [
      TokenShape(.serviceToken, "SG.", dotted, 50...80),
      TokenShape(.serviceToken, "SK", .lowerHex, 32...32),
      TokenShape(.serviceToken, "key-", .lowerHex, 32...32),
      TokenShape(.serviceToken, after: .lowerHex, 32...32, "-us", .digits, 1...2),
      TokenShape(.serviceToken, "hvs.", .word, 20...200),
      TokenShape(.serviceToken, "hvb.", .word, 20...300),
      TokenShape(.serviceToken, after: .alphanumeric, 14...14, ".atlasv1.", .word, 60...80),
      TokenShape(.serviceToken, "glsa_", .alphanumeric.union("_"), 32...60),
      TokenShape(.serviceToken, "glc_", .base64.union("="), 32...400),
      TokenShape(.serviceToken, "NRAK-", .upperDigits, 27...27),
      TokenShape(.serviceToken, "sntrys_", .word.union("=+/"), 40...300),
      TokenShape(.serviceToken, "sntryu_", .lowerHex, 64...64),
      TokenShape(.serviceToken, "dp.pt.", .alphanumeric, 40...44),
      TokenShape(.serviceToken, "pscale_tkn_", .word.union(".="), 32...64),
      TokenShape(.serviceToken, "pscale_pw_", .word.union(".="), 32...64),
      TokenShape(.serviceToken, "PMAK-", .lowerHex.union("-"), 59...59),
      TokenShape(.serviceToken, "pul-", .lowerHex, 40...40),
      TokenShape(.serviceToken, "squ_", .lowerHex, 40...40),
      TokenShape(.serviceToken, "sqp_", .lowerHex, 40...40),
      TokenShape(.serviceToken, "lin_api_", .alphanumeric, 32...60),
      TokenShape(.serviceToken, "ntn_", .alphanumeric, 40...60),
      TokenShape(.serviceToken, "secret_", .alphanumeric, 43...43),
      TokenShape(.serviceToken, "figd_", .word, 40...60),
      TokenShape(.serviceToken, "pat", .alphanumeric.union("."), 79...79),
      TokenShape(.serviceToken, "tskey-", .word, 20...80),
      TokenShape(.serviceToken, "bkua_", .lowerHex, 40...40),
      TokenShape(.serviceToken, "CCIPAT_", .alphanumeric.union("_"), 40...100),
      TokenShape(.serviceToken, "sbp_", .lowerHex, 40...40),
      TokenShape(.serviceToken, "AGE-SECRET-KEY-1", .upperDigits, 58...58),
      TokenShape(.serviceToken, "sl.", .word, 100...1_500),
      TokenShape(.serviceToken, "EAACEdEose0cBA", .alphanumeric, 20...300),
      TokenShape(.serviceToken, "p8e-", .alphanumeric, 32...32),
      TokenShape(.serviceToken, "sk.eyJ", dotted, 60...200),
    ]
}
