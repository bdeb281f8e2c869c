#!/usr/bin/env python3
"""web.py: a stand-in of the web, the hostile part of it above all, on loopback ports.

    web.py [FOLDER [PAGES]]     prints {"plain": PORT, "good": PORT, "expired": PORT, "other": PORT, ...}

"plain" speaks HTTP. Where FOLDER holds certificates (NAME.pem beside site.key), each gets a port that
speaks HTTPS with it, and each way of http2.py one that speaks HTTP/2. What a path does stands in PATHS below; where
PAGES is given, the pages of that folder are all there is, beside a search engine that knows one word. Each line of standard input is JSON, and
answered by one: {"robots": STATUS or TEXT} sets what /robots.txt is from now on, null asks for the log
of requests since. It ends with its standard input.
"""
import base64, email.utils, glob, gzip, json, os, socket, ssl, sys, threading, time, urllib.parse, zlib

sys.dont_write_bytecode = True
import http2

FOLDER = sys.argv[1] if len(sys.argv) > 1 else None
PAGES = sys.argv[2] if len(sys.argv) > 2 else None
KINDS = {".html": "text/html", ".txt": "text/plain", ".json": "application/json", ".xml": "application/xml",
         ".md": "text/markdown"}
FOUND = [{"title": "A found page", "url": "http://site.test/search.html", "content": "Swifts return in May."},
         {"title": "Another † 【1†x】", "url": "https://other.test/?a=1&b=\"2\"",
          "content": "&lt;b&gt;Not&lt;/b&gt; markup &amp; more"},
         {"title": " ", "url": "http://site.test/lists.html", "content": ""}]
TEXT = "Grüße, aufgefaltet.\n" * 40
# 40 lines of text; 64 MiB of zeros in 102 bytes.
BROTLI = base64.b64decode("Gx8D+K0OeHNXKFpnt8PSuODrozK5YfXJW2FiqQBSly5zdA2SxvYmKowRZIw+c+wT")
BROTLI_BOMB = base64.b64decode(
    "y///PwAkAOKxQHLv//j//weABEAcFoDu/R////8AkACIwwLQvf/j//8fABIAcVgAuvd//P//A0ACIA4LQPf+j///fwBIAMRh"
    "Aeje//H//w8ACYA4LADd+z/+//8BIAEQhwWge/83")
ZSTD = base64.b64decode("KLUv/QRozQAAkEdyw7zDn2UgYXVzIHpzdGQuCgEAdlU1w2+K9as=")

robots = 404
asked = {}
log = []
lock = threading.Lock()


def kept_page(path, query):
    """A page of the folder, as the golden sessions of the browser know them."""
    if path == "/search":
        found = FOUND if "swifts" in query else []
        return answer(body=json.dumps({"results": found}), kind="application/json")
    name = urllib.parse.unquote(path[1:])
    name = {"address with 雨.html": "address-with-rain.html"}.get(name, name)
    file = os.path.join(PAGES, os.path.basename(name))
    kind = KINDS.get(os.path.splitext(name)[1])
    if not kind or not os.path.isfile(file):
        return answer("404 Not Found", "no such page")
    with open(file, "rb") as page:
        return answer(body=page.read(), kind=kind)


