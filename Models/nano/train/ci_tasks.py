"""Picks the tasks that CI runs through the whole program, from those that the shipped model does right.

    ci_tasks.py MODEL FILE.jsonl

One JSON object a line: kind, task, files (path to content, to be made in the workspace), tool (or null), and
must_contain (what the answer has to contain).
"""

import json
import sys
from pathlib import Path

import evaluate
import export
from vocabulary import Encoder

COUNTS = {"arithmetic": 12, "strings": 11, "files": 11, "identity": 2, "other": 4}


def suits(made):
    """Small, and the same on every machine."""
    small = len(made["task"]) < 90 and sum(len(text) for text in made.get("files", {}).values()) < 2000
    return small and made["task"].isascii() and (not made["tool"] or evaluate.reproducible(made))


def main(model_folder, out):
    folder = Path(model_folder)
    encoder, model = Encoder(folder / "tokenizer.json"), export.read(folder)
    lines = []
    for kind, count in COUNTS.items():
        made = [one for one in evaluate.held_out(kind, 4 * count, seed=40) if suits(one)]
        right = evaluate.exact(model, encoder, evaluate.offer_for(kind), made)
        chosen = [one for one, ok in zip(made, right) if ok and (not one["tool"] or evaluate.really(one) == one["result"])][:count]
        for one in chosen:
            parts = ["nano", "martlet model pull gpt-oss-20b"] if one["tool"] is None else [line for line in one["answer"].split("\n") if line]
            lines.append(json.dumps(dict(kind=kind, task=one["task"], files=one.get("files", {}), tool=one["tool"], must_contain=parts)))
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} tasks")


if __name__ == "__main__":
    main(*sys.argv[1:])
