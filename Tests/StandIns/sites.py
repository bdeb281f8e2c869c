#!/usr/bin/env python3
"""sites.py: a stand-in of several web sites behind a proxy that takes CONNECT, on a loopback port.

    sites.py FOLDER     FOLDER holds site.pem and site.key, a certificate for all names; prints the port

Each line of standard input is JSON and answered by one: {"pages": {URL: HTML or {"redirect": URL}},
"found": [{"title", "url", "content"}]} sets what there is from now on and forgets the log; null asks for the
log since: ["HOST TARGET", ...], CONNECT included.
"""
import json, os, socket, ssl, sys, threading

folder = sys.argv[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "site.pem"), os.path.join(folder, "site.key"))
pages, found, log = {}, [], []
lock = threading.Lock()


def head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    return data.split(b"\r\n")[0].decode("latin-1").split(" ")


def reply(host, target):
    with lock:
        log.append(host + " " + target)
        page = pages.get("https://" + host + target)
        results = found
    if target.startswith("/search?"):
        return "200 OK", "application/json", json.dumps({"results": results}), ""
    if page is None:
        return "404 Not Found", "text/plain", "no such page", ""
    if isinstance(page, dict):
        return "302 Found", "text/plain", "elsewhere", "Location: " + page["redirect"] + "\r\n"
    return "200 OK", "text/html; charset=utf-8", page, ""


def serve(connection):
    try:
        method, host, _ = head(connection)
        if method != "CONNECT":
            return
        host = host.rsplit(":", 1)[0]
        with lock:
            log.append("CONNECT " + host)
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        connection = context.wrap_socket(connection, server_side=True)
        _, target, _ = head(connection)
        status, kind, body, more = reply(host, target)
        body = body.encode()
        connection.sendall(("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n"
                            % (status, kind, len(body), more)).encode() + body)
    except (OSError, ValueError, TypeError):
        pass
    finally:
        try:
            connection.close()
        except OSError:
            pass


def main():
    global pages, found, log
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with lock:
            answer, log = log, []
            if order:
                pages, found = order.get("pages", {}), order.get("found", [])
        print(json.dumps(answer), flush=True)


main()
