"""The fixed part of a prompt as Martlet renders it, and a conversation as pieces of text.

Tool texts come from Tools/*/manifest.json and namespaces.json, so that a retraining follows them.
Layout: openai/harmony, src/encoding.rs (Apache-2.0).
"""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
IDENTITY = "You are ChatGPT, a large language model trained by OpenAI."
CHANNELS = "# Valid channels: analysis, commentary, final. Channel must be included for every message."
FUNCTIONS_LINE = "\nCalls to these tools must go to the commentary channel: 'functions'."


def _manifest(name):
    manifest = json.loads((ROOT / "Tools" / name / "manifest.json").read_text())
    namespace = dict(manifest["namespace"])
    namespace["tools"] = [tool for tool in manifest["tools"] if tool["name"]]
    return namespace


NAMESPACES = {n["name"]: n for n in json.loads((HERE / "namespaces.json").read_text())}
NAMESPACES.update({name: _manifest(name) for name in ("container", "python")})
PATCH = _manifest("apply_patch")


def _type(schema, indent=""):
    """A JSON schema in the notation of TypeScript."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(kind)
    if kind == "object":
        lines = ["{"]
        for key, value in schema.get("properties", {}).items():
            if "description" in value:
                lines.append(f"{indent}// {value['description']}")
            mark = "" if key in schema.get("required", []) else "?"
            text = f"{indent}{key}{mark}: {_type(value, indent + '    ')},"
            if "default" in value:
                default = value["default"]
                plain = isinstance(default, str) and "enum" in value
                text += " // default: " + (default if plain else json.dumps(default))
            lines.append(text)
        return "\n".join(lines + [indent + "}"])
    if kind == "array":
        return _type(schema["items"], indent) + "[]"
    if "enum" in schema:
        return " | ".join(json.dumps(word) for word in schema["enum"])
    return {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}[kind]


def _namespace(namespace):
    lines = [f"## {namespace['name']}\n"]
    mark = "// " if namespace["tools"] else ""
    lines += [mark + line for line in namespace.get("description", "").split("\n") if namespace.get("description")]
    if namespace["tools"]:
        lines.append(f"namespace {namespace['name']} {{\n")
        for tool in namespace["tools"]:
            lines += ["// " + line for line in tool["description"].split("\n")]
            lines.append(f"type {tool['name']} = (_: {_type(tool['parameters'])}) => any;\n")
        lines.append(f"}} // namespace {namespace['name']}")
    return "\n".join(lines)


def _tools(namespaces):
    return "\n\n".join(["# Tools"] + [_namespace(n) for n in sorted(namespaces, key=lambda n: n["name"])])


def system_text(names, date, effort, has_functions):
    """The system message's text. `names`: the namespaces on offer."""
    sections = [f"{IDENTITY}\nKnowledge cutoff: 2024-06\nCurrent date: {date}", f"Reasoning: {effort}"]
    if names:
        sections.append(_tools([NAMESPACES[name] for name in names]))
    return "\n\n".join(sections + [CHANNELS + (FUNCTIONS_LINE if has_functions else "")])


def prefix_pieces(names, date, effort, has_patch):
    """System and developer message; each piece is tokenised by itself."""
    pieces = ["<|start|>", "system", "<|message|>", system_text(names, date, effort, has_patch), "<|end|>"]
    if has_patch:
        pieces += ["<|start|>", "developer", "<|message|>", _tools([PATCH]), "<|end|>"]
    return pieces


def user_pieces(task):
    return ["<|start|>", "user", "<|message|>", task, "<|end|>", "<|start|>", "assistant"]


def call_pieces(tool, body):
    """What the assistant writes to call a tool. Pieces of a header are as the model reads them."""
    return ["<|channel|>", "analysis", " to=" + tool, " code", "<|message|>", body, "<|call|>"]


def result_pieces(tool, text):
    return ["<|start|>", tool, " to=assistant", "<|channel|>", "analysis", "<|message|>", text, "<|end|>",
            "<|start|>", "assistant"]


def answer_pieces(text):
    return ["<|channel|>", "final", "<|message|>", text, "<|return|>"]
