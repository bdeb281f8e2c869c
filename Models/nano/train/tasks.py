"""All kinds of task as conversations: with which tools, what the assistant writes, what comes back."""

import datetime
import re

import arithmetic
import files
import pages
import prompts
import strings
import talk
import words

KINDS = ("arithmetic", "strings", "files", "pages", "identity", "other", "refused", "missing")
NAMESPACE = {"python": "python", "container.exec": "container", "browser.open": "browser"}
# How often a conversation is of a kind. Tool errors and refusals of a call are "refused".
WEIGHTS = {"arithmetic": 23, "strings": 24, "files": 22, "pages": 10, "identity": 4, "other": 14, "refused": 7}
# Once the model copies, what is left to learn are the requests: which ask for what, and which for nothing it can.
LATER_WEIGHTS = {"arithmetic": 26, "strings": 22, "files": 25, "pages": 18, "identity": 4, "other": 16, "refused": 8}


def offer(r):
    """Which tools a prompt offers, its date and effort; mostly as the default policy has them."""
    x = r.random()
    if x < 0.40:
        names, patch = {"container", "memory", "python"}, True
    elif x < 0.68:
        names, patch = {"browser", "container", "memory", "python"}, True
    elif x < 0.96:
        names = {n for n in ("browser", "container", "memory", "python") if r.random() < 0.62}
        patch = r.random() < 0.5
    else:
        names, patch = set(), False
    date = datetime.date(2024, 1, 1) + datetime.timedelta(days=r.randint(0, 4382))
    effort = r.choice(["low", "medium", "medium", "medium", "high"])
    return dict(names=sorted(names), date=date.isoformat(), effort=effort, patch=patch)


def without(tool):
    return f"I cannot do that here: the tool {tool} is not available in this run."


SENTENCES = ["it is not allowed in this workspace", "this run may not use it", "only reading is allowed", "the workspace is closed", "nothing may be run on a Sunday", "commands are off", "python is off for guests",
             "no code is to be run", "the administrator has switched it off", "it could change files", "this machine is for demonstrations", "the file is private", "the folder is off limits", "network access is closed",
             "the policy \"closed\" lets the model answer and nothing else", "it sends words of the model to the web", "it opens a page of the web", "this policy sends nothing to cloud models", "a key or token would leave this machine"]


def reason(r, tool):
    """A reason of the policy, in the wordings of its engine."""
    rule = "-".join(words.word(r) for _ in range(r.randint(1, 3)))
    policy = r.choice(["default", "closed", "offline", "demo-web", words.word(r), words.word(r) + "-" + words.word(r)])
    x = r.random()
    if x < 0.40:
        why = r.choice(SENTENCES) if r.random() < 0.65 else words.phrase(r, 2, 8)
        return f'Rule "{rule}" of "{policy}" denies it: {why}.'
    if x < 0.48:
        return f'Rule "{rule}" of "{policy}" denies it.'
    if x < 0.58:
        return f'No rule mentions the tool "{tool}".'
    if x < 0.70:
        what = r.choice(["cmd", "code", "id", "url", "patch", "paths", "argument"])
        return (f'No rule of "{policy}" allows this call of "{tool}". Rule "{rule}" does not match: '
                + r.choice([f'"{what}" is none of the allowed values.', f"{words.phrase(r, 2, 6)}.", f'the argument "{what}" is not under {words.folder(r)}.', f'"{what}" has more than {r.randint(1, 9999)} bytes.']))
    if x < 0.78:
        return f'The tool "{tool}" is not open to the model "{r.choice(["nano", "gpt-oss-20b", words.word(r)])}".'
    if x < 0.84:
        return f'headless: Rule "{rule}" of "{policy}" asks first: {r.choice(SENTENCES)}. Nobody is there to ask.'
    if x < 0.89:
        return f'The budget "{rule}" is spent: {r.randint(1, 99)} of {r.randint(1, 99)} calls.'
    if x < 0.93:
        return r.choice(["The arguments are too large to be judged.", "The decision cannot be recorded, so nothing is done.", "No policy has a rule for this.", f"The call cannot be judged. {words.phrase(r, 2, 5)}.",
                         'The policy demands the sandbox tier "full", and this machine builds "landlock".', "A person said no."])
    text = words.phrase(r, 3, 10)
    return text[:1].upper() + text[1:] + "."


