"""A small language for wordings: "[please |]reverse {w}" stands for two sentences with a slot."""

import re

IMPERATIVE_LEADS = """
||||||||||||||please |please |please |please |can you |could you |could you please |can you please |would you |would you please |will you
|kindly |hey, |hi, |hello, |hey nano, |nano, |nano: |ok, |okay, |now |now please |next, |then |i want you to |i need you to |would you kindly
|i'd like you to |i would like you to |go ahead and |just |quickly |help me |let's |for me, |try to |your task: |task: |your job is to
|do me a favor and |do me a favour: |i want to |i need to |i have to |how do i |how can i |would you be able to |are you able to |is it possible to
|hi there, can you |hello, please |hey, could you |so, |well, |alright, |first, |one more: |again, |quick task: |it would be great if you could |please go and |if you can, |if possible, |hello! please |hi! can you |hello. could you please |good morning, please |when you have a moment, |i was wondering if you could |do you think you could |can i ask you to |may i ask you to |you should |you need to |thanks for helping. please |hi nano, please |hello nano, could you |could you quickly |can you help me |could you help me |i'd love for you to
"""
NOUN_LEADS = """
what is |what is |what is |what is |what is |what's |what's |whats |tell me |tell me |please tell me |give me |show me |i need |i want |i'd like |i would like
|find |find out |get |get me |get |return |print |output |work out |determine |report |can you tell me |could you tell me |can you give me |could you give me
|can you find |could you find |do you know |would you tell me |let me know |let me see |let me have |state |please give me |please find |please tell me
|hey, what is |hi, what's |hello, what is |so what is |ok, what is |and what is |now what is |what would be |what will be |quick question: what is |question: what is
|i want to know |i need to know |i'd like to know |i would like to know |i wonder what is |i am looking for |i'm looking for |help me find |please provide |provide |calculate |compute |could you please tell me |can you please tell me |please show me |please compute |would you please tell me |i am trying to find |i'm trying to work out
|please work out |nano, what is |nano, tell me |just tell me |just give me |any idea what is |may i have |can i have |could i get |can i get |please print |can you work out |could you work out |hi nano, what is |hello! what is |can you figure out |could you let me know |i am curious: what is
"""
QUESTION_LEADS = """
|||||||||||||||||hey, |hi, |hello, |nano, |hey nano, |so, |ok, |now, |and |tell me, |tell me: |please tell me: |quick question: |question: |i wonder, |do you know, |well, |one question: |please answer: |hi nano: |let me ask: |hello! |hi! |i'm curious, |just curious: |one more question: |next question: |hi there, |good morning, |a question: |excuse me, 
"""
TAILS = [""] * 20 + [", please", " please", ", please", ", thanks", ", thank you", " for me", " for me please", " for me, please", " now", ", nano", " if you can"]
# Behind a list of bare words only what a comma parts from it.
TAILS_APART = [""] * 6 + [", please", ", thanks", ", thank you"]


def _alternatives(text):
    parts = [part.strip("\n") for part in text.strip("\n").split("|")]
    return [part if part in ("",) or part.endswith(" ") else part + " " for part in parts]


IMPERATIVE_LEADS, NOUN_LEADS, QUESTION_LEADS = map(_alternatives, (IMPERATIVE_LEADS, NOUN_LEADS, QUESTION_LEADS))
GROUP = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"(\{[a-z]+\})")


def expand(r, template):
    """Chooses one of each group of alternatives, the innermost first."""
    while True:
        match = GROUP.search(template)
        if not match:
            return template
        template = template[:match.start()] + r.choice(match.group(1).split("|")) + template[match.end():]


def mistype(r, text):
    """One slip of a finger in one word."""
    spots = [i for i in range(1, len(text) - 1) if text[i].isalpha() and text[i - 1].isalpha() and text[i + 1].isalpha()]
    if not spots:
        return text
    i = r.choice(spots)
    x = r.random()
    if x < 0.3:
        return text[:i] + text[i + 1:]
    if x < 0.6:
        return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    if x < 0.8:
        return text[:i] + text[i] + text[i:]
    return text[:i] + r.choice("abcdefghijklmnopqrstuvwxyz") + text[i + 1:]


def say(r, form, template, **slots):
    """A user's sentence. `form`: i (imperative), n (noun phrase), q (question), b (bare, left as it is)."""
    text = re.sub(" +", " ", expand(r, template)).strip()
    leads = {"i": IMPERATIVE_LEADS, "n": NOUN_LEADS, "q": QUESTION_LEADS, "b": [""]}[form]
    lead = r.choice(leads)
    tail = r.choice(TAILS_APART if text.endswith("{l}") else TAILS) if form != "b" and r.random() < 0.6 else ""
    polite = re.search(r"\b(can|could|would|will|are|is|do|may|how) (you|i|it|do)\b", lead)
    asks = form == "q" or (form == "n" and "wh" in lead) or bool(polite)
    if form == "b":
        end = r.choice(["", "", "", ".", "?"]) if template[-1:] not in ".?!:=" else ""
    else:
        end = r.choice(["?"] * 6 + [""] * 3) if asks else r.choice([""] * 3 + ["."] * 3 + (["!"] if r.random() < 0.2 else []))
    parts = SLOT.split(lead + text + tail + end)
    x = r.random()
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = str(slots[part[1:-1]])
        elif x < 0.003:
            parts[i] = part.upper()
        elif x < 0.006:
            parts[i] = part.title()
    if 0.006 < x < 0.011:
        longest = max(range(0, len(parts), 2), key=lambda i: len(parts[i]))
        parts[longest] = mistype(r, parts[longest])
    if 0.011 < x < 0.72:
        parts[0] = re.sub(r"(?:^|(?<=[.!] ))[a-z]", lambda m: m.group().upper(), parts[0])
    if x > 0.99:
        parts[-1] += r.choice(["\n", " ", "!", "..."])
    text = "".join(parts)
    return re.sub(r"\bi\b(?=[ '])", "I", text) if r.random() < 0.7 else text
