// FakePluginFiles.swift — a tool plugin in python3 that misbehaves on demand, as files.

import Foundation

/// A folder of manifests with one plugin, `fake`, and its tools `fake.act` and `fake.raw`. The argument
/// `do` of `fake.act` says how it behaves.
public struct FakePluginFiles: Sendable {
  /// For `--tools`.
  public let folder: TemporaryFolder

  /// `opening` is "legacy", or how the opening goes wrong; `profile` names the sandbox.
  public init(
    opening: String = "legacy", profile: String = "container", callSeconds: Int = 2
  ) throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/fake", withIntermediateDirectories: true)
    let program = try folder.write("fake/plugin", Array(Self.source.utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let manifest = """
      { "manifest": 1, "name": "fake", "purpose": "Misbehaves.", "audience": "system",
        "namespace": { "name": "fake" },
        "tools": [{ "name": "act", "calls": "act" }, { "name": "raw", "rawBody": "text", "calls": "act" }],
        "command": ["{folder}/plugin", "\(opening)"], "sandbox": "\(profile)",
        "limits": { "startSeconds": 4, "callSeconds": \(callSeconds), "outputKiB": 4 } }
      """
    try folder.write("fake/manifest.json", Array(manifest.utf8))
  }

  private static let source = #"""
    #!/usr/bin/env python3
    import json, os, signal, subprocess, sys, time
    opening, count = sys.argv[1], 0
    def say(message):
        sys.stdout.write(message if isinstance(message, str) else json.dumps(message) + "\n")
        sys.stdout.flush()
    def answer(id, result): return {"jsonrpc": "2.0", "id": id, "result": result}
    def text(id, words, **more): return answer(id, {"content": [{"type": "text", "text": words}], **more})
    if opening == "dies": sys.exit("no licence")
    if opening == "hangs": time.sleep(3600)
    if opening == "floods":
        while True: sys.stdout.write("x" * 65536)
    for line in sys.stdin:
        message = json.loads(line)
        method, id, params = message.get("method"), message.get("id"), message.get("params") or {}
        if method == "initialize":
            say(answer(id, {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                            "serverInfo": {"name": "fake", "version": "1"}}))
        elif method == "tools/list":
            name = "other" if opening == "lacking" else "act"
            say(answer(id, {"tools": [{"name": name, "inputSchema": {"type": "object"}}]}))
        elif method != "tools/call":
            if id is not None:
                say({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "unknown"}})
        else:
            count += 1
            arguments = params["arguments"]
            how = arguments.get("do")
            if how == "count": say(text(id, str(count)))
            elif how == "hang": time.sleep(3600)
            elif how == "stubborn":
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
                subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 3600"])
                time.sleep(3600)
            elif how == "flood":
                for _ in range(16384): sys.stdout.write("x" * 65536)
                say("\n")
            elif how == "chatter":
                while True: say('{"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": 1}}\n')
            elif how == "die": print("out of luck", file=sys.stderr); os._exit(3)
            elif how == "crash": os.kill(os.getpid(), signal.SIGSEGV)
            elif how == "close": os.close(1); time.sleep(3600)
            elif how == "garbage": say("\x01\x02 not json\n"); time.sleep(3600)
            elif how == "misshapen": say({"jsonrpc": "2.0", "id": id, "result": {"content": 5}})
            elif how == "noise":
                while True: say("noise\n" * 1000)
            elif how == "twice": say(json.dumps(text(id, "one")) + "\n" + json.dumps(text(id, "two")) + "\n")
            elif how == "later":
                say(text(id, "one")); time.sleep(0.2); say(text(id, "two"))
            elif how == "leave": say(text(id, "bye")); os._exit(0)
            elif how == "error": say(text(id, "no luck", isError=True))
            elif how == "refuse":
                say({"jsonrpc": "2.0", "id": id, "error": {"code": -32602, "message": "not like this"}})
            elif how == "read": say(text(id, open(arguments["path"]).read()))
            elif how == "tell": say(text(id, os.environ.get(arguments["name"], "none")))
            elif how == "cry": print(open(arguments["path"]).read(), file=sys.stderr); os._exit(3)
            elif how == "fail": say(text(id, open(arguments["path"]).read(), isError=True))
            elif how == "long": say(text(id, "a" + "é" * 10000 + "z"))
            elif how == "structured": say(text(id, "seen", structuredContent={"n": 7}))
            else: say(text(id, json.dumps(arguments)))
    """#
}