BROKEN = ["[ERROR] Python cannot be started ({p}). Install python3 on this machine.", "[ERROR] Execution timed out after 120.0 seconds; the variables are kept.", "The tool did not answer within {n} seconds.", "The tool ended without an answer.",
          "[ERROR] Python ended with status {n}; it was restarted and the variables are lost.", "The command cannot be started: {p}.", "The tool cannot be started: {p}.", "[ERROR] {p}.", "The sandbox cannot be built: {p}."]


def possible(kind, names):
    return {"arithmetic": "python", "strings": "python", "files": "container", "pages": "browser"}.get(kind) in set(names) | {None}


def make(r, kind, names, glued=(), most=5):
    """One conversation of a kind under an offer of tools; None where the two do not go together.

    The result has: kind, task, tool, body (what is passed to the tool), result, answer, files.
    """
    if kind == "identity":
        return dict(talk.identity(r), kind=kind)
    if kind == "other":
        return dict(talk.other(r), kind=kind)
    base = r.choice(["arithmetic", "strings", "files", "pages"]) if kind in ("refused", "missing") else kind
    if base == "arithmetic":
        made = arithmetic.example(r)
    elif base == "strings":
        made = strings.example(r, glued)
    elif base == "files":
        made = files.example(r, glued, most)
    else:
        made = pages.example(r, most)
    if NAMESPACE[made["tool"]] not in names:
        if kind == "refused":
            return None
        return dict(kind="missing", task=made["task"], tool=None, answer=without(made["tool"]), files=made.get("files", {}))
    if kind == "missing":
        return None
    if kind == "refused":
        if r.random() < 0.2 and made["tool"] != "browser.open":
            text = r.choice(BROKEN).format(p=words.phrase(r, 2, 5), n=r.randint(1, 139))
            return dict(made, kind=kind, result=text, answer=f"The tool reports an error: {text}")
        why = reason(r, made["tool"])
        return dict(made, kind=kind, result=f"Refused: {why}", answer=f"The policy refused this: {why}")
    return dict(made, kind=kind)


def draw(r, names, glued=(), most=5, weights=WEIGHTS):
    """A conversation of a kind by the weights of training."""
    while True:
        kind = r.choices(list(weights), list(weights.values()))[0]
        if not possible(kind, names) and r.random() < 0.6:
            continue
        made = make(r, kind, names, glued, most)
        if made:
            return made


QUOTED = re.compile(r'"([^"]*)"')


def apart(text):
    """A text of the assistant in pieces: what is quoted stands alone, as the user's word did, so that a mark at its end
    never joins with the quotation mark."""
    out, begin = [], 0
    for match in QUOTED.finditer(text):
        inside = match.group(1)
        if any(c.isalnum() for c in inside) and inside[0] != "-":
            out += [text[begin:match.start(1)], inside]
            begin = match.end(1)
    return [piece for piece in out + [text[begin:]] if piece]


def pieces(made):
    """The conversation as (text, what it is to the assistant: 0 read, 1 written, 2 written as the body of a call)."""
    out = [(p, 0) for p in prompts.user_pieces(made["task"])]
    if made["tool"]:
        *head, body, end = prompts.call_pieces(made["tool"], made["body"])
        out += [(p, 1) for p in head] + [(p, 2) for p in apart(body)] + [(end, 1)]
        out += [(p, 0) for p in prompts.result_pieces(made["tool"], made["result"])]
    *head, answer, end = prompts.answer_pieces(made["answer"])
    return out + [(p, 1) for p in head + apart(answer) + [end]]
