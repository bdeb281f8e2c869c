// Browser.swift — the tool gpt-oss was trained on: search, open, find over a stack of pages.

package import Base
package import MCP

/// One browsing session. Every answer is text for the model, whatever the call was.
///
/// Each successful call pushes a page, so each display has a cursor of its own.
package struct Browser {
  private let shelf: PageLibrary
  private let meter: TokenMeter
  private var stack = PageStack()

  /// - Parameters:
  ///   - library: Where pages and search results come from.
  ///   - meter: Counts the tokens of a display.
  package init(library: PageLibrary, meter: TokenMeter) {
    shelf = library
    self.meter = meter
  }

  /// Runs one call.
  ///
  /// - Parameters:
  ///   - tool: "search", "open" or "find".
  ///   - arguments: As the model wrote them.
  /// - Returns: The display, with the page's cursor, title and address as the structured part; or what was
  ///   wrong, in a sentence, as an error.
  package mutating func call(_ tool: String, _ arguments: JSONObject) -> MCPToolResult {
    do throws(UsageError) {
      switch tool {
      case "search": return try search(CallArguments(arguments))
      case "open": return try open(CallArguments(arguments))
      case "find": return try find(CallArguments(arguments))
      default: throw UsageError(sentence: "Unknown function: \(tool.prefix(80))")
      }
    } catch {
      return MCPToolResult(text: error.sentence, isError: true)
    }
  }

  private mutating func search(_ arguments: CallArguments) throws(UsageError) -> MCPToolResult {
    let query = try arguments.text("query")
    _ = try arguments.integer("topn")
    let page = try shelf.search(query, source: try arguments.optionalText("source"))
    return try show(page, line: 0, lineCount: -1)
  }

  private mutating func find(_ arguments: CallArguments) throws(UsageError) -> MCPToolResult {
    let pattern = try arguments.text("pattern")
    let page = try stack.page(at: try arguments.integer("cursor") ?? -1)
    guard page.kind == .document else {
      throw UsageError(
        sentence: "Cannot run `find` on search results page or find results page")
    }
    return try show(Finder.page(pattern, on: page), line: 0, lineCount: -1)
  }

  private mutating func open(_ arguments: CallArguments) throws(UsageError) -> MCPToolResult {
    let cursor = try arguments.integer("cursor") ?? -1
    let location = try arguments.integer("loc") ?? -1
    let lineCount = try arguments.integer("num_lines") ?? -1
    let isSource = try arguments.flag("view_source")
    var line: Int?
    let page: Page
    switch try arguments.linkOrAddress() {
    case .address(let url):
      // Who names a page wants it as it is now.
      page = try shelf.open(isSource ? PageLibrary.sourcePrefix + url : url)
    case .number(let number) where number >= 0:
      let current = try stack.page(at: cursor)
      guard current.links.indices.contains(number) else {
        throw UsageError(sentence: "Invalid link id `\(number)`.")
      }
      let link = current.links[number]
      if !isSource { line = link.line }
      page = try follow(link.target, isSource: isSource)
    case .number:
      let current = try stack.page(at: cursor)
      page = isSource ? try opened(PageLibrary.sourcePrefix + current.url) : current
    }
    var first = location
    if first < 0 {
      first = line ?? 0
      // A few lines before what was found.
      if line != nil, first > 4 { first -= 4 }
    }
    return try show(page, line: first, lineCount: lineCount)
  }

  private func follow(_ target: Page.Link.Target, isSource: Bool) throws(UsageError) -> Page {
    switch target {
    case .page(let page):
      return isSource ? try opened(PageLibrary.sourcePrefix + page.url) : page
    case .url(let url): return try opened(isSource ? PageLibrary.sourcePrefix + url : url)
    }
  }

  /// A page by its address, the one that was shown before where there is one.
  private func opened(_ url: String) throws(UsageError) -> Page {
    if let page = stack.cached(url) { return page }
    return try shelf.open(url)
  }

  /// Pushes a page and shows a part of it.
  ///
  /// `lineCount`: Of the part; as many as one display has where it is less than 1.
  private mutating func show(
    _ page: Page, line: Int, lineCount: Int
  ) throws(UsageError) -> MCPToolResult {
    guard line < page.lineCount else {
      throw UsageError(
        sentence: """
          Invalid location parameter: `\(line)`. Cannot exceed page maximum of \(page.lineCount - 1).
          """)
    }
    let count = lineCount > 0 ? lineCount : meter.lineCount(of: page, from: line)
    let lines = line..<line + min(count, page.lineCount - line)
    stack.push(page)
    let text = page.display(cursor: stack.top, lines: lines)
    return MCPToolResult(
      content: [.text(text)],
      structured: [
        "cursor": .number(.integer(Int64(stack.top))), "title": .string(page.title),
        "url": .string(page.url),
      ])
  }
}
