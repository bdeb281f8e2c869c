#!/usr/bin/env python3
"""hub.py: a stand-in of a model hub and of the content network behind it, on two loopback ports.

    hub.py ROOT [CERTIFICATE KEY]     serves ROOT/ORG/NAME/... ; prints {"hub": PORT, "cdn": PORT, "proxy": PORT}

With a certificate both speak HTTPS. The proxy takes CONNECT, finds itself behind every name, and logs it.

It speaks what huggingface_hub 2.4 expects: revision and tree listings with pages, HEAD and GET of
/resolve/ with X-Repo-Commit and ETag, redirects with X-Linked-Etag, X-Linked-Size and Xet headers
to signed links that expire, ranges. Files over 4096 bytes are "large": they come from the second port,
which refuses whoever brings a token.

Each line of standard input is JSON, and answered by one: an object of FAULTS sets how it misbehaves
from now on, and null asks for the log of what was asked since. It ends with its standard input.
"""
import hashlib, hmac, json, os, re, select, socket, ssl, sys, threading, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = sys.argv[1]
TLS = None
if len(sys.argv) > 3:
    TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    TLS.load_cert_chain(sys.argv[2], sys.argv[3])
LARGE = 4096
SECRET = b"stand-in"
FAULTS = {
    "api": None,          # [status, code, message, count]: what the listing is answered, so often
    "resolve": None,      # the same for /resolve/
    "cdn": None,          # the same for the content network
    "headers": {},        # more headers on every fault's answer
    "flip": None,         # a file's name: one bit of it is wrong
    "short": 0,           # so many answers of the content network end in the middle
    "empty": False,       # answers of the content network end before their first byte
    "drop": 0,            # so many connections to the content network end without an answer
    "stall": 0,           # so many requests to the content network are never answered
    "loop": False,        # the hub redirects to itself
    "etag": None,         # a file's name: its tag is another one
    "size": None,         # a file's name: its size is another one
    "noCommit": False,    # no X-Repo-Commit, as from a login page
    "noRange": False,     # the content network sends whole files only
    "wrongRange": False,  # it sends another range than was asked for
    "lifetime": 3600,     # seconds that a signed link lives
    "rate": 0,            # bytes a second of each answer; 0 for as fast as it goes
    "page": 3,            # files on a page of the listing
    "relative": True,     # small files take a redirect within the hub first
    "direct": False,      # the hub itself serves large files
    "hostile": None,      # a path that the listing has besides
    "token": None,        # the one token that the hub accepts; null for any, and none
    "elsewhere": False,   # the listing's next page is on the other port
    "insecure": None,     # where the redirect leads instead
    "proxyStatus": 0,     # what the proxy answers to CONNECT; 0 for a way
    "proxyKey": None,     # the Basic credentials that the proxy wants, encoded
}
faults = dict(FAULTS)
lock = threading.Lock()
log = []
sent = {}
connections = 0


def content(path):
    with open(path, "rb") as file:
        return file.read()


cache = {}


def facts(path):
    """(size, git name, sha256 or None) of a file on disk."""
    status = os.stat(path)
    key = (path, status.st_mtime_ns, status.st_size)
    if key not in cache:
        data = content(path)
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        cache[key] = (len(data), git, hashlib.sha256(data).hexdigest() if len(data) > LARGE else None)
    return cache[key]


def files(repo):
    folder = os.path.join(ROOT, repo)
    found = []
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            found.append(os.path.relpath(os.path.join(base, name), folder))
    return found


def commit(repo):
    text = "".join(f"{name} {facts(os.path.join(ROOT, repo, name))}\n" for name in files(repo))
    return hashlib.sha1(text.encode()).hexdigest()


