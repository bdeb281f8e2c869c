// LoadErrorTests.swift — what cannot be a policy is refused with file, line, key and remedy.

import Policy
import Testing

@Suite struct `A policy's text` {
  private func refusal(_ text: String) -> String? {
    PolicyTests.refusal(base: [PolicySource(name: "p.json5", text: text, place: .shipped)])
  }

  private static let head = "{ schema: 'tool-policy/1', id: 'p',\n  "

  @Test(arguments: [
    (
      "effect: 1, effect: 2 }",
      "p.json5, line 2, column 14: the key \"effect\" appears twice. Remove one of them."
    ),
    (
      "rules: [], 'rules': [] }",
      "p.json5, line 2, column 14: the key \"rules\" appears twice. Remove one of them."
    ),
    (
      "rul\\u0065s: [] }",
      "p.json5, line 2, column 6: a key is written with an escape or a character that is not plain "
        + "ASCII. Write it plainly."
    ),
    (
      "\"rul\\u0065s\": [] }",
      "p.json5, line 2, column 7: a key is written with an escape or a character that is not plain "
        + "ASCII. Write it plainly."
    ),
    (
      "rulés: [] }",
      "p.json5, line 2, column 6: a key is written with an escape or a character that is not plain "
        + "ASCII. Write it plainly."
    ),
    (
      "revision: Infinity }",
      "p.json5, line 2, column 13: \"Infinity\" is no number that a policy uses. Write plain decimal "
        + "digits, 15 at most."
    ),
    (
      "revision: -Infinity }",
      "p.json5, line 2, column 13: \"-Infinity\" is no number that a policy uses. Write plain decimal "
        + "digits, 15 at most."
    ),
    (
      "revision: NaN }",
      "p.json5, line 2, column 13: \"NaN\" is no number that a policy uses. Write plain decimal digits, "
        + "15 at most."
    ),
    (
      "revision: 0x10 }",
      "p.json5, line 2, column 13: \"0x10\" is no number that a policy uses. Write plain decimal digits, "
        + "15 at most."
    ),
    (
      "revision: 1e3 }",
      "p.json5, line 2, column 13: \"1e3\" is no number that a policy uses. Write plain decimal digits, "
        + "15 at most."
    ),
    (
      "revision: 1.5 }",
      "p.json5, line 2, column 13, revision: a whole number should be here, not a number with a "
        + "fraction."
    ),
    (
      "revision: 1234567890123456 }",
      "p.json5, line 2, column 13: \"1234567890123456\" is no number that a policy uses. Write plain "
        + "decimal digits, 15 at most."
    ),
    (
      "rules: [ } }",
      "p.json5, line 2, column 12: found \"}\" where a value should be."
    ),
    ("rules: [", "p.json5, line 2, column 11: the text ends where a value or \"]\" should be."),
    (
      "rules: [] } x",
      "p.json5, line 2, column 15: there is more text after the end of the policy. Remove it."
    ),
    (
      "rules: [] /* }",
      "p.json5, line 2, column 13: the text ends where the end of a comment should be."
    ),
    (
      "id2: 'a\\x41' }",
      "p.json5, line 2, column 10: a string has an escape that policies do not use. Use \\\" \\' \\\\ "
        + "\\/ \\b \\f \\n \\r \\t or \\u and four hex digits, not zero."
    ),
    (
      "id2: '\\u0000' }",
      "p.json5, line 2, column 9: a string has an escape that policies do not use. Use \\\" \\' \\\\ "
        + "\\/ \\b \\f \\n \\r \\t or \\u and four hex digits, not zero."
    ),
    (
      "id2: '\\ud83d' }",
      "p.json5, line 2, column 9: a string has half of a surrogate pair. Write the whole character."
    ),
    (
      "id2: '\\ude80\\ud83d' }",
      "p.json5, line 2, column 9: a string has half of a surrogate pair. Write the whole character."
    ),
    (
      "id2: 'a\tb' }",
      "p.json5, line 2, column 10: a string has the bare control character the byte 0x09. Write it as "
        + "an escape."
    ),
    (
      "id2: 'a\u{0}b' }",
      "p.json5, line 2, column 10: a string has the bare control character the byte 0x00. Write it as "
        + "an escape."
    ),
    (
      "rules: [] } // \u{202E}",
      "p.json5, line 2, column 18: the file has the invisible character U+202E, which makes text read "
        + "otherwise than it is. Remove it."
    ),
    (
      "// deny\rrules: [] }",
      "p.json5, line 2, column 10: the file has the invisible character U+000D, which makes text read "
        + "otherwise than it is. Remove it."
    ),
  ])
  func `is refused where it could mean two things`(rest: String, sentence: String) {
    #expect(refusal(Self.head + rest) == sentence)
  }

