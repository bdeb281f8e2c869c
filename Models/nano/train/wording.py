"""A small language for wordings: "[please |]reverse {w}" stands for two sentences with a slot."""

import re

import stage

IMPERATIVE_LEADS = """
||||||please |please |can you |could you |could you please |can you please |would you |would you please |will you
|kindly |hey, |hi, |hello, |hey nano, |nano, |nano: |ok, |okay, |now |now please |next, |then |i want you to |i need you to
|i'd like you to |i would like you to |go ahead and |just |quickly |help me |let's |let us |for me, |try to |your task: |task: |your job is to
|do me a favor and |do me a favour: |be so kind as to |would you mind if i asked you to |i want to |i need to |i have to |how do i |how can i
|hi there, can you |hello, please |hey, could you |so, |well, |alright, |first, |one more: |again, |dear nano, |quick task: |it would be great if you could |please go and |the job: |if you can, 
"""
NOUN_LEADS = """
what is |what is |what is |what's |what's |whats |tell me |tell me |please tell me |give me |show me |i need |i want |i'd like |i would like
|find |find out |get |get me |get |return |print |output |work out |determine |report |can you tell me |could you tell me |can you give me |could you give me
|can you find |could you find |do you know |would you tell me |let me know |let me see |let me have |say |state |write |please give me |please find
|hey, what is |hi, what's |hello, what is |so what is |ok, what is |and what is |now what is |what would be |what will be |what might be |quick question: what is |question: what is
|i want to know |i need to know |i'd like to know |i would like to know |i wonder what is |i am looking for |i'm looking for |looking for |help me find |please provide |provide |
||please work out |nano, what is |nano, tell me |just tell me |just give me |any idea what |care to tell me |may i have |can i have |could i get |can i get |please print |
"""
QUESTION_LEADS = """
||||||||hey, |hi, |hello, |nano, |hey nano, |so, |ok, |now, |and |tell me, |tell me: |please tell me: |quick question: |question: |i wonder, |do you know, |any idea: |say, |well, |one question: |can you tell me: |please answer: |hi nano: |let me ask: 
"""
TAILS = [""] * 14 + [", please", " please", ", thanks", " thanks", " thank you", ", thank you", " for me", " for me please", " now",
                     ", nano", " right now", " if you can", ", would you", " (thanks)", " asap", " quickly"]


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
    text = expand(r, template)
    if form == "i":
        lead = r.choice(IMPERATIVE_LEADS)
    elif form == "n":
        lead = r.choice(NOUN_LEADS)
    elif form == "q":
        lead = r.choice(QUESTION_LEADS)
    else:
        lead = ""
    tail = r.choice(TAILS) if form != "b" and r.random() < 0.6 else ""
    asks = form == "q" or (form == "n" and "wh" in lead) or lead.startswith(("can ", "could ", "would ", "will ", "do you", "how "))
    if form == "b":
        end = r.choice(["", "", "", ".", "?"]) if template[-1:] not in ".?!:=" else ""
    else:
        end = r.choice(["?", "?", "?", "", "??", " ?"]) if asks else r.choice(["", "", "", ".", ".", "!", ":"][:6])
    text = lead + text + tail + end
    parts = SLOT.split(text)
    x = r.random()
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = str(slots[part[1:-1]])
        elif x < 0.02:
            parts[i] = part.upper()
        elif x < 0.06:
            parts[i] = part.title()
    if 0.06 < x < (0.14 if stage.number < 3 else 0.09):
        longest = max(range(0, len(parts), 2), key=lambda i: len(parts[i]))
        parts[longest] = mistype(r, parts[longest])
    if 0.06 < x < 0.7 and parts[0]:
        parts[0] = parts[0][0].upper() + parts[0][1:]
    if x > 0.97:
        parts[-1] += r.choice(["\n", " ", "!", "..."]) if len(parts[-1]) else ""
    text = "".join(parts)
    return re.sub(r"\bi\b(?=[ '])", "I", text) if r.random() < 0.7 else text
