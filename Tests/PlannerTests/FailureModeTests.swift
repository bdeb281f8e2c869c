// FailureModeTests.swift — what gpt-oss is known to get wrong, and what the planner makes of it.

import Base
import Planner
import Testing

private let available = """
  Available tools: python, container.exec, functions.get_weather, functions.apply_patch, \
  functions.rename_file.
  """

@Suite struct `A misspelled tool` {
  @Test(arguments: [
    ("functions.python", "python"), ("python<|channel|>commentary", "python"),
    ("pythoncode", "python"), ("get_weather", "functions.get_weather"),
    ("function.get_weather", "functions.get_weather"),
    ("functions.get_weatherjson", "functions.get_weather"),
    ("get_weather<|constrain|>json", "functions.get_weather"),
    ("functions.get-weather", "functions.get_weather"),
    ("Functions.Get_Weather", "functions.get_weather"),
    ("get_weathr", "functions.get_weather"), ("functions.get_wheather", "functions.get_weather"),
    ("functions.container.exec", "container.exec"), ("exec", "container.exec"),
    ("container.execcommentary", "container.exec"),
    ("container.exec.commentaryjson", "container.exec"), ("\"python\"", "python"),
    ("functions.repo_browser.apply_patch", "functions.apply_patch"),
  ])
  func `is taken as the one that is meant, and put right in the history`(
    spelled: String, meant: String
  ) {
    var state = PlannerState.begun()
    guard case .judge(let made) = state.take(.modelSaid(call(spelled, "{}"))) else {
      Issue.record("no call was made")
      return
    }
    #expect(made.tool == meant)
    #expect(state.remarks.map(\.name) == [.callRenamed])
    _ = state.take(.callJudged(call: 1, allowed))
    guard let history = state.take(.toolAnswered(call: 1, succeeded("ok"))).generated?.history,
      case .turn(let turn) = history[1], case .toolResult(let result) = history[2]
    else {
      Issue.record("no history")
      return
    }
    #expect(turn.renamed == [1: meant])
    #expect(result.tool == meant)
    #expect(result.text.hasPrefix("ok\n[Note: There is no tool \""))
    #expect(result.text.hasSuffix("; the call was taken as \"\(meant)\".]"))
  }

  @Test(arguments: ["functions.apply_patch", "repo_browser.apply_patch", "apply_patch"])
  func `is none where it is an alias`(spelled: String) {
    var state = PlannerState.begun()
    #expect(
      state.doCall(spelled, "*** Begin Patch", succeeded("Done!")).words
        == "generate after task Do it. | turn | 1 \(spelled) commentary: Done!")
  }

  @Test(arguments: [
    ("browser.search", "browser.search"), ("get_weather_now", "get_weather_now"),
    ("py", "py"), ("<|constrain|>json", "unknown"), ("🚀", "unknown"),
    ("repo_browser.open_file<|channel|>x", "repo_browser.open_file"),
    (String(repeating: "a", count: 1_000), String(repeating: "a", count: 128)),
  ])
  func `that means none of them is answered with the names there are`(
    spelled: String, shown: String
  ) {
    var state = PlannerState.begun()
    let action = state.take(.modelSaid(call(spelled, "{}")))
    guard case .toolResult(let result)? = action.generated?.history.last else {
      Issue.record("no result: \(action)")
      return
    }
    #expect(result.tool == shown)
    #expect(result.text == "There is no tool \"\(shown)\". \(available)")
    #expect(state.remarks.map(\.name) == [.callMistaken])
  }

  @Test func `is not guessed where two are as near`() {
    var state = PlannerState()
    _ = state.take(
      .started(
        PlannerSettings(tools: [
          ToolDeclaration(name: "a.read", body: .raw), ToolDeclaration(name: "b.read", body: .raw),
          ToolDeclaration(name: "reap", body: .raw), ToolDeclaration(name: "reac", body: .raw),
        ])))
    _ = state.take(.taskGiven("x"))
    #expect(state.take(.modelSaid(call("read", ""))).generated != nil)
    #expect(state.take(.modelSaid(call("reax", ""))).generated != nil)
    #expect(state.take(.modelSaid(call("A.READ", ""))).words == "judge 3 a.read ")
  }

  @Test func `ends the run when it comes too often in a row`() {
    var state = PlannerState.begun()
    for _ in 1..<PlannerState.mistakenCallsMax {
      #expect(state.take(.modelSaid(call("nope", "{}"))).generated != nil)
    }
    #expect(
      state.trace(.modelSaid(call("nope", "{}")), .resumed(Budgets())).first
        == "stop 6 model_failed: The model made 5 unusable calls in a row.")
    #expect(state.take(.modelSaid(call("nope", "{}"))).generated != nil)
  }
}

