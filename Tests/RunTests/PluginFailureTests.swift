// PluginFailureTests.swift — plugins that misbehave, in a whole run: the call fails with its own
// reason, the run goes on, nothing is left behind.

import Base
import Foundation
import TestKit
import Testing

struct PluginFailureTests {
  @Test(arguments: [
    ("hang", "gave no answer to tools/call within 2 s"),
    ("stubborn", "gave no answer to tools/call within 2 s"),
    ("flood", "broke its protocol"),
    ("die", "ended with status 3; its last words were: out of luck"),
    ("crash", "was ended by signal 11"),
    ("garbage", "gave no answer to tools/call within 2 s"),
    ("twice", "answered twice"),
  ])
  func `a plugin that misbehaves costs the call and nothing else`(
    _ how: String, _ reason: String
  ) throws {
    let home = try Home()
    let plugin = try FakePluginFiles()
    try home.setPolicy(
      """
      { id: 'fake', effect: 'allow', tool: 'fake.*', args: 'any' },
      { id: 'python', effect: 'allow', tool: 'python', args: 'any' },
      """)
    let result = try home.run(
      script: [
        Turn.call("fake.act", #"{"do":"\#(how)"}"#), Turn.call("fake.act", #"{"do":"count"}"#),
        Turn.call("python", "6 * 7"), Turn.answer("I went on."),
      ], ["--tools", plugin.folder.path, "Hi"])
    #expect(result.exitCode == 0)
    #expect(result.output == "I went on.\n")
    let answers = try home.lastEvents().named("tool.answered")
    #expect(answers.map { $0["status"]?.stringValue } == ["broken", "succeeded", "succeeded"])
    let text = try #require(answers.first?["text"]?.stringValue)
    #expect(text.contains(reason), "\(text)")
    #expect(answers.last?["text"]?.stringValue == "42\n")
    #expect(try processes(with: plugin.folder.path) == [])
  }
}
