"""Trains nano from nothing.

    train.py --out FOLDER [--seed 1]

FOLDER holds tokenizer.json and receives last.pt. The data of a step depends on the seed and the step only, so that a
training can be stopped and gone on with (--resume FOLDER/last.pt).
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import arithmetic
import batches
import evaluate
from model import Config, Nano
from vocabulary import Encoder


def orthogonal(g):
    """The nearest orthogonal matrix, roughly (five steps of Newton and Schulz); for a stack of matrices too."""
    x = g / (g.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose step is made orthogonal; as large as a step of Adam at the same rate."""

    def __init__(self, params, lr, momentum=0.95):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(buffer, group["momentum"]))
                p.add_(update, alpha=-group["lr"] * 0.2 * max(p.shape[-2:]) ** 0.5)


def optimizers(model):
    matrices, rest = [], []
    for name, p in model.named_parameters():
        hidden = name.startswith("blocks") and p.dim() > 1 and "bias" not in name and "router" not in name
        (matrices if hidden else rest).append(p)
    return [Muon(matrices, lr=MUON_RATE), torch.optim.AdamW(rest, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)]


END = 6200
MUON_RATE, ADAM_RATE = 3e-3, 3e-3
# Parts of the full learning rate, by step; straight lines in between.
RATES = [(0, 0.01), (100, 1.0), (1000, 1.0), (END, 0.0)]
# From which step the experts are seen as MXFP4 keeps them.
QUANTIZED_FROM = END // 2
# What the bodies of calls weigh, and what the assistant writes else.
BODY_WEIGHT = 2.0


def rate(step):
    for (a, low), (b, high) in zip(RATES, RATES[1:]):
        if step <= b:
            return low + (high - low) * (step - a) / (b - a)


def save(path, model, opts, step, arguments):
    torch.save({"config": model.c.dict(), "model": model.state_dict(), "opts": [o.state_dict() for o in opts], "step": step, "args": vars(arguments)}, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="has tokenizer.json; receives last.pt")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", help="a checkpoint to go on from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--until", type=int, default=END, help="a step to stop at")
    parser.add_argument("--every", type=int, default=500, help="steps between evaluations")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    arithmetic.few_digits = 0.12
    out = Path(a.out)
    encoder = Encoder(out / "tokenizer.json")
    glued = encoder.glued()
    model = Nano(Config(vocab=encoder.size))
    opts, start = optimizers(model), 0
    if a.resume:
        saved = torch.load(a.resume)
        model.load_state_dict(saved["model"])
        for o, state in zip(opts, saved["opts"]):
            o.load_state_dict(state)
        start = saved["step"]
    base = [[g["lr"] for g in o.param_groups] for o in optimizers(model)]
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    for layer in model.blocks:
        layer.heads, layer.go_on = torch.compile(layer.heads, dynamic=True), torch.compile(layer.go_on, dynamic=True)
    began, total, count = time.time(), 0.0, 0
    steps = min(END, a.until)
    for step in range(start, steps):
        part = rate(step)
        for o, lrs in zip(opts, base):
            for g, lr in zip(o.param_groups, lrs):
                g["lr"] = lr * part
        model.quantize = step >= QUANTIZED_FROM
        prefix, packed = batches.training_step(encoder, glued, a.seed, step)
        places, wanted, _ = packed.targets()
        model.precision = torch.bfloat16
        with torch.autocast("cpu", torch.bfloat16):
            states = model.states(prefix, packed.ids, packed.positions, packed.segments)
            logits = model.logits(states[places])
        loss = F.cross_entropy(logits.float(), wanted, reduction="none")
        weights = 1.0 + (BODY_WEIGHT - 1.0) * (packed.roles() == 2)
        loss = (loss * weights).sum() / weights.sum()
        for o in opts:
            o.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
        total, count = total + loss.item(), count + 1
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} loss {total / count:.4f} rate {part:.2f} conversations {packed.count} seconds {time.time() - began:.0f}", flush=True)
            total, count = 0.0, 0
        if (step + 1) % a.every == 0 or step + 1 == steps:
            save(out / "last.pt", model, opts, step + 1, a)
            print("held out", json.dumps(evaluate.quick(model, encoder, 60)), flush=True)


if __name__ == "__main__":
    main()
