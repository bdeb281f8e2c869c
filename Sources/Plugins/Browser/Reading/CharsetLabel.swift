// CharsetLabel.swift — the names of character encodings, as pages write them, and what they mean.
//
// Source: WHATWG Encoding Standard, section 4.2: a label means the encoding that pages with that label
// are written in, which is often a larger one than the label says ("iso-8859-1" is windows-1252).

enum CharsetLabel {
  /// glibc's name of the encoding that a label means; nil for a label that nobody knows.
  static func encoding(_ label: String) -> String? {
    let label = String(
      label.lowercased().drop { $0.isWhitespace }.prefix { !$0.isWhitespace })
    if let encoding = encodings[label] { return encoding }
    if label.hasPrefix("iso-8859-") || label.hasPrefix("iso8859-") || label.hasPrefix("iso_8859-") {
      return label.split(whereSeparator: { "-_".contains($0) }).last.flatMap { parts[$0] }
    }
    if label.hasPrefix("windows-125") || label.hasPrefix("cp125"), let digit = label.last,
      ("0"..."8").contains(digit), label.hasSuffix("125\(digit)")
    {
      return "WINDOWS-125\(digit)"
    }
    return nil
  }

  static let utf8 = "UTF-8"
  static let fallback = "WINDOWS-1252"

  /// Parts of ISO 8859 by their number; 1 and 9 are read as their Windows supersets.
  private static let parts: [Substring: String] = [
    "1": fallback, "2": "ISO-8859-2", "3": "ISO-8859-3", "4": "ISO-8859-4", "5": "ISO-8859-5",
    "6": "ISO-8859-6", "7": "ISO-8859-7", "8": "ISO-8859-8", "9": "WINDOWS-1254",
    "10": "ISO-8859-10", "11": "CP874", "13": "ISO-8859-13", "14": "ISO-8859-14",
    "15": "ISO-8859-15", "16": "ISO-8859-16",
  ]

  private static let encodings: [String: String] = {
    let lists: [String: [String]] = [
      utf8: [
        "utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8",
      ],
      fallback: [
        "ascii", "us-ascii", "ansi_x3.4-1968", "latin1", "l1", "cp819", "ibm819", "iso88591",
        "csisolatin1", "x-cp1252", "iso-ir-100",
      ],
      "WINDOWS-1254": ["latin5", "l5", "csisolatin5", "iso88599", "x-cp1254"],
      "ISO-8859-2": ["latin2", "l2", "csisolatin2", "iso88592"],
      "ISO-8859-15": ["latin-9", "l9", "latin9", "csisolatin9", "iso885915"],
      "ISO-8859-5": ["cyrillic", "iso88595", "csisolatincyrillic"],
      "ISO-8859-6": ["arabic", "iso88596", "ecma-114"],
      "ISO-8859-7": ["greek", "greek8", "iso88597", "ecma-118", "elot_928"],
      "ISO-8859-8": ["hebrew", "visual", "logical", "iso88598", "iso-8859-8-i", "iso-8859-8-e"],
      "CP874": ["tis-620", "windows-874", "dos-874"],
      "KOI8-R": ["koi8-r", "koi8", "koi", "koi8_r", "cskoi8r"],
      "KOI8-U": ["koi8-u", "koi8-ru"],
      "MACINTOSH": ["macintosh", "mac", "x-mac-roman", "csmacintosh"],
      "MAC-CYRILLIC": ["x-mac-cyrillic", "x-mac-ukrainian"],
      "IBM866": ["ibm866", "866", "cp866", "csibm866"],
      "GB18030": [
        "gb18030", "gbk", "gb2312", "gb_2312", "gb_2312-80", "chinese", "csgb2312", "x-gbk",
        "iso-ir-58",
        "csiso58gb231280",
      ],
      "BIG5-HKSCS": ["big5", "big5-hkscs", "cn-big5", "csbig5", "x-x-big5"],
      "CP932": [
        "shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "ms932", "csshiftjis",
        "windows-31j",
      ],
      "EUC-JP-MS": ["euc-jp", "x-euc-jp", "cseucpkdfmtjapanese"],
      "ISO-2022-JP": ["iso-2022-jp", "csiso2022jp"],
      "CP949": [
        "euc-kr", "korean", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601", "cseuckr",
        "csksc56011987", "windows-949", "iso-ir-149",
      ],
      "UTF-16LE": [
        "utf-16", "utf-16le", "ucs-2", "unicode", "csunicode", "iso-10646-ucs-2", "unicodefeff",
      ],
      "UTF-16BE": ["utf-16be", "unicodefffe"],
    ]
    var encodings: [String: String] = [:]
    for (encoding, labels) in lists {
      for label in labels { encodings[label] = encoding }
    }
    return encodings
  }()
}
