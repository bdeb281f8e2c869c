// PythonSessionTests.swift — what code gives back, and what survives it.

import ExecutionPlugin
import Testing

@Suite struct `A python session` {
  private func run(_ codes: String..., secondsMax: Double = 20) throws -> [PythonOutput] {
    let session = PythonSession(folder: "/tmp")
    return try codes.map { try session.run($0, secondsMax: secondsMax) }
  }

  @Test func `keeps its variables from call to call`() throws {
    #expect(try run("x = 20", "x + 1", "_ * 2").map(\.text) == ["", "21\n", "42\n"])
  }

  @Test func `gives output, then the last expression, then errors`() throws {
    let code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n'last'"
    #expect(try run(code)[0] == PythonOutput(text: "out\n'last'\nerr\n", end: .finished))
  }

  @Test func `shows a traceback of the code alone, and goes on`() throws {
    let results = try run("def f():\n  return 1/0\nf()", "'alive'")
    #expect(
      results[0].text == """
        Traceback (most recent call last):
          File "<cell 1>", line 3, in <module>
            f()
          File "<cell 1>", line 2, in f
            return 1/0
                   ~^~
        ZeroDivisionError: division by zero

        """)
    #expect(results[1].text == "'alive'\n")
  }

  @Test func `reports bad syntax`() throws {
    #expect(try run("x = = 1")[0].text.contains("SyntaxError: invalid syntax"))
  }

  @Test func `runs shell lines, top-level await and child processes`() throws {
    #expect(try run("!echo hi && pwd")[0].text == "hi\n/tmp\n")
    #expect(try run("import asyncio\nawait asyncio.sleep(0, 'slept')")[0].text == "'slept'\n")
    #expect(try run("import os; _ = os.system('echo child')")[0].text == "child\n")
  }

  @Test func `survives exit`() throws {
    let results = try run("x = 1\nimport sys\nsys.exit(3)", "x")
    #expect(results.map(\.text) == ["SystemExit: 3\n", "1\n"])
  }

  @Test func `interrupts what takes too long and keeps its variables`() throws {
    let session = PythonSession(folder: nil)
    _ = try session.run("x = 5", secondsMax: 20)
    let slow = try session.run("print('begun')\nwhile True: pass", secondsMax: 0.3)
    #expect(slow.end == .interrupted)
    #expect(slow.text.hasPrefix("begun\n"))
    #expect(slow.text.contains("KeyboardInterrupt"))
    #expect(try session.run("x", secondsMax: 20).text == "5\n")
  }

  @Test func `restarts where code will not be interrupted, or python dies`() throws {
    let session = PythonSession(folder: nil)
    let deaf = """
      import signal, time
      signal.signal(signal.SIGINT, signal.SIG_IGN)
      while True: time.sleep(1)
      """
    #expect(try session.run(deaf, secondsMax: 0.3).end == .restarted)
    let died = try session.run(
      "import os; print('bye', flush=True); os.kill(os.getpid(), 9)", secondsMax: 20)
    #expect(died == PythonOutput(text: "bye\n", end: .died(137)))
    #expect(try session.run("1 + 1", secondsMax: 20).text == "2\n")
  }

  @Test func `keeps the beginning and the end of a flood`() throws {
    let session = PythonSession(folder: nil, outputBytesMax: 300)
    let text = try session.run("for i in range(1000000): print(i)", secondsMax: 60).text
    #expect(text.hasPrefix("0\n1\n2\n"))
    #expect(text.hasSuffix("999998\n999999\n"))
    #expect(text.contains("bytes left out"))
    #expect(text.utf8.count < 400)
  }

  @Test func `takes code of any text`() throws {
    #expect(try run("print('テスト🚀', len('é'))")[0].text == "テスト🚀 1\n")
    #expect(try run("")[0] == PythonOutput(text: "", end: .finished))
  }
}

@Suite struct `A command` {
  @Test func `gives status and both streams`() throws {
    let outcome = try CommandRun.run(
      ["sh", "-c", "echo out; echo err >&2; pwd; exit 3"], folder: "/tmp", secondsMax: 20)
    #expect(
      outcome
        == CommandOutcome(status: 3, output: "out\n/tmp\n", errors: "err\n", timedOut: false))
  }

  @Test func `that is not there is named`() {
    #expect(throws: ChildProcessError(program: "no-such-program", errno: 2)) {
      try CommandRun.run(["no-such-program"], folder: nil, secondsMax: 1)
    }
  }

  @Test func `is killed with its group when the time is up`() throws {
    let outcome = try CommandRun.run(
      ["sh", "-c", "echo begun; sleep 60 & sleep 60"], folder: nil, secondsMax: 0.3)
    #expect(outcome == CommandOutcome(status: 137, output: "begun\n", errors: "", timedOut: true))
  }

  @Test func `does not wait for what it left in the background`() throws {
    let start = ContinuousClock.now
    let outcome = try CommandRun.run(
      ["sh", "-c", "sleep 60 & echo done"], folder: nil, secondsMax: 30)
    #expect(outcome.output == "done\n")
    #expect(outcome.status == 0)
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func `has an empty standard input`() throws {
    #expect(try CommandRun.run(["cat"], folder: nil, secondsMax: 20).status == 0)
  }
}
