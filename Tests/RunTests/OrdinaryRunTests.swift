// OrdinaryRunTests.swift — whole runs that browse, by an ordinary user and from an installation that is root's.

import Base
import Foundation
import TestKit
import Testing

@Suite struct `A run of an ordinary user` {
  @Test func `opens pages over relays and by the host's fetcher`() throws {
    let web = try WebStandIn()
    let home = try Home()
    let martlet = try Self.install(in: home.path + "/installed")
    try home.setPolicy(
      """
      { id: 'open', effect: 'allow', tool: 'browser.*', args: 'any', sandbox: 'browser' },
      { id: 'all', effect: 'allow', tool: 'web.fetch',
        args: { url: { scheme: ['http'], host: ['127.0.0.1'], port: [\(web.ports["plain"] ?? 0)] },
                method: { oneOf: ['GET'] } } },
      { id: 'part', effect: 'allow', tool: 'web.fetch',
        args: { url: { scheme: ['http'], host: ['127.0.0.1'], port: [\(web.ports["second"] ?? 0)], path: ['/g*'] },
                method: { oneOf: ['GET'] } } }
      """)
    let script = try home.script(
      [web.url("/"), web.url("/gzip", port: "second"), web.url("/notes.html", port: "second")].map {
        Turn.call("browser.open", "{\"id\":\"\($0)\"}")
      } + [Turn.call("browser.find", #"{"pattern":"words","cursor":0}"#), Turn.answer("Done.")])
    try OrdinaryUser.give(home.path)
    func run(_ words: String...) throws -> ProgramResult {
      let line = OrdinaryUser.words([martlet] + words)
      return try Program.run(
        Array(line.dropFirst()), of: line[0], environment: home.environment)
    }
    let result = try run("run", "--model", script, "--workspace", home.workspace, "Look.")
    // One page was refused on the way.
    #expect(result.exitCode == 3, "\(result.errors)")
    #expect(result.output == "Done.\n")
    let events = try run("session", "show", "last", "--json").events()
    let answers = events.named("tool.answered")
    #expect(
      answers.compactMap { $0["status"]?.stringValue }
        == ["succeeded", "succeeded", "refused", "succeeded"])
    let texts = answers.map { $0["text"]?.stringValue ?? "" }
    #expect(texts.first?.contains("Words.") == true)
    #expect(texts.dropFirst().first?.contains("Grüße, aufgefaltet.") == true)
    #expect(texts.last?.contains("【0†match at L2】") == true, "\(texts)")
    let ended = events.named("egress.ended")
    #expect(
      ended.compactMap { $0["way"]?.stringValue } == ["relay", "relay", "fetcher", "fetcher"])
    #expect(ended.allSatisfy { $0["ending"] == "closed" }, "\(ended)")
    #expect(try web.log() == ["GET /robots.txt", "GET /", "GET /robots.txt", "GET /gzip"])
    #expect(try run("session", "verify").exitCode == 0)
    let owner = try FileManager.default.attributesOfItem(atPath: home.ledgerPath)[.ownerAccountID]
    #expect((owner as? NSNumber)?.uint32Value == OrdinaryUser.id)
  }

  /// Installs the program in `folder` and returns its path: the checkout may be hidden from the user.
  private static func install(in folder: String) throws -> String {
    let files = FileManager.default
    let share = folder + "/share/martlet"
    for name in ["/bin", "/share/martlet/Models"] {
      try files.createDirectory(atPath: folder + name, withIntermediateDirectories: true)
    }
    for name in ["Tools", "Sandboxes", "Policies", "Models/o200k_harmony"] {
      try files.copyItem(atPath: Repository.path(name), toPath: "\(share)/\(name)")
    }
    let program = folder + "/bin/martlet"
    try files.copyItem(atPath: Program.path, toPath: program)
    try files.copyItem(
      atPath: Repository.path(".build/wall/martlet-wall"), toPath: folder + "/bin/martlet-wall")
    return program
  }
}
