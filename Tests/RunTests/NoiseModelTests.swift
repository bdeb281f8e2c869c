// NoiseModelTests.swift — whole runs on a real engine whose weights are noise: whatever it samples, a
// run ends by a rule.

import Base
import Foundation
import TestKit
import Testing

struct NoiseModelTests {
  @Test func `a model of noise ends by a budget or a rule whatever the seed`() throws {
    let home = try Home()
    let model = Repository.path("Tests/Vectors/tiny-gpt-oss")
    var codes: [Int32: Int] = [:]
    for seed in 0..<repetitions(8, full: 200) {
      let result = try home.run(
        "run", "--model", model, "--workspace", home.workspace, "--seed", "\(seed)",
        "--max-tokens", "400", "--max-steps", "4", "--headless", "Hello")
      codes[result.exitCode, default: 0] += 1
      #expect([0, 3, 4, 5, 6, 7].contains(result.exitCode), "seed \(seed): \(result.errors)")
      let last = try home.lastEvents().last
      #expect(last?["event"]?.stringValue == "run.finished")
      #expect(last?["exit_code"]?.intValue == Int(result.exitCode))
    }
    #expect(try home.run("session", "verify").exitCode == 0)
    print("exit codes of the noise model: \(codes.sorted { $0.key < $1.key })")
  }

  @Test func `a model of noise gives an answer that fits the schema, or none`() throws {
    let home = try Home()
    let schema = try home.write(
      "schema.json",
      """
      {"type": "object", "required": ["word"], "additionalProperties": false, "properties": {
        "word": {"type": "string", "pattern": "^[a-z]{1,9}$"}, "count": {"type": "integer"}}}
      """)
    var answerCount = 0
    for seed in 0..<repetitions(6, full: 200) {
      let result = try home.run(
        "run", "--model", Repository.path("Tests/Vectors/tiny-gpt-oss"), "--workspace",
        home.workspace, "--seed", "\(seed)", "--max-tokens", "400", "--max-steps", "4",
        "--headless", "--output-schema", schema, "Hello")
      #expect([0, 3, 4, 5, 6, 7].contains(result.exitCode), "seed \(seed): \(result.errors)")
      guard result.exitCode == 0 else { continue }
      answerCount += 1
      let answer = try JSONReader.value(result.output, source: "seed \(seed)")
      #expect(answer["word"]?.stringValue?.isEmpty == false)
    }
    print("answers of the noise model under a schema: \(answerCount)")
  }

  @Test func `the same seed gives the same tokens`() throws {
    let tokens = try (0..<2).map { _ in
      let home = try Home()
      _ = try home.run(
        "run", "--model", Repository.path("Tests/Vectors/tiny-gpt-oss"), "--workspace",
        home.workspace, "--seed", "11", "--max-tokens", "60", "Hello")
      return try home.lastEvents().named("model.generated").map { $0["tokens"] }
    }
    #expect(!tokens[0].isEmpty)
    #expect(tokens[0] == tokens[1])
  }
}
