// BrowserRunTests.swift — whole runs with the browser: documents indexed, searched, opened, cited.

import Base
import Foundation
import TestKit
import Testing

struct BrowserRunTests {
  private static let browse =
    "{ id: 'browse', effect: 'allow', tool: 'browser.*', args: 'any', sandbox: 'browser' }"

  private func home() throws -> Home {
    let home = try Home()
    try home.setPolicy(Self.browse)
    try home.write(
      "notes/swifts.html",
      "<title>City swifts</title><p>They nest under <a href='roofs.md'>roofs</a> in May.")
    try home.write("notes/roofs.md", "# Roofs\n\nTiles.\n")
    try home.write("notes/.hidden.txt", "swifts in secret")
    try home.write("notes/picture.png", "swifts as bytes")
    return home
  }

  @Test func `a run searches and opens indexed documents and is told what it cites`() throws {
    let home = try home()
    let notes = home.path + "/notes"
    #expect(try home.run("docs", "add", notes).output == "\(notes): 2 read, 0 unchanged\n")
    let result = try home.run(
      script: [
        Turn.call("browser.search", #"{"query":"swifts"}"#),
        Turn.call("browser.open", #"{"id":0}"#),
        Turn.call("browser.find", #"{"pattern":"may"}"#),
        Turn.call("browser.open", #"{"id":"https://site.test/"}"#),
        Turn.answer("They nest under roofs 【1†L2】, not 【7†L1】."),
      ], ["When do swifts nest?"])
    // One page was refused on the way: no rule opens that site.
    #expect(result.exitCode == 3, "\(result.errors)")
    let events = try home.lastEvents()
    let shown = events.named("tool.answered").compactMap { $0["text"]?.stringValue }
    #expect(shown.count == 4)
    #expect(shown[0].hasPrefix("[0] swifts\n**viewing lines [0 - 4] of 4**"))
    let lines = shown[1].split(separator: "\n")
    #expect(lines[0] == "[1] City swifts (file://\(notes)/swifts.html)")
    #expect(lines.last?.hasSuffix(": They nest under 【0†roofs】 in May.") == true)
    // The address of a folder with a long name is wrapped at one of its hyphens.
    let text = lines.dropFirst(2).map { $0.drop { $0 != " " }.dropFirst() }
    #expect(text.joined().contains("URL: file://\(notes)/swifts.html"))
    #expect(shown[2].hasPrefix("[2] Find results for text: `may` in `City swifts`"))
    #expect(
      shown[3].hasPrefix(
        "Error fetching URL `https://site.test/`: The policy does not open https://site.test: "))
    let cited = events.named("answer.cited").first?["citations"]?.arrayValue
    #expect(cited?.count == 1)
    #expect(cited?.first?["title"]?.stringValue == "City swifts")
    #expect(cited?.first?["url"]?.stringValue == "file://\(notes)/swifts.html")
    #expect(cited?.first?["first_line"]?.intValue == 2)
    #expect(cited?.first?["start"]?.intValue == 22)
    #expect(cited?.first?["end"]?.intValue == 28)
    #expect(events.names.suffix(2) == ["answer.cited", "run.finished"])
  }

  @Test func `documents are read again when they change and are gone when they are`() throws {
    let home = try home()
    let notes = home.path + "/notes"
    #expect(try home.run("docs", "list").errors == "No documents are indexed.\n")
    _ = try home.run("docs", "add", notes)
    #expect(try home.run("docs", "add", notes).output == "\(notes): 0 read, 2 unchanged\n")
    try home.write("notes/roofs.md", "# Roofs\n\nTiles, and slates.\n")
    try home.remove("notes/swifts.html")
    #expect(
      try home.run("docs", "add", notes).output == "\(notes): 1 read, 0 unchanged, 1 taken out\n")
    #expect(try home.run("docs", "list").output.contains("\(notes)  1 documents, 0 KiB, "))
    let json = try home.run("docs", "list", "--json").events()
    #expect(json.first?["documents"]?.intValue == 1)
    #expect(try home.run("docs", "remove", notes).output == "\(notes): 1 documents taken out.\n")
    let again = try home.run("docs", "remove", notes)
    #expect(again.exitCode == 2)
    #expect(again.errors == "martlet: \"\(notes)\" is not indexed. See: martlet docs list\n")
    let wrong = try home.run("docs", "add", notes + "/roofs.md")
    #expect(wrong.exitCode == 2)
    #expect(wrong.errors.hasSuffix("roofs.md\" is no folder. Name one that exists.\n"))
  }

  @Test func `without an index and an engine search says so and the run goes on`() throws {
    let home = try home()
    let result = try home.run(
      script: [
        Turn.call("browser.search", #"{"query":"swifts"}"#), Turn.answer("I cannot search here."),
      ], ["When do swifts nest?"])
    #expect(result.exitCode == 0)
    let shown = try home.lastEvents().named("tool.answered").first?["text"]?.stringValue
    #expect(shown?.contains("no search engine is configured, and no documents are indexed") == true)
  }
}