def take(name):
    """The fault, if it is still to happen; counts it."""
    with lock:
        fault = faults[name]
        if not fault or fault[3] == 0:
            return None
        fault[3] -= 1
        return fault


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    is_cdn = False

    def setup(self):
        global connections
        with lock:
            connections += 1
        super().setup()

    def is_abandoned(self):
        """Whether the client is gone: its end of the connection is closed."""
        if not select.select([self.connection], [], [], 0)[0]:
            return False
        try:
            return self.connection.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True

    def log_message(self, *arguments):
        pass

    def origin(self, port):
        """The address of a port of this hub, under the name that the client knows it by."""
        host = (self.headers.get("Host") or "127.0.0.1").rsplit(":", 1)[0]
        return f"{'https' if TLS else 'http'}://{host}:{port}"

    def note(self):
        with lock:
            log.append({
                "cdn": self.is_cdn, "method": self.command, "path": self.path.split("?")[0],
                "token": self.headers.get("Authorization"), "range": self.headers.get("Range"),
                "encoding": self.headers.get("Accept-Encoding")})

    def answer(self, status, headers=(), body=b"", kind="application/json"):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fault(self, fault):
        status, code, message, _ = fault
        headers = list(faults["headers"].items())
        if code:
            headers.append(("X-Error-Code", code))
        if message:
            headers.append(("X-Error-Message", message))
        self.answer(status, headers, json.dumps({"error": message or "no"}).encode())

    # The bytes of a file, all of it or a range.
    def serve(self, path, name, headers=()):
        data = content(path)
        if faults["flip"] == name:
            data = bytearray(data)
            data[len(data) // 2] ^= 4
            data = bytes(data)
        total = len(data)
        start, end, status = 0, total, 200
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if match and not faults["noRange"]:
            start = int(match[1])
            end = min(total, int(match[2]) + 1) if match[2] else total
            if start >= total:
                return self.answer(416, [("Content-Range", f"bytes */{total}")])
            status = 206
        self.send_response(status)
        for pair in headers:
            self.send_header(*pair)
        shift = 1 if faults["wrongRange"] else 0
        if status == 206:
            self.send_header("Content-Range", f"bytes {start + shift}-{end - 1 + shift}/{total}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = end
        with lock:
            if faults["short"] > 0 and end - start > 1:
                faults["short"] -= 1
                stop = start + (end - start) // 2
            if faults["empty"] and self.is_cdn:
                stop = start
        step = 65536
        while start < stop:
            piece = data[start:min(stop, start + step)]
            with lock:
                # What a killed client can no longer read is not sent to anyone, nor counted after a reset.
                if self.is_abandoned():
                    self.close_connection = True
                    return
                sent[name] = sent.get(name, 0) + len(piece)
            self.wfile.write(piece)
            start += len(piece)
            if faults["rate"]:
                time.sleep(len(piece) / faults["rate"])
        if stop < end:
            self.close_connection = True


class Hub(Handler):
    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.note()
        if faults["loop"]:
            return self.answer(302, [("Location", self.path)])
        if faults["token"] and self.headers.get("Authorization") not in (
                None, "Bearer " + faults["token"]):
            return self.answer(401, [("X-Error-Message", "Invalid credentials")], b"{}")
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)", url.path):
            return self.revision(match[1], urllib.parse.unquote(match[2]))
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", url.path):
            return self.tree(match[1], match[2], urllib.parse.parse_qs(url.query))
        if match := re.fullmatch(r"/(?:api/resolve-cache/models/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", url.path):
            return self.resolve(url.path, match[1], match[2], urllib.parse.unquote(match[3]))
        self.answer(404, body=b"Not found", kind="text/plain")

    def known(self, repo, revision):
        if not os.path.isdir(os.path.join(ROOT, repo)):
            self.answer(401, [("X-Error-Code", "RepoNotFound")], b'{"error":"Repository not found"}')
            return False
        if revision not in ("main", "refs/pr/1", commit(repo)):
            self.answer(404, [("X-Error-Code", "RevisionNotFound")], b'{"error":"Invalid rev id"}')
            return False
        return True

    def revision(self, repo, revision):
        if fault := take("api"):
            return self.fault(fault)
        if self.known(repo, revision):
            siblings = [{"rfilename": name} for name in files(repo)]
            body = {"id": repo, "modelId": repo, "sha": commit(repo), "siblings": siblings, "private": False,
                    "gated": False, "disabled": False, "downloads": 0, "likes": 0, "tags": []}
            self.answer(200, body=json.dumps(body).encode())

    def tree(self, repo, revision, query):
        if fault := take("api"):
            return self.fault(fault)
        if not self.known(repo, revision):
            return
        entries = []
        for name in files(repo):
            size, git, sha256 = facts(os.path.join(ROOT, repo, name))
            entry = {"type": "file", "path": name, "size": size, "oid": git}
            if sha256:
                entry["lfs"] = {"oid": sha256, "size": size, "pointerSize": 134}
                entry["xetHash"] = hashlib.sha256(sha256.encode()).hexdigest()
            entries.append(entry)
        if faults["hostile"]:
            entries.append({"type": "file", "path": faults["hostile"], "size": 1, "oid": "0" * 40})
        start = int(query.get("cursor", ["0"])[0])
        page = entries[start:start + faults["page"]]
        headers = []
        if start + faults["page"] < len(entries):
            port = ports[1] if faults["elsewhere"] else ports[0]
            link = f"{self.origin(port)}/api/models/{repo}/tree/{revision}?recursive=true&cursor={start + faults['page']}"
            headers.append(("Link", f'<{link}>; rel="next"'))
        self.answer(200, headers, json.dumps(page).encode())

    def resolve(self, asked, repo, revision, name):
        if fault := take("resolve"):
            return self.fault(fault)
        if not self.known(repo, revision):
            return
        path = os.path.join(ROOT, repo, name)
        if not os.path.isfile(path):
            return self.answer(404, [("X-Error-Code", "EntryNotFound")], b"Entry not found", "text/plain")
        size, git, sha256 = facts(path)
        if faults["etag"] == name:
            git, sha256 = "1" * 40, sha256 and "1" * 64
        if faults["size"] == name:
            size += 1
        headers = [] if faults["noCommit"] else [("X-Repo-Commit", commit(repo))]
        if not sha256:
            if faults["relative"] and not asked.startswith("/api/resolve-cache"):
                target = "/api/resolve-cache/models" + self.path
                return self.answer(307, headers + [("Location", target), ("ETag", '"redirect"')])
            return self.serve(path, name, headers + [("ETag", f'"{git}"')])
        headers += [("X-Linked-Etag", f'"{sha256}"'), ("X-Linked-Size", str(size)),
                    ("X-Xet-Hash", hashlib.sha256(sha256.encode()).hexdigest()),
                    ("Link", f'<{self.origin(ports[0])}/xet>; rel="xet-auth"')]
        if faults["direct"]:
            return self.serve(path, name, headers + [("ETag", f'"{sha256}"')])
        expires = str(time.time() + faults["lifetime"])
        place = urllib.parse.quote(f"/{repo}/{name}")
        sign = hmac.new(SECRET, (place + expires).encode(), "sha256").hexdigest()
        location = f"{self.origin(ports[1])}{place}?expires={expires}&signature={sign}"
        self.answer(302, headers + [("Location", faults["insecure"] or location), ("ETag", '"not-the-file"')])


class CDN(Handler):
    is_cdn = True

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.note()
        with lock:
            drop, stall = faults["drop"] > 0, faults["stall"] > 0
            faults["drop"] -= drop
            faults["stall"] -= stall
        if stall:
            time.sleep(30)
        if drop:
            self.close_connection = True
            return
        if fault := take("cdn"):
            return self.fault(fault)
        if self.headers.get("Authorization"):
            return self.answer(400, body=b"Only one auth mechanism allowed", kind="text/plain")
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        expires = query.get("expires", ["0"])[0]
        sign = hmac.new(SECRET, (url.path + expires).encode(), "sha256").hexdigest()
        if query.get("signature") != [sign] or float(expires) < time.time():
            return self.answer(403, body=b"Request has expired", kind="text/plain")
        relative = urllib.parse.unquote(url.path)[1:]
        self.serve(os.path.join(ROOT, relative), relative.split("/", 2)[2])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, address):
        pass

    def finish_request(self, request, address):
        # Here and not in the listener, whom a client without TLS would stop.
        if TLS:
            request = TLS.wrap_socket(request, server_side=True)
        super().finish_request(request, address)


