"""Work on words, through python: reverse, length, count a letter, upper and lower case, sort."""

import words
from wording import say

REVERSE = {
    "i": ["reverse {w}", "reverse {w}", "flip {w} around", "tell me what {w} is backwards", "tell me what {w} looks like in reverse", "show me what {w} looks like backwards", "take [the word|the string] {w} and reverse it", "take {w} and write it backwards", "spell [the word|] {w} backward", "reverse the spelling of {w}", "return {w} reversed", "read [the word|] {w} backwards", "reverse the letter order of {w}", "write [the word|] {w} the other way round", "give me the reverse of {w}", "turn [the word|the string] {w} around", "reverse all the letters of {w}", "reverse [the word|the string|the text|the letters of|the characters of|the letters in] {w}", "spell {w} backwards", "write {w} backwards", "write [the word|the string] {w} backwards", "flip {w}",
          "flip [the word|the string] {w}", "turn [the word|the string] {w} backwards", "invert [the order of the letters of|the letters of|the string] {w}", "print {w} backwards", "print {w} in reverse", "show {w} backwards", "show me {w} in reverse", "say {w} backwards", "give me {w} reversed", "read {w} from right to left", "write {w} from back to front", "write {w} in reverse order",
          "reverse the order of [the letters|the characters] in {w}", "reverse this[ word| string|]: {w}", "reverse the following[ word| string| text|]: {w}", "put the letters of {w} in reverse order", "use python to reverse {w}", "spell {w} in reverse", "output {w} backward", "type {w} backwards"],
    "n": ["the reverse of {w}", "{w} backwards", "{w} reversed", "{w} spelled backwards", "{w} in reverse", "the word {w} backwards", "the reversal of {w}", "the reverse of the [word|string] {w}", "{w} written backwards", "the letters of {w} in reverse order",
          "the string {w} reversed", "{w} from right to left", "{w} back to front", "the backwards spelling of {w}"],
    "q": ["how do you spell {w} backwards", "what does [the word|] {w} look like in reverse", "what is [the word|the string] {w} [spelled backwards|spelled in reverse|in reverse|reversed|backward|written backwards|read backwards]", "what is the reverse of [the word|] {w}", "what do you get if you [flip|reverse|read backwards] [the word|] {w}", "what would {w} be if you reversed it", "what does {w} become when reversed", "how do i write {w} backwards", "how would you spell {w} in reverse", "how is {w} spelled backwards", "what does {w} look like backwards", "what is {w} backwards", "what do you get when you reverse {w}", "what does {w} read backwards", "how does {w} read in reverse", "what word do you get if you reverse {w}", "how would {w} be written backwards", "what happens if you reverse {w}"],
    "b": ["reverse: {w}", "{w} backwards", "{w} -> reversed", "reverse {w}", "backwards: {w}", "reversed {w}", "{w}, reversed", "{w} in reverse"],
}
LENGTH = {
    "i": ["count the [letters|characters|chars] in {w}", "count the letters in the [word|string|text|phrase] {w}", "tell me the length of {w}", "tell me the number of [letters|characters] in {w}", "give me the number of [letters|characters] in the word {w}", "count the characters of the [string|text|phrase|word] {w}", "find out how many [letters|characters] {w} has", "find out how many [letters|characters] are in {w}", "work out how many [letters|characters] {w} has", "work out how long {w} is", "give me the length of {w}", "give me the letter count of {w}", "count the [letters|characters|chars] of {w}", "count the number of [letters|characters] in {w}", "count how many [letters|characters] are in {w}", "measure the length of {w}", "count how long {w} is", "tell me how long {w} is", "tell me how long [the word|the string] {w} is", "tell me how many [letters|characters] {w} has", "tell me how many [letters|characters] there are in {w}", "compute the length of {w}", "get the length of the [word|string|text] {w}",
          "find out how long {w} is", "check the length of {w}", "check how many [letters|characters] {w} has", "determine the length of {w}", "say how many letters {w} has", "use python to get the length of {w}", "find the length of this string: {w}", "count the letters: {w}", "tally the [letters|characters] of {w}"],
    "n": ["the length of {w}", "the length of [the word|the string|the text] {w}", "the number of [letters|characters|chars] in {w}", "the number of [letters|characters] of {w}", "the [letter|character] count of {w}", "the count of [letters|characters] in {w}", "how long {w} is", "the [letter|character] count for {w}", "length of {w}", "how many letters {w} has", "the total number of characters in {w}", "the string length of {w}"],
    "q": ["how long is {w}", "what is the length of [the word|the string|the text|the phrase|] {w}", "what is the number of [letters|characters] in {w}", "how many [letters|characters] are in the [text|phrase] {w}", "how many [letters|characters] are there in the [word|string|phrase] {w}", "how many [letters|characters] does the [phrase|text|string] {w} contain", "how many letters does {w} contain", "how many letters are used in {w}", "what's the length of {w}", "what's the character count of {w}", "how long is [the word|the string|the text] {w}", "how many [letters|characters|chars] are in {w}", "how many [letters|characters] are there in {w}", "how many [letters|characters] does {w} have", "how many [letters|characters] does [the word|the string] {w} have", "how many [letters|characters] has {w}",
          "how many [letters|characters] are in the [word|string] {w}", "what length does {w} have", "how many [letters|characters] long is {w}", "how many letters do you need to write {w}", "how many letters make up {w}", "how many characters does {w} contain"],
    "b": ["length of {w}", "length: {w}", "len({w})", "{w}: how many letters", "letters in {w}", "character count: {w}", "number of characters in {w}", "{w} length", "len {w}", "string length {w}"],
}
COUNT = {
    "i": ["count the letter {c} in {w}", "count the letter {c} in [the word|the string|the text|the phrase] {w}", "count how many times the letter {c} [occurs|appears|shows up|is used] in {w}", "count how often the letter {c} [occurs|appears|is used] in {w}", "tell me how many times the letter {c} [occurs|appears|shows up] in {w}", "tell me how many {c}s [are in|there are in] {w}", "tell me how many {c}'s there are in the word {w}", "count the number of times {c} [occurs|appears] in {w}", "count the number of {c}s in the word {w}", "find the number of {c}'s in {w}", "find out how many {c}s are in {w}", "find out how often {c} occurs in {w}", "work out how often the letter {c} is in {w}", "count the {c}'s in the word {w}", "count all the {c}s in {w}", "count the {c} in {w}", "count the {c}s in {w}", "count the {c}'s in {w}", "count how many {c} are in {w}", "count how often {c} [occurs|appears|is] in {w}", "count how many times {c} [occurs|appears] in {w}", "count all {c} in {w}", "count [every|each] {c} in {w}",
          "count the number of {c} in {w}", "count the number of {c}'s in {w}", "count the occurrences of {c} in {w}", "count occurrences of the letter {c} in {w}", "tell me how many {c}'s are in {w}", "tell me how often the letter {c} appears in {w}", "tell me how many times {c} is in {w}", "find how many {c} there are in {w}", "find how many times {c} appears in {w}",
          "in the word {w}, count the letter {c}", "look at {w} and count the {c}s", "check how many {c}'s {w} has", "use python to count the {c}'s in {w}", "work out how many {c}s the word {w} has", "tally the {c}s in {w}", "go through {w} and count the letter {c}"],
    "n": ["the number of {c} in {w}", "the number of {c}'s in {w}", "the number of {c}s in {w}", "the count of {c} in {w}", "the count of the letter {c} in {w}", "the number of times {c} [occurs|appears] in {w}", "the number of occurrences of {c} in {w}", "the frequency of {c} in {w}", "how often {c} occurs in {w}", "how many {c}'s are in {w}", "the number of letters {c} in {w}", "how many times the letter {c} is in {w}"],
    "q": ["how many {c} are in {w}", "how many times is {c} [used|found] in {w}", "how many times does {c} [show up|come up|turn up] in {w}", "how many times does the letter {c} [occur|appear|show up] in [the word|the string|the phrase|the text] {w}", "how many {c}'s are [in|there in] the [word|string|phrase] {w}", "how many {c}s are [in|there in] the [word|string] {w}", "how many {c}s does the word {w} [have|contain]", "how many of the letter {c} are [in|there in] {w}", "what is the number of {c}'s in {w}", "what is the count of the letter {c} in {w}", "how many occurrences of {c} are [in|there in] {w}", "how often can {c} be found in {w}", "how often do you find the letter {c} in {w}", "in the word {w}, how many times does {c} appear", "in {w}, how often does the letter {c} occur", "is it possible to count the {c}s in {w}", "how many {c}'s are in {w}", "how many {c}s are in {w}", "how many {c}'s are there in {w}", "how many {c} does {w} have", "how many {c}'s does {w} have", "how many {c}'s does {w} contain", "how often does {c} [occur|appear] in {w}", "how often is {c} in {w}", "how many times does {c} [occur|appear] in {w}", "how many times does the letter {c} [occur|appear] in {w}",
          "how often does the letter {c} [occur|appear] in the word {w}", "how many times is the letter {c} in {w}", "how many letters {c} are in {w}", "how many of the letters in {w} are {c}", "in {w}, how many {c} are there", "how many {c}'s in {w}", "how many letter {c}s are in {w}", "how many times do you see {c} in {w}", "how many times can you find {c} in {w}", "how many {c}s can you find in {w}"],
    "b": ["count {c} in {w}", "number of {c} in {w}", "count: {c} in {w}", "{c} in {w}, how many", "{w}: count {c}", "how many {c} in {w}", "occurrences of {c} in {w}", "letter {c} in {w}"],
}
CASE = {
    "i": ["convert {w} to {k}", "convert {w} into {k}", "turn the [word|string|text|phrase] {w} into {k}", "change the [word|string|text|phrase] {w} to {k}", "put the [word|text|phrase] {w} in {k}", "make the [word|text|phrase] {w} {k}", "write {w} all in {k}", "give me the {k} version of {w}", "show the {k} version of {w}", "tell me what {w} is in {k}", "show me what {w} looks like in {k}", "take {w} and put it in {k}", "return {w} in {k}", "print the [word|string] {w} in {k}", "transform {w} into {k}", "write out {w} in {k}", "make {w} {k}", "turn {w} into {k}", "write {w} in {k}", "put {w} in {k}", "change {w} to {k}", "convert [the word|the string|the text] {w} to {k}", "write [the word|the string|the text] {w} in {k}", "transform {w} to {k}", "print {w} in {k}", "{k} {w}", "{k} the [word|string|text] {w}", "show {w} in {k}", "show me {w} in {k}",
          "give me {w} in {k}", "change the case of {w} to {k}", "convert to {k}: {w}", "rewrite {w} in {k}", "spell {w} in {k}", "put this in {k}: {w}", "type {w} in {k}", "make all letters of {w} {k}", "make every letter of {w} {k}", "use python to convert {w} to {k}", "change all letters in {w} to {k}", "format {w} as {k}"],
    "n": ["{w} in {k}", "the {k} of {w}", "the {k} version of {w}", "the {k} form of {w}", "{w} written in {k}", "the [word|string] {w} in {k}", "{w} in all {k}", "the {k} spelling of {w}"],
    "q": ["how does {w} look in {k}", "what is the {k} version of {w}", "what is the [word|text] {w} in {k}", "how would you write {w} in {k}", "how would {w} look in {k}", "what does the [word|phrase] {w} look like in {k}", "how is {w} spelled in {k}", "how do i write {w} in {k}", "how do you write {w} in {k}", "what does {w} look like in {k}", "what is {w} in {k}", "how is {w} written in {k}", "what would {w} be in {k}"],
    "b": ["{k}: {w}", "{w} to {k}", "{w} in {k}", "{k} {w}", "{w} -> {k}", "to {k}: {w}"],
}
UPPER_NAMES = ["upper case", "uppercase", "upper-case", "upper case", "uppercase", "capital letters", "capitals", "all caps", "caps", "uppercase letters", "upper case letters", "block capitals", "all capitals", "all upper case", "all uppercase"]
LOWER_NAMES = ["lower case", "lowercase", "lower-case", "small letters", "lowercase letters", "lower case letters", "all lowercase"]
UPPER_VERBS = {"i": ["uppercase {w}", "make {w} all caps", "capitalize {w}", "capitalize the whole word {w}", "capitalize all letters of {w}", "capitalize every letter in {w}", "capitalise all of {w}", "upper {w}", "upcase {w}", "uppercase [the word|the string|the text] {w}", "write {w} with capital letters only", "write {w} using only capitals"], "b": ["upper({w})", "uppercase {w}", "{w} uppercase"]}
LOWER_VERBS = {"i": ["lowercase {w}", "lower {w}", "downcase {w}", "lowercase [the word|the string|the text] {w}", "make {w} all lowercase", "write {w} with small letters only"], "b": ["lower({w})", "lowercase {w}", "{w} lowercase"]}
SORT = {
    "i": ["sort {l}", "sort [the words|these words|the following words|this list|the list|the items|these]: {l}", "sort [the words|these words|the list|the following] {l}", "sort the words {l} alphabetically", "sort {l} alphabetically", "sort {l} alphabetically", "sort the words {l}", "please sort {l}", "sort the words {l} [in alphabetical order|from a to z]", "sort [these|these words|the following|the following words|this list|this list of words] [alphabetically|in alphabetical order|by alphabet|from a to z]: {l}", "put [these words|the following words|this list|these items] [in alphabetical order|in order|into alphabetical order]: {l}", "put the [words|items] {l} [in order|into alphabetical order]", "arrange {l} [in alphabetical order|from a to z|in order]", "arrange [these|the following words] [alphabetically|from a to z]: {l}", "order [these words|the following|the following words|this list] alphabetically: {l}", "order {l} by alphabet", "list the words {l} [alphabetically|in alphabetical order]", "list [these words|the following words] in alphabetical order: {l}", "alphabetize [the words|the list|these words] {l}", "alphabetically [sort|order] {l}", "in alphabetical order, list {l}", "take {l} and sort them", "take the words {l} and sort them alphabetically", "give me {l} [in alphabetical order|sorted alphabetically|sorted|in order]", "show me {l} in alphabetical order", "sort {l} [in alphabetical order|by alphabet|from a to z|a to z]", "put {l} in [alphabetical order|order]",
          "put the words {l} in alphabetical order", "order {l} alphabetically", "order the words {l}", "order [these|these words|the words]: {l}", "arrange {l} alphabetically", "arrange [these words|the words] in alphabetical order: {l}", "alphabetize {l}", "alphabetize [the words|these|this list|the list]: {l}", "alphabetise {l}", "list {l} in alphabetical order", "list these alphabetically: {l}",
          "bring {l} into alphabetical order", "bring these words into order: {l}", "use python to sort {l}", "put these in alphabetical order: {l}", "organize {l} alphabetically", "write {l} in alphabetical order", "put the following in order: {l}", "sort this: {l}", "reorder {l} alphabetically"],
    "n": ["{l} sorted", "{l} in alphabetical order", "the words {l} in alphabetical order", "the alphabetical order of {l}", "the sorted list of {l}", "{l} sorted alphabetically", "the words {l} sorted", "the alphabetical order of the words {l}"],
    "q": ["what is the alphabetical order of {l}", "what is the alphabetical order of [the words|these words:] {l}", "what order do {l} go in alphabetically", "what are {l} in alphabetical order", "what do you get if you sort {l}", "what do {l} look like sorted", "how would {l} be sorted", "how do you put {l} in alphabetical order", "in which order do the words {l} come alphabetically", "what is the sorted order of {l}", "what is {l} in alphabetical order", "in what order do {l} come alphabetically", "how would you sort {l}"],
    "b": ["sort: {l}", "sort {l}", "{l} sorted", "alphabetical order: {l}", "alphabetize: {l}", "{l} -> sorted", "sorted {l}", "words to sort: {l}", "{l}: sort these"],
}
SORT_DOWN = {
    "i": ["sort {l} in [reverse|descending] order", "sort {l} [in reverse alphabetical order|from z to a|z to a|backwards alphabetically|descending]", "sort the words {l} in [reverse|descending] order", "put {l} in reverse alphabetical order", "order {l} from z to a", "sort these [in reverse|descending|from z to a]: {l}"],
    "n": ["{l} in reverse alphabetical order", "{l} sorted in [reverse|descending] order", "{l} sorted from z to a"], "b": ["reverse sort: {l}", "sort descending: {l}"],
}
COUNT_WORDS = {
    "i": ["count the words in {w}", "count the words in the [sentence|phrase|text|string] {w}", "tell me the number of words in {w}", "tell me how many words are in {w}", "count how many words [the sentence|the phrase|] {w} has", "count the number of words in {w}", "count how many words are in {w}", "tell me how many words {w} has", "count the words of {w}", "count the words: {w}"],
    "n": ["the number of words in {w}", "the word count of {w}", "the count of words in {w}", "how many words {w} has"],
    "q": ["how many words are in {w}", "how many words are [in|there in] the [sentence|phrase|text] {w}", "what is the word count of {w}", "what is the number of words in {w}", "how many words does {w} have", "how many words are there in {w}", "how many words long is {w}", "how many words does the [sentence|text|phrase] {w} contain"], "b": ["word count: {w}", "words in {w}", "word count of {w}"],
}
QUOTES = ['"{}"'] * 9 + ["'{}'"] * 5 + ["“{}”", "`{}`"]


