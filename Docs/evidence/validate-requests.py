#!/usr/bin/env python3
"""validate-requests.py: whether the request types of OpenAI's own client accept what is sent to servers.

    python3 -m venv venv && venv/bin/pip install openai
    venv/bin/python Docs/evidence/validate-requests.py [FILE...]

A file holds one JSON object a line, {"interface": "chat" | "responses" | "completions", "body": {...}}, or
{"path": "/v1/...", "request": {...}} as the records of a server have it; it is Tests/Vectors/providers/*.jsonl
where none is given. Members that the types do not know are listed: those are what only some servers understand. For
development; no test needs it.
"""
import glob, json, sys
import openai, pydantic
from openai.types.chat.completion_create_params import CompletionCreateParams as Chat
from openai.types.completion_create_params import CompletionCreateParams as Completions
from openai.types.responses.response_create_params import ResponseCreateParams as Responses

KINDS = {"chat": Chat, "responses": Responses, "completions": Completions}
PATHS = {"/v1/chat/completions": "chat", "/v1/responses": "responses", "/v1/completions": "completions"}
KINDS = {name: pydantic.TypeAdapter(kind) for name, kind in KINDS.items()}


def lost(body, seen, path=""):
    """Members that did not come through: the types do not know them."""
    if isinstance(body, dict) and isinstance(seen, dict):
        for key, value in body.items():
            if key not in seen:
                yield path + key
            else:
                yield from lost(value, seen[key], path + key + ".")
    elif isinstance(body, list) and isinstance(seen, list):
        for one, other in zip(body, seen):
            yield from lost(one, other, path)


def plain(value):
    """Iterables are validated as they are read."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return [plain(member) for member in value]


counts, unknown, failed = {}, {}, 0
for file in sys.argv[1:] or sorted(glob.glob("Tests/Vectors/providers/*.jsonl")):
    for number, line in enumerate(open(file), 1):
        record = json.loads(line)
        kind = record.get("interface") or PATHS.get(record.get("path"))
        if kind is None:
            continue
        body = record["body"] if "body" in record else record["request"]
        counts[kind] = counts.get(kind, 0) + 1
        try:
            seen = plain(KINDS[kind].validate_python(body))
            for name in lost(body, seen):
                unknown.setdefault(kind, set()).add(name)
        except pydantic.ValidationError as error:
            failed += 1
            print("%s, line %d (%s): %s" % (file, number, kind, error))
print("openai %s: %s accepted, %d refused" % (openai.__version__, counts, failed))
for kind, names in sorted(unknown.items()):
    print("unknown to the types of %s: %s" % (kind, ", ".join(sorted(names))))
sys.exit(1 if failed else 0)
