// ScriptedRunTests.swift — whole runs of the program on a scripted model: answer, events, ledger.

import Base
import Foundation
import TestKit
import Testing

struct ScriptedRunTests {
  private static let commandsOff = """
    { id: 'python', effect: 'allow', tool: 'python', args: 'any', sandbox: 'python' },
    { id: 'no-commands', effect: 'deny', tool: 'container.exec', args: 'any',
      reason: 'commands are off' },
    """

  private static let turns = [
    Turn.call("python", "x = 37 * 91\nx", thinking: "I compute it."),
    Turn.call("python", "print(x + 1)"),
    Turn.call("container.exec", #"{"cmd":["ls"]}"#),
    Turn.answer("37 * 91 = 3367. I may not run commands."),
  ]

  @Test func `a run keeps pythons state is refused a command and answers`() throws {
    let home = try Home()
    try home.setPolicy(Self.commandsOff)
    let result = try home.run(script: Self.turns, ["What is 37 * 91?"])
    #expect(result.exitCode == 3)
    #expect(result.output == "37 * 91 = 3367. I may not run commands.\n")
    let events = try home.lastEvents()
    let answers = events.named("tool.answered").compactMap { $0["text"]?.stringValue }
    #expect(answers == ["3367\n", "3368\n"])
    let verdicts = events.named("policy.decided").compactMap { $0["verdict"]?.stringValue }
    #expect(verdicts == ["allowed", "allowed", "refused"])
    #expect(events.named("policy.decided").last?["rule"]?.stringValue == "no-commands")
    #expect(events.last?["outcome"]?.stringValue == "denied")
    #expect(try home.run("session", "verify").exitCode == 0)
  }

  @Test func `the model reads why it was refused`() throws {
    let home = try Home()
    try home.setPolicy(Self.commandsOff)
    let refused =
      #"{"completion":"<|channel|>final<|message|>Read.<|return|>","when":"commands are off"}"#
    let call = JSONValue.object(["completion": .string(Self.turns[2])]).compactText
    let script = try home.write("script.jsonl", "\(call)\n\(refused)\n")
    let result = try home.run("run", "--model", "script:\(script)", "--quiet", "List the files.")
    #expect(result.output == "Read.\n")
  }

  @Test func `a policy can tolerate refusals`() throws {
    let home = try Home()
    try home.setPolicy(Self.commandsOff, more: "refusals: 'tolerate',")
    #expect(try home.run(script: Self.turns, ["What is 37 * 91?"]).exitCode == 0)
  }

  @Test func `every line of JSON matches the published schema`() throws {
    let schema = try JSONSchema(
      JSONReader.value(
        Repository.bytes("Docs/schemas/run-event.schema.json"), source: "schema"),
      source: "run-event.schema.json")
    let home = try Home()
    try home.setPolicy(Self.commandsOff)
    let result = try home.run(script: Self.turns, ["--json", "What is 37 * 91?"])
    let events = try result.events()
    #expect(events.count > 20)
    for event in events { #expect(schema.problem(with: event) == nil, "\(event.compactText)") }
    #expect(events.compactMap { $0["sequence"]?.intValue } == Array(1...events.count))
    #expect(events.last?["event"]?.stringValue == "run.finished")
  }

  @Test func `what is recorded is what is told`() throws {
    let home = try Home()
    let told = try home.run(script: Self.turns, ["--json", "What is 37 * 91?"]).events()
    let recorded = try home.lastEvents()
    #expect(told.names == recorded.names)
    #expect(told.map { $0["sequence"] } == recorded.map { $0["sequence"] })
  }

  @Test func `any byte of the ledgers events that is flipped is found`() throws {
    let home = try Home()
    try home.setPolicy(Self.commandsOff)
    _ = try home.run(script: Self.turns, ["What is 37 * 91?"])
    let copy = home.path + "/flipped.sqlite"
    // Each column of each event, at a place that the seed chooses.
    let python = """
      import random, shutil, sqlite3, subprocess, sys, os, json
      ledger, copy, program, rounds = sys.argv[1:5]
      random.seed(1)
      source = sqlite3.connect(ledger)
      source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      count = source.execute("SELECT count(*) FROM ledger_events").fetchone()[0]
      source.close()
      state = os.environ["XDG_STATE_HOME"] + "/martlet/ledger.sqlite"
      shutil.copy(ledger, copy)
      missed = []
      for turn in range(int(rounds)):
        shutil.copy(copy, state)
        for end in ("-wal", "-shm"):
          if os.path.exists(state + end): os.remove(state + end)
        db = sqlite3.connect(state)
        for name, in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
          db.execute(f"DROP TRIGGER {name}")
        sequence = random.randint(1, count)
        column = random.choice(["kind", "time_ms", "header", "bodies", "hash"])
        value, = db.execute(f"SELECT {column} FROM ledger_events WHERE sequence=?", (sequence,)).fetchone()
        if column == "time_ms": flipped = value ^ (1 << random.randrange(40))
        else:
          raw = bytearray(value if isinstance(value, bytes) else value.encode())
          raw[random.randrange(len(raw))] ^= 1 << random.randrange(7)
          flipped = bytes(raw) if isinstance(value, bytes) else raw.decode("utf-8", "replace")
        db.execute(f"UPDATE ledger_events SET {column}=? WHERE sequence=?", (flipped, sequence))
        db.commit(); db.close()
        run = subprocess.run([program, "session", "verify"], capture_output=True, text=True)
        if run.returncode == 0 or f"Event {sequence} of" not in run.stdout + run.stderr:
          missed.append([sequence, column, run.returncode, run.stdout + run.stderr])
      print(json.dumps(missed))
      """
    let rounds = repetitions(15, full: 300)
    let result = try Program.run(
      ["-c", python, home.ledgerPath, copy, Program.path, "\(rounds)"], of: "/usr/bin/python3",
      environment: home.environment)
    #expect(result.errors == "")
    #expect(result.output == "[]\n")
  }

  @Test func `old output is cut down before the context overflows`() throws {
    let home = try Home()
    let outputs = (1...6).map { Turn.call("python", "print('\($0)' * 4000)") }
    let result = try home.run(
      script: outputs + [Turn.answer("Enough.")], ["--context", "9000", "Print much."])
    #expect(result.exitCode == 0)
    #expect(result.output == "Enough.\n")
    let events = try home.lastEvents()
    let cuts = events.named("history.compacted").first?["cuts"]?.arrayValue ?? []
    #expect(cuts.first?["call"]?.intValue == 1)
    let prompts = events.named("prompt.rendered").compactMap { $0["prompt_tokens"]?.intValue }
    #expect(prompts.allSatisfy { $0 <= 9000 }, "\(prompts)")
    #expect(try home.run("run", "--resume", "last").output == "Enough.\n")
  }

  @Test func `a context that nothing can be cut from ends the run with five`() throws {
    let home = try Home()
    let result = try home.run(
      script: [Turn.answer("Yes.")], ["--context", "256", "What do you say to that?"])
    #expect(result.exitCode == 5)
    #expect(try home.lastEvents().last?["reason"]?.stringValue == "context")
  }

  @Test func `what is piped in follows the task`() throws {
    let home = try Home()
    _ = try home.run(
      script: [Turn.answer("Two.")], ["How many lines?"], input: "first\nsecond\n")
    let events = try home.lastEvents()
    #expect(
      events.named("task.given").first?["task"]?.stringValue == "How many lines?\n\nfirst\nsecond")
  }

  @Test func `a lone dash means that the task is piped in`() throws {
    let home = try Home()
    let result = try home.run(script: [Turn.answer("Yes.")], ["-"], input: "Is this the task?\n")
    #expect(result.output == "Yes.\n")
    #expect(
      try home.lastEvents().named("task.given").first?["task"]?.stringValue == "Is this the task?")
  }