def bomb(mebibytes):
    """Zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(mebibytes)) + packer.flush()


def answer(status="200 OK", body=b"", headers=(), kind="text/plain; charset=utf-8"):
    if isinstance(body, str):
        body = body.encode()
    lines = ["HTTP/1.1 " + status, "Content-Type: " + kind, "Content-Length: %d" % len(body)]
    return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode() + body


def redirect(target, status="302 Found"):
    return answer(status, b"elsewhere", ["Location: " + target])


def coded(coding, body):
    return answer(body=body, headers=["Content-Encoding: " + coding])


def chunks(connection, piece, count, pause=0.0, first=b""):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    if first:
        connection.sendall(b"%x\r\n%s\r\n" % (len(first), first))
    for _ in range(count):
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        if pause:
            time.sleep(pause)
    connection.sendall(b"0\r\n\r\n")


def drip(connection, text, pause):
    for byte in text:
        connection.sendall(bytes([byte]))
        time.sleep(pause)


def flood(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for index in range(200_000):
        connection.sendall(b"X-%d: %s\r\n" % (index, b"a" * 100))


def reset(connection):
    connection.sendall(answer(body=b"x" * 1000)[:500])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def serve(path, query, method, headers, body, connection):
    """The answer's bytes; None where they were sent already."""
    if path == "/robots.txt":
        return answer("%d x" % robots) if isinstance(robots, int) else answer(body=robots)
    if PAGES:
        return kept_page(path, query)
    if path.startswith("/hop/"):
        left = int(path[5:])
        return redirect("/hop/%d" % (left - 1)) if left else answer(body="arrived")
    if path == "/to":
        return redirect(query)
    if path == "/to307":
        return redirect(query, "307 Temporary Redirect")
    if path == "/echo":
        return answer(body=json.dumps({"method": method, "headers": headers, "body": body.decode("latin-1")}),
                      kind="application/json")
    if path.startswith("/kept"):
        # Still as it was for whoever has it.
        if headers.get("If-None-Match") == '"v1"':
            return b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"
        more = ["Cache-Control: private"] if path == "/kept-private" else []
        return answer(body="version one", headers=["ETag: \"v1\""] + more)
    if path.startswith("/later"):
        # Once it asks to wait, by a number or by a date.
        with lock:
            asked[path] = asked.get(path, 0) + 1
        if asked[path] == 1:
            wait = email.utils.formatdate(time.time() + 1, usegmt=True) if path == "/later-date" else "1"
            return answer("503 Service Unavailable", "later", ["Retry-After: " + wait])
        return answer(body="now")
    if path == "/set":
        return answer(body="set", headers=["Set-Cookie: " + query.replace(";", "; ")])
    if path == "/cookies":
        return answer(body=headers.get("Cookie", "none"))
    if path == "/redirect-cookie":
        return redirect("/cookies").replace(b"\r\n\r\n", b"\r\nSet-Cookie: hop=1; Path=/\r\n\r\n", 1)
    page = PATHS.get(path)
    if page is None:
        return answer("404 Not Found", "no such page")
    return page(connection) if callable(page) else page


