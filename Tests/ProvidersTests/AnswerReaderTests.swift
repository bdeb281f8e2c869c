// AnswerReaderTests.swift — answers as servers send them, whole, in pieces, and broken in every way.

import Base
import Providers
import Testing

@Suite struct `A streamed answer of Chat` {
  @Test(arguments: [1, 2, 3, 7, 64, Int.max])
  func `is the same however it is cut into pieces`(pieceBytes: Int) throws {
    let (answer, deltas) = try WireAnswer(body: Stream.chat(Stream.chatCall))
      .read(.chat, pieceBytes: pieceBytes)
    #expect(answer == Stream.chatCallAnswer)
    #expect(
      deltas == [
        .reasoning("I shall "), .reasoning("look."), .text("Wäit."),
        .arguments(tool: "look", ""), .arguments(tool: "look", "{\"at\":"),
        .arguments(tool: "look", " 1}"),
      ])
  }

  @Test
  func `needs no end mark, no usage, and bears CRLF, comments, a mark and more lines of data`()
    throws
  {
    let chunk = #"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#
    let halves = chunk.split(separator: ",", maxSplits: 1).map(String.init)
    let bodies = [
      Stream.chat([chunk], done: false),
      "\u{FEFF}data: \(chunk)\n\n",
      ": waiting\r\n\r\nid: 4\r\nretry: 9\r\ndata:\(chunk)\r\n\r\ndata: [DONE]\r\n\r\n",
      ": waiting\r\rdata: \(chunk)\r\r",
      "data: \(halves[0]),\ndata: \(halves[1])\n\n",
      "data: \(chunk)",
    ]
    for body in bodies {
      let (answer, _) = try WireAnswer(body: body).read(.chat, pieceBytes: 1)
      #expect(answer == ProviderAnswer(items: [.message(.assistant, "Hi")], ending: .stop))
    }
  }

  @Test
  func `hands out its last words together with the end, in one piece or in many`() throws {
    let body = Stream.chat([
      #"{"id":"c","choices":[{"index":0,"delta":{"content":"It is "},"finish_reason":null}],"usage":null}"#,
      #"{"id":"c","choices":[{"index":0,"delta":{"content":"42."},"finish_reason":null}],"usage":null}"#,
      #"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
      #"{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#,
    ])
    var reader = AnswerReader(.chat)
    try reader.begin(
      status: 200, header: { _ in "text/event-stream; charset=utf-8" }, unixTime: 0)
    #expect(try reader.take(Array(body.utf8)) == [.text("It is "), .text("42.")])
    #expect(reader.isComplete)
    let answer = try reader.end()
    #expect(answer.text == "It is 42.")
    #expect(answer.usage == ProviderUsage(inputTokens: 7, outputTokens: 3))
    for count in [1, 2, 3, 50] {
      #expect(try WireAnswer(body: body).read(.chat, pieceBytes: count).0 == answer)
    }
  }

  @Test func `takes its usage with the finish, after it, or from nowhere`() throws {
    let text = #"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#
    let finish = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]"#
    let usage = #""usage":{"prompt_tokens":7,"completion_tokens":3}"#
    let known = ProviderUsage(inputTokens: 7, outputTokens: 3)
    for (chunks, expected) in [
      ([text, finish + "," + usage + "}"], known),
      ([text, finish + "}", #"{"choices":[],"# + usage + "}"], known),
      ([text, finish + "}", "{" + usage + "}"], known),
      // A chunk after the end that says nothing more, as gateways send it.
      (
        [text, finish + "}", #"{"choices":[{"index":0,"delta":{"content":""}}],"# + usage + "}"],
        known
      ),
      ([text, finish + #","usage":null}"#], nil),
    ] as [([String], ProviderUsage?)] {
      let (answer, _) = try WireAnswer(body: Stream.chat(chunks)).read(.chat)
      #expect(answer.usage == expected, "\(chunks)")
      #expect(answer.text == "Hi")
    }
  }

  @Test func `bears what keeps a connection alive, also between the parts of an event`() throws {
    let chunk = #"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#
    let bodies = [
      ": keep-alive\n\n: keep-alive\n\ndata: \(chunk)\n\n: OPENROUTER PROCESSING\n\ndata: [DONE]\n\n",
      "data:\n\ndata: \n\ndata: \(chunk)\n\ndata: [DONE]\n\n",
      "event: ping\ndata:\n\ndata: \(chunk)\n:\n\ndata: [DONE] \n\n",
      "event: message\n: between\nid: 1\ndata: \(chunk)\n\ndata: [DONE]",
    ]
    for body in bodies {
      for count in [1, 4, Int.max] {
        let (answer, _) = try WireAnswer(body: body).read(.chat, pieceBytes: count)
        #expect(answer == ProviderAnswer(items: [.message(.assistant, "Hi")], ending: .stop))
      }
    }
    // Alive, and nothing was said.
    #expect(throws: ProviderError.truncated(missing: "the reason why it ended")) {
      try WireAnswer(body: ": still thinking\n\n: still thinking\n\n").read(.chat)
    }
  }

  @Test(arguments: [
    ("stop", ProviderAnswer.Ending.stop), ("length", .length), ("content_filter", .filtered),
    ("max_tokens", .length), ("eos", .stop), ("end_turn", .stop),
  ])
  func `ends for every reason that servers give`(
    reason: String, ending: ProviderAnswer.Ending
  ) throws {
    let body = Stream.chat([
      #"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#,
      #"{"choices":[{"index":0,"delta":{},"finish_reason":"\#(reason)"}]}"#,
    ])
    #expect(try WireAnswer(body: body).read(.chat).0.ending == ending)
    // A call is a call, whatever the reason says.
    let call = Stream.chat([
      #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"x","function":{"name":"a","arguments":"{}"}}]}}]}"#,
      #"{"choices":[{"index":0,"delta":{},"finish_reason":"\#(reason == "eos" ? "function_call" : "tool_calls")"}]}"#,
    ])
    #expect(try WireAnswer(body: call).read(.chat).0.ending == .calls)
  }

  @Test func `cut anywhere is never taken for a whole one`() throws {
    let body = Stream.chat(Stream.chatCall)
    let end = try #require(body.firstRange(of: "finish_reason")).upperBound
    let whole = body.utf8.distance(from: body.utf8.startIndex, to: end)
    for length in stride(from: 0, to: whole, by: 5) {
      let cut = String(decoding: Array(body.utf8.prefix(length)), as: UTF8.self)
      #expect(throws: ProviderError.self) { try WireAnswer(body: cut).read(.chat) }
    }
  }

  @Test func `with two chunks exchanged is refused where that can be seen, and never adds a call`()
    throws
  {
    var refused = 0
    for index in 0..<(Stream.chatCall.count - 1) {
      var chunks = Stream.chatCall
      chunks.swapAt(index, index + 1)
      do throws(ProviderError) {
        let (answer, _) = try WireAnswer(body: Stream.chat(chunks)).read(.chat)
        #expect(answer.calls.count == 1)
      } catch {
        refused += 1
      }
    }
    // A call's name after its arguments, an answer after its end.
    #expect(refused == 2)
  }

  @Test func `bears the habits of servers`() throws {
    let both =
      #"{"choices":[{"index":0,"delta":{"reasoning":"a","reasoning_content":"a"}}]}"#
    let old = #"{"choices":[{"index":0,"delta":{"reasoning_content":"b"}}]}"#
    let end = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
    #expect(
      try WireAnswer(body: Stream.chat([both, end])).read(.chat).0.items
        == [.reasoning(ProviderReasoning(text: "a", field: "reasoning"))])
    #expect(
      try WireAnswer(body: Stream.chat([old, end])).read(.chat).0.items
        == [.reasoning(ProviderReasoning(text: "b", field: "reasoning_content"))])
    // Whole calls without an index, arguments as an object, no id, "stop" for an end.
    let calls =
      #"{"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},{"function":{"name":"b"}}]}}]}"#
    let (answer, _) = try WireAnswer(body: Stream.chat([calls, end])).read(.chat)
    #expect(
      answer.items == [
        .call(ProviderCall(id: "call_0", name: "a", arguments: #"{"x":1}"#)),
        .call(ProviderCall(id: "call_1", name: "b", arguments: "{}")),
      ])
    #expect(answer.ending == .calls)
  }

  @Test func `interleaves calls by their index`() throws {
    func chunk(_ calls: String) -> String {
      #"{"choices":[{"index":0,"delta":{"tool_calls":["# + calls + "]}}]}"
    }
    let (answer, _) = try WireAnswer(
      body: Stream.chat([
        chunk(#"{"index":1,"id":"y","function":{"name":"b","arguments":"{"}}"#),
        chunk(#"{"index":0,"id":"x","function":{"name":"a","arguments":""}}"#),
        chunk(#"{"index":1,"function":{"arguments":"}"}}"#),
        chunk(#"{"index":0,"id":"x","function":{"name":"a","arguments":"{}"}}"#),
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
      ])
    ).read(.chat)
    #expect(answer.calls.map(\.name) == ["a", "b"])
    #expect(answer.calls.map(\.arguments) == ["{}", "{}"])
  }

  @Test(arguments: [
    (
      #"{"error":{"message":"Out of memory","code":"oom"}}"#,
      "It broke its answer off (oom): Out of memory."
    ),
    (#"{"error":"boom"}"#, "It broke its answer off: boom."),
    (
      #"{"choices":[{"index":0,"delta":{"content":"H"#,
      "Its answer ended too early: the rest of an event is missing."
    ),
    (#"[1]"#, "Its answer is not what the interface prescribes: an event is no JSON object."),
    (#"{"a":1,"a":2}"#, "Its answer is not what the interface prescribes: an event is not JSON."),
    (
      #"{"choices":[{"delta":{},"finish_reason":"bored"}]}"#,
      "Its answer is not what the interface prescribes: it ended for the unknown reason \"bored\"."
    ),
    ("[DONE]", "Its answer ended too early: the reason why it ended is missing."),
  ])
  func `says what is wrong with it`(data: String, words: String) {
    let error = #expect(throws: ProviderError.self) {
      try WireAnswer(body: "data: \(data)\n\n").read(.chat)
    }
    #expect(error?.description == words)
    #expect(error?.isTransient == true)
  }

  @Test func `is bounded in one event and altogether`() {
    let line = String(repeating: "x", count: EventStreamParser.eventBytesMax + 1)
    #expect(throws: ProviderError.tooLarge(bytesMax: EventStreamParser.eventBytesMax)) {
      try WireAnswer(body: "data: " + line).read(.chat)
    }
    var reader = AnswerReader(.chat)
    #expect(throws: ProviderError.tooLarge(bytesMax: AnswerReader.bytesMax)) {
      try reader.begin(status: 200, header: { _ in "text/event-stream" }, unixTime: 0)
      let comment = Array((":" + String(repeating: "x", count: 1 << 20) + "\n\n").utf8)
      for _ in 0..<80 { _ = try reader.take(comment) }
    }
  }
}

@Suite struct `A streamed answer of Responses` {
  @Test(arguments: [1, 5, 100, Int.max])
  func `is the same however it is cut into pieces`(pieceBytes: Int) throws {
    let (answer, deltas) = try WireAnswer(body: Stream.responses(Stream.responsesCall))
      .read(.responses, pieceBytes: pieceBytes)
    #expect(answer == Stream.responsesCallAnswer)
    #expect(deltas.prefix(2) == [.reasoning("Hm"), .reasoning("mm")])
  }

  @Test func `with any two events exchanged, or any but the last lost, is whole or refused`() throws
  {
    let numbered = Stream.responsesCall
    // What comes after the last event is not looked at.
    for index in 0..<(numbered.count - 2) {
      var events = numbered
      events.swapAt(index, index + 1)
      #expect(throws: ProviderError.self) {
        try WireAnswer(body: Stream.responses(events)).read(.responses)
      }
    }
    for index in numbered.indices.dropLast() {
      var events = numbered
      events.remove(at: index)
      if let (answer, _) = try? WireAnswer(body: Stream.responses(events)).read(.responses) {
        #expect(answer == Stream.responsesCallAnswer)
      }
    }
    #expect(throws: ProviderError.truncated(missing: "the event response.completed")) {
      try WireAnswer(body: Stream.responses(numbered.dropLast())).read(.responses)
    }
  }

  @Test func `bears keep-alives, an end mark, and kinds of events that came later`() throws {
    var events = Stream.responsesCall
    events.insert(#"{"type":"keepalive"}"#, at: 3)
    events.insert(#"{"type":"response.some_later_kind.delta","delta":"?"}"#, at: 5)
    let body =
      ": hello\n\nevent: ping\ndata:\n\n" + Stream.responses(events) + "data: [DONE]\n\n"
    for count in [1, 9, Int.max] {
      let (answer, _) = try WireAnswer(body: body).read(.responses, pieceBytes: count)
      #expect(answer == Stream.responsesCallAnswer)
    }
  }

  @Test func `finds its items by their ids where a server leaves places and numbers out`() throws {
    let plain = Stream.responsesCall.map { event in
      event.replacing(#/"(sequence_number|output_index)":\d+,/#, with: "")
    }
    // Each piece then says whose it is.
    let events = plain.map { event in
      guard event.contains("_text.") || event.contains("_arguments.") else { return event }
      let id = event.contains("reasoning_text") ? "rs_1" : "fc_1"
      return event.replacing("{\"type\"", with: "{\"item_id\":\"\(id)\",\"type\"")
    }
    let (answer, deltas) = try WireAnswer(body: Stream.responses(events)).read(.responses)
    #expect(answer == Stream.responsesCallAnswer)
    #expect(deltas.count == 4)
    let words = "an event does not say which part of the answer it belongs to"
    #expect(throws: ProviderError.malformed(words)) {
      try WireAnswer(body: Stream.responses(plain)).read(.responses)
    }
  }

  @Test func `without numbers still notices deltas that were exchanged`() {
    var events = Stream.responsesCall.map { event in
      event.replacing(#/"sequence_number":\d+,/#, with: "")
    }
    #expect((try? WireAnswer(body: Stream.responses(events)).read(.responses)) != nil)
    events.swapAt(2, 3)
    #expect(throws: ProviderError.outOfOrder("a text differs from the pieces that it came in")) {
      try WireAnswer(body: Stream.responses(events)).read(.responses)
    }
  }

  @Test func `tells its endings apart`() throws {
    func end(_ type: String, _ rest: String) -> WireAnswer {
      WireAnswer(
        body: Stream.responses([#"{"type":"response.\#(type)","response":{\#(rest)}}"#]))
    }
    let short = end(
      "incomplete",
      #""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]"#)
    #expect(try short.read(.responses).0.ending == .length)
    let withheld = end(
      "incomplete",
      #""status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]"#)
    #expect(try withheld.read(.responses).0.ending == .filtered)
    #expect(throws: ProviderError.brokenOff(code: "server_error", message: "Sorry")) {
      try end(
        "failed", #""status":"failed","error":{"code":"server_error","message":"Sorry"}"#
      ).read(.responses)
    }
    #expect(throws: ProviderError.brokenOff(code: "x", message: "y")) {
      try WireAnswer(
        body: Stream.responses([#"{"type":"error","code":"x","message":"y","param":null}"#])
      ).read(.responses)
    }
  }
}

@Suite struct `A whole answer` {
  private func json(_ body: String) -> WireAnswer {
    WireAnswer(headers: ["Content-Type": "application/json; charset=utf-8"], body: body)
  }

  @Test func `of each interface is read`() throws {
    #expect(
      try json(
        #"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":[{"type":"text","text":"Hi"}],"reasoning_content":"t"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#
      ).read(.chat).0
        == ProviderAnswer(
          items: [
            .reasoning(ProviderReasoning(text: "t", field: "reasoning_content")),
            .message(.assistant, "Hi"),
          ], ending: .stop, usage: ProviderUsage(inputTokens: 1, outputTokens: 2), model: "m",
          id: "c"))
    #expect(
      try json(
        #"{"id":"r","status":"completed","output":[{"type":"message","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Hi"}]},{"type":"web_search_call"}]}"#
      ).read(.responses).0
        == ProviderAnswer(
          items: [.message(.assistant, "Hi", phase: .commentary)], ending: .stop, id: "r"))
  }

  @Test func `of completions shows the ids of vLLM and of llama-server`() throws {
    let vllm =
      #"{"choices":[{"index":0,"text":"a","token_ids":[5,200012],"finish_reason":"stop","stop_reason":200012}]}"#
    let llama =
      #"{"choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":"length"}],"__verbose":{"tokens":[5,6]}}"#
    let plain = #"{"choices":[{"index":0,"text":"a","finish_reason":"length"}]}"#
    let first = try json(vllm).read(.completions).0
    #expect(first.tokens == [5, 200_012])
    #expect(first.stopToken == 200_012)
    #expect(first.ending == .stop)
    #expect(try json(llama).read(.completions).0.tokens == [5, 6])
    #expect(try json(plain).read(.completions).0.tokens == nil)
    #expect(throws: ProviderError.malformed("a token id is no number of a token")) {
      try json(#"{"choices":[{"index":0,"token_ids":[-1]}]}"#).read(.completions)
    }
  }

  @Test func `takes the thought out of the text where a server leaves it there`() throws {
    let body =
      #"{"choices":[{"message":{"content":"<reasoning>t</reasoning>\nHi"},"finish_reason":"stop"}]}"#
    #expect(
      try json(body).read(.chat).0.items
        == [.reasoning(ProviderReasoning(text: "t")), .message(.assistant, "Hi")])
  }

  @Test func `is told from a stream by its first byte where the type says nothing`() throws {
    let whole = #" {"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}"#
    let chunk = #"{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#
    for type in ["", "text/plain"] {
      for body in [whole, Stream.chat([chunk])] {
        let answer = WireAnswer(headers: ["Content-Type": type], body: body)
        #expect(try answer.read(.chat, pieceBytes: 1).0.text == "Hi")
      }
    }
    for (type, body) in [("text/html", whole), ("", "<html>"), ("image/png", "x")] {
      #expect(throws: ProviderError.wrongContentType(type)) {
        try WireAnswer(headers: ["Content-Type": type], body: body).read(.chat)
      }
    }
    #expect(throws: ProviderError.truncated(missing: "everything")) {
      try WireAnswer(headers: [:], body: "").read(.chat)
    }
  }
}

@Suite struct `A refusal` {
  private func refusal(
    _ status: Int, _ body: String, _ headers: [String: String] = [:]
  ) -> ProviderError? {
    do throws(ProviderError) {
      _ = try WireAnswer(status: status, headers: headers, body: body)
        .read(.chat, unixTime: 784_111_770)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    (
      #"{"error":{"message":"No such model","type":"invalid_request_error","code":"model_not_found"}}"#,
      "It answered with status 404 (model_not_found): No such model. Is the address right, and the model's name?"
    ),
    (
      #"{"error":"nope"}"#,
      "It answered with status 404: nope. Is the address right, and the model's name?"
    ),
    (
      #"{"message":"flat","code":7}"#,
      "It answered with status 404 (7): flat. Is the address right, and the model's name?"
    ),
    (
      #"{"detail":"Not Found"}"#,
      "It answered with status 404: Not Found. Is the address right, and the model's name?"
    ),
    (
      "<html><h1>404</h1></html>",
      "It answered with status 404. Is the address right, and the model's name?"
    ),
    ("", "It answered with status 404. Is the address right, and the model's name?"),
  ])
  func `is read in every form that servers have`(body: String, words: String) {
    #expect(refusal(404, body)?.description == words)
  }

  @Test func `says whether and when to try again`() {
    #expect(refusal(429, "{}", ["Retry-After": "3"])?.isTransient == true)
    for status in [400, 401, 403, 404, 422] { #expect(refusal(status, "")?.isTransient == false) }
    for status in [408, 409, 429, 500, 502, 503, 504, 529] {
      #expect(refusal(status, "")?.isTransient == true)
    }
    #expect(refusal(500, "", ["x-should-retry": "false"])?.isTransient == false)
    #expect(refusal(400, "", ["x-should-retry": "true"])?.isTransient == true)
    #expect(
      refusal(429, #"{"error":{"code":"insufficient_quota","message":""}}"#)?.isTransient == false)
    let date = refusal(503, "", ["Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"])
    #expect(date == .refused(status: 503, code: nil, message: "", RetryHint(seconds: 7)))
  }

  @Test func `of a prompt that is too long is told from others`() {
    #expect(
      refusal(400, #"{"error":{"code":"context_length_exceeded","message":"x"}}"#)?
        .isContextOverflow == true)
    #expect(
      refusal(400, #"{"error":{"message":"This model's maximum context length is 8 tokens"}}"#)?
        .isContextOverflow == true)
    #expect(refusal(400, #"{"error":{"message":"bad"}}"#)?.isContextOverflow == false)
  }

  @Test func `is cut short, whatever its size`() {
    let body = #"{"error":{"message":"\#(String(repeating: "x", count: 1 << 20))"}}"#
    #expect((refusal(500, body)?.description.count ?? 0) < 600)
  }
}
