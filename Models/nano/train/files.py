"""Files and folders of the workspace, through container.exec."""

import json
import re

import words
from wording import say

SHOW = {
    "i": ["show {f}", "show me {f}", "show me what is in {f}", "show me what's inside {f}", "show me what {f} [says|contains]", "show me everything in {f}", "print out [the contents of|] {f}", "print the [contents|content|text] of {f}", "display [the contents of|] {f}", "open {f} and [show me what is in it|show me what it says|print it|read it to me|tell me what is inside|tell me what it says|show me the contents|display it]", "tell me the contents of {f}", "tell me what {f} contains", "tell me what is written in {f}", "read {f} and show me [the contents|what it says]", "read out the contents of {f}", "let me look at {f}", "let me see the contents of {f}", "let me have a look at {f}", "have a look at {f} and show it to me", "get me the contents of {f}", "get the contents of {f}", "bring up {f}", "give me the full text of {f}", "show the whole file {f}", "show the full contents of {f}", "show me {f}", "show [the file|the contents of|the content of|the text of|me the file|me the contents of|me the content of|me the text in] {f}", "print {f}", "print [the file|the contents of|out|the content of] {f}", "display {f}", "display the [contents of|content of|file] {f}", "cat {f}", "cat the file {f}",
          "read {f}", "read [the file|me|out] {f}", "read {f} [to me|aloud|and show it|and tell me what it says]", "open {f}", "open [the file|up] {f}", "open {f} and show it", "output {f}", "output the [contents|content] of {f}", "dump {f}", "dump the contents of {f}", "give me the [contents|content|text] of {f}", "give me {f}", "tell me what {f} says",
          "tell me what is in {f}", "tell me what's in [the file|] {f}", "let me see {f}", "let me see what is in {f}", "let me read {f}", "view {f}", "view the file {f}", "look into {f}", "look into the file {f} and show it", "take a look at {f}", "show what is in {f}", "show what {f} contains", "list the contents of the file {f}", "list the contents of the file {f}", "look at {f}", "look inside {f}", "fetch the contents of {f}", "write out {f}", "show everything in the file {f}"],
    "n": ["the contents of {f}", "the content of {f}", "the text of {f}", "the text in {f}", "the contents of the file {f}", "what {f} says", "what is written in {f}", "what's inside the file {f}", "everything in {f}", "the full text of {f}", "what {f} contains", "what the file {f} contains"],
    "q": ["what does {f} say", "what does {f} have in it", "what is stored in {f}", "what do we have in {f}", "what is the text of {f}", "what is the text in {f}", "what are the contents of the file {f}", "what is the content of the file {f}", "what is written inside {f}", "what text does {f} contain", "what is in {f}", "what's in {f}", "what is in the file {f}", "what's in the file {f}", "what does {f} contain", "what does the file {f} contain", "what does the file {f} say", "what is written in {f}", "what are the contents of {f}", "what is the content of {f}", "what's inside {f}", "what is inside the file {f}", "what text is in {f}", "what's written in {f}"],
    "b": ["cat {f}", "show {f}", "contents of {f}", "{f}: show", "{f} contents", "read {f}", "print {f}", "open {f}", "display: {f}", "show file {f}"],
}
LINES = {
    "i": ["tell me the line count of {f}", "tell me how many lines there are in {f}", "tell me how many lines of text {f} has", "give me the number of lines in {f}", "give me the line count of {f}", "count how many lines there are in {f}", "count up the lines in {f}", "find the number of lines in {f}", "work out how many lines {f} has", "show me how many lines {f} has", "show the number of lines in {f}", "check how many lines {f} has", "check how long {f} is in lines", "see how many lines {f} has", "count the lines of text in {f}", "count the lines [in|of] {f}", "count [the|all] lines [in|of] [the file|] {f}", "count the number of lines in {f}", "count how many lines {f} has", "count how many lines are in {f}", "tell me how many lines {f} has", "tell me how many lines are in {f}", "tell me the number of lines in {f}", "find out how many lines {f} has", "check how many lines [there are in|are in] {f}", "get the line count of {f}",
          "determine the number of lines in {f}", "compute the number of lines of {f}", "wc -l {f}", "run wc -l on {f}", "report the line count of {f}", "say how many lines {f} has", "look at {f} and count its lines", "open {f} and count the lines", "read {f} and tell me how many lines it has", "measure how many lines {f} has", "count lines: {f}", "go through {f} and count the lines", "tally the lines of {f}", "count the rows in {f}"],
    "n": ["the number of lines in {f}", "the number of lines of {f}", "the line count of {f}", "the line count for {f}", "the number of lines in the file {f}", "the count of lines in {f}", "the total number of lines in {f}", "how many lines {f} has", "how many lines are in {f}", "the length of the file {f} in lines", "the number of rows in {f}"],
    "q": ["how many lines does {f} have", "what is the number of lines in {f}", "what number of lines does {f} have", "how many lines of text does {f} [have|contain]", "how many lines is {f}", "how many lines make up {f}", "how many lines can be found in {f}", "how many lines of text are there in {f}", "how many lines are there in the file {f}", "how many lines in {f}", "how many lines are in {f}", "how many lines are there in {f}", "how many lines has {f}", "how many lines does the file {f} have", "how many lines does {f} contain", "how many lines are in the file {f}", "how many lines long is {f}", "how long is [the file|] {f} in lines", "{f} has how many lines", "what is the line count of {f}", "how many lines of text are in {f}", "how many lines of code are in {f}", "how many rows does {f} have", "how many lines can i find in {f}"],
    "b": ["line count of {f}", "lines in {f}", "wc -l {f}", "line count: {f}", "{f}: how many lines", "number of lines in {f}", "{f} line count", "count lines in {f}", "lines of {f}"],
}
LIST_HERE = {
    "i": ["list the contents of [this|the current] [folder|directory]", "list the contents of the workspace", "list what is in this [folder|directory]", "list the names of the files [here|in this folder]", "show me [all|] the files in [here|this directory|the current folder|the folder|the working directory]", "show me what is in the [workspace|current folder|current directory|folder]", "show me what's in this [folder|directory]", "show me a list of [the|all|all the] files", "show what is in this [folder|directory]", "tell me what is [here|in the workspace|in the current folder|in the current directory]", "tell me what files [there are|are there|i have|we have]", "tell me the names of [the|all] files [here|in this folder]", "tell me which files are in [the workspace|this directory|the current folder]", "give me a list of [the files here|the files in this folder|everything in this folder|all files in the workspace]", "give me the names of all files here", "print the names of the files here", "print a list of the files", "list [the|all|all the|my|] files", "list [the|all|my] files [here|in this folder|in the current folder|in the workspace|in the current directory|in this directory|in the working directory]", "list the [folder|directory|workspace|current folder|current directory]", "list this [folder|directory]", "list everything [here|in this folder|in the workspace]", "list what is here",
          "show [the|all|my|me the|me all] files", "show [the|all|me the|me all|me my] files [here|in this folder|in the workspace|in the current directory]", "show me [what is here|what's here|what is in this folder|what files there are|the folder|the directory|this folder|the workspace|the current directory|what files i have]", "show the contents of [the|this|the current] [folder|directory]", "ls", "run ls", "do an ls", "print the files in this folder", "print a listing of this folder",
          "print the directory", "tell me which files are here", "tell me what files are [here|in this folder|in the workspace]", "tell me what is in this [folder|directory]", "give me a list of [the|all|my] files", "give me a directory listing", "give me a file listing", "display the files", "display the files in this folder", "display the current directory", "look what files are here", "check what files are in this folder", "see what is in the [folder|directory|workspace]", "name the files in this folder", "enumerate the files here", "find out which files are in this folder", "list files and folders", "use ls"],
    "n": ["the list of files", "a list of files", "a listing of this folder", "the files in this folder", "the files here", "the contents of this folder", "the contents of the [workspace|current directory|working directory|current folder]", "a directory listing", "the names of the files here", "the directory listing", "a list of all files in this folder", "the file list"],
    "q": ["what files are there in [this folder|this directory|the workspace]", "what files do i have in [here|this folder|the workspace|this directory]", "what is in the [current directory|workspace|current working directory]", "what are the files in [this folder|this directory|the workspace]", "what are the names of the files here", "which files are there in [this folder|the workspace]", "which files do i have [here|in this folder|]", "which files are in [my folder|my workspace]", "what all is in this folder", "what files does this folder contain", "what is inside this [folder|directory]", "what's inside this folder", "what things are in this folder", "what files are [here|in this folder|there|in the workspace|in the current directory|in this directory|in the folder]", "which files are [here|in this folder|there|in the workspace|in the current directory|in the working directory]", "what's in [this folder|this directory|the workspace|the folder|the current folder|the directory|the current directory|here]", "what is in [this folder|this directory|the workspace|the folder|the current folder|my folder]", "what files do i have", "what files do i have here",
          "what files do we have", "what do we have here", "what files can you see", "which files do you see", "what is here", "what do you see in this folder", "which files exist here", "are there any files here", "are there files in this folder", "what does this folder contain", "what does the workspace contain", "what's the content of this folder", "which files and folders are here"],
    "b": ["ls", "ls", "files", "list files", "list", "dir", "directory listing", "files here", "show files", "list folder", "folder contents", "ls ."],
}
LIST = {
    "i": ["list {d}", "list the contents of [the folder|the directory] {d}", "list what is in the [folder|directory] {d}", "list all the files in {d}", "list the names of the files in {d}", "show me [all|] the files in [the folder|the directory|] {d}", "show me the contents of the [folder|directory] {d}", "show me what the [folder|directory] {d} contains", "show me a list of the files in {d}", "show the contents of the directory {d}", "tell me the names of the files in {d}", "tell me which files the folder {d} contains", "tell me what the [folder|directory] {d} contains", "look [inside|in] the [folder|directory] {d}", "look in the folder {d} and tell me what is there", "give me the names of the files in {d}", "give me the contents of the folder {d}", "print a listing of the [folder|directory] {d}", "see what files are in {d}", "see what is in the [folder|directory] {d}", "list [the folder|the directory|the files in|the contents of|all files in|the content of|files in|everything in] {d}", "list the files [in|inside|of|under] [the folder|the directory|the subfolder|] {d}", "show [the files in|me the files in|the contents of the folder|me what is in|me what's in the folder|the folder|me the folder|the directory] {d}", "ls {d}", "run ls {d}", "run ls on {d}", "print the files in {d}", "print the contents of the folder {d}",
          "tell me which files are in {d}", "tell me what files are in [the folder|] {d}", "tell me what is in the [folder|directory] {d}", "give me a list of the files in {d}", "give me a listing of {d}", "display the files in {d}", "display the folder {d}", "look what is in the folder {d}", "look into the [folder|directory] {d}", "check what files are in {d}", "see what the folder {d} contains", "name the files in {d}", "enumerate the files in {d}", "open the folder {d}", "find out which files are in {d}", "list what the folder {d} holds"],
    "n": ["the files in {d}", "the files in the [folder|directory] {d}", "the contents of the [folder|directory] {d}", "a list of the files in {d}", "a listing of {d}", "a directory listing of {d}", "the list of files in {d}", "the names of the files in {d}", "the content of the folder {d}", "what the folder {d} contains"],
    "q": ["what files are in {d}", "what files are there in {d}", "what are the files in {d}", "what files does {d} [have|contain]", "what files does the [folder|directory] {d} [have|contain]", "what do we have in the folder {d}", "which files are there in {d}", "which files do i have in {d}", "what is stored in the [folder|directory] {d}", "what are the contents of the [folder|directory] {d}", "what is there in the folder {d}", "which files are in {d}", "what files are in the [folder|directory|subfolder] {d}", "which files are [in|inside] the [folder|directory] {d}", "what's in the [folder|directory] {d}", "what is in the [folder|directory] {d}", "what does the [folder|directory] {d} contain", "which files does {d} contain", "what files does the folder {d} hold", "are there any files in {d}", "what is inside the folder {d}", "which files can be found in {d}"],
    "b": ["ls {d}", "list {d}", "files in {d}", "folder {d}", "contents of the folder {d}", "list files in {d}", "directory {d}"],
}
FIND = {
    "i": ["find out [if|whether|where] {w} [is in|appears in|occurs in] {f}", "find every [line|place] in {f} [with|that has|that contains|that mentions] {w}", "find all [lines in|lines of] {f} [with|that contain|that mention] {w}", "find the [lines|line] [with|containing|that contain|that mention] {w} in {f}", "search {f} for [lines with|lines containing|the text|the string|any mention of|all mentions of|occurrences of] {w}", "look [through|inside] {f} for [the word|] {w}", "look for [lines with|any mention of|the string] {w} in {f}", "show me [every line|all the lines|the lines|any lines] in {f} [with|that contain|that mention|containing] [the word|] {w}", "tell me [if|whether] the word {w} [is in|appears in|occurs in] {f}", "tell me [if|whether] {f} [mentions|has] {w}", "tell me where [the word|] {w} [is|appears|occurs|is mentioned] in {f}", "tell me [on which line|which line] {w} is in {f}", "tell me which lines in {f} [contain|have|mention] [the word|] {w}", "check [if|whether] {f} [mentions|has] [the word|] {w}", "check [if|whether] the [word|text|string] {w} is in {f}", "see [if|whether] {f} contains [the word|] {w}", "see [if|whether] the word {w} is in {f}", "search inside {f} for {w}", "in the file {f}, look for {w}", "find {w} in {f}", "find [the word|the text|the string|lines with|the lines with|all lines with|every line with|all occurrences of|every mention of] {w} in {f}", "search {f} for {w}", "search [the file|in|through] {f} for [the word|] {w}", "search for {w} in {f}", "search for the [word|text|string] {w} in [the file|] {f}", "look for {w} in {f}", "look for the [word|text] {w} in [the file|] {f}", "look in {f} for {w}", "grep {w} {f}", "grep for {w} in {f}", "grep {w} in {f}", "grep {f} for {w}", "check [if|whether] {f} contains {w}", "check [if|whether] {w} is in {f}", "check [if|whether] the word {w} [occurs|appears] in {f}", "check {f} for {w}", "see if {w} is in {f}", "see [if|whether] {f} mentions {w}", "show [the|all|me the|me all] lines [with|containing|that contain|that mention] {w} in {f}", "show me where {w} [occurs|appears|is] in {f}",
          "tell me [if|whether] {f} contains [the word|] {w}", "tell me [if|whether] {w} is in {f}", "tell me where {w} [occurs|is|appears] in {f}", "tell me which lines of {f} [contain|mention|have] {w}", "print the lines of {f} [with|that contain] {w}", "list the lines [of|in] {f} [with|containing|that contain] {w}", "locate {w} in {f}", "locate the word {w} in the file {f}", "give me the lines with {w} in {f}", "scan {f} for {w}", "find where {f} mentions {w}", "in {f}, find {w}", "go through {f} and find {w}"],
    "n": ["the lines with {w} in {f}", "the lines of {f} that contain {w}", "the lines in {f} that mention {w}", "where {w} occurs in {f}", "every line with {w} in {f}", "all lines of {f} with {w}", "the line with {w} in {f}", "the occurrences of the word {w} in the file {f}", "the line in {f} that has {w}"],
    "q": ["does {f} contain {w}", "does {f} contain the string {w}", "does {f} have [a line with|any lines with|] {w} [in it|]", "does {f} say anything about {w}", "does {w} [show up|come up] [anywhere|] in {f}", "does the [word|text|string] {w} [occur|appear|show up] [anywhere|] in {f}", "is the [text|string] {w} in {f}", "is the word {w} [mentioned|used|found|anywhere] in {f}", "is {w} [found|used] in {f}", "is there any {w} in {f}", "are there any [lines with|lines containing|mentions of|occurrences of] {w} in {f}", "where can i find {w} in {f}", "where is the word {w} in {f}", "where does the word {w} [occur|appear] in {f}", "which lines in {f} [mention|have|contain] [the word|] {w}", "which lines of the file {f} [mention|contain] {w}", "what lines of {f} [contain|mention] {w}", "on what line does {w} appear in {f}", "on which lines of {f} does {w} [occur|appear]", "at which line is {w} in {f}", "does {f} contain the [word|text] {w}", "does [the file|] {f} mention {w}", "does the word {w} [occur|appear] in {f}", "does {w} [occur|appear] in {f}", "does {f} have the word {w}", "is {w} in {f}", "is the word {w} in [the file|] {f}", "is there [a|any] [line with|mention of] {w} in {f}", "where is {w} in {f}", "where does {w} [occur|appear] in {f}", "where in {f} is {w}", "where does {f} mention {w}",
          "which line[s|] of {f} [contain|mention|have] {w}", "which lines in {f} contain {w}", "on which line is {w} in {f}", "on which line of {f} is {w}", "in which line of {f} does {w} appear", "what lines in {f} have {w}", "are there lines with {w} in {f}", "what does {f} say about {w}", "is {w} mentioned in {f}", "is {w} anywhere in {f}"],
    "b": ["grep {w} {f}", "find {w} in {f}", "{w} in {f}", "search {f}: {w}", "search {f} for {w}", "lines with {w} in {f}", "grep -n {w} {f}"],
}
HEAD = {
    "i": ["show [me |]the first {n} lines of {f}", "print the first {n} lines of {f}", "give me the first {n} lines of {f}", "read the first {n} lines of {f}", "display the first {n} lines of the file {f}", "head -n {n} {f}"],
    "n": ["the first {n} lines of {f}", "the top {n} lines of {f}", "the first {n} lines in the file {f}"], "q": ["what are the first {n} lines of {f}", "what do the first {n} lines of {f} say"], "b": ["first {n} lines of {f}", "head -n {n} {f}"],
}
WORDS = {
    "i": ["count the words in [the file|] {f}", "count the number of words in {f}", "tell me how many words {f} has", "count how many words are in {f}", "wc -w {f}"],
    "n": ["the number of words in {f}", "the word count of {f}"], "q": ["how many words are in {f}", "how many words does {f} have", "how many words does the file {f} contain"], "b": ["word count of {f}", "words in {f}", "wc -w {f}"],
}
QUOTES = ["{}"] * 22 + ['"{}"'] * 3 + ["'{}'", "`{}`"]
OK = "Exit status 0.\n"


