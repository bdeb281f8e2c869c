// PageStack.swift — every page that was shown, in order. A page's place is its cursor.

/// What a call got wrong, in a sentence for the model. Nothing is pushed.
struct UsageError: Error, Equatable {
  var sentence: String
}

/// Pages by cursor and by address. Every display pushes one, scrolling included.
struct PageStack {
  /// What all pages together may take; the oldest are given up first.
  let byteCountMax: Int

  /// Nil for a page that was given up.
  private var pages: [Page?] = []
  /// Addresses of pages that were given up.
  private var lostURLs: [Int: String] = [:]
  /// The newest page of each address.
  private var cache: [String: Page] = [:]
  /// Places of each page in the stack.
  private var useCounts: [ObjectIdentifier: Int] = [:]
  private var byteCount = 0

  init(byteCountMax: Int = 96 << 20) { self.byteCountMax = byteCountMax }

  /// The cursor of the top page; -1 where there is none.
  var top: Int { pages.count - 1 }

  /// The page at a cursor; -1 is the top.
  func page(at cursor: Int) throws(UsageError) -> Page {
    guard top >= 0 else { throw UsageError(sentence: "No pages to access!") }
    let place = cursor == -1 ? top : cursor
    guard pages.indices.contains(place) else {
      throw UsageError(
        sentence: """
          Cursor `\(cursor)` is out of range. Available cursor indices: [0 - \(top)].
          """)
    }
    guard let page = pages[place] else {
      let url = TextEscapes.cut(lostURLs[place] ?? "")
      throw UsageError(
        sentence: "The page at cursor `\(cursor)` is not kept any more. Open `\(url)` again.")
    }
    return page
  }

  /// The page that was last shown under an address.
  func cached(_ url: String) -> Page? { cache[url] }

  mutating func push(_ page: Page) {
    pages.append(page)
    if page.kind == .document { cache[page.url] = page }
    let id = ObjectIdentifier(page)
    if useCounts[id] == nil { byteCount += page.byteCount }
    useCounts[id, default: 0] += 1
    shrink()
  }

  private mutating func shrink() {
    var place = 0
    while byteCount > byteCountMax, place < top {
      defer { place += 1 }
      guard let page = pages[place] else { continue }
      pages[place] = nil
      lostURLs[place] = page.url
      let id = ObjectIdentifier(page)
      useCounts[id, default: 1] -= 1
      guard useCounts[id] == 0 else { continue }
      useCounts[id] = nil
      byteCount -= page.byteCount
      if cache[page.url] === page { cache[page.url] = nil }
    }
  }
}
