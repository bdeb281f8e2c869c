// DocumentIndexTests.swift — documents are found by their words, and are gone when they are removed.

import Store
import TestKit
import Testing

@Suite struct `An index of documents` {
  private func document(
    _ path: String, title: String = "Title", _ text: String, links: [String] = []
  ) -> NewDocument {
    NewDocument(
      path: path, title: title, text: Array(text.utf8), links: links,
      stamp: FileStamp(bytes: Int64(text.utf8.count), modified: 7))
  }

  private func index(_ folder: TemporaryFolder, _ documents: [NewDocument]) throws -> DocumentIndex
  {
    let index = try DocumentIndex(path: folder.path + "/docs/index.sqlite")
    try index.noteFolder("/d", at: time(1_000))
    try index.save(documents, in: "/d")
    return index
  }

  @Test func `finds the best match first, by title more than by text`() throws {
    let folder = try TemporaryFolder()
    let index = try index(
      folder,
      [
        document("/d/a", "Nothing about birds here, but much about swift code."),
        document("/d/b", title: "The swift", "A bird that sleeps in the air."),
        document("/d/c", "Other text."),
      ])
    #expect(try index.search("swift", limit: 9).map(\.path) == ["/d/b", "/d/a"])
    #expect(try index.search("SWIFT birds", limit: 1).map(\.path) == ["/d/a"])
    #expect(try index.search("swi", limit: 9) == [])
    #expect(try index.search("text AND \"", limit: 9).map(\.path) == ["/d/c"])
    #expect(try index.search("", limit: 9) == [])
  }

  @Test func `finds parts of scripts that are written without spaces`() throws {
    let folder = try TemporaryFolder()
    let index = try index(folder, [document("/d/a", "東京タワーの高さ"), document("/d/b", "京都の寺")])
    #expect(try index.search("タワー", limit: 9).map(\.path) == ["/d/a"])
  }

  @Test func `shows a line around what was found, without marks of links`() throws {
    let folder = try TemporaryFolder()
    let filler = String(repeating: "filler words go here ", count: 20)
    let index = try index(
      folder,
      [
        document("/d/a", "\(filler)\nsee 【3†the Swift†a.test】 and\nmore. \(filler)"),
        document("/d/b", "short swift"),
      ])
    let hits = try index.search("swift", limit: 9)
    let excerpt = hits.first { $0.path == "/d/a" }?.excerpt ?? ""
    #expect(excerpt.contains("see the Swift and more."))
    #expect(excerpt.hasPrefix("… "))
    #expect(excerpt.hasSuffix(" …"))
    #expect(!excerpt.contains("【"))
    #expect(excerpt.utf8.count < 300)
    #expect(hits.first { $0.path == "/d/b" }?.excerpt == "short swift")
  }

  @Test func `gives a document back as it was, links included`() throws {
    let folder = try TemporaryFolder()
    let index = try index(
      folder, [document("/d/a", "See 【0†x】.\n\nEnd", links: ["http://a.test/", "file:///d/b"])])
    let found = try index.document(at: "/d/a")
    #expect(found?.text == Array("See 【0†x】.\n\nEnd".utf8))
    #expect(found?.links == ["http://a.test/", "file:///d/b"])
    #expect(try index.document(at: "/d/b") == nil)
  }

  @Test func `puts a document in the place of the one of the same path`() throws {
    let folder = try TemporaryFolder()
    let index = try index(folder, [document("/d/a", "old words")])
    try index.save([document("/d/a", "new words")], in: "/d")
    #expect(try index.search("old", limit: 9) == [])
    #expect(try index.search("new", limit: 9).count == 1)
    #expect(try index.stamps(in: "/d") == ["/d/a": FileStamp(bytes: 9, modified: 7)])
    try index.removeDocuments(["/d/a", "/d/none"])
    #expect(try index.search("new", limit: 9) == [])
  }

  @Test func `forgets a folder without a trace in its file`() throws {
    let folder = try TemporaryFolder()
    let index = try index(folder, [document("/d/a", title: "Zanzibarius", "quetzalcoatlus")])
    try index.noteFolder("/e", at: time(2_000))
    try index.save([document("/e/b", "stays")], in: "/e")
    #expect(try index.folders().map(\.documentCount) == [1, 1])
    #expect(try index.removeFolder("/d") == 1)
    #expect(try index.removeFolder("/d") == nil)
    #expect(try index.folders().map(\.path) == ["/e"])
    #expect(try index.search("quetzalcoatlus", limit: 9) == [])
    let bytes = try String(
      decoding: Repository.bytes(relativeToRoot(index.path)), as: UTF8.self)
    #expect(!bytes.lowercased().contains("quetzalcoatlus"))
    #expect(!bytes.lowercased().contains("zanzibarius"))
    #expect(try index.search("stays", limit: 9).count == 1)
  }

  private func relativeToRoot(_ path: String) -> String {
    String(repeating: "../", count: Repository.root.split(separator: "/").count) + path.dropFirst()
  }

  @Test func `can be read where it cannot be written, and is not made there`() throws {
    let folder = try TemporaryFolder()
    _ = try index(folder, [document("/d/a", "words")])
    let reader = try DocumentIndex(path: folder.path + "/docs/index.sqlite", access: .readOnly)
    #expect(try reader.search("words", limit: 9).count == 1)
    #expect(sentence { try reader.noteFolder("/x", at: time(0)) }.contains("cannot be written"))
    #expect(
      sentence { _ = try DocumentIndex(path: folder.path + "/none.sqlite", access: .readOnly) }
        .hasSuffix("none.sqlite does not exist."))
  }
}