@Suite struct `Arguments` {
  @Test(arguments: [
    (#"{"city": "Rome"}"#, #"{"city": "Rome"}"#), ("", "{}"), (" \n", "{}"),
    (#"{"city":"Rome"}]"#, #"{"city":"Rome"}"#),
    (#"{"city":"Rome"}{"city":"Oslo"}"#, #"{"city":"Rome"}"#),
    (#"{"city":"Rome"} and so on"#, #"{"city":"Rome"}"#),
    ("{\"city\":\"Ro\nme\"}", #"{"city":"Ro\nme"}"#),
    ("{\"city\":\"a\\\\\tb\"} x", #"{"city":"a\\\tb"}"#),
    (#"[{"city":"Rome"}]"#, #"{"city":"Rome"}"#),
    (#""{\"city\":\"Rome\"}""#, #"{"city":"Rome"}"#),
    (#"{"name":"get_weather","parameters":{"city":"Rome"}}"#, #"{"city":"Rome"}"#),
    (#"{"name":"get_weather","arguments":"{\"city\":\"Rome\"}"}"#, #"{"city":"Rome"}"#),
    ("Rome", #"{"city":"Rome"}"#), (#""Rome""#, #"{"city":"Rome"}"#),
    ("ls -l | wc", #"{"city":"ls -l | wc"}"#),
  ])
  func `are read in every form that the model gives them`(body: String, read: String) {
    var state = PlannerState.begun()
    #expect(
      state.take(.modelSaid(call("functions.get_weather", body)))
        == .judge(ToolCall(id: 1, tool: "functions.get_weather", body: read)))
    #expect(state.remarks.isEmpty == (body == read))
  }

  @Test func `stay in a wrapper whose members the tool knows`() {
    var state = PlannerState.begun()
    let body = #"{"name":"a","to":"b"}"#
    #expect(
      state.take(.modelSaid(call("functions.rename_file", body)))
        == .judge(ToolCall(id: 1, tool: "functions.rename_file", body: body)))
  }

  @Test(arguments: ["x = 1 + 1", "{}", "", "*** Begin Patch\n\u{0}", #"{"code":"x"}"#])
  func `of a tool that takes any text are left alone`(body: String) {
    var state = PlannerState.begun()
    #expect(
      state.take(.modelSaid(call("python", body)))
        == .judge(ToolCall(id: 1, tool: "python", body: body)))
  }

  @Test(arguments: [
    (
      "ls -l",
      """
      The arguments are not JSON: arguments, line 1, column 1: found "l" where a value should be.
      """
    ),
    ("[1,2]", "The arguments have to be one JSON object."),
    ("null", "The arguments have to be one JSON object."),
    (
      #"{"cmd":["ls"]"#,
      """
      The arguments are not JSON: arguments, line 1, column 14: the text ends where "," or "}" \
      should be. The file is probably incomplete.
      """
    ),
  ])
  func `that cannot be read are sent back with the reason`(body: String, problem: String) {
    var state = PlannerState.begun()
    #expect(
      state.take(.modelSaid(call("container.exec", body))).words == """
        generate after task Do it. | turn | 1 container.exec commentary: \(problem) The call was \
        not made; correct it and try again.
        """)
  }

  @Test func `may be wrong a few times, but not for ever`() {
    var state = PlannerState.begun()
    for _ in 1...3 { _ = state.take(.modelSaid(call("container.exec", "ls"))) }
    _ = state.doCall("container.exec", #"{"cmd":[]}"#, succeeded(""))
    for _ in 1...4 {
      #expect(state.take(.modelSaid(call("container.exec", "ls"))).generated != nil)
    }
    #expect(
      state.take(.modelSaid(call("container.exec", "ls")))
        == .stop(.modelFailed("The model made 5 unusable calls in a row.")))
  }
}

@Suite struct `A turn` {
  @Test func `without an answer is continued once, inside a final message`() {
    var state = PlannerState.begun()
    #expect(
      state.trace(
        .modelSaid(turn(.returned, think("I am done."))), .modelSaid(answer("So: yes."))
      ) == ["generate in final after task Do it. | turn", "finish 0: So: yes."])
  }

  @Test(arguments: [
    turn(.returned), turn(.returned, think("Only thoughts.")),
    turn(.returned, ModelMessage(channel: .final, text: " \n")),
    turn(.returned, ModelMessage(channel: nil, text: "text outside any frame")),
    turn(.returned, ModelMessage(channel: .commentary, text: "")),
  ])
  func `that stays empty is a failure of the model, and never an answer`(empty: ModelTurn) {
    var state = PlannerState.begun()
    let failure = "stop 6 model_failed: The model ended its turn without an answer, twice."
    #expect(
      state.trace(.modelSaid(empty), .modelSaid(empty), .resumed(Budgets()), .modelSaid(empty))
        .map { $0.replacingHistory } == [
          "generate in final", failure, "generate", "generate in final",
        ])
  }

  @Test func `with commentary alone is the answer, and before a call a preamble`() {
    var state = PlannerState.begun()
    let preamble = ModelMessage(channel: .commentary, text: "I will look.")
    let first = turn(
      .called, think("hm"), preamble,
      ModelMessage(channel: .commentary, recipient: "python", text: "1"))
    #expect(first.preambles == ["I will look."])
    #expect(state.trace(.modelSaid(first)) == ["judge 1 python 1"])
    _ = state.take(.callJudged(call: 1, allowed))
    _ = state.take(.toolAnswered(call: 1, succeeded("1")))
    #expect(
      state.trace(.modelSaid(turn(.returned, think("x"), preamble, preamble)))
        == ["finish 0: I will look.\n\nI will look."])
  }

  @Test func `addressed to the assistant itself is addressed to no one`() {
    var state = PlannerState.begun()
    let odd = turn(
      .returned,
      ModelMessage(channel: .commentary, recipient: "assistant", text: ""),
      ModelMessage(channel: .final, recipient: "assistant", text: "Yes."))
    #expect(state.trace(.modelSaid(odd)) == ["finish 0: Yes."])
  }

  @Test func `in final is no call because a content type looks like a recipient`() {
    var state = PlannerState.begun()
    let odd = turn(.returned, ModelMessage(channel: .final, recipient: "json", text: "{}"))
    #expect(state.trace(.modelSaid(odd)) == ["finish 0: {}"])
    var other = PlannerState.begun()
    let real = turn(.called, ModelMessage(channel: .final, recipient: "python", text: "1"))
    #expect(other.trace(.modelSaid(real)) == ["judge 1 python 1"])
  }

  @Test func `that ends like a call but names no tool is told so`() {
    var state = PlannerState.begun()
    let odd = turn(.called, ModelMessage(channel: .commentary, text: "{}"))
    #expect(
      state.trace(.modelSaid(odd))
        == ["generate after task Do it. | turn | note Your call names no tool. \(available)"])
    for _ in 1...3 { _ = state.take(.modelSaid(odd)) }
    #expect(
      state.take(.modelSaid(odd))
        == .stop(.modelFailed("The model made 5 unusable calls in a row.")))
  }

  @Test func `that was cut off is not acted on, whatever it holds`() {
    for cut in [call("python", "rm -rf"), answer("Half an ans")] {
      var state = PlannerState.begun()
      var limit = cut
      limit.ending = .tokenLimit
      #expect(
        state.trace(.modelSaid(limit), .resumed(Budgets())) == [
          "stop 5 budget_exhausted: generated_tokens", "generate after task Do it.",
        ])
      var full = cut
      full.ending = .contextFull
      #expect(state.trace(.modelSaid(full)) == ["stop 5 budget_exhausted: context"])
      #expect(
        state.remarks == [
          PlannerRemark(.turnTruncated, "The turn was cut off (context_full) and is not used.")
        ])
    }
  }

  @Test(arguments: [
    (EngineFailure.model("Weights are gone."), "stop 6 model_failed: Weights are gone."),
    (.network("No route."), "stop 10 network_failed: No route."),
    (.contextOverflow, "stop 5 budget_exhausted: context"),
    (.cancelled, "stop 130 interrupted"),
  ])
  func `that fails ends the run, which can be resumed`(failure: EngineFailure, end: String) {
    var state = PlannerState.begun()
    #expect(
      state.trace(.generationFailed(failure), .resumed(Budgets()))
        == [end, "generate after task Do it."])
  }
}

extension String {
  /// The words of a generation without its history.
  fileprivate var replacingHistory: String {
    hasPrefix("generate") ? String(prefix { $0 != "|" }).components.first ?? "" : self
  }

  private var components: [String] {
    guard let range = firstRange(of: " after ") else { return [self] }
    return [String(self[..<range.lowerBound])]
  }
}
