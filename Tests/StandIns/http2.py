"""http2.py: servers that speak HTTP/2 (RFC 9113) well or badly, one port for each way; web.py starts them.

No decoding of what is asked: every request is answered alike. Header blocks are HPACK literals (RFC 7541, 6.2.2).
"""
import os, socket, ssl, struct, threading

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PAGE = b"<title>A page</title><p>Over HTTP/2."


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, bits, first=0):
    """An integer with a prefix of some bits (RFC 7541, 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def field(name, value):
    return b"\0" + number(len(name), 7) + name + number(len(value), 7) + value


OK = b"\x88" + field(b"content-type", b"text/html")


def page(send, stream):
    send(frame(HEADERS, END_HEADERS, stream, OK) + frame(DATA, END_STREAM, stream, PAGE))


def parts(send, stream):
    """A header block in many frames, and a body in many."""
    block = OK + field(b"x-a", b"b" * 20_000)
    send(frame(HEADERS, 0, stream, block[:5]))
    for start in range(5, len(block), 3000):
        send(frame(CONTINUATION, END_HEADERS if start + 3000 >= len(block) else 0, stream, block[start:start + 3000]))
    for byte in PAGE:
        send(frame(DATA, 0, stream, bytes([byte])))
    send(frame(DATA, END_STREAM, stream))


def blocks(send, stream, block, pieces):
    send(frame(HEADERS, 0, stream, OK))
    for _ in range(pieces):
        send(frame(CONTINUATION, 0, stream, block))
    send(frame(CONTINUATION, END_HEADERS, stream))
    send(frame(DATA, END_STREAM, stream, PAGE))


def forever(piece):
    def flood(send, stream):
        while True:
            send(piece * 500)
    return flood


def empty_data(send, stream):
    send(frame(HEADERS, END_HEADERS, stream, OK))
    forever(frame(DATA, 0, stream))(send, stream)


def endless_data(send, stream):
    send(frame(HEADERS, END_HEADERS, stream, OK))
    forever(frame(DATA, 0, stream, b"a" * 16_000))(send, stream)


def table(send, stream):
    """One large entry of the table, and each further byte stands for all of it."""
    entry = b"\x40" + number(3, 7) + b"x-a" + number(3900, 7) + b"b" * 3900
    send(frame(HEADERS, 0, stream, OK + entry))
    for _ in range(64):
        send(frame(CONTINUATION, 0, stream, b"\xbe" * 16_000))
    page(send, stream)


def drip(send, stream):
    send(frame(HEADERS, END_HEADERS, stream, OK) + frame(DATA, 0, stream, b"a"))
    threading.Event().wait(60)


WAYS = {
    "page": page,
    "parts": parts,
    "settings": forever(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100))),
    "ping": forever(frame(PING, 0, 0, b"12345678")),
    "continuation": lambda send, stream: blocks(send, stream, field(b"x-a", b"b" * 1000) * 16, 1 << 30),
    "empty-continuation": lambda send, stream: blocks(send, stream, b"", 1 << 30),
    "giant-header": lambda send, stream: blocks(send, stream, field(b"x-a", b"b" * 16_000), 256),
    "many-headers": lambda send, stream: blocks(send, stream, field(b"x-a", b"b") * 2000, 100),
    "table": table,
    "empty-data": empty_data,
    "endless-data": endless_data,
    "goaway": lambda send, stream: send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 11))),
    "reset": lambda send, stream: send(frame(RST_STREAM, 0, stream, struct.pack(">I", 11))),
    "push": lambda send, stream: send(frame(PUSH_PROMISE, END_HEADERS, stream, struct.pack(">I", 2) + OK)),
    "huge-frame": lambda send, stream: send(frame(DATA, 0, stream, b"a" * 1_000_000)),
    "garbage": lambda send, stream: send(b"\xff" * 100_000),
    "http1": lambda send, stream: send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
    "close": lambda send, stream: None,
    "drip": drip,
}


def read(connection, count):
    got = b""
    while len(got) < count:
        more = connection.recv(count - len(got))
        if not more:
            raise OSError("ended")
        got += more
    return got


def serve(connection, way):
    try:
        if connection.selected_alpn_protocol() != "h2" or read(connection, len(PREFACE)) != PREFACE:
            return
        connection.sendall(frame(SETTINGS, 0, 0))
        while True:
            head = read(connection, 9)
            read(connection, int.from_bytes(head[:3], "big"))
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(frame(SETTINGS, ACK, 0))
            if kind == HEADERS:
                WAYS[way](connection.sendall, stream)
                if way in ("page", "parts"):
                    # Until the client has taken it.
                    while connection.recv(65536):
                        pass
                return
    except (OSError, ValueError):
        pass
    finally:
        try:
            connection.close()
        except OSError:
            pass


def listen(way, context):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def begin(connection):
        try:
            connection = context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        serve(connection, way)

    def accept():
        while True:
            threading.Thread(target=begin, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def listen_all(folder):
    """A port for each way, as "h2-NAME"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.load_cert_chain(os.path.join(folder, "good.pem"), os.path.join(folder, "site.key"))
    return {"h2-" + way: listen(way, context) for way in WAYS}
