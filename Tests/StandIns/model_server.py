#!/usr/bin/env python3
"""model_server.py: a stand-in of OpenAI-compatible model servers, which plays faults.

    model_server.py [CERTIFICATE KEY]     prints {"port": PORT}; with a certificate it speaks HTTPS

It speaks Chat, Responses and completions by token ids. Each line of standard input is a JSON object and
is answered by one; its members:

    "turns"      what the model says, one for each answered request: {"thought"?, "text"?, "calls"?: [{"name",
                 "arguments"}]}, or for completions {"tokens": [ID, ...], "wrong"?: {"PLACE": ID}}: that id
                 comes first at that place, and the right one when a bias asks for it
    "faults"     one for each request for an answer, until they are used up; null for none; see FAULTS
    "tokenize"   the ids that /tokenize answers with; none for no such path
    "context"    what /models says is the longest prompt
    "key"        the only key that is taken
    "forward"    the address of a real server, without /v1: it answers, and both sides are recorded
    "replay"     such a record: each request gets the first answer to its path that was not given yet

The answer holds the "requests" since the last order: path, body, key; and what was forwarded as "exchanges":
method, path, request, status, type, answer. It ends with its standard input.
"""
import json, ssl, sys, threading, time, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

state = {"turns": [], "faults": [], "tokenize": None, "context": None, "key": None, "forward": None,
         "replay": None}
place = {"turn": 0, "token": 0}
requests = []
exchanges = []
lock = threading.Lock()