def streams(status, stdout="", stderr=""):
    """What container.exec answers."""
    text = f"Exit status {status}.\n"
    for name, stream in (("stdout", stdout), ("stderr", stderr)):
        if stream:
            text += f"{name}:\n{stream}" + ("" if stream.endswith("\n") else "\n")
    return text


def pick(r, table):
    forms = [f for f in "inqb" if f in table]
    form = r.choices(forms, [[5, 2, 3, 1]["inqb".index(f)] for f in forms])[0]
    return form, r.choice(table[form])


def command(*argv):
    return json.dumps({"cmd": list(argv)}, ensure_ascii=False, separators=(",", ":"))


def call(task, argv, result, answer, files):
    return dict(task=task, tool="container.exec", body=command(*argv), result=result, answer=answer, files=files)


def failed(status, stderr):
    return f"The command failed with exit status {status}: {stderr.strip()}"


def missing(r, f):
    return r.choice(["No such file or directory"] * 6 + ["Permission denied", "Is a directory"])


def plural(n, noun):
    return f"{n} {noun}" + ("" if n == 1 else "s")


def file_name(r):
    f = words.path(r)
    if r.random() < 0.02:
        f = words.phrase(r, 2, 3) + "." + r.choice(words.EXTENSIONS)
        return f, r.choice(['"{}"', "'{}'"]).format(f)
    return f, r.choice(QUOTES).format(f)