  @Test func `is refused with a byte order mark, in bad UTF-8, too large or too deep`() {
    func refusal(_ bytes: [UInt8]) -> String? {
      PolicyTests.refusal(base: [PolicySource(name: "p", bytes: bytes, place: .shipped)])
    }
    #expect(
      refusal([0xEF, 0xBB, 0xBF] + Array("{}".utf8))
        == "p: the file begins with a byte order mark. Save it as UTF-8 without one.")
    #expect(
      refusal(Array("{ id: '".utf8) + [0xFF] + Array("' }".utf8))
        == "p: the file is not valid UTF-8. Save it as UTF-8.")
    #expect(
      refusal([UInt8](repeating: UInt8(ascii: " "), count: 262_145))
        == "p: a policy may be 262144 bytes long, and this one is longer. Split it.")
    #expect(
      refusal([UInt8](repeating: UInt8(ascii: "["), count: 100_000))
        == "p, line 1, column 33: nested deeper than 32 levels. Flatten it.")
    #expect(refusal([]) == "p, line 1, column 1: the text ends where a value should be.")
  }

  @Test func `may have comments, bare keys, single quotes and trailing commas`() {
    #expect(
      refusal(
        """
        // one
        { /* two */ schema: "tool-policy/1", 'id': 'p', revision: 7, // three
          rules: [ { id: 'a', effect: 'allow', tool: "t", reason: 'it\\'s \\u00e9 \\ud83d\\ude80', }, ],\r
        }
        """) == nil)
  }
}

