"""Pages by their URL, through browser.open: their title or their first heading."""

import json
import textwrap

import words
from wording import say

TITLE = {
    "i": ["open {u} and [tell me|give me|show me|print|say|report|find|read] [its|the|me the|the page's] title", "open {u} and tell me [what the title is|the title of the page|what it is called|how it is titled|what page it is]", "open the page {u} and tell me its title", "go to {u} and tell me the title", "visit {u} and [give me|tell me|report] the title", "load {u} and print its title",
          "fetch {u} and [tell me|give me] [its|the] title", "get the title of {u}", "tell me the title of [the page|] {u}", "find the title of {u}", "look at {u} and tell me the title", "show the title of the page at {u}", "read the title of {u}", "check the title of {u}", "browse to {u} and tell me its title", "open this page and tell me its title: {u}", "look up the title of {u}", "open {u} in the browser and give its title", "tell me what the page {u} is called", "open {u}", "visit {u} and tell me the page title", "open {u} and report the page title", "open the page at {u} and tell me its title", "go to {u} and read me the title", "take a look at {u} and tell me its title", "read {u} and tell me the title", "open the web page {u} and give me the title", "fetch the page {u} and tell me its title", "tell me how {u} is titled"],
    "n": ["the title of {u}", "the title of the [page|site|website|web page|document] {u}", "the title of the page at {u}", "the page title of {u}", "the name of the page {u}", "the title at {u}", "the title that {u} has"],
    "q": ["what is the title of {u}", "what title does {u} have", "what is the page {u} called", "what's the title of the page at {u}", "which title does the page {u} have", "how is the page {u} titled", "what is {u} called", "what title is on the page {u}", "what's the title of {u}", "what is the page title of {u}", "what is the title of the web page at {u}", "what is the title of the site {u}", "what does the title of {u} say"],
    "b": ["title of {u}", "{u} title", "{u}: title", "open {u}: title", "title: {u}", "{u}", "page title {u}"],
}
HEADING = {
    "i": ["open {u} and [tell me|give me|show me|print|read] [its|the|me the] first [heading|headline|header]", "open {u} and tell me what the first heading is", "open the page {u} and tell me its first heading", "go to {u} and tell me the first heading", "visit {u} and give me the first heading", "get the first [heading|headline] of {u}", "tell me the first [heading|headline] [of|on] {u}", "find the first heading [of|on|in] {u}", "fetch {u} and print the first heading",
          "look at {u} and tell me the first headline", "read the first heading of {u}", "show the first heading of the page {u}", "tell me the heading of {u}", "open the page at {u} and tell me the first heading", "open {u} and report the first heading", "open {u} and tell me which heading comes first", "take a look at {u} and tell me its first heading", "go to {u} and read me the first heading", "read {u} and tell me the first heading", "fetch the page {u} and tell me its first heading", "open {u} and find its first heading", "tell me the first heading on the page at {u}", "tell me what the first heading of {u} is", "open {u} and read me the heading", "open {u} and show the main heading", "tell me the top heading of {u}", "load {u} and report its heading", "open {u} and tell me the headline", "get the main heading of {u}"],
    "n": ["the first [heading|headline|header] [of|on|in] {u}", "the first heading of the page {u}", "the heading of {u}", "the main heading of {u}", "the top heading on the page {u}", "the first heading at {u}", "the headline of {u}", "the heading on the page at {u}"],
    "q": ["what is the first [heading|headline] [of|on] {u}", "what's the first heading on {u}", "which heading comes first on {u}", "what heading does {u} have", "what does the first heading on {u} say", "what is the heading of the page {u}", "what is the headline on {u}", "which heading does {u} start with", "what is the first heading on the page at {u}", "what's the first heading of the page {u}", "what is the main heading on {u}", "what is the top heading of {u}", "what is the first headline of the page {u}"],
    "b": ["first heading of {u}", "heading of {u}", "{u}: first heading", "heading: {u}", "{u} first heading", "first heading: {u}"],
}
FAILURES = ["Error fetching URL `{u}`: 404 Not Found", "Error fetching URL `{u}`: connection refused", "The page {u} cannot be opened: HTTP status {s}.", "The page cannot be opened: {w}.", "[ERROR] {u} did not answer within {n} seconds.",
            "Error: the server answered {s}.", "The address {u} cannot be reached.", "There is no page at {u}.", "The page is no text: its type is image/png.", "[ERROR] {p}."]