def quoted(r, text, template):
    """A word bare or in quotation marks; a phrase in them, or at the end behind a colon."""
    if " " in text:
        bare = template.endswith(": {w}") and r.random() < 0.5
    else:
        bare = r.random() < 0.55
    return text if bare else r.choice(QUOTES).format(text)


def letter_form(r, c):
    return r.choice([c, c, c, f'"{c}"', f"'{c}'"])


def pick(r, table, weights=(5, 3, 3, 1)):
    forms = [f for f in "inqb" if f in table]
    form = r.choices(forms, [weights["inqb".index(f)] for f in forms])[0]
    return form, r.choice(table[form])


def subject(r, glued, phrases=0.2):
    if r.random() < phrases:
        text = words.phrase(r, 2, 5, glued)
        return text + r.choice("!.?") if r.random() < 0.04 else text
    return words.token(r, glued)


def counted_letter(r, text):
    letters = [c for c in text if c.isalnum()]
    x = r.random()
    if letters and x < 0.85:
        return r.choice([c for c in letters if c.isalpha()] or letters) if r.random() < 0.95 else r.choice(letters)
    return r.choice("abcdefghijklmnopqrstuvwxyz")


def plural(n, noun):
    return f"{n} {noun}" + ("" if n == 1 else "s")


def call(task, code, value, answer):
    return dict(task=task, tool="python", body=code, result=f"{value}\n", answer=answer)


