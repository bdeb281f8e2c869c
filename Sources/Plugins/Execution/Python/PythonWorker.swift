// PythonWorker.swift — the program that runs the model's code inside python3 and keeps its variables.

/// The worker's source and its conversation.
///
/// Descriptor 3 brings requests: eight ASCII digits of length, then UTF-8 code. Descriptor 4 answers
/// each with one byte, "." when the code has run, and says so once before the first. What the code prints goes to descriptors 1 and 2, as
/// do what it leaves as its last expression and its traceback.
///
/// Modules that take long to load are loaded when something needs them: asyncio alone would take three
/// times as long as python itself.
enum PythonWorker {
  static let requestDescriptor: Int32 = 3
  static let answerDescriptor: Int32 = 4

  static func request(_ code: String) -> [UInt8] {
    let digits = String(code.utf8.count)
    return Array((String(repeating: "0", count: max(0, 8 - digits.count)) + digits + code).utf8)
  }

  static let source = #"""
    import _ast, _signal, os, sys

    requests, answers = os.fdopen(3, "rb"), os.fdopen(4, "wb", 0)
    os.set_inheritable(3, False)
    os.set_inheritable(4, False)
    scope = {"__name__": "__main__", "__builtins__": __builtins__}
    sys.argv = [""]
    flags = _ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    loop = None
    cells = {}

    def shell(command):
        import subprocess
        sys.stdout.flush()
        subprocess.run(command, shell=True)

    def parsed(code, name):
        try:
            return compile(code, name, "exec", _ast.PyCF_ONLY_AST)
        except SyntaxError:
            lines = code.split("\n")
            if not any(line.lstrip().startswith("!") for line in lines):
                raise
            for index, line in enumerate(lines):
                text = line.lstrip()
                if text.startswith("!"):
                    indent = line[: len(line) - len(text)]
                    lines[index] = indent + "__shell__(" + repr(text[1:]) + ")"
            return compile("\n".join(lines), name, "exec", _ast.PyCF_ONLY_AST)

    def value_of(compiled):
        global loop
        value = eval(compiled, scope)
        if compiled.co_flags & 0x80:  # inspect.CO_COROUTINE
            import asyncio
            loop = loop or asyncio.new_event_loop()
            value = loop.run_until_complete(value)
        return value

    def run(code):
        name = "<cell %d>" % (len(cells) + 1)
        cells[name] = code
        tree = parsed(code, name)
        last = None
        if tree.body and isinstance(tree.body[-1], _ast.Expr):
            last = _ast.Expression(tree.body.pop().value)
        if tree.body:
            value_of(compile(tree, name, "exec", flags))
        if last is not None:
            value = value_of(compile(last, name, "eval", flags))
            if value is not None:
                scope["_"] = value
                print(repr(value))

    def show(kind, error, trace):
        import linecache, traceback
        for name, code in cells.items():
            linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        while trace and trace.tb_frame.f_globals is globals():
            trace = trace.tb_next
        traceback.print_exception(kind, error, trace)

    scope["__shell__"] = shell
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    answers.write(b".")
    while True:
        try:
            length = requests.read(8)
            if len(length) < 8:
                break
            code = requests.read(int(length)).decode()
        except KeyboardInterrupt:
            continue
        try:
            try:
                run(code)
            except SystemExit as error:
                if error.code not in (None, 0):
                    print("SystemExit:", error.code, file=sys.stderr)
            except BaseException:
                show(*sys.exc_info())
            for stream in (sys.stdout, sys.stderr):
                try:
                    stream.flush()
                except Exception:
                    pass
        except BaseException:
            pass
        answers.write(b".")
    """#
}
