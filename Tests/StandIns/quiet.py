#!/usr/bin/env python3
"""quiet.py: runs commands in a network namespace of their own and tells which packets they send.

    unshare -n quiet.py     (or, for an ordinary user, unshare -rn)

The namespace has a loopback interface and one that leads nowhere, with an address and a default route, so
that whoever tries to reach anything sends a packet. Each line of standard input is a JSON object, {"argv": [...],
"input"?: TEXT}, and answered by {"code": EXIT, "errors": TEXT, "packets": ["INTERFACE PROTOCOL ADDRESS", ...]};
the kernel's own packets of IPv6 are not counted. The first line of output is {"ready": true}. A command that
takes longer than COMMAND_SECONDS is killed, and so is one that is under way after ALL_SECONDS: its code is 124.
"""
import json, os, signal, socket, struct, subprocess, sys, tempfile, time

NAME = "quiet0"
COMMAND_SECONDS = 60
ALL_SECONDS = 240


def attribute(kind, value):
    size = 4 + len(value)
    return struct.pack("HH", size, kind) + value + bytes(-size % 4)


def order(kind, flags, payload):
    """One request to the kernel's routing socket (rtnetlink(7)); raises what it refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.bind((0, 0))
        # NLM_F_REQUEST | NLM_F_ACK
        link.send(struct.pack("IHHII", 16 + len(payload), kind, flags | 5, 1, 0) + payload)
        answer = link.recv(65536)
        code = struct.unpack_from("i", answer, 16)[0]
        if code:
            raise OSError(-code, os.strerror(-code))


def set_up():
    create = 0x600  # NLM_F_CREATE | NLM_F_EXCL
    # Its other end, which nobody listens at, gets a name of the kernel's.
    order(16, create, struct.pack("BxHiII", 0, 0, 0, 0, 0) + attribute(3, NAME.encode() + b"\0")
          + attribute(18, attribute(1, b"veth\0")))
    for _, name in socket.if_nameindex():
        order(16, 0, struct.pack("BxHiII", 0, 0, socket.if_nametoindex(name), 1, 1))
    index = socket.if_nametoindex(NAME)
    own, gate = socket.inet_aton("10.9.8.7"), socket.inet_aton("10.9.8.1")
    order(20, create, struct.pack("BBBBI", socket.AF_INET, 24, 0, 0, index)
          + attribute(2, own) + attribute(1, own))
    order(24, create, struct.pack("BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 4, 0, 1, 0)
          + attribute(5, gate) + attribute(4, struct.pack("I", index)))


def packets(sniffer):
    found = []
    while True:
        try:
            data, (name, kind, *_) = sniffer.recvfrom(256)
        except BlockingIOError:
            return found
        if kind == 0x0800:
            found.append("%s %d %s" % (name, data[9], socket.inet_ntoa(data[16:20])))
        elif kind == 0x86DD and not is_of_kernel(data):
            found.append("%s %d %s" % (name, data[6], socket.inet_ntop(socket.AF_INET6, data[24:40])))
        elif kind == 0x0806:
            found.append("%s arp" % name)


def is_of_kernel(data):
    """Neighbour discovery and group membership, which every interface begins with."""
    body, kind = data[40:], data[6]
    if kind == 0 and len(body) > 8:
        kind, body = body[0], body[8:]
    return kind == 58 and body[:1] and body[0] in (130, 131, 132, 133, 135, 136, 143)


def run(asked, seconds):
    """The exit code and what stands on standard error."""
    # Files, since whoever is left behind by a kill holds pipes open.
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(asked["argv"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
                              start_new_session=True) as process:
            try:
                process.communicate(asked.get("input", "").encode(), timeout=max(0.01, seconds))
                code = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = 124
        errors.seek(0)
        return code, errors.read().decode(errors="replace") + (" (took too long)" if code == 124 else "")


def main():
    set_up()
    end = time.monotonic() + ALL_SECONDS
    # Datagrams begin with the network header; a socket of its own kind sees every interface.
    sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    sniffer.setblocking(False)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        packets(sniffer)
        code, errors = run(asked, min(COMMAND_SECONDS, end - time.monotonic()))
        print(json.dumps({"code": code, "errors": errors[-2000:], "packets": packets(sniffer)}), flush=True)


main()