def named(r, form, template):
    """Now and then says that a file is one."""
    if form != "b" and "file" not in template and r.random() < 0.15:
        template = template.replace("{f}", r.choice(["the file {f}"] * 4 + ["the file called {f}", "the file named {f}", "my file {f}", "file {f}", "the text file {f}"]))
    return template


def listing(r, most=7):
    names = set()
    for _ in range(r.choice([0, 1, 2, 3, 4, 5, most])):
        names.add(words.folder(r).split("/")[0] if r.random() < 0.25 else words.path(r).split("/")[-1])
    return sorted(n for n in names if not n.startswith("."))


def list_example(r):
    names = listing(r)
    out = "".join(n + "\n" for n in names)
    if r.random() < 0.5:
        form, template = pick(r, LIST_HERE)
        answer = f"The folder contains:\n{out.rstrip()}" if names else "The folder is empty."
        return call(say(r, form, template), ["ls"], streams(0, out), answer, {n: "" for n in names})
    d = words.folder(r)
    bare = d
    if r.random() < 0.25:
        d = d + "/"
    if r.random() < 0.03:
        d = r.choice([".", "..", "/tmp", "./" + d])
    form, template = pick(r, LIST)
    # "the folder docs" is "the docs folder" as often.
    if r.random() < 0.5:
        template = re.sub(r"(?:the )?(\[folder\|directory(?:\|subfolder)?\]|folder|directory) \{d\}", r"the {d} \1", template)
    elif r.random() < 0.3 and not template.startswith("ls") and "older" not in template and "irectory" not in template and form != "b":
        template = template.replace("{d}", "the {d} [folder|directory]")
    if r.random() < 0.12:
        form, template = "q", r.choice(["what's in {d}", "what is in {d}", "what is inside {d}", "whats in {d}"])
    shown = r.choice(QUOTES).format(d)
    if r.random() < 0.06:
        why = f"ls: cannot access '{d}': No such file or directory\n"
        return call(say(r, form, template, d=shown), ["ls", d], streams(2, "", why), failed(2, why), {})
    answer = f"{d} contains:\n{out.rstrip()}" if names else f"{d} is empty."
    return call(say(r, form, template, d=shown), ["ls", d], streams(0, out), answer, {f"{bare}/{n}": "" for n in names} or {f"{bare}/": ""})


