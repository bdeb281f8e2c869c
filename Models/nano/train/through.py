"""How often nano does all of a task right through the whole program: real calls, sandboxes, policies, pages of a server.

    through.py PROGRAM MODEL [--count 300] [--seed 999] [--kinds pages,refused,missing] [--failures 3]

PROGRAM is a built martlet. The tasks are those of evaluate.py with the same seed, and what counts is the answer.

pages    Their addresses are as they are: martlet reaches all of them through a proxy that this script is, which finds
         the task's page behind each address. The policy is demo-web with the tasks' hosts among those that it opens.
refused  Policies of 15 tasks each deny the call, in the words of the first of them. Errors of tools are left out.
missing  Under the policy "closed". All others: under "default", with the task's files in the workspace.
"""

import argparse
import html
import ipaddress
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import evaluate
import tasks

ROOT = Path(__file__).resolve().parents[3]
MARK = re.compile(r"【(\d+)†([^】]*)】")
REFUSAL = re.compile(r'Refused: Rule "([^"]*)" of "([^"]*)" denies it(?:: (.*))?\.')


# Pages

def markup(title, lines):
    """HTML whose display has these lines."""
    out, text = [], []

    def inline(line):
        return MARK.sub(r'<a href="/\1-\2">\2</a>', html.escape(line, quote=False))

    def end():
        if text:
            out.append(f"<p>{inline(' '.join(text))}</p>")
            text.clear()

    for line in lines:
        heading = re.match(r"(#{1,6}) (.*)", line)
        if heading or line.startswith("  * ") or not line:
            end()
        if heading:
            n = len(heading.group(1))
            out.append(f"<h{n}>{inline(heading.group(2))}</h{n}>")
        elif line.startswith("  * "):
            out.append(f"<ul><li>{inline(line[4:])}</li></ul>")
        elif line:
            text.append(line)
    end()
    return f"<!doctype html><title>{html.escape(title)}</title>{''.join(out)}"


def page(made):
    """What a server says at the task's address: status and HTML; with the answer that is right then."""
    address, result = json.loads(made["body"])["id"], made["result"]
    if not re.match(r"\[\d+\] ", result):
        status = int((re.search(r"\b[45]\d\d\b", result) or ["404"])[0])
        return status, "", f"The page could not be opened: Error fetching URL `{address}`: The server answered with status {status}."
    head, _, _, *lines = result.rstrip("\n").split("\n")
    title = re.fullmatch(r"\[\d+\] (.*)", head)[1].removesuffix(f" ({address})")
    return 200, markup(title, [re.sub(r"^L\d+: ?", "", line) for line in lines[2:]]), made["answer"]


