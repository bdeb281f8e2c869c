"""Copying and nothing else: some items, and once more in another order. Early steps have some, so that the model finds
out soon how to copy; conversations teach it when."""

import arithmetic
import words


def part(step):
    """Which part of what a step draws is drills."""
    return 0.25 if step < 300 else 0.1 if step < 700 else 0.03 if step < 1000 else 0.01


def item(r):
    x = r.random()
    if x < 0.35:
        return str(arithmetic.number(r))
    if x < 0.70:
        return r.choice([words.pseudo_word, words.blend, words.random_letters])(r)
    return words.token(r) if x < 0.85 else words.path(r)


def drill(r, encoder):
    """Ids, and which are to be predicted (see tasks.pieces): of the second time all but each item's beginning."""
    items = [item(r) for _ in range(r.randint(2, 6))]
    mark = r.choice(['"', "", ""])
    ids, written = [], []
    for again in (0, 2):
        for text in items:
            body = encoder(text)
            for part, role in ((encoder(" " + mark), 0), (body[:1], 0), (body[1:] + encoder(mark or ","), again)):
                ids += part
                written += [role] * len(part)
        r.shuffle(items)
    return ids, written