@Suite struct `A policy's members` {
  @Test(arguments: [
    (
      "efect: {}",
      "base.json5, line 2, column 1, efect: \"efect\" is not a key that belongs here. Did you mean "
        + "\"effects\"?"
    ),
    (
      "rules: [ { id: 'a', efect: 'deny', tool: 't' } ]",
      "base.json5, line 2, column 10, rules[0]: the key \"effect\" is missing. Add it."
    ),
    (
      "rules: [ { id: 'a', effect: 'deny', tool: 't', efect: 'allow' } ]",
      "base.json5, line 2, column 48, rules[0].efect: \"efect\" is not a key that belongs here. Did you "
        + "mean \"effect\"?"
    ),
    (
      "rules: [ { id: 'a', effect: 'alow', tool: 't' } ]",
      "base.json5, line 2, column 29, rules[0].effect: \"alow\" is not a word that belongs here. Did you "
        + "mean \"allow\"?"
    ),
    (
      "rules: [ { id: 'a', effect: 'deny', tool: 't*s' } ]",
      "base.json5, line 2, column 43, rules[0].tool: a name is plain ASCII without spaces, and \"*\" can "
        + "only be its last character."
    ),
    (
      "rules: [ { id: 'a b', effect: 'deny', tool: 't' } ]",
      "base.json5, line 2, column 16, rules[0].id: \"a b\" cannot be a name here. Use 1 to 64 letters, "
        + "digits, \".\", \"_\" and \"-\"."
    ),
    (
      "rules: [ { id: 'headless', effect: 'deny', tool: 't' } ]",
      "base.json5, line 2, column 16, rules[0].id: \"headless\" is a name that decisions use for "
        + "themselves. Choose another."
    ),
    (
      "rules: [ { id: 'a', effect: 'deny', tool: 't' }, { id: 'a', effect: 'ask', tool: 't' } ]",
      "base.json5, line 2, column 50, rules[1]: the id \"a\" is used twice. Choose another."
    ),
    (
      "rules: {}",
      "base.json5, line 2, column 8, rules: a list should be here, not an object."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: {} } } ]",
      "base.json5, line 2, column 60, rules[0].args.x: the matcher demands nothing. Write { any: true } "
        + "to accept any value."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { under: ['@dirs'] } } } ]",
      "base.json5, line 2, column 70, rules[0].args.x.under[0]: no set is called \"dirs\". Add it under "
        + "\"sets\"."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { under: ['a/../b'] } } } ]",
      "base.json5, line 2, column 69, rules[0].args.x.under: \"a/../b\" is no absolute path without "
        + "\"..\". Begin it with \"/\", \"${workspace}\" or \"${home}\"."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { oneOf: ['${home}'] } } } ]",
      "base.json5, line 2, column 70, rules[0].args.x.oneOf[0]: variables are known in \"under\" and "
        + "\"notUnder\" only."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { re: '(a' } } } ]",
      "base.json5, line 2, column 66, rules[0].args.x.re: the pattern cannot be used: \"(\" is never "
        + "closed. To mean the character, write [(]."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { re: 'a', maxLen: 3 } } } ]",
      "base.json5, line 2, column 60, rules[0].args.x: no value meets all of this: some of it is for "
        + "lists, some for strings."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { host: ['*'] } } } ]",
      "base.json5, line 2, column 68, rules[0].args.x.host: \"*\" is no host. Write a name such as "
        + "docs.example.com, \"*.\" and a name for everything below it, or an address; for any public "
        + "host, notHost: []."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', budget: 'b' } ]",
      "base.json5, line 2, column 57, rules[0].budget: no budget is called \"b\". Add it under "
        + "\"budgets\"."
    ),
    (
      "rules: [ { id: 'a', effect: 'deny', tool: 't', sandbox: 's' } ]",
      "base.json5, line 2, column 10, rules[0]: a rule that denies has no sandbox and no budget. Remove "
        + "them."
    ),
    (
      "rules: [ { id: 'a', effect: 'allow', tool: 't', args: { x: { said: ['task'] } } } ]",
      "base.json5, line 2, column 62, rules[0].args.x.said: \"said\" is not a key that belongs here. "
        + "Known here: optional, any, oneOf, notOneOf, re, notRe, maxBytes, under, notUnder, min, max, "
        + "atLeast, atMost, prefix, notPrefix, denyFlags, maxLen, all, some, each, from, notFrom, scheme, host, "
        + "notHost, port, userinfo, maxQueryBytes, path."
    ),
    (
      "sandbox: { profiles: {} }",
      "base.json5, line 2, column 22, sandbox.profiles: profiles live in Sandboxes/NAME.json5; a rule "
        + "names one with \"sandbox\". Move them there."
    ),
    (
      "defaults: { noMatch: 'allow' }",
      "base.json5, line 2, column 22, defaults.noMatch: \"allow\" is not a word that belongs here. Known "
        + "here: deny, inherit."
    ),
    (
      "defaults: { extraArgs: 'allow' }",
      "base.json5, line 2, column 24, defaults.extraArgs: only \"deny\" can be said here: a rule that "
        + "allows or asks always has to account for every argument."
    ),
    (
      "defaults: { ask: { onTimeout: 'allow' } }",
      "base.json5, line 2, column 31, defaults.ask.onTimeout: only \"deny\" can be said here: silence is "
        + "never consent."
    ),
    (
      "audit: { required: false }",
      "base.json5, line 2, column 20, audit.required: the ledger is always required. Remove the key."
    ),
    (
      "audit: { onFailure: 'continue' }",
      "base.json5, line 2, column 21, audit.onFailure: only \"stop\" can be said here: what cannot be "
        + "recorded is not done."
    ),
    (
      "flow: [ { id: 'f', when: {}, sink: ['send'], then: 'deny' } ]",
      "base.json5, line 2, column 26, flow[0].when: the condition is empty. Fill it, or leave the key "
        + "out."
    ),
    (
      "flow: [ { id: 'f', when: { args: ['x'] }, sink: ['sent'], then: 'deny' } ]",
      "base.json5, line 2, column 50, flow[0].sink[0]: \"sent\" is not a word that belongs here. Did you "
        + "mean \"send\"?"
    ),
    (
      "flow: [ { id: 'f', when: { args: ['x'] }, sink: ['send'], then: 'allow' } ]",
      "base.json5, line 2, column 65, flow[0].then: a flow rule can only ask or deny."
    ),
    (
      "budgets: { b: { per: 'turn' } }",
      "base.json5, line 2, column 15, budgets.b: the budget limits nothing. Write calls, bytes, tokens "
        + "or usd."
    ),
    (
      "lock: ['/flow/F9']",
      "base.json5, line 2, column 8, lock[0]: the lock \"/flow/F9\" names nothing that is in this file. "
        + "Correct it, or remove it."
    ),
    (
      "labels: { content: [ { id: 'c', re: 'a*', add: ['x'] } ] }",
      "base.json5, line 2, column 37, labels.content[0].re: the pattern matches nothing at all, which is "
        + "everywhere."
    ),
    (
      "sets: { a: ['@b'], b: ['x'] }",
      "base.json5, line 2, column 12, sets.a: a set cannot contain another set. Write its elements."
    ),
    (
      "tests: [ { tool: 't', verdict: 'allow' } ]",
      "base.json5, line 2, column 10, tests[0]: the test \"calling t\" wants allow and gets deny by "
        + "noMatch:base. Correct the rules or the test."
    ),
    (
      "tests: [ { tool: 't', verdict: 'deny', argumets: {} } ]",
      "base.json5, line 2, column 10, tests[0]: \"argumets\" is not a key of a call. Did you mean "
        + "\"arguments\"?"
    ),
  ])
  func `are refused where they say nothing that can be done`(members: String, sentence: String) {
    #expect(refusal(members) == sentence)
  }

  @Test func `have to name the format and the policy`() {
    func refusal(_ text: String) -> String? {
      PolicyTests.refusal(base: [PolicySource(name: "p", text: text, place: .shipped)])
    }
    #expect(refusal("{}") == "p, line 1, column 1: the key \"schema\" is missing. Add it.")
    #expect(
      refusal("{ schema: 'tool-policy/2', id: 'p' }")
        == "p, line 1, column 11, schema: \"tool-policy/2\" is not a word that belongs here. Did you mean "
        + "\"tool-policy/1\"?")
    #expect(
      refusal("{ schema: 'tool-policy/1' }")
        == "p, line 1, column 1: the key \"id\" is missing. Add it.")
    #expect(refusal("[]") == "p, line 1, column 1: an object should be here, not a list.")
  }

  @Test func `are bounded in number`() {
    let patterns = (0...1_000).map { "{ id: 'c\($0)', re: 'a', add: ['x'] }" }
    #expect(
      refusal("labels: { content: [ \(patterns.joined(separator: ", ")) ] }")
        == "base.json5, line 1, column 1: more than 1000 patterns. Use fewer.")
    let list = [String](repeating: "'x'", count: 4_097).joined(separator: ",")
    #expect(
      refusal("sets: { a: [\(list)] }")
        == "base.json5, line 2, column 12, sets.a: more than 4096 elements in a list. Use fewer.")
  }
}
