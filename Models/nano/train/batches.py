"""Steps of training: one prefix, and rows of conversations packed behind it."""

import random

import torch

import drills
import prompts
import tasks


def encode(encoder, made, is_cut=False):
    """Ids of a conversation, and what each is to the assistant (see tasks.pieces); a cut one ends with the call."""
    ids, written = [], []
    for piece, role in tasks.pieces(made):
        part = encoder(piece)
        ids += part
        written += [role] * len(part)
        if is_cut and piece == "<|call|>":
            break
    return ids, written


def prefix_ids(encoder, offer):
    pieces = prompts.prefix_pieces(offer["names"], offer["date"], offer["effort"], offer["patch"])
    return torch.tensor([i for piece in pieces for i in encoder(piece)])


class Packed:
    """Rows of whole conversations, one after the other."""

    def __init__(self, conversations, rows, length):
        """Takes (ids, written) in order until the rows are full; `count` says how many."""
        self.ids = torch.zeros(rows, length, dtype=torch.long)
        self.positions = torch.zeros(rows, length, dtype=torch.long)
        self.segments = torch.full((rows, length), -1, dtype=torch.long)
        self.written = torch.zeros(rows, length, dtype=torch.long)
        used, self.count, misses = [0] * rows, 0, 0
        for ids, written in conversations:
            n = len(ids)
            row = next((i for i in range(rows) if used[i] + n <= length), None)
            if row is None:
                misses += n <= length
                if misses >= 3:
                    break
                continue
            a, b = used[row], used[row] + n
            self.ids[row, a:b] = torch.tensor(ids)
            self.positions[row, a:b] = torch.arange(n)
            self.segments[row, a:b] = self.count
            self.written[row, a:b] = torch.tensor(written)
            used[row] = b
            self.count += 1
        # What is left over sees itself only.
        for row in range(rows):
            self.positions[row, used[row]:] = torch.arange(length - used[row])

    def targets(self):
        """Flat places that predict what the assistant wrote, what they should predict, and in which conversation."""
        places = ((self.written[:, 1:] > 0) & (self.segments[:, 1:] == self.segments[:, :-1])).nonzero()
        flat = places[:, 0] * self.ids.shape[1] + places[:, 1]
        return flat, self.ids[places[:, 0], places[:, 1] + 1], self.segments[places[:, 0], places[:, 1]]

    def roles(self):
        """What the tokens of targets() are to the assistant."""
        places = ((self.written[:, 1:] > 0) & (self.segments[:, 1:] == self.segments[:, :-1])).nonzero()
        return self.written[places[:, 0], places[:, 1] + 1]


# Few tools and so a short prefix: most of the steps, since what they teach hardly depends on it.
LIGHT = [["container", "python"]] * 5 + [["python"]] * 2 + [["container"]] * 2 + [["browser"]] * 3 + [["browser", "python"], []]
LIGHT_PART = 0.7
# Rows and their length, by the step's remainder.
SHAPES = [(20, 192), (10, 384), (20, 192), (20, 192), (8, 480), (20, 192)]


# From this step on a step has more requests: by kind, how many conversations end with their call.
LATER_FROM = 1000
CUT = {"arithmetic": 0.6, "strings": 0.55, "files": 0.5, "pages": 0.25}


def training_step(encoder, glued, seed, step):
    """The batch of a step: a function of the arguments alone."""
    r = random.Random(f"train {seed} {step}")
    offer = tasks.offer(r)
    if r.random() < LIGHT_PART:
        offer.update(names=r.choice(LIGHT), patch=False)
    rows, length = SHAPES[step % len(SHAPES)]
    most = 4 if length < 256 else 8

    def draw():
        if r.random() < drills.part(step):
            return drills.drill(r, encoder)
        if step < LATER_FROM:
            return encode(encoder, tasks.draw(r, offer["names"], glued, most))
        made = tasks.draw(r, offer["names"], glued, most, tasks.LATER_WEIGHTS)
        return encode(encoder, made, is_cut=r.random() < CUT.get(made["kind"], 0))

    return prefix_ids(encoder, offer), Packed(iter(draw, None), rows, length)