def chat_events(turn):
    def chunk(delta, finish=None, **more):
        return dict({"id": "c%d" % place["turn"], "object": "chat.completion.chunk", "created": 1,
                     "model": "stand-in",
                     "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, **more)
    yield chunk({"role": "assistant", "content": ""})
    for word in (turn.get("thought") or "").split():
        yield chunk({"reasoning": word + " "})
    for word in (turn.get("text") or "").split(" "):
        if word:
            yield chunk({"content": word if word == turn["text"].split(" ")[0] else " " + word})
    for index, call in enumerate(turn.get("calls") or []):
        yield chunk({"tool_calls": [{"index": index, "id": "call-%d-%d" % (place["turn"], index),
                                     "type": "function",
                                     "function": {"name": call["name"], "arguments": ""}}]})
        text = call["arguments"]
        for start in range(0, len(text), 5):
            yield chunk({"tool_calls": [{"index": index,
                                         "function": {"arguments": text[start:start + 5]}}]})
    yield chunk({}, turn.get("finish") or ("tool_calls" if turn.get("calls") else "stop"))
    yield {"id": "c%d" % place["turn"], "object": "chat.completion.chunk", "created": 1, "model": "stand-in",
           "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}}


def responses_events(turn):
    number, output, rid = [0], [], "resp_%d" % place["turn"]

    def event(kind, **more):
        body = dict({"type": kind, "sequence_number": number[0]}, **more)
        number[0] += 1
        return body
    yield event("response.created", response={"id": rid, "model": "stand-in", "status": "in_progress",
                                               "output": []})
    if turn.get("thought"):
        item = {"type": "reasoning", "id": "rs_%d" % place["turn"], "summary": [],
                "content": [{"type": "reasoning_text", "text": turn["thought"]}]}
        yield event("response.output_item.added", output_index=len(output),
                    item=dict(item, content=[]))
        for half in (turn["thought"][:3], turn["thought"][3:]):
            yield event("response.reasoning_text.delta", output_index=len(output), content_index=0,
                        item_id=item["id"], delta=half)
        yield event("response.reasoning_text.done", output_index=len(output), content_index=0,
                    item_id=item["id"], text=turn["thought"])
        yield event("response.output_item.done", output_index=len(output), item=item)
        output.append(item)
    if turn.get("text"):
        item = {"type": "message", "id": "msg_%d" % place["turn"], "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": turn["text"], "annotations": []}]}
        yield event("response.output_item.added", output_index=len(output), item=dict(item, content=[]))
        for half in (turn["text"][:2], turn["text"][2:]):
            yield event("response.output_text.delta", output_index=len(output), content_index=0,
                        item_id=item["id"], delta=half, logprobs=[])
        yield event("response.output_text.done", output_index=len(output), content_index=0,
                    item_id=item["id"], text=turn["text"], logprobs=[])
        yield event("response.output_item.done", output_index=len(output), item=item)
        output.append(item)
    for index, call in enumerate(turn.get("calls") or []):
        item = {"type": "function_call", "id": "fc_%d" % index, "status": "completed",
                "call_id": "call-%d-%d" % (place["turn"], index), "name": call["name"],
                "arguments": call["arguments"]}
        yield event("response.output_item.added", output_index=len(output), item=dict(item, arguments=""))
        yield event("response.function_call_arguments.delta", output_index=len(output), item_id=item["id"],
                    delta=call["arguments"])
        yield event("response.function_call_arguments.done", output_index=len(output), item_id=item["id"],
                    arguments=call["arguments"])
        yield event("response.output_item.done", output_index=len(output), item=item)
        output.append(item)
    yield event("response.completed", response={
        "id": rid, "object": "response", "model": "stand-in", "status": "completed", "output": output,
        "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}})


def start_of(turn, prompt):
    """How much of the turn stands in the prompt already: the asker may know a token without asking."""
    tokens = turn["tokens"]
    return max(count for count in range(len(tokens)) if count == 0 or prompt[-count:] == tokens[:count])


def completion(turn, body):
    """As llama-server and vLLM answer: ids, the stop token among them."""
    tokens, wrong, start = turn["tokens"], turn.get("wrong") or {}, start_of(turn, body["prompt"])
    ids, finish, used = [], "length", start
    while used < len(tokens) and len(ids) < body["max_tokens"]:
        if str(used) in wrong and not body.get("logit_bias"):
            ids.append(wrong[str(used)])
            break
        ids.append(tokens[used])
        used += 1
        if used == len(tokens):
            finish = "stop"
    place["token"] = used
    if used == len(tokens):
        place["turn"] += 1
        place["token"] = 0
    return {"id": "cmpl", "object": "text_completion", "created": 1, "model": "stand-in",
            "choices": [{"index": 0, "text": "", "token_ids": ids, "finish_reason": finish}],
            "usage": {"prompt_tokens": len(body["prompt"]), "completion_tokens": len(ids),
                      "total_tokens": len(body["prompt"]) + len(ids)}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def send(self, status, body, kind="application/json", headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def refused(self, key):
        if state["key"] and key != "Bearer " + state["key"]:
            self.send(401, {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error",
                                      "code": "invalid_api_key"}})
            return True
        return False

    def note(self, body):
        with lock:
            requests.append({"path": self.path, "body": body, "key": self.headers.get("Authorization")})

    def relayed(self, body):
        """Whether a real server, or the record of one, has answered."""
        if state["forward"]:
            asked = urllib.request.Request(state["forward"] + self.path, method=self.command,
                                           data=None if body is None else json.dumps(body).encode(),
                                           headers={"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(asked, timeout=120) as answer:
                    status, kind, text = answer.status, answer.headers["Content-Type"], answer.read()
            except urllib.error.HTTPError as refusal:
                status, kind, text = refusal.code, refusal.headers["Content-Type"], refusal.read()
            with lock:
                exchanges.append({"method": self.command, "path": self.path, "request": body, "status": status,
                                  "type": kind, "answer": text.decode()})
            self.send(status, text, kind)
            return True
        if state["replay"] is not None:
            with lock:
                left = [one for one in state["replay"] if one["path"] == self.path]
                if left:
                    state["replay"].remove(left[0])
            if left:
                self.send(left[0]["status"], left[0]["answer"].encode(), left[0]["type"])
            else:
                self.send(400, {"error": {"message": "Nothing more is recorded", "code": "no_record"}})
            return True
        return False

    def do_GET(self):
        self.note(None)
        if self.relayed(None) or self.refused(self.headers.get("Authorization")):
            return
        if self.path == "/v1/models":
            model = {"id": "stand-in", "object": "model", "created": 1, "owned_by": "nobody"}
            if state["context"]:
                model["max_model_len"] = state["context"]
            return self.send(200, {"object": "list", "data": [model]})
        self.send(404, {"error": {"message": "Not Found", "type": "not_found_error", "code": None}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.note(body)
        if self.relayed(body) or self.refused(self.headers.get("Authorization")):
            return
        if self.path == "/tokenize" and state["tokenize"] is not None:
            return self.send(200, {"tokens": state["tokenize"], "count": len(state["tokenize"])})
        kind = self.path.removeprefix("/v1/")
        if kind not in ("chat/completions", "responses", "completions"):
            return self.send(404, {"detail": "Not Found"})
        if kind == "completions" and body["max_tokens"] == 1 and len(body["prompt"]) == len(state["tokenize"] or []):
            return self.send(200, {"choices": [{"index": 0, "text": "", "token_ids": [1],
                                                "finish_reason": "length"}]})
        with lock:
            if kind == "completions" and place["turn"] < len(state["turns"]) - 1:
                turn = state["turns"][place["turn"]]
                # The last token of a turn may never have been asked for.
                if place["token"] == len(turn["tokens"]) - 1 and start_of(turn, body["prompt"]) == 0:
                    place.update(turn=place["turn"] + 1, token=0)
            fault = state["faults"].pop(0) if state["faults"] else None
            if fault is None and place["turn"] >= len(state["turns"]):
                fault = "500"
            turn = None if place["turn"] >= len(state["turns"]) else state["turns"][place["turn"]]
        if fault and FAULTS[fault](self, kind, turn, body):
            return
        with lock:
            if kind == "completions":
                return self.send(200, completion(turn, body))
            text = self.stream(kind, turn)
            place["turn"] += 1
        self.send(200, text, "text/event-stream")

    def stream(self, kind, turn, change=lambda events: events):
        if kind == "chat/completions":
            lines = ["data: " + json.dumps(e) for e in change(list(chat_events(turn)))] + ["data: [DONE]"]
        else:
            lines = ["event: %s\ndata: %s" % (e["type"], json.dumps(e))
                     for e in change(list(responses_events(turn)))]
        return ("\n\n".join(lines) + "\n\n").encode()

    def whole(self, kind, turn, body):
        """The bytes of a good answer, whose turn is not used up."""
        if kind != "completions":
            return self.stream(kind, turn), "text/event-stream"
        before = dict(place)
        answer = json.dumps(completion(turn, body)).encode()
        place.update(before)
        return answer, "application/json"


def error(status, code, headers=()):
    def play(self, kind, turn, body):
        self.send(status, {"error": {"message": "The stand-in is told to", "type": "error", "code": code}},
                  headers=headers)
        return True
    return play


def truncated(self, kind, turn, body):
    """A clean end in the middle, as a proxy makes it."""
    text, kind = self.whole(kind, turn, body)
    self.send(200, text[:len(text) // 2], kind)
    return True


def half_json(self, kind, turn, body):
    text, kind = self.whole(kind, turn, body)
    at = text.rindex(b"}")
    self.send(200, text[:at] if kind == "application/json" else text[:at] + b"\n\ndata: [DONE]\n\n", kind)
    return True


def reset(self, kind, turn, body):
    """Less than was announced, and then nothing."""
    text, kind = self.whole(kind, turn, body)
    self.send_response(200)
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(text) + 10))
    self.end_headers()
    self.wfile.write(text[:-20])
    self.wfile.flush()
    self.connection.close()
    self.close_connection = True
    return True


def stall(self, kind, turn, body):
    text, kind = self.whole(kind, turn, body)
    self.send_response(200)
    self.send_header("Content-Type", kind)
    self.send_header("Content-Length", str(len(text)))
    self.end_headers()
    self.wfile.write(text[:len(text) // 2])
    self.wfile.flush()
    time.sleep(60)
    return True


def wrong_type(self, kind, turn, body):
    self.send(200, b"<html><body>Sign in to the guest network</body></html>", "text/html")
    return True


def reordered(self, kind, turn, body):
    def swap(events):
        middle = len(events) // 2 if kind == "responses" else len(events) - 3
        events[middle], events[middle + 1] = events[middle + 1], events[middle]
        return events
    if kind == "completions":
        return half_json(self, kind, turn, body)
    self.send(200, self.stream(kind, turn, swap), "text/event-stream")
    return True


def late_error(self, kind, turn, body):
    if kind == "completions":
        self.send(200, {"error": {"message": "CUDA out of memory", "code": 500}})
        return True
    text = self.stream(kind, turn)
    failure = b'data: {"type":"error","error":{"message":"CUDA out of memory","code":500}}\n\n'
    self.send(200, text[:text.index(b"\n\n") + 2] + failure, "text/event-stream")
    return True


def redirect(self, kind, turn, body):
    self.send(307, b"", headers=[("Location", "http://127.0.0.1:1/elsewhere")])
    return True


FAULTS = {
    "429": error(429, "rate_limit_exceeded", [("retry-after-ms", "50")]),
    "429-late": error(429, "rate_limit_exceeded", [("Retry-After", "3600")]),
    "quota": error(429, "insufficient_quota"),
    "500": error(500, None, [("retry-after-ms", "20")]),
    "400": error(400, "bad_request"),
    "overflow": error(400, "context_length_exceeded"),
    "truncated": truncated, "half-json": half_json, "reset": reset, "stall": stall,
    "wrong-type": wrong_type, "reordered": reordered, "late-error": late_error, "redirect": redirect,
}


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    for line in sys.stdin:
        order = json.loads(line) or {}
        with lock:
            answer = {"requests": list(requests), "exchanges": list(exchanges),
                      "left": len(state["replay"] or [])}
            requests.clear()
            exchanges.clear()
            if "turns" in order:
                place.update(turn=0, token=0)
            state.update(order)
        print(json.dumps(answer), flush=True)


main()