class Proxy(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_CONNECT(self):
        with lock:
            log.append({"proxy": True, "method": "CONNECT", "path": self.path})
            status, key = faults["proxyStatus"], faults["proxyKey"]
        if key and self.headers.get("Proxy-Authorization") != "Basic " + key:
            status = 407
        if status:
            return self.send_error(status)
        try:
            far = socket.create_connection(("127.0.0.1", int(self.path.rsplit(":", 1)[1])))
        except OSError:
            return self.send_error(502)
        self.send_response(200)
        self.end_headers()
        ends = [self.connection, far]
        while True:
            for end in select.select(ends, [], [])[0]:
                piece = end.recv(65536)
                if not piece:
                    self.close_connection = True
                    return far.close()
                ends[1 - ends.index(end)].sendall(piece)


servers = [Server(("127.0.0.1", 0), Hub), Server(("127.0.0.1", 0), CDN)]
servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Proxy))
servers[2].daemon_threads = True
ports = [server.server_address[1] for server in servers]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"hub": ports[0], "cdn": ports[1], "proxy": ports[2]}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    with lock:
        if order is None:
            answer = {"requests": log, "sent": sent, "connections": connections}
        else:
            faults.clear()
            faults.update({**FAULTS, **order})
            log.clear()
            sent.clear()
            connections = 0
            answer = {}
        print(json.dumps(answer), flush=True)
