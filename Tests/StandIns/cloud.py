#!/usr/bin/env python3
"""cloud.py: a stand-in of a provider of models, well behaved or not, on loopback ports.

    cloud.py [FOLDER]     prints {"plain": PORT, "tls": PORT}

It takes POST /v1/chat/completions and POST /v1/responses, whatever model is asked for, and CONNECT as a
proxy that knows one user and finds itself behind every name. "tls" is there where FOLDER holds site.pem
and site.key. Each line of standard input is JSON, and answered by one: {"behave": [NAME, ...]} sets what
is done with the next requests, the last for all that follow; null asks for the log of requests since. It
ends with its standard input.
"""
import json, os, socket, ssl, sys, threading, time

FOLDER = sys.argv[1] if len(sys.argv) > 1 else None
TEXT = "Mars has two moons: Phobos and Deimos."
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500,
         "prompt_tokens_details": {"cached_tokens": 200}, "completion_tokens_details": {"reasoning_tokens": 50}}
behave = ["stream"]
log = []
lock = threading.Lock()
context = None


def head(status="200 OK", kind="text/event-stream", more=()):
    lines = ["HTTP/1.1 " + status, "Content-Type: " + kind, "Connection: close"] + list(more)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def whole(body, status="200 OK", kind="application/json", more=()):
    body = body if isinstance(body, bytes) else body.encode()
    return head(status, kind, ["Content-Length: %d" % len(body)] + list(more)) + body


def error(status, message, code=None, more=()):
    return whole(json.dumps({"error": {"message": message, "type": "x", "code": code}}), status, more=more)


def data(value, name=None):
    text = value if isinstance(value, str) else json.dumps(value)
    return (("event: %s\n" % name if name else "") + "data: %s\n\n" % text).encode()