PATHS = {
    "/": answer(body="<title>A page</title><p>Words.", kind="text/html"),
    "/index.html": answer(body="<title>Garden notes</title><h1>Spring</h1><p>Sow beans.", kind="text/html"),
    "/notes.html": answer(body="<title>Garden notes</title><h1>Spring</h1><p>Sow beans.", kind="text/html"),
    "/search": answer(body=json.dumps({"results": [{"title": "Swifts", "url": "http://a.test/", "content": "They nest."}]}),
                      kind="application/json"),
    "/gzip": coded("gzip", gzip.compress(TEXT.encode())),
    "/deflate": coded("deflate", zlib.compress(TEXT.encode())),
    "/br": coded("br", BROTLI),
    "/zstd": coded("zstd", ZSTD),
    "/bomb-gzip": lambda _: coded("gzip", bomb(64)),
    "/bomb-br": coded("br", BROTLI_BOMB),
    "/bomb-chunked": lambda c: bomb_in_chunks(c),
    "/twice": coded("gzip, gzip", gzip.compress(gzip.compress(TEXT.encode()))),
    "/broken-gzip": coded("gzip", b"this is not gzip"),
    "/nested": answer(body="<div>" * 10_000 + "needle", kind="text/html"),
    "/nested-tables": answer(body="<table><tr><td>" * 10_000 + "needle", kind="text/html"),
    "/nested-links": answer(body="<a href=x><b>" * 10_000 + "needle", kind="text/html"),
    # A gibibyte each, were they read to their end.
    "/attribute": lambda c: chunks(c, b"a" * 65536, 16384, first=b"<p>words<p title='"),
    "/attributes": lambda c: chunks(c, b"".join(b"a%d=b " % i for i in range(8192)), 16384, first=b"<p>words<p "),
    "/tags": lambda c: chunks(c, b"<b id=x><p>" * 6000, 16384, first=b"<p>words"),
    "/utf16": lambda _: answer(body=b"\xff\xfe" + b"\x3c\x00b\x00\x3e\x00" * 1_300_000, kind="text/html"),
    "/endless": lambda c: chunks(c, b"a" * 65536, 1 << 20),
    "/endless-plain": lambda c: endless_plain(c),
    "/drip": lambda c: chunks(c, b"a", 1000, 0.2),
    "/drip-head": lambda c: drip(c, b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000, 0.05),
    "/silent": lambda c: time.sleep(60),
    "/flood": flood,
    "/one-header": lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * (20 << 20) + b"\r\n\r\n"),
    "/continue": lambda c: c.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000 + answer(body="at last")),
    "/loop": redirect("/loop"),
    "/nowhere": answer("301 Moved", b""),
    "/to-file": redirect("file:///etc/passwd"),
    "/to-dict": redirect("dict://127.0.0.1:11211/stats"),
    "/large": lambda _: answer(body=b"a" * (9 << 20)),
    "/pdf": lambda _: answer(body=b"a" * (9 << 20), kind="application/pdf"),
    "/pdf-large": lambda _: answer(body=b"a" * (33 << 20), kind="application/pdf"),
    "/busy": answer("429 Too Many Requests", "later", ["Retry-After: 120"]),
    "/down": answer("503 Service Unavailable", "down"),
    "/error": answer("500 Internal Server Error", "it broke"),
    "/empty": answer("204 No Content"),
    "/nothing": lambda c: c.close(),
    "/short": answer(body=b"x" * 1000)[:-500],
    "/reset": reset,
    "/http09": b"<p>no head at all",
    "/lies": answer(body=b"12345", headers=["Content-Length: 3"]),
}


def bomb_in_chunks(connection):
    body = bomb(64)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
    connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(body), 1000):
        piece = body[start:start + 1000]
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))


def endless_plain(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        connection.sendall(b"a" * 65536)


def handle(connection, port):
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(65536)
            if not more:
                return
            head += more
        head, body = head.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        while len(body) < int(headers.get("Content-Length", 0)):
            body += connection.recv(65536)
        path, _, query = target.partition("?")
        with lock:
            log.append({"port": port, "method": method, "target": target, "host": headers.get("Host"),
                        "agent": headers.get("User-Agent"), "tag": headers.get("If-None-Match")})
        if method == "CONNECT":
            # A proxy that knows one user, and finds itself behind every name.
            known = headers.get("Proxy-Authorization") == "Basic dXNlcjp3b3Jk"
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n" if known
                               else b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return handle(connection, port) if known else None
        result = serve(path, query, method, headers, body, connection)
        if result is not None:
            connection.sendall(result)
    except (OSError, ValueError):
        pass
    finally:
        try:
            connection.close()
        except OSError:
            pass


def listen(context=None):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listener.getsockname()[1]

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=begin, args=(connection,), daemon=True).start()

    def begin(connection):
        try:
            if context:
                connection = context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        handle(connection, port)

    threading.Thread(target=accept, daemon=True).start()
    return port


def main():
    global robots, log
    ports = {"plain": listen(), "second": listen()}
    for path in glob.glob(os.path.join(FOLDER, "*.pem")) if FOLDER else []:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path, os.path.join(FOLDER, "site.key"))
        ports[os.path.basename(path)[:-4]] = listen(context)
    if "good" in ports:
        ports.update(http2.listen_all(FOLDER))
    print(json.dumps(ports), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with lock:
            reply = {"requests": log}
            log = []
            if order:
                robots = order["robots"]
        print(json.dumps(reply), flush=True)


main()
