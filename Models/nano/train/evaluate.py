"""How often nano does all of a task right: tool, arguments and answer, greedily.

    evaluate.py MODEL [--count 300] [--seed 999] [--tasks FILE.jsonl | --of FILE.jsonl]

Conversations are made with seeds that training never uses. The expected one is laid before the model; where at every
place its likeliest token is the expected one, greedy decoding writes just this. --tasks writes the tasks as JSON lines
instead of evaluating: kind, task, files, expect_tool, expect_arguments, expect_answer. --of evaluates on such a file,
where a line may have the result too; strangers.jsonl holds wordings that the generator was not made from.
through.py asks the same of the whole program.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

import batches
import prompts
import tasks

DEFAULT = dict(names=["container", "memory", "python"], date="2026-11-25", effort="medium", patch=True)
WEB = dict(DEFAULT, names=["browser", "container", "memory", "python"])
CLOSED = dict(DEFAULT, names=[], patch=False)


def offer_for(kind):
    return {"pages": WEB, "missing": CLOSED}.get(kind, DEFAULT)


def held_out(kind, count, seed=999):
    """Tasks of a kind that no training step draws: the seeds are other texts."""
    r = random.Random(f"held out {seed} {kind}")
    names, out = offer_for(kind)["names"], []
    while len(out) < count:
        made = tasks.make(r, kind, names)
        if made:
            out.append(made)
    return out


def really(made):
    """What the tool says when the call is carried out in a folder with the task's files; None where it cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in made.get("files", {}).items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir() if name.endswith("/") else path.write_text(text)
        run = lambda argv: subprocess.run(argv, cwd=folder, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        if made["tool"] == "python":
            done = run([sys.executable, "-c", made["body"]])
            return done.stdout if not done.stderr else None
        if made["tool"] == "container.exec":
            done = run(json.loads(made["body"])["cmd"])
            text = f"Exit status {done.returncode}.\n"
            for name, stream in (("stdout", done.stdout), ("stderr", done.stderr)):
                text += f"{name}:\n{stream}" + ("" if stream.endswith("\n") else "\n") if stream else ""
            return text
    return None


def read_tasks(path):
    """Conversations of a file of tasks, by kind; a result that is not there is what the tool really says."""
    by_kind = {}
    for line in path.read_text().splitlines():
        one = json.loads(line)
        made = dict(kind=one["kind"], task=one["task"], files=one.get("files", {}), tool=one["expect_tool"], body=one["expect_arguments"], answer=one["expect_answer"])
        if made["tool"]:
            made["result"] = one["result"] if "result" in one else really(made)
        by_kind.setdefault(made["kind"], []).append(made)
    return by_kind


def reproducible(made):
    """Whether a real run of the call can be expected to say what the task says."""
    return made["kind"] in ("arithmetic", "strings", "files") and "Error" not in made["result"] and not any(
        text in made["result"] for text in ("Permission denied", "Is a directory")) and not any(
        f'"{place}"]' in made["body"] for place in (".", "..", "/tmp"))


@torch.no_grad()
def exact(model, encoder, offer, made):
    """For each conversation whether every token that the assistant writes is the likeliest one."""
    prefix = batches.prefix_ids(encoder, offer)
    encoded = [batches.encode(encoder, one) for one in made]
    right = [False] * len(made)
    order = sorted(range(len(made)), key=lambda i: -len(encoded[i][0]))
    for a in range(0, len(order), 16):
        part = order[a:a + 16]
        packed = batches.Packed([encoded[i] for i in part], len(part), len(encoded[part[0]][0]))
        places, wanted, segments = packed.targets()
        states = model.states(prefix, packed.ids, packed.positions, packed.segments)
        bad = set(segments[model.logits(states[places]).argmax(-1) != wanted].tolist())
        for j, i in enumerate(part):
            right[i] = j not in bad
    return right


@torch.no_grad()
def write(model, encoder, offer, pieces, most=160):
    """What the model writes after some pieces, greedily."""
    prefix = batches.prefix_ids(encoder, offer)
    ids = [i for piece in pieces for i in encoder(piece)]
    start, stops = len(ids), {encoder.special["<|call|>"], encoder.special["<|return|>"]}
    while len(ids) < start + most and (len(ids) == start or ids[-1] not in stops):
        n = len(ids)
        states = model.states(prefix, torch.tensor([ids]), torch.arange(n)[None], torch.zeros(1, n, dtype=torch.long))
        ids.append(model.logits(states[-1:]).argmax(-1).item())
    return encoder.decode(ids[start:])


def failure(model, encoder, offer, made):
    """How a conversation goes wrong: the first text that is not as expected."""
    pieces = prompts.user_pieces(made["task"])
    if made["tool"]:
        call = prompts.call_pieces(made["tool"], made["body"])
        written = write(model, encoder, offer, pieces)
        if written != "".join(call):
            return written
        pieces = pieces + call + prompts.result_pieces(made["tool"], made["result"])
    return write(model, encoder, offer, pieces)


def quick(model, encoder, count):
    """Parts of tasks done exactly, by kind."""
    before, model.quantize, model.precision = (model.quantize, model.precision), True, torch.float32
    parts = {}
    for kind in tasks.KINDS:
        right = exact(model, encoder, offer_for(kind), held_out(kind, count))
        parts[kind] = round(sum(right) / count, 3)
    model.quantize, model.precision = before
    return parts


def main():
    import export
    from vocabulary import Encoder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=999)
    parser.add_argument("--failures", type=int, default=0, help="how many to show of each kind")
    parser.add_argument("--tasks", type=Path)
    parser.add_argument("--of", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    if a.tasks:
        with a.tasks.open("w") as file:
            for kind in tasks.KINDS:
                for made in held_out(kind, a.count, a.seed):
                    file.write(json.dumps(dict(kind=kind, task=made["task"], files=made.get("files", {}), expect_tool=made["tool"], expect_arguments=made.get("body"), expect_answer=made["answer"])) + "\n")
        return
    torch.set_num_threads(a.threads)
    encoder = Encoder(a.model / "tokenizer.json")
    model = export.read(a.model)
    given = read_tasks(a.of) if a.of else {kind: held_out(kind, a.count, a.seed) for kind in tasks.KINDS}
    for kind, made in given.items():
        offer = offer_for(kind)
        wrong = [one for one in made if reproducible(one) and really(one) != one["result"]]
        right = exact(model, encoder, offer, made)
        note = f", {len(wrong)} results are not what the tool says" if wrong else ""
        print(f"{kind}: {sum(right)} of {len(made)} right, {100 * sum(right) / len(made):.1f} %{note}", flush=True)
        for one in [one for one, ok in zip(made, right) if not ok][:a.failures]:
            print("   ", json.dumps([one["task"], one.get("body"), one["answer"], failure(model, encoder, offer, one)], ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