def find_example(r, glued, most):
    f, shown = file_name(r)
    text = words.content(r, most)
    candidates = [w for w in text.replace("\n", " ").split(" ") if w.isalnum() and len(w) > 1]
    if r.random() < 0.96:
        candidates = [w for w in candidates if w.lower() not in words.COMMON]
    there = candidates and r.random() < 0.62
    w = r.choice(candidates) if there else words.token(r, glued) if r.random() < 0.9 else words.phrase(r, 2, 3, glued)
    if any(c in w for c in ".*[]^$\\-") and not there:
        w = words.word(r, glued)
    form, template = pick(r, FIND)
    template = named(r, form, template)
    marked = r.choice(['"{}"', "'{}'", "\"{}\"", "`{}`"]).format(w) if " " in w or r.random() < 0.4 else w
    task = say(r, form, template, f=shown, w=marked)
    argv = ["grep", "-n", w, f]
    if r.random() < 0.07:
        why = f"grep: {f}: {missing(r, f)}\n"
        return call(task, argv, streams(2, "", why), failed(2, why), {})
    hits = [f"{i}:{line}\n" for i, line in enumerate(text.rstrip("\n").split("\n"), 1) if w in line]
    out = "".join(hits)
    answer = f'"{w}" is in {f}:\n{out.rstrip()}' if hits else f'"{w}" is not in {f}.'
    return call(task, argv, streams(0 if hits else 1, out), answer, {f: text})


