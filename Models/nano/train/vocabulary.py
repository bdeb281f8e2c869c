"""The tokenizer: a byte-level BPE whose pieces do not depend on where a word stands.

Merges never join letters with anything else, so that a name is cut the same way behind a space, a quotation mark or
a slash: copying it is copying tokens. Only pieces of the fixed texts are single tokens with their space, and they are
found as whole pieces (`ignore_merges`), never inside of others.

    vocabulary.py OUT     writes OUT/tokenizer.json and OUT/tokenizer_config.json
"""

import collections
import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

import prompts
import talk
import tasks
import words

LETTERS = (r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
           r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?")
# o200k's pattern, each digit a piece of its own.
PATTERN = "|".join([r"[^\r\n\p{L}\p{N}]?" + LETTERS[0], r"[^\r\n\p{L}\p{N}]?" + LETTERS[1], r"\p{N}",
                    r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
NAMED = {0: "<|startoftext|>", 1: "<|endoftext|>", 4: "<|return|>", 5: "<|constrain|>", 7: "<|channel|>", 8: "<|start|>",
         9: "<|end|>", 10: "<|message|>", 14: "<|call|>", 20: "<|endofprompt|>"}
SPECIALS = [NAMED.get(i, f"<|reserved_{199998 + i}|>") for i in range(21)]
# Words of requests that are one token with their space; others are only where the fixed prompt has them.
GLUED = words.COMMON | frozenset("please tell give could would can want does thanks thank nano me need know let".split())
MERGES, SIZE = 1100, 1900


def corpus(seed=7, count=15000):
    """Texts of conversations, without the fixed prompt."""
    r = random.Random(seed)
    names = ["browser", "container", "python"]
    for _ in range(count):
        yield tasks.draw(r, names)


def letter_merges(texts):
    """Merges learned on runs of letters alone."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\p{L}+"), "removed", invert=True),
        pre_tokenizers.Split(Regex("|".join(LETTERS)), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=256 + MERGES, initial_alphabet=alphabet, min_frequency=20, show_progress=False))
    return [tuple(m) for m in json.loads(tokenizer.to_str())["model"]["merges"]], alphabet


def copied_words():
    """Words that users may want worked on: these are never one token with their space."""
    pool = words.NOUNS + words.SELDOM + words.BASES + words.FOLDERS + words.FIRST_NAMES + words.EXTENSIONS
    return {part.lower() for word in pool for part in word.split("/")}


def whole_pieces(tokenizer, made, known, room):
    """The pieces that save most tokens when they are a token each."""
    copied = copied_words()
    fixed, counts = collections.Counter(), collections.Counter()
    for names in (["browser", "container", "memory", "python"],):
        for text in prompts.prefix_pieces(names, "2024-01-01", "medium", True):
            fixed.update(piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    for answer in (talk.IDENTITY_ANSWER, talk.OTHER_ANSWER):
        fixed.update(piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(answer))
    for one in made:
        for text, _ in tasks.pieces(one):
            counts.update(piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    gains = collections.Counter()
    for piece, n in (fixed + counts).items():
        letters = piece.lstrip("Ġ./(\"'_`-[").lower()
        n = 500 * fixed[piece] + counts[piece]
        if n < 100 or piece in known or not letters and len(piece) < 2 or len(piece) > 30 or any(c.isdigit() for c in piece):
            continue
        if letters.isalpha() and letters not in GLUED and (letters in copied or piece[0].isalpha() and piece not in fixed):
            continue
        if letters in GLUED and piece[0] != "Ġ":
            continue
        # A mark and a line end: the last line of a file has the mark alone.
        if piece.endswith("Ċ") and len(piece.strip("Ċ")) == 1:
            continue
        saved = len(tokenizer.encode(bytes_of(piece).decode("utf-8", "replace"), add_special_tokens=False).ids) - 1
        if saved > 0:
            gains[piece] = n * saved
    return [piece for piece, _ in gains.most_common(room)]


def _unicode_to_byte():
    visible = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table, n = {chr(b): b for b in visible}, 0
    for b in range(256):
        if b not in visible:
            table[chr(256 + n)] = b
            n += 1
    return table


UNICODE_TO_BYTE = _unicode_to_byte()


def bytes_of(piece):
    return bytes(UNICODE_TO_BYTE[c] for c in piece)


def assemble(vocabulary, merges):
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(vocabulary)}, merges=merges, ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def build():
    made = list(corpus())
    merges, alphabet = letter_merges(text for one in made for text, _ in tasks.pieces(one) if not text.startswith("<|"))
    vocabulary = alphabet + ["".join(m) for m in merges]
    first = assemble(vocabulary, merges)
    whole = whole_pieces(first, made, set(vocabulary), SIZE - len(SPECIALS) - len(vocabulary))
    # A word that is one token with its space is one without it too: to copy it is to turn one token into one other.
    for word in sorted({piece[1:] for piece in whole if piece[0] == "Ġ" and piece[1:].isascii() and piece[1:].isalpha()}):
        parts = first.encode(word, add_special_tokens=False).tokens
        while len(parts) > 1:
            merges.append((parts[0], parts[1]))
            parts[:2] = [parts[0] + parts[1]]
            vocabulary.append(parts[0])
        first = assemble(vocabulary, merges)
    vocabulary += [piece for piece in whole if piece not in set(vocabulary)]
    tokenizer = assemble(vocabulary, merges)
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIALS])
    return tokenizer


class Encoder:
    """Pieces of text to ids, remembering what was seen."""

    def __init__(self, path):
        self.tokenizer = Tokenizer.from_file(str(path))
        self.special = {text: self.tokenizer.token_to_id(text) for text in SPECIALS}
        self.plain = {}
        # Without the added tokens: text of users must never become one.
        model = json.loads(self.tokenizer.to_str())
        model["added_tokens"] = []
        self.text = Tokenizer.from_str(json.dumps(model))
        self.size = self.tokenizer.get_vocab_size()

    def __call__(self, piece):
        if piece in self.special:
            return [self.special[piece]]
        ids = self.plain.get(piece)
        if ids is None:
            ids = self.text.encode(piece, add_special_tokens=False).ids
            if len(self.plain) < 4096:
                self.plain[piece] = ids
        return ids

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=False)

    def glued(self):
        """Bare words that are one token with their space; the generator works on them now and then."""
        vocabulary = sorted(self.text.get_vocab())
        return [t[1:] for t in vocabulary if t[0] == "Ġ" and t[1:].isascii() and t[1:].isalpha()]


def main(out):
    tokenizer = build()
    Path(out).mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(Path(out) / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|startoftext|>", "eos_token": "<|return|>", "pad_token": "<|endoftext|>",
              "model_max_length": 4096, "clean_up_tokenization_spaces": False}
    (Path(out) / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(f"{tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main(sys.argv[1])
