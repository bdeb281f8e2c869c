#!/usr/bin/env python3
"""server.py: a stand-in of a third-party server that speaks MCP on its standard streams.

    server.py NAME      its tools stand in /workspace/.server/NAME.json, as Tests/Vectors/injections/servers.json
                        has them; what they answer in answers.json beside it, by "NAME.TOOL"; other words for
                        a tool's description in words.json. Every call is added to log.jsonl there.
"""
import json, sys

NAME, FOLDER = sys.argv[1], "/workspace/.server/"


def load(name, default):
    try:
        with open(FOLDER + name) as file:
            return json.load(file)
    except OSError:
        return default


def schema(arguments):
    kinds = {"list": {"type": "array", "items": {"type": "string"}}}
    return {"type": "object", "properties": {k: kinds.get(v, {"type": v}) for k, v in arguments.items()}}


def say(id, result):
    print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)


tools, answers, words = load(NAME + ".json", []), load("answers.json", {}), load("words.json", {})
for line in sys.stdin:
    message = json.loads(line)
    method, id, params = message.get("method"), message.get("id"), message.get("params") or {}
    if method == "initialize":
        say(id, {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                 "serverInfo": {"name": NAME, "version": "1"}})
    elif method == "tools/list":
        say(id, {"tools": [{"name": tool["name"], "inputSchema": schema(tool["arguments"]),
                            "description": words.get(NAME + "." + tool["name"], tool["description"])}
                           for tool in tools]})
    elif method == "tools/call":
        full = NAME + "." + params["name"]
        with open(FOLDER + "log.jsonl", "a") as log:
            log.write(json.dumps({"tool": full, "arguments": params["arguments"]}, ensure_ascii=False) + "\n")
        answer = answers.get(full, "Done.")
        if isinstance(answer, str):
            answer = {"text": answer}
        result = {"content": [{"type": "text", "text": answer["text"]}]}
        if "structured" in answer:
            result["structuredContent"] = answer["structured"]
        say(id, result)
    elif id is not None:
        print(json.dumps({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "unknown"}}), flush=True)
