"""Tokenizer speed against tiktoken: the same texts, one thread, alternating, in one run.

    pip install tiktoken
    swift build -c release --product bench
    python3 Docs/benchmarks/tokenizer.py [TOKENIZER_JSON]

Prints a Markdown table. The texts are made here: Python's own library sources, and the strings of
Tests/Vectors/tokenizer.jsonl over and over (many scripts, emoji, odd white space).
"""
import base64
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time

import tiktoken

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VOCABULARY = os.path.join(ROOT, "Models/o200k_harmony/o200k_base.tiktoken")
PATTERN = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])


def texts(folder):
    """Writes the texts and returns their paths."""
    code, size = [], 0
    library = sysconfig.get_paths()["stdlib"]
    for name in sorted(os.listdir(library)):
        if name.endswith(".py") and size < 5_000_000:
            code.append(open(os.path.join(library, name), encoding="utf8", errors="replace", newline="").read())
            size += len(code[-1].encode())
    lines = open(os.path.join(ROOT, "Tests/Vectors/tokenizer.jsonl"), encoding="utf8")
    scripts = " ".join(json.loads(line)["text"] for line in lines)
    scripts *= 4_000_000 // len(scripts.encode()) + 1
    paths = []
    for name, text in (("code", "".join(code)), ("many scripts", scripts)):
        paths.append(os.path.join(folder, name))
        open(paths[-1], "w", encoding="utf8", newline="").write(text)
    return paths


def main():
    lines = open(VOCABULARY, "rb").read().split(b"\n")
    ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in lines if line)}
    peer = tiktoken.Encoding("o200k", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    bench = os.path.join(ROOT, ".build/release/bench")
    with tempfile.TemporaryDirectory() as folder:
        print("| text | Martlet, MB/s | tiktoken, MB/s | ratio |\n|---|---|---|---|")
        for path in texts(folder):
            text = open(path, encoding="utf8", newline="").read()
            ours, theirs, tokens = 0.0, 0.0, None
            for _ in range(3):
                line = subprocess.run([bench, "tokenizer", VOCABULARY, path], capture_output=True, text=True, check=True).stdout.split("\n")[1]
                ours, tokens = max(ours, float(line.split(",")[2])), int(line.split(",")[4])
                start = time.perf_counter()
                ids = peer.encode_ordinary(text)
                theirs = max(theirs, len(text.encode()) / (time.perf_counter() - start) / 1e6)
                assert len(ids) == tokens
            print(f"| {os.path.basename(path)}, {len(text.encode()) / 1e6:.1f} MB | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |")
        for path in [VOCABULARY] + sys.argv[1:]:
            line = subprocess.run([bench, "tokenizer", path], capture_output=True, text=True, check=True).stdout.split("\n")[0]
            print(f"\nload {os.path.basename(path)} ({os.path.getsize(path) / 1e6:.1f} MB): {line.split(',')[2]} s")


main()