def example(r, glued=(), most=6):
    """Task, command, what container.exec answers, and the answer."""
    x = r.random()
    if x >= 0.78:
        return find_example(r, glued, most)
    if x >= 0.56:
        return list_example(r)
    f, shown = file_name(r)
    if x < 0.28:
        form, template = pick(r, SHOW)
        template = named(r, form, template)
        task, argv = say(r, form, template, f=shown), ["cat", f]
        if r.random() < 0.08:
            why = f"cat: {f}: {missing(r, f)}\n"
            return call(task, argv, streams(1, "", why), failed(1, why), {})
        text = words.content(r, most) if r.random() < 0.97 else ""
        answer = f"Here is {f}:\n{text.rstrip()}" if text else f"{f} is empty."
        return call(task, argv, streams(0, text), answer, {f: text})
    if x < 0.50:
        form, template = pick(r, LINES)
        template = named(r, form, template)
        task, argv = say(r, form, template, f=shown), ["wc", "-l", f]
        if r.random() < 0.08:
            why = f"wc: {f}: {missing(r, f)}\n"
            return call(task, argv, streams(1, "", why), failed(1, why), {})
        n = r.choice([r.randint(0, 9), r.randint(10, 99), r.randint(0, 40), r.randint(100, 99999)])
        return call(task, argv, streams(0, f"{n} {f}\n"), f"{f} has {plural(n, 'line')}.", {f: "x\n" * n})
    if x < 0.53:
        form, template = pick(r, WORDS)
        n = r.choice([r.randint(0, 9), r.randint(10, 99), r.randint(100, 9999)])
        return call(say(r, form, template, f=shown), ["wc", "-w", f], streams(0, f"{n} {f}\n"), f"{f} has {plural(n, 'word')}.", {f: "x " * n})
    form, template = pick(r, HEAD)
    n = r.randint(2, 9)
    text = "\n".join(words.content(r, most).rstrip("\n").split("\n")[:n]) + "\n"
    return call(say(r, form, template, f=shown, n=n), ["head", "-n", str(n), f], streams(0, text), f"Here is {f}:\n{text.rstrip()}", {f: text})