def sort_example(r, glued):
    down = r.random() < 0.12
    form, template = pick(r, SORT_DOWN if down else SORT)
    if r.random() < 0.06 and not down:
        numbers = [r.randint(0, 10 ** r.randint(1, 4)) for _ in range(r.randint(2, 7))]
        shown = r.choice([", ", " ", ", "]).join(map(str, numbers))
        template = template.replace("alphabetically", "").replace("in alphabetical order", "in order").replace("words", "numbers").replace("alphabetical ", "").strip()
        value = " ".join(map(str, sorted(numbers)))
        return call(say(r, form, template, l=shown), f"print(*sorted({numbers}))", value, f"Sorted: {value}")
    count = r.choice([2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7])
    items = [words.cased(r, words.word(r, glued), 0.03) if r.random() < 0.93 else r.choice(words.FIRST_NAMES) for _ in range(count)]
    if r.random() < 0.08:
        items = [item.capitalize() for item in items]
    # One word is not sorted twice: it would read like a slip.
    items = list(dict.fromkeys(items))
    if len(items) < 2:
        return sort_example(r, glued)
    style = r.random()
    if style < 0.35:
        shown = ", ".join(items)
    elif style < 0.6:
        shown = " ".join(items)
    elif style < 0.85:
        shown = ", ".join(items[:-1]) + r.choice([" and ", ", and ", " and "]) + items[-1]
    elif style < 0.92:
        shown = ",".join(items)
    else:
        mark = r.choice(['"{}"', "'{}'"])
        shown = ", ".join(mark.format(item) for item in items)
    if 0.35 < style < 0.6 and r.random() < 0.3:
        shown = r.choice(['"{}"', "'{}'"]).format(shown)
    joined = " ".join(items)
    value = " ".join(sorted(items, reverse=down))
    code = f'print(" ".join(sorted("{joined}".split(){", reverse=True" if down else ""})))'
    return call(say(r, form, template, l=shown), code, value, f"Sorted{' in reverse' if down else ''}: {value}")