def chat_events(text=TEXT, finish="stop"):
    def chunk(delta, finish=None, **more):
        return data(dict({"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in-1",
                          "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, **more))
    events = [chunk({"role": "assistant", "content": ""}), chunk({"reasoning": "The user wants moons."})]
    events += [chunk({"content": text[i:i + 7]}) for i in range(0, len(text), 7)]
    events.append(chunk({}, finish))
    events.append(data({"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "stand-in-1",
                        "choices": [], "usage": USAGE}))
    return events + [data("[DONE]")]


def chat_whole(text=TEXT):
    return json.dumps({"id": "c-1", "object": "chat.completion", "created": 1, "model": "stand-in-1",
                       "choices": [{"index": 0, "finish_reason": "stop",
                                    "message": {"role": "assistant", "content": text}}], "usage": USAGE})


def response(status, output):
    return {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "stand-in-1",
            "output": output, "tools": [], "tool_choice": "none", "parallel_tool_calls": False,
            "usage": {"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500,
                      "input_tokens_details": {"cached_tokens": 200},
                      "output_tokens_details": {"reasoning_tokens": 50}} if status == "completed" else None}


def message(text, status="completed"):
    content = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def response_events(text=TEXT):
    part = {"type": "output_text", "text": "", "annotations": []}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    list_ = [("response.created", {"response": response("in_progress", [])}),
             ("response.output_item.added", {"output_index": 0, "item": message("", "in_progress")}),
             ("response.content_part.added", dict(at, part=part))]
    list_ += [("response.output_text.delta", dict(at, delta=text[i:i + 7], logprobs=[])) for i in range(0, len(text), 7)]
    list_ += [("response.output_text.done", dict(at, text=text, logprobs=[])),
              ("response.content_part.done", dict(at, part=dict(part, text=text))),
              ("response.output_item.done", {"output_index": 0, "item": message(text)}),
              ("response.completed", {"response": response("completed", [message(text)])})]
    return [data(dict({"type": name, "sequence_number": number}, **more), name)
            for number, (name, more) in enumerate(list_)]


def events(path):
    return response_events() if path.endswith("/responses") else chat_events()


def serve(name, path, headers, connection):
    """The answer's bytes; None where they were sent already."""
    if name == "stream":
        return head() + b"".join(events(path))
    if name == "slow":
        connection.sendall(head())
        for event in events(path):
            connection.sendall(event)
            time.sleep(0.02)
        return b""
    if name == "whole":
        return whole(json.dumps(response("completed", [message(TEXT)])) if path.endswith("/responses") else chat_whole())
    if name == "open":
        # Everything is said, and the connection stays open all the same.
        connection.sendall(head().replace(b"Connection: close", b"Connection: keep-alive") + b"".join(events(path)))
        time.sleep(30)
        return b""
    if name == "truncated":
        return head() + b"".join(events(path)[:5])
    if name == "cut":
        return head() + b"".join(events(path))[:700]
    if name == "half-json":
        return whole(chat_whole()[:80])
    if name == "garbage":
        return head() + data("{not json") + data("[DONE]")
    if name == "html":
        return whole("<html><body>Sign in to the wireless network</body></html>", kind="text/html")
    if name == "reordered":
        return head() + b"".join(reversed(events(path)))
    if name == "empty":
        return whole("")
    if name == "nothing":
        connection.close()
        return None
    if name == "reset":
        connection.sendall(head() + events(path)[0])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        return None
    if name == "silent":
        time.sleep(30)
        return None
    if name == "stall":
        connection.sendall(head() + b"".join(events(path)[:5]))
        time.sleep(30)
        return None
    if name == "comments":
        # Alive, and nothing is ever said.
        connection.sendall(head())
        for _ in range(600):
            connection.sendall(b": still thinking\n\n")
            time.sleep(0.05)
        return None
    if name == "flood":
        connection.sendall(head())
        for _ in range(400):
            connection.sendall(data({"choices": [{"index": 0, "delta": {"content": "a" * 65536}}]}))
        return None
    if name == "429":
        return error("429 Too Many Requests", "Slow down.", "rate_limit_exceeded", ["Retry-After: 0"])
    if name == "429-long":
        return error("429 Too Many Requests", "Come back tomorrow.", "rate_limit_exceeded", ["Retry-After: 86400"])
    if name == "429-quota":
        return error("429 Too Many Requests", "You exceeded your quota.", "insufficient_quota")
    if name == "500":
        return error("500 Internal Server Error", "It broke.", None, ["retry-after-ms: 10"])
    if name == "503-page":
        return whole("<h1>503</h1>", "503 Service Unavailable", "text/html", ["retry-after-ms: 10"])
    if name == "401":
        return error("401 Unauthorized", "Incorrect API key: " + headers.get("Authorization", "none"), "invalid_api_key")
    if name == "400":
        return error("400 Bad Request", "Unknown model.", "model_not_found")
    if name == "redirect":
        return whole("", "307 Temporary Redirect", more=["Location: http://127.0.0.1:9/v1/chat/completions"])
    if name == "error-inside":
        return head() + b"".join(events(path)[:4]) + data({"error": {"message": "The engine fell over.", "code": 500}})
    if name == "length":
        return head() + b"".join(chat_events(finish="length"))
    if name == "filtered":
        return head() + b"".join(chat_events(text="", finish="content_filter"))
    if name == "only-thought":
        return head() + b"".join(chat_events(text=""))
    raise ValueError(name)


def take(connection):
    """One request's head and body."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(65536)
        if not more:
            return None
        text += more
    top, body = text.split(b"\r\n\r\n", 1)
    lines = top.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    while len(body) < int(headers.get("Content-Length", 0)):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return lines[0].split(" "), headers, body


def handle(connection):
    try:
        request = take(connection)
        if request is None:
            return
        (method, target, _), headers, body = request
        if method == "CONNECT":
            known = headers.get("Proxy-Authorization") == "Basic dXNlcjp3b3Jk"
            with lock:
                log.append({"method": method, "target": target, "headers": headers, "body": ""})
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n" if known
                               else b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            if known:
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                handle(connection)
            return
        with lock:
            log.append({"method": method, "target": target, "headers": headers, "body": body.decode()})
            name = behave.pop(0) if len(behave) > 1 else behave[0]
        result = serve(name, target, headers, connection)
        if result is not None:
            connection.sendall(result)
    except (OSError, ValueError) as problem:
        if isinstance(problem, ValueError):
            print(problem, file=sys.stderr)
    finally:
        try:
            connection.close()
        except OSError:
            pass


def listen(with_tls):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def begin(connection):
        try:
            if with_tls:
                connection = context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        handle(connection)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=begin, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    global behave, log, context
    if FOLDER and os.path.exists(os.path.join(FOLDER, "site.pem")):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(FOLDER, "site.pem"), os.path.join(FOLDER, "site.key"))
    ports = {"plain": listen(False)}
    if context:
        ports["tls"] = listen(True)
    print(json.dumps(ports), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with lock:
            reply = {"requests": log}
            log = []
            if order:
                behave = list(order["behave"])
        print(json.dumps(reply), flush=True)


main()
