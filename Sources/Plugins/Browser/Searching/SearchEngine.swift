// SearchEngine.swift — the search engines that can be chosen, each with its request.
//
// Sources: the engines' own documents of their interfaces, as of November 2026.

import Base

/// An engine by the name that search.json gives it.
package enum SearchEngine: String, CaseIterable, Sendable {
  case searxng, brave, exa, kagi, kiwix, tavily, you

  /// Nil where the user has to say where the engine is.
  var baseURL: String? {
    switch self {
    case .searxng, .kiwix: nil
    case .brave: "https://api.search.brave.com"
    case .exa: "https://api.exa.ai"
    case .kagi: "https://kagi.com"
    case .tavily: "https://api.tavily.com"
    case .you: "https://api.ydc-index.io"
    }
  }

  /// The environment variable with the key; nil where none is needed.
  var keyVariable: String? {
    switch self {
    case .searxng, .kiwix: nil
    case .brave: "BRAVE_API_KEY"
    case .exa: "EXA_API_KEY"
    case .kagi: "KAGI_API_KEY"
    case .tavily: "TAVILY_API_KEY"
    case .you: "YDC_API_KEY"
    }
  }

  /// The request for a query.
  ///
  /// - Parameters:
  ///   - query: As the model wrote it.
  ///   - countMax: Hits that are wanted.
  ///   - base: Where the engine is, without a slash at its end.
  ///   - key: Its key; empty where none is needed.
  ///   - books: For Kiwix: which books are searched.
  /// - Returns: The request.
  func request(
    _ query: String, countMax: Int, base: String, key: String, books: String?
  ) -> PageRequest {
    let words = Self.encoded(query)
    switch self {
    case .searxng:
      return get("\(base)/search?q=\(words)&format=json", [])
    case .brave:
      return get(
        "\(base)/res/v1/web/search?q=\(words)&count=\(min(countMax, 20))",
        [("X-Subscription-Token", key)])
    case .kagi:
      return get(
        "\(base)/api/v0/search?q=\(words)&limit=\(countMax)", [("Authorization", "Bot \(key)")])
    case .you:
      return get("\(base)/v1/search?query=\(words)&count=\(countMax)", [("X-API-Key", key)])
    case .exa:
      return post(
        "\(base)/search",
        [
          "query": .string(query), "numResults": .number(.integer(Int64(countMax))),
          "contents": ["summary": true],
        ], [("x-api-key", key)])
    case .tavily:
      return post(
        "\(base)/search",
        ["query": .string(query), "max_results": .number(.integer(Int64(min(countMax, 20))))],
        [("Authorization", "Bearer \(key)")])
    case .kiwix:
      let filter = books.map { "&books.name=\(Self.encoded($0))" } ?? ""
      return PageRequest(
        url: "\(base)/search?pattern=\(words)&start=1&pageLength=\(countMax)\(filter)",
        headers: [("Accept", "text/html")])
    }
  }

  private func get(_ url: String, _ headers: [(String, String)]) -> PageRequest {
    PageRequest(url: url, headers: [("Accept", "application/json")] + headers)
  }

  private func post(
    _ url: String, _ body: JSONValue, _ headers: [(String, String)]
  ) -> PageRequest {
    let own = [("Accept", "application/json"), ("Content-Type", "application/json")]
    return PageRequest(
      url: url, method: "POST", headers: own + headers, body: Array(body.compactText.utf8))
  }

  /// Percent-encoded for the value of a query. (Source: RFC 3986, section 2.3.)
  static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += digits.utf8.count < 2 ? "%0" + digits : "%" + digits
      }
    }
    return result
  }

  // MARK: - Replies

  /// The hits of a reply; nil where it is not what the engine promises.
  func hits(_ reply: JSONValue) -> [SearchHit]? {
    switch self {
    case .searxng, .tavily:
      return Self.hits(reply["results"], title: "title", summaries: ["content"])
    case .brave:
      // A query without an answer has no "web" at all.
      guard reply.objectValue != nil else { return nil }
      let results = reply["web"]?["results"] ?? []
      return Self.hits(results, title: "title", summaries: ["description", "extra_snippets"])
    case .exa:
      return Self.hits(reply["results"], title: "title", summaries: ["summary", "text"])
    case .kagi:
      // Entries of other kinds, such as related searches, have another "t".
      let results = reply["data"]?.arrayValue?.filter { $0["t"]?.intValue == 0 }
      return Self.hits(results.map(JSONValue.array), title: "title", summaries: ["snippet"])
    case .you:
      guard let results = reply["results"], results.objectValue != nil else { return nil }
      let web = Self.hits(
        results["web"] ?? [], title: "title", summaries: ["snippets", "description"])
      let news = Self.hits(results["news"] ?? [], title: "title", summaries: ["description"])
      return (web ?? []) + (news ?? [])
    case .kiwix: return nil
    }
  }

  /// Reads a list of objects; one without an address is passed over.
  ///
  /// `summaries` are members by preference, each a text or a list of texts.
  private static func hits(
    _ list: JSONValue?, title: String, summaries: [String]
  ) -> [SearchHit]? {
    list?.arrayValue?.compactMap { entry in
      guard let url = entry["url"]?.stringValue else { return nil }
      let summary = summaries.lazy.compactMap { text(entry[$0]) }.first { !$0.isEmpty }
      return SearchHit(
        title: plain(entry[title]?.stringValue ?? ""), url: url,
        summary: plain(String((summary ?? "").prefix(summaryLengthMax))))
    }
  }

  private static let summaryLengthMax = 600

  private static func text(_ value: JSONValue?) -> String? {
    value?.stringValue
      ?? value?.arrayValue.map { $0.compactMap(\.stringValue).joined(separator: " ") }
  }

  /// Engines set words in bold, and write characters as references.
  private static func plain(_ text: String) -> String {
    guard text.contains("<") || text.contains("&") else { return text }
    guard let page = try? PageMaker.text(ofHTML: Array(text.utf8), url: "", shownURL: nil) else {
      return text
    }
    return String(decoding: page.bytes, as: UTF8.self)
  }
}
