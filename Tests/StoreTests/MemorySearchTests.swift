// MemorySearchTests.swift — what a query finds, and that no query is an error.

import Base
import Store
import TestKit
import Testing

@Suite struct `Searching memories` {
  private let folder: TemporaryFolder
  private let memories: Memories

  init() throws {
    folder = try TemporaryFolder()
    memories = try Memories(path: folder.path + "/memory.db")
  }

  private func save(_ texts: String...) throws { try memories.save(texts.map { memory($0) }) }

  private func found(_ query: String, limit: Int = 10) throws -> [String] {
    try memories.search(query, limit: limit).map(\.text)
  }

  @Test(arguments: [
    ("CAFE", "Das Café am Eck"), ("straße", "Große Straße 5"), ("привет", "Привет, мир"),
    ("snake case", "call do_snake_case() twice"), ("v2.5", "release v2.5 is out"),
    ("don't", "I don't like mornings"), ("\"green tea\"", "She drinks green tea."),
    ("user@example.org", "Mail goes to user@example.org"), ("C++", "C++ is compiled"),
    ("multi-agent", "a multi-agent system"), ("ＦＵＬＬ", "full width"), ("42", "route 42"),
    ("東", "東京タワーに行った"), ("京タ", "東京タワーに行った"), ("東京タワー", "東京タワーに行った"),
    ("タワー", "東京タワーに行った"), ("た", "東京タワーに行った"), ("咖啡", "他喜欢喝咖啡"),
    ("欢", "他喜欢喝咖啡"), ("喜欢咖啡", "他喜欢喝咖啡"), ("도쿄", "내일 도쿄에서 만나요"),
    ("에서", "내일 도쿄에서 만나요"), ("กรุงเทพ", "ฉันอยู่กรุงเทพมหานคร"), ("𠮷野家", "𠮷野家で昼食"),
    ("🚀", "launch 🚀 at noon"), ("👩‍🚀", "crew: 👩🏽‍🚀"), ("☕️", "☕ first"), ("🇯🇵", "trip to 🇯🇵"),
    ("deploym", "the deployment key"), ("prefer", "User preferences: dark mode"),
    ("préfér", "Ses préférences"),
  ])
  func `finds words of every script, folded and by their beginnings`(
    query: String, text: String
  )
    throws
  {
    try save("something else entirely", text, "他のこと", "другое")
    #expect(try found(query).first == text)
  }

  @Test func `puts memories with all the words first, then the rarer word`() throws {
    for number in 0..<30 { try save("the project has part \(number)") }
    try save("alice leads nothing", "the project of alice", "bob leads the project")
    #expect(try found("the project alice", limit: 3).first == "the project of alice")
    #expect(try found("alice zzz leads").first == "alice leads nothing")
    #expect(
      try Set(found("alice bob")) == [
        "alice leads nothing", "the project of alice", "bob leads the project",
      ])
    #expect(try found("the project", limit: 7).count == 7)
  }

  @Test func `prefers the word itself to words that begin like it`() throws {
    try save("deployments of deployers", "we deploy on Friday")
    #expect(try found("deploy") == ["we deploy on Friday", "deployments of deployers"])
    #expect(try found("dep").isEmpty)
  }

  @Test func `of common words alone takes the newest`() throws {
    try memories.save((0..<5_000).map { memory("note number \($0)") })
    let ids = try memories.search("note number", limit: 50).map(\.id)
    #expect(ids.count == 50)
    #expect(ids.allSatisfy { $0 > 3_000 })
    #expect(try found("note 17").first == "note number 17")
  }

  @Test func `stays within the scopes asked for`() throws {
    try memories.save([
      memory("tea everywhere"), memory("tea at home", scope: .workspace("/home")),
      memory("tea at work", scope: .workspace("/work")),
    ])
    func found(_ scopes: [MemoryScope]?) throws -> Set<Int64> {
      Set(try memories.search("tea", scopes: scopes, limit: 9).map(\.id))
    }
    #expect(try found(nil) == [1, 2, 3])
    #expect(try found([.global]) == [1])
    #expect(try found([.global, .workspace("/work")]) == [1, 3])
    #expect(try found([.workspace("/elsewhere")]) == [])
    #expect(try found([]) == [])
    // A scope's own word is not a word of its memories.
    #expect(try self.found("global").isEmpty)
  }

  @Test(arguments: [
    "", " ", "\0", "\0\0 \0", "\"", "\"\"\"", "'", "''", "*", "* *", "-", "--", "(", ")", "()",
    "NEAR",
    "NEAR(a b)", "NEAR(a b, 3)", "AND", "OR", "NOT", "a AND", "OR b", "NOT NOT", "a NOT b",
    "words:",
    "words : x", "scope:global", "{words scope}: x", "^a", "a + b", "a*b", "x:y:z", "[a]", "a;b",
    "'; DROP TABLE memories; --", "%", "_", "\\", "\\\"", "a\"b", "\"a\" \"b", "/* */", "?1", ":a",
    "@a",
    "$a", "#", "~", "`", "|", "&", "<>", "=", "!", "!!!", "…", "—", "€", "™", "\u{FEFF}",
    "\u{200D}",
    "\u{FFFD}", "\u{FFFF}", "\u{10FFFF}", "\u{301}", "e\u{301}", "が", "か\u{3099}", "ｶﾞ", "👨‍👩‍👧‍👦", "🏳️‍🌈",
    "1️⃣", "﷽", "İ", "ß", "ǆ", "\u{202E}abc", "𝔘𝔫𝔦", "१२३", "हिन्दी", "العربية", "עברית", "\r\n\t",
  ])
  func `takes any query`(query: String) throws {
    try save("the plain memory", "a b x y words scope NEAR AND OR NOT \(query)")
    _ = try memories.search(query, limit: 10)
    _ = try memories.search(query + " plain " + query, scopes: [.global], limit: 1)
    _ = try memories.search(query + "abcdef", limit: .max)
    #expect(try found("plain", limit: 1) == ["the plain memory"])
  }

  @Test func `takes long queries and any mix of scalars`() throws {
    try save("the plain memory", "東京タワー", "🚀")
    #expect(try found(String(repeating: "plain\" ", count: 2_000)) == ["the plain memory"])
    #expect(try found(String(repeating: "(", count: 10_000) + " plain").isEmpty)
    #expect(try found(String(repeating: "東京", count: 5_000)).first == "東京タワー")
    #expect(try found(String(repeating: "🚀", count: 2_500)).first == "🚀")
    #expect(try found(String(repeating: "x", count: 1 << 20)).isEmpty)
    var random = SplitMix64(seed: 4)
    for _ in 0..<400 {
      var query = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let limit: UInt32 = [0x80, 0x100, 0x3100, 0x11_0000][Int.random(in: 0..<4, using: &random)]
        let value = UInt32.random(in: 0..<limit, using: &random)
        query.append(UnicodeScalar(value) ?? "\"")
      }
      let text = String(query)
      _ = try memories.search(text, limit: 3)
      try memories.save(memory(text))
      _ = try memories.search(text, scopes: [.global], limit: 3)
    }
  }
}