  @Test func `thoughts are shown only where they are asked for`() throws {
    let home = try Home()
    let hidden = try home.run(script: Self.turns, ["What is 37 * 91?"])
    #expect(!hidden.errors.contains("I compute it."))
    let shown = try home.run(script: Self.turns, ["--show-thinking", "What is 37 * 91?"])
    #expect(shown.errors.contains("I compute it."))
    #expect(shown.output == hidden.output)
  }

  @Test func `many tasks run in one process`() throws {
    let home = try Home()
    let tasks = try home.write(
      "tasks.jsonl", #"{"id":"a","task":"One?"}"# + "\n" + #"{"task":"Two?"}"# + "\n")
    let result = try home.run(script: [Turn.answer("Yes.")], ["--tasks", tasks])
    #expect(result.exitCode == 0)
    let lines = try result.events()
    #expect(lines.map { $0["answer"]?.stringValue } == ["Yes.", "Yes."])
    #expect(lines.map { $0["id"]?.stringValue } == ["a", nil])
    #expect(try home.run("session", "list", "--json").events().count == 2)
  }

  @Test func `memories outlive the run that saved them`() throws {
    let home = try Home()
    _ = try home.run(
      script: [
        Turn.call("memory.save", #"{"text":"The garage code is 4711."}"#), Turn.answer("Noted."),
      ], ["Remember the code."])
    let second = try home.run(
      script: [Turn.call("memory.search", #"{"query":"garage"}"#), Turn.answer("See above.")],
      ["What was the code?"])
    #expect(second.exitCode == 0)
    let found = try home.lastEvents().named("tool.answered").first?["text"]?.stringValue
    #expect(found == "[1] (model, from model) The garage code is 4711.")
  }

  @Test func `a forgotten memory is in no file any more`() throws {
    let home = try Home()
    let secret = "Zypressenweg 12"
    _ = try home.run(
      script: [
        Turn.call("memory.save", #"{"text":"\#(secret)"}"#),
        Turn.call("memory.search", #"{"query":"Zypressenweg"}"#), Turn.answer("It is \(secret)."),
      ], ["Remember \(secret)."])
    try home.remove("script.jsonl")
    #expect(try !home.files(holding: secret).isEmpty)
    let forgotten = try home.run("memory", "forget", "1")
    #expect(forgotten.exitCode == 0)
    #expect(try home.files(holding: secret) == [])
    #expect(try home.run("session", "verify").exitCode == 0)
  }

  @Test func `a key is kept out of the record and still reaches the model and the user`() throws {
    let home = try Home()
    // Put together here, so that no scanner takes this file for a leak.
    let key = "AKIA" + "IOSFODNN7EXAMPLE"
    try home.write("work/config", "key=\(key)\n")
    let call = Turn.call("container.exec", #"{"cmd":["cat","config"]}"#)
    let first = JSONValue.object(["completion": .string(call)]).compactText
    let answer = JSONValue.object([
      "completion": .string(Turn.answer("It is \(key).")), "when": .string(key),
    ]).compactText
    let script = try home.write("script.jsonl", "\(first)\n\(answer)\n")
    let result = try home.run(
      "run", "--model", "script:" + script, "--workspace", home.workspace, "Which key?")
    #expect(result.output == "It is \(key).\n")
    try home.remove("script.jsonl")
    try home.remove("work/config")
    #expect(try home.files(holding: key) == [])
    #expect(
      try home.lastEvents().last?["answer"]?.stringValue == "It is [redacted: aws-key].")
    #expect(try home.run("session", "verify").exitCode == 0)
    try home.write("script.jsonl", "\(first)\n")
    #expect(try home.run("run", "--resume", "last").output == "It is [redacted: aws-key].\n")
  }

  @Test func `a patch can be shown and undone`() throws {
    let home = try Home()
    try home.write("work/notes.txt", "one\ntwo\n")
    let patch = """
      *** Begin Patch
      *** Update File: notes.txt
      @@
       one
      -two
      +three
      *** Add File: more/new.txt
      +hello
      *** End Patch
      """
    let result = try home.run(
      script: [Turn.function("functions.apply_patch", patch), Turn.answer("Done.")], ["Change it."])
    #expect(result.exitCode == 0)
    #expect(try home.shell("cat notes.txt more/new.txt").output == "one\nthree\nhello\n")
    let shown = try home.run("session", "show", "last", "--diff").output
    #expect(shown.contains("-two\n+three\n"))
    let undone = try home.shell("$MARTLET session show last --undo | patch -p1 -s && cat notes.txt")
    #expect(undone.output == "one\ntwo\n")
  }

  @Test func `the model is told of nothing that the policy never allows`() throws {
    let home = try Home()
    try home.setPolicy(Self.commandsOff)
    let prompt = try home.run(
      script: [Turn.answer("x")], ["--print-prompt", "--quiet", "Hi"]
    ).output
    #expect(prompt.contains("## python"))
    #expect(!prompt.contains("## container"))
    #expect(!prompt.contains("functions"))
    #expect(prompt.hasSuffix("<|start|>user<|message|>Hi<|end|><|start|>assistant\n"))
  }
}
