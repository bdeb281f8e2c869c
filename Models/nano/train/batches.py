"""Steps of training: one prefix, and rows of conversations packed behind it."""

import random

import torch

import prompts
import stage
import tasks


def encode(encoder, made):
    """Ids of a conversation, and what each is to the assistant (see tasks.pieces)."""
    ids, written = [], []
    for piece, role in tasks.pieces(made):
        part = encoder(piece)
        ids += part
        written += [role] * len(part)
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


# Few tools and so a short prefix: most of the early steps, since what they teach does not depend on it.
LIGHT = [["container", "python"]] * 4 + [["python"]] * 2 + [["container"]] * 2 + [["browser"]]
LIGHT_LAST = LIGHT + [["browser", "container", "python"]] * 4 + [["browser"]]


def training_step(encoder, glued, seed, step):
    """The batch of a step: a function of the arguments alone."""
    r = random.Random(f"train {seed} {step}")
    stage.enter(step)
    offer = tasks.offer(r)
    if r.random() < stage.light(step):
        offer.update(names=r.choice(LIGHT if stage.number < 3 else LIGHT_LAST), patch=False)
    is_long = step % 6 == 5
    if stage.number < 3:
        rows, length, most = (8, 512, 9) if is_long else (20, 192, 4)
    else:
        rows, length, most = (6, 640, 10) if is_long else (15, 256, 3)
    draw = lambda: encode(encoder, tasks.draw(r, offer["names"], glued, most))
    return prefix_ids(encoder, offer), Packed(iter(draw, None), rows, length)
