// PlannerState+Calls.swift — from what the model wrote to a call, a verdict, a result.

import Base

extension PlannerState {
  /// Takes the calls of a turn, one after the other.
  mutating func take(_ indices: [Int], of turn: ModelTurn) -> PlannerAction {
    let turnIndex = history.items.count - 1
    queue += indices.map {
      RawCall(message: turn.messages[$0], turnIndex: turnIndex, messageIndex: $0)
    }
    return goOn()
  }

  /// The next call of the turn, or the next turn.
  mutating func goOn() -> PlannerAction {
    phase = .generating(beginsInFinal: false)
    while !queue.isEmpty {
      if mistakenCallCount >= Self.mistakenCallsMax {
        return stop(.modelFailed("The model made \(mistakenCallCount) unusable calls in a row."))
      }
      let raw = queue.removeFirst()
      if let open = open(raw) { return propose(open) }
    }
    if mistakenCallCount >= Self.mistakenCallsMax {
      return stop(.modelFailed("The model made \(mistakenCallCount) unusable calls in a row."))
    }
    if brokenCallCount >= Self.brokenCallsMax {
      return stop(.toolFailed("\(brokenCallCount) calls in a row were never answered."))
    }
    return generate(beginsInFinal: false)
  }

  // MARK: - Reading a call

  /// Makes out which tool is meant and with what; nil where the model was told that it cannot be.
  private mutating func open(_ raw: RawCall) -> OpenCall? {
    callCount += 1
    let spelled = raw.message.recipient ?? ""
    let tool: ToolDeclaration
    var author = shownName(raw)
    var notes: [String] = []
    switch names.resolve(spelled) {
    case .exact(let declaration, _): tool = declaration
    case .corrected(let declaration):
      tool = declaration
      let text = "There is no tool \"\(author)\"; the call was taken as \"\(tool.name)\"."
      rename(raw, to: tool.name)
      remarks.append(PlannerRemark(.callRenamed, call: callCount, text))
      notes.append(text)
      author = tool.name
    case .unknown:
      if author != spelled { rename(raw, to: author) }
      let text = "There is no tool \"\(author)\". Available tools: \(names.list)."
      return mistaken(raw, author, text)
    }
    switch CallArguments(raw.message.text, for: tool) {
    case .asWritten(let body):
      return openCall(tool, body, author, raw, notes)
    case .repaired(let body, let how):
      remarks.append(PlannerRemark(.argumentsRepaired, call: callCount, "In this call \(how)."))
      return openCall(tool, body, author, raw, notes)
    case .unreadable(let problem):
      return mistaken(raw, author, problem + " The call was not made; correct it and try again.")
    }
  }

  private mutating func openCall(
    _ tool: ToolDeclaration, _ body: String, _ author: String, _ raw: RawCall, _ notes: [String]
  ) -> OpenCall {
    mistakenCallCount = 0
    let call = ToolCall(id: callCount, tool: tool.name, body: body)
    identicalCallCount =
      call.tool == lastCall?.tool && call.body == lastCall?.body ? identicalCallCount + 1 : 1
    lastCall = call
    var notes = notes
    if identicalCallCount >= settings.budgets.identicalCallsNoted {
      let text = "This is the same call \(identicalCallCount) times in a row. Do something else."
      remarks.append(PlannerRemark(.callRepeated, call: callCount, text))
      notes.append(text)
    }
    return OpenCall(call: call, author: author, channel: raw.message.channel, notes: notes)
  }

  private mutating func mistaken(_ raw: RawCall, _ author: String, _ text: String) -> OpenCall? {
    mistakenCallCount += 1
    remarks.append(PlannerRemark(.callMistaken, call: callCount, text))
    let call = ToolCall(id: callCount, tool: author, body: raw.message.text)
    record(OpenCall(call: call, author: author, channel: raw.message.channel), text)
    return nil
  }

  /// The model wanted to call something, but named nothing: there is no tool to answer as.
  mutating func unaddressed() -> PlannerAction {
    mistakenCallCount += 1
    let text = "Your call names no tool. Available tools: \(names.list)."
    remarks.append(PlannerRemark(.callMistaken, text))
    history.append(.note(text))
    return goOn()
  }

  /// The recipient as it may stand in the history.
  func shownName(_ raw: RawCall) -> String {
    switch names.resolve(raw.message.recipient ?? "") {
    case .exact(_, let spelled): spelled
    case .corrected: ToolNames.cleaned(raw.message.recipient ?? "")
    case .unknown(let shown): shown
    }
  }

  private mutating func rename(_ raw: RawCall, to name: String) {
    history.rename(message: raw.messageIndex, ofItem: raw.turnIndex, to: name)
  }

  // MARK: - Making a call

  /// Puts a call before the policy, within the budgets.
  mutating func propose(_ open: OpenCall) -> PlannerAction {
    phase = .judging(open)
    let budgets = settings.budgets
    if identicalCallCount >= budgets.identicalCallsMax {
      return stop(.budgetExhausted(.identicalCalls))
    }
    if usage.toolCalls >= budgets.toolCallsMax { return stop(.budgetExhausted(.toolCalls)) }
    if wallMillisecondsLeft == 0 { return stop(.budgetExhausted(.wallTime)) }
    return .judge(open.call)
  }

  mutating func judged(_ open: OpenCall, _ decision: CallDecision) -> PlannerAction {
    switch decision.verdict {
    case .allowed:
      usage.toolCalls += 1
      phase = .running(open)
      return .run(open.call)
    case .refused, .noSandbox:
      if decision.verdict == .noSandbox {
        flaws.append(.sandboxUnavailable(decision.reason))
      } else if !settings.toleratesRefusals {
        flaws.append(.denied(decision.reason))
      }
      brokenCallCount = 0
      usage.toolCalls += 1
      record(open, "Refused: \(decision.reason)")
      return goOn()
    case .approvalNeeded: return stop(.approvalNeeded(decision.reason))
    case .costSpent: return stop(.budgetExhausted(.cost))
    }
  }

  mutating func answered(_ open: OpenCall, _ answer: ToolAnswer) -> PlannerAction {
    if let flaw = answer.flaw { flaws.append(flaw) }
    if answer.result.status == .refused, !settings.toleratesRefusals {
      flaws.append(.denied(answer.result.text))
    }
    brokenCallCount = answer.result.status == .broken ? brokenCallCount + 1 : 0
    record(open, answer.result.text)
    return goOn()
  }

  /// A call that may or may not have been carried out: it is not made again.
  mutating func answerUnknown(_ open: OpenCall) {
    let text = """
      The run was interrupted while this call was under way. It is not known whether it was carried \
      out; check before you repeat it.
      """
    remarks.append(PlannerRemark(.callUnknown, call: open.call.id, text))
    record(open, text)
  }

  /// Puts a result into the history.
  mutating func record(_ open: OpenCall, _ text: String) {
    let notes = open.notes.map { "[Note: \($0)]" }
    history.append(
      .toolResult(
        HistoryToolResult(
          call: open.call.id, tool: open.author, channel: open.channel,
          text: ([text] + notes).joined(separator: "\n"))))
  }
}
