// RecordedAnswerTests.swift — what a real llama-server answered whole runs, as it came over the wire.

import Base
import Providers
import TestKit
import Testing

@Suite struct `What llama-server answered` {
  private static let paths: [(file: String, path: String, interface: ProviderInterface)] = [
    ("tokens", "/v1/completions", .completions), ("responses", "/v1/responses", .responses),
    ("chat", "/v1/chat/completions", .chat),
  ]

  @Test(arguments: paths.indices)
  func `is read, however it is cut into pieces`(index: Int) throws {
    let (file, path, interface) = Self.paths[index]
    let lines = try Vectors.jsonLines("providers/llama-server-\(file).jsonl")
    #expect(lines.first?["server"]?.stringValue?.hasPrefix("llama-server ") == true)
    var count = 0
    for line in lines where line["path"]?.stringValue == path {
      #expect(line["status"] == 200)
      let answer = WireAnswer(
        headers: ["Content-Type": line["type"]?.stringValue ?? ""],
        body: line["answer"]?.stringValue ?? "")
      let (whole, _) = try answer.read(interface)
      for pieceBytes in [1, 13] {
        #expect(try answer.read(interface, pieceBytes: pieceBytes).0 == whole)
      }
      #expect(whole.usage != nil)
      #expect(whole.model == "stand-in")
      #expect((interface == .completions) == (whole.tokens != nil))
      if interface == .completions {
        let asked = line["request"]?["max_tokens"]?.intValue ?? 0
        #expect((1...asked).contains(whole.tokens?.count ?? 0))
      }
      count += 1
    }
    #expect(count > 0)
  }
}
