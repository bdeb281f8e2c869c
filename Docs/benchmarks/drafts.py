#!/usr/bin/env python3
"""Whether drafts (`--draft N`) pay on recorded agent conversations.

    python3 Docs/benchmarks/drafts.py [SLOPE]

Plays the rule of Sources/Inference/Generation.swift over what the assistant wrote in
Tests/Vectors/harmony_render.jsonl (80 conversations, most with tool calls and results; o200k_harmony
ids): how many passes of the model it takes, and of how many tokens each. SLOPE is what one more token of a
pass costs, as a share of a pass of one: 0.4 for gpt-oss-20b's shape on two cores, from `martlet model
bench --contexts 3` beside its decode.
"""

import json
import pathlib
import sys
from collections import Counter

START, MESSAGE_ENDS, ASSISTANT = 200006, {200002, 200007, 200012}, 173781
MATCH = 3


def written(ids):
    """Whether the assistant wrote each id."""
    marks, inside = [False] * len(ids), False
    for i in range(2, len(ids)):
        inside = inside or (ids[i - 2] == START and ids[i - 1] == ASSISTANT)
        marks[i] = inside
        if ids[i] in MESSAGE_ENDS:
            inside = False
    return marks


def proposal(text, count):
    tail = text[-MATCH:]
    for start in range(len(text) - MATCH - 1, -1, -1):
        if text[start:start + MATCH] == tail:
            return text[start + MATCH:start + MATCH + count]
    return []


def passes(ids, count):
    """Sizes of the passes that it takes to sample what was written."""
    marks, sizes, proposed, accepted = written(ids), Counter(), 0, 0
    place = 0
    while place < len(ids):
        if not marks[place]:
            place += 1
            continue
        draft = []
        if proposed >= 64:
            proposed, accepted = proposed // 2, accepted // 2
        if place > MATCH and not (proposed >= 16 and accepted * 2 < proposed and place % 16):
            draft = proposal(ids[:place], count)
        proposed += len(draft)
        sizes[1 + len(draft)] += 1
        for guess in [*draft, None]:
            hit = place < len(ids) and marks[place] and ids[place] == guess
            place += 1
            if not hit:
                break
            accepted += 1
            if place >= len(ids) or not marks[place]:
                break
    return sizes


def main():
    slope = float(sys.argv[1]) if len(sys.argv) > 1 else 0.4
    vectors = pathlib.Path(__file__).parents[2] / "Tests/Vectors/harmony_render.jsonl"
    rows = [json.loads(line)["ids"] for line in vectors.open(encoding="utf-8")]
    tokens = sum(sum(written(ids)) for ids in rows)
    print(f"{tokens} tokens; one more token of a pass costs {slope}")
    for count in (1, 2, 4, 8):
        sizes = Counter()
        for ids in rows:
            sizes.update(passes(ids, count))
        cost = sum(n * (1 + slope * (size - 1)) for size, n in sizes.items())
        print(f"--draft {count}: {sum(sizes.values())} passes, {tokens / cost:.3f} times the speed")


main()
