// SearchSettings.swift — which search engine the user chose, out of search.json.
//
// Format, JSON; an unknown key is an error:
//
//     "engine": "searxng" | "brave" | "exa" | "kagi" | "kiwix" | "tavily" | "you"
//     "url": "http://127.0.0.1:8888"     searxng and kiwix: where it is; the others: optional
//     "books": "wikipedia_en"            kiwix, optional: which books are searched
//
// Keys are never in this file: they are environment variables of the host that the sandbox profile passes
// to the browser and to no other tool.

import Base
import Glibc

package enum SearchSettings {
  private static let bytesMax = 64 << 10

  /// The engine that the file names; nil where there is no file.
  static func backend(file path: String) throws(FetchFailure) -> (any SearchBackend)? {
    guard access(path, F_OK) == 0 else { return nil }
    guard let file = fopen(path, "re") else { throw problem("cannot be read") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard count <= bytesMax else { throw problem("has more than \(bytesMax) bytes") }
    return try backend(json: Array(bytes[..<count])) { name in
      getenv(name).map { String(cString: $0) }
    }
  }

  /// As ``backend(file:)``, from the file's bytes and the environment.
  package static func backend(
    json: [UInt8], environment: (String) -> String?
  ) throws(FetchFailure) -> any SearchBackend {
    let value: JSONValue
    do throws(JSONError) { value = try JSONReader.value(json, source: "search.json") } catch {
      throw problem("is not JSON (\(error))")
    }
    guard let object = value.objectValue else { throw problem("has to be one object") }
    if let other = object.keys.first(where: { !["engine", "url", "books"].contains($0) }) {
      throw problem("has the key \"\(other.prefix(40))\", which means nothing there")
    }
    let names = SearchEngine.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = object["engine"]?.stringValue, let engine = SearchEngine(rawValue: name) else {
      throw problem("has to name an \"engine\": \(names)")
    }
    for key in ["url", "books"] where object[key] != nil && object[key]?.stringValue == nil {
      throw problem("has a \"\(key)\" that is no string")
    }
    guard let base = object["url"]?.stringValue ?? engine.baseURL, WebAddress(base) != nil else {
      throw problem("has to say with \"url\" where \(name) is")
    }
    var key: String?
    if let variable = engine.keyVariable {
      key = environment(variable).flatMap { $0.isEmpty ? nil : $0 }
      guard key != nil else {
        throw FetchFailure(
          message: "The search engine \(name) needs a key in the environment variable \(variable).")
      }
    }
    return WebSearch(engine: engine, base: base, key: key, books: object["books"]?.stringValue)
  }

  private static func problem(_ text: String) -> FetchFailure {
    FetchFailure(message: "The file search.json \(text).")
  }
}