def example(r, glued=()):
    """Task, code, what python answers, and the answer."""
    x = r.random()
    if x >= 0.84:
        return sort_example(r, glued)
    text = subject(r, glued, 0.97 if 0.80 <= x else 0.15)
    if x < 0.24:
        form, template = pick(r, REVERSE)
        w = quoted(r, text, template)
        value = text[::-1]
        return call(say(r, form, template, w=w), f'print("{text}"[::-1])', value, f'"{text}" reversed is "{value}".')
    if x < 0.41:
        form, template = pick(r, LENGTH)
        w = quoted(r, text, template)
        return call(say(r, form, template, w=w), f'print(len("{text}"))', len(text), f'"{text}" has {plural(len(text), "character")}.')
    if x < 0.60:
        form, template = pick(r, COUNT)
        w = quoted(r, text, template)
        c = counted_letter(r, text)
        marked = c if "{c}s" in template or "{c}'s" in template else letter_form(r, c)
        n = text.count(c)
        return call(say(r, form, template, w=w, c=marked), f'print("{text}".count("{c}"))', n, f'"{text}" contains "{c}" {plural(n, "time")}.')
    if x < 0.80:
        upper = r.random() < 0.68
        if r.random() < 0.2:
            form, template = pick(r, UPPER_VERBS if upper else LOWER_VERBS)
        else:
            form, template = pick(r, CASE)
        w = quoted(r, text, template)
        value = text.upper() if upper else text.lower()
        names = UPPER_NAMES if upper else LOWER_NAMES
        if template.startswith("{k} ") and form in "ib":
            names = names[:2]
        case = "upper" if upper else "lower"
        return call(say(r, form, template, w=w, k=r.choice(names)), f'print("{text}".{case}())', value, f'"{text}" in {case} case is "{value}".')
    form, template = pick(r, COUNT_WORDS)
    w = quoted(r, text, template)
    n = len(text.split())
    return call(say(r, form, template, w=w), f'print(len("{text}".split()))', n, f'"{text}" has {plural(n, "word")}.')