def url(r):
    """An address, mostly of this machine."""
    x = r.random()
    if x < 0.7:
        host = r.choice(["127.0.0.1"] * 5 + ["localhost"] * 3 + ["[::1]"])
        if r.random() < 0.94:
            host += ":" + str(r.choice([8000, 8000, 8080, 3000, 5000, 8888, r.randint(1024, 9999), r.randint(10000, 65535), r.randint(30000, 60999)]))
    else:
        host = r.choice(["", "www.", "en.", "docs."]) + r.choice([words.word(r), words.word(r), words.pseudo_word(r)]) + "." + r.choice(["com", "com", "org", "net", "io", "dev", "example", "de", "test"])
        host = host.lower()
    scheme = "http" if x < 0.7 and r.random() < 0.97 or r.random() < 0.3 else "https"
    y = r.random()
    if y < 0.14:
        tail = r.choice(["", "/"])
    else:
        name = words.base_name(r) + r.choice([".html", ".html", ".html", ".html", ".htm", "", "/", ".txt"])
        tail = "/" + (words.folder(r) + "/" if y > 0.85 else "") + name
        if r.random() < 0.03:
            tail += r.choice(["?id=", "?q=", "?page="]) + str(r.randint(0, 999))
    return f"{scheme}://{host}{tail}".replace(" ", "")


def headline(r):
    text = words.phrase(r, 1, 5)
    x = r.random()
    if x < 0.4:
        text = text.title()
    elif x < 0.85:
        text = text[0].upper() + text[1:]
    if r.random() < 0.12:
        text += r.choice([" - ", " | ", ": "]) + words.phrase(r, 1, 2).title()
    if r.random() < 0.06:
        text += r.choice(["!", "?", " " + str(r.randint(1, 2030)), " (" + words.word(r) + ")"])
    return text


def block(r):
    """Lines of a page that are no heading."""
    x = r.random()
    if x < 0.6:
        text = words.phrase(r, 3, 10)
        if r.random() < 0.2:
            text += f" 【{r.randint(0, 4)}†{words.phrase(r, 1, 2)}】"
        return textwrap.wrap(text[0].upper() + text[1:] + ".", 80)
    if x < 0.75:
        return [f"【{r.randint(0, 4)}†{words.phrase(r, 1, 3)}】"]
    return ["  * " + words.phrase(r, 1, 3) for _ in range(r.randint(1, 3))]


def page(r, address, title, most):
    """What browser.open shows of a page; with the first heading, or None."""
    blocks, first = [block(r) for _ in range(r.choice([1, 1, 1, 2, 2, most]))], None
    if r.random() < 0.95:
        first = title if r.random() < 0.25 else headline(r)
        place = 0 if r.random() < 0.85 else 1
        blocks.insert(place, [r.choice(["# "] * 5 + ["## "]) + first])
        if r.random() < 0.3:
            blocks.insert(r.randint(place + 1, len(blocks)), [r.choice(["## ", "## ", "# ", "### "]) + headline(r)])
    lines = ["", f"URL: {address}"] + [""] * (r.random() < 0.5)
    for part in blocks:
        lines += part + [""] * (r.random() < 0.85)
    while lines[-1] == "":
        lines.pop()
    last = len(lines) - 1
    shown = "\n".join(f"L{i}: {line}" for i, line in enumerate(lines))
    return f"[{0 if r.random() < 0.95 else r.randint(1, 9)}] {title} ({address})\n**viewing lines [0 - {last}] of {last}**\n\n{shown}" + r.choice(["", "\n"]), first


def example(r, most=4):
    """Task, call, what browser.open answers, and the answer."""
    address = url(r)
    wants_title = r.random() < 0.52
    table = TITLE if wants_title else HEADING
    form = r.choices("inqb", [5, 3, 3, 1])[0]
    u = address if r.random() < 0.92 else r.choice(['"{}"', "<{}>", "'{}'", "`{}`"]).format(address)
    task = say(r, form, r.choice(table[form]), u=u).replace("  ", " ")
    known = dict(task=task, tool="browser.open", body=json.dumps({"id": address}, separators=(",", ":")))
    if r.random() < 0.06:
        failure = r.choice(FAILURES).format(u=address, s=r.choice([400, 403, 404, 410, 500, 502, 503]), w=words.phrase(r, 2, 5), n=r.randint(5, 60), p=words.phrase(r, 2, 6))
        return dict(known, result=failure, answer=f"The page could not be opened: {failure}")
    title = headline(r)
    text, first = page(r, address, title, most)
    if wants_title:
        return dict(known, result=text, answer=f'The title is "{title}".', title=title)
    answer = f'The first heading is "{first}".' if first else "The page has no heading."
    return dict(known, result=text, answer=answer)