class Web:
    """A proxy that takes CONNECT, and is every site behind it."""

    def __init__(self, folder, hosts):
        names = ",".join(f"IP:{h}" if re.fullmatch(r"[\d.]+|.*:.*", h) else f"DNS:{h}" for h in sorted(hosts))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=pages",
                        "-addext", f"subjectAltName={names}", "-keyout", folder / "key.pem", "-out", folder / "sites.pem"], check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "sites.pem", folder / "key.pem")
        self.pages = {}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                host, port = self.head(connection).split(" ")[1].lower().rsplit(":", 1)
                authority = f"{plain(host)}:{port}"
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                scheme = "https" if connection.recv(1, socket.MSG_PEEK) == b"\x16" else "http"
                if scheme == "https":
                    connection = self.tls.wrap_socket(connection, server_side=True)
                target = self.head(connection).split(" ")[1]
                status, text = self.pages.get((scheme, authority, target), (404, ""))
                body = text.encode()
                connection.sendall(b"HTTP/1.1 %d x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
                connection.close()
        except (OSError, IndexError):
            pass

    @staticmethod
    def head(connection):
        got = b""
        while b"\r\n\r\n" not in got:
            more = connection.recv(65536)
            if not more:
                break
            got += more
        return got.decode("latin-1")


def plain(host):
    """A host's name, or its address in one spelling without brackets."""
    return str(ipaddress.ip_address(host.strip("[]"))) if ":" in host else host


def place(address):
    """How a request for an address looks to the proxy."""
    u = urlsplit(address)
    return u.scheme, f"{plain(u.hostname)}:{u.port or (443 if u.scheme == 'https' else 80)}", (u.path or "/") + (f"?{u.query}" if u.query else "")


def rounds(made):
    """The tasks in parts; no address comes twice in one."""
    parts = []
    for one in made:
        key = place(json.loads(one["body"])["id"])
        part = next((p for p in parts if key not in p), None)
        if part is None:
            part = {}
            parts.append(part)
        part[key] = one
    return parts


# Runs

class Home:
    """Folders of a user who has nothing else."""

    def __init__(self, program, model):
        self.folder = tempfile.TemporaryDirectory()
        self.path, self.program, self.model = Path(self.folder.name), program, model
        self.count = 0
        for name in ("config", "state", "data", "cache"):
            (self.path / name).mkdir()
        (self.path / "config/martlet").mkdir()

    def run(self, made, policy):
        """The answers to the tasks of one policy."""
        lines = []
        for one in made:
            self.count += 1
            workspace = self.path / f"work/{self.count}"
            workspace.mkdir(parents=True)
            for name, text in one.get("files", {}).items():
                path = workspace / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.mkdir() if name.endswith("/") else path.write_text(text)
            lines.append(json.dumps(dict(task=one["task"], workspace=str(workspace))) + "\n")
        file = self.path / "tasks.jsonl"
        file.write_text("".join(lines))
        env = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
        env |= {f"XDG_{n.upper()}_HOME": str(self.path / n) for n in ("config", "state", "data", "cache")}
        done = subprocess.run([self.program, "run", "--model", self.model, "--policy", policy, "--tasks", file, "--quiet"], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        answers = [json.loads(line).get("answer") for line in done.stdout.splitlines()]
        if len(answers) != len(made):
            raise SystemExit(f"martlet run ended with {done.returncode}: {done.stderr}")
        return answers


def pages(home, made):
    """Task, wanted answer and answer of each page task."""
    places = [place(json.loads(one["body"])["id"]) for one in made]
    hosts = {authority.rsplit(":", 1)[0] for _, authority, _ in places}
    text = (ROOT / "Policies/demo-web.json5").read_text()
    policy = home.path / "pages.json5"
    policy.write_text(re.sub(r"loopback: \[[^]]*\]", f"loopback: {json.dumps(sorted(hosts | {'127.0.0.1', 'localhost', '::1'}))}", text, count=1))
    web = Web(home.path, hosts)
    (home.path / "config/martlet/network.json").write_text(json.dumps(dict(proxy=f"http://127.0.0.1:{web.port}", caFile=str(home.path / "sites.pem"))))
    out = []
    for part in rounds(made):
        served = {key: page(one) for key, one in part.items()}
        web.pages = {key: (status, text) for key, (status, text, _) in served.items()}
        wanted = [answer for _, _, answer in served.values()]
        out += zip(part.values(), wanted, home.run(list(part.values()), policy))
    return out


def refused(home, made):
    out = []
    for start in range(0, len(made), 15):
        part = made[start:start + 15]
        rule, name, why = next((m.groups() for m in (REFUSAL.fullmatch(one["result"]) for one in part) if m), ("no-calls", "closed-shop", None))
        reason = f", reason: {json.dumps(why)}" if why else ""
        policy = home.path / "refusing.json5"
        policy.write_text(f"""{{ schema: 'tool-policy/1', id: '{name}', revision: 1, defaults: {{ noMatch: 'deny' }}, rules: [
          {{ id: 'granting', effect: 'allow', tool: ['python', 'container.exec', 'functions.apply_patch', 'memory.search', 'memory.save'], args: 'any' }},
          {{ id: '{rule}', effect: 'deny', tool: 'python', args: {{ code: {{ maxBytes: 100000 }} }}{reason} }},
          {{ id: '{rule}-', effect: 'deny', tool: 'container.exec', args: {{ cmd: {{ maxLen: 100 }} }}{reason} }} ] }}""")
        for one, answer in zip(part, home.run(part, policy)):
            said = f'Rule "{rule}{"" if one["tool"] == "python" else "-"}" of "{name}" denies it' + (f": {why}." if why else ".")
            out.append((one, f"The policy refused this: {said}", answer))
    return out


def others(home, made, policy):
    return [(one, one["answer"], answer) for one, answer in zip(made, home.run(made, policy))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("model")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=999)
    parser.add_argument("--kinds", default=",".join(tasks.KINDS))
    parser.add_argument("--failures", type=int, default=0, help="how many to show of each kind")
    a = parser.parse_args()
    for kind in a.kinds.split(","):
        made = evaluate.held_out(kind, a.count * (2 if kind == "refused" else 1), a.seed)
        if kind == "refused":
            made = [one for one in made if one["result"].startswith("Refused: ")][:a.count]
        home = Home(a.program.resolve(), a.model)
        if kind in ("pages", "refused"):
            done = {"pages": pages, "refused": refused}[kind](home, made)
        else:
            done = others(home, made, "closed" if kind == "missing" else "default")
        wrong = [(one["task"], wanted, answer) for one, wanted, answer in done if answer != wanted]
        print(f"{kind}: {len(done) - len(wrong)} of {len(done)} right", flush=True)
        for one in wrong[:a.failures]:
            print("   ", json.dumps(one, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
