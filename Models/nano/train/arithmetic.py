"""Arithmetic of one or two operations, through python."""

from wording import say

UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
TENS = {20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}

SIGNS = {
    "+": ["+"],
    "-": ["-"] * 12 + ["−"],
    "*": ["*"] * 6 + ["×", "×", "x"],
    "/": ["/"] * 6 + ["÷", "÷"],
    "//": ["//"],
    "%": ["%", "%", "mod"],
    "**": ["**", "^", "^"],
}
INFIX = {
    "+": ["{a} plus {b}", "{a} added to {b}", "{a} and {b} together", "{a} increased by {b}", "{a} and {b} added together",
          "{a} add {b}", "{a} and {b} summed", "{a} plus {b}"],
    "-": ["{a} minus {b}", "{a} less {b}", "{a} take away {b}", "{a} decreased by {b}", "{a} reduced by {b}", "{a} subtract {b}", "{a} minus {b}"],
    "*": ["{a} times {b}", "{a} multiplied by {b}", "{a} times {b}", "{a} multiplied with {b}", "{a} times {b}"],
    "/": ["{a} divided by {b}", "{a} over {b}", "{a} divide by {b}", "{a} split into {b} equal parts", "{a} divided into {b} parts", "{a} divided by {b}"],
    "//": ["{a} integer divided by {b}", "{a} floor divided by {b}", "{a} div {b}", "{a} divided by {b} without remainder", "{a} divided by {b}, rounded down",
           "{a} divided by {b} rounded down", "{a} divided by {b} as a whole number"],
    "%": ["{a} modulo {b}", "{a} mod {b}"],
    "**": ["{a} to the power of {b}", "{a} raised to the power of {b}", "{a} to the power {b}", "{a} raised to the power {b}", "{a} to the {b}th power"],
}
NOUN = {
    "+": ["the sum of {a} and {b}", "the total of {a} and {b}", "{a} and {b} in total", "the result of adding {a} and {b}", "the result of adding {a} to {b}",
          "the addition of {a} and {b}", "the sum {a} + {b}", "sum of {a} and {b}", "what {a} and {b} add up to", "the sum when i add {a} and {b}", "sum {a} and {b}", "the total if you add {a} to {b}"],
    "-": ["the difference between {a} and {b}", "the difference of {a} and {b}", "the result of taking {b} from {a}", "the result of subtracting {b} from {a}",
          "what is left of {a} after taking {b} away", "difference between {a} and {b}", "what remains when {b} is taken from {a}"],
    "*": ["the product of {a} and {b}", "the result of multiplying {a} by {b}", "the result of multiplying {a} and {b}", "product of {a} and {b}",
          "the multiplication of {a} and {b}", "the product {a} * {b}", "the product when i multiply {a} by {b}"],
    "/": ["the quotient of {a} and {b}", "the result of dividing {a} by {b}", "the division of {a} by {b}", "quotient of {a} and {b}", "the quotient {a} / {b}"],
    "//": ["the integer quotient of {a} and {b}", "the whole quotient of {a} and {b}", "the integer division of {a} by {b}", "the floor division of {a} by {b}",
           "the integer part of {a} / {b}", "the whole part of {a} divided by {b}", "the result of integer division of {a} by {b}", "the floor of {a} / {b}"],
    "%": ["the remainder of {a} divided by {b}", "the remainder when {a} is divided by {b}", "the remainder of {a} / {b}", "the remainder when dividing {a} by {b}",
          "what remains when {a} is divided by {b}", "remainder of {a} divided by {b}", "the remainder after dividing {a} by {b}", "{a} modulo {b}", "{a} mod {b}"],
    "**": ["the {b}th power of {a}", "{a} to the power of {b}", "the result of raising {a} to the power of {b}"],
}
VERB = {
    "+": ["add {a} and {b}", "add {a} to {b}", "sum {a} and {b}", "sum up {a} and {b}", "add up {a} and {b}", "add together {a} and {b}", "take {a} and add {b}",
          "total {a} and {b}", "put {a} and {b} together", "increase {a} by {b}", "start with {a} and add {b}", "add the numbers {a} and {b}"],
    "-": ["subtract {b} from {a}", "take {b} from {a}", "take {b} away from {a}", "deduct {b} from {a}", "remove {b} from {a}", "decrease {a} by {b}", "reduce {a} by {b}",
          "take {a} and subtract {b}", "from {a} subtract {b}", "from {a}, take {b}", "lower {a} by {b}", "start with {a} and subtract {b}", "start at {a} and take away {b}"],
    "*": ["multiply {a} by {b}", "multiply {a} and {b}", "multiply {a} with {b}", "take {a} and multiply it by {b}", "take {a} times {b}", "start with {a} and multiply by {b}", "multiply the numbers {a} and {b}", "multiply together {a} and {b}"],
    "/": ["divide {a} by {b}", "split {a} into {b} parts", "take {a} and divide it by {b}", "divide {a} into {b} parts", "start with {a} and divide by {b}", "divide {a} evenly by {b}"],
    "//": ["integer divide {a} by {b}", "floor divide {a} by {b}", "divide {a} by {b} and round down", "divide {a} by {b} and drop the remainder", "divide {a} by {b} using integer division",
           "divide {a} by {b} and ignore the rest", "divide {a} by {b}, whole numbers only", "do integer division of {a} by {b}"],
    "%": ["reduce {a} modulo {b}", "take {a} modulo {b}", "take {a} mod {b}", "divide {a} by {b} and give me the remainder", "divide {a} by {b} and tell me the remainder", "get the remainder of {a} by {b}", "find the remainder when {a} is divided by {b}"],
    "**": ["raise {a} to the power of {b}", "raise {a} to the power {b}", "take {a} to the power of {b}"],
}
QUESTION = {
    "+": ["how much do {a} and {b} make", "what do {a} and {b} add up to", "what do you get when you add {a} and {b}", "what do i get if i add {a} to {b}", "what happens if you add {a} and {b}",
          "how many are {a} and {b}", "what is {a} and {b} together", "i have {a} apples and buy {b} more, how many apples do i have", "there are {a} red and {b} blue marbles, how many marbles are there in all", "a class has {a} girls and {b} boys, how many children is that", "if one bill is {a} and the other is {b}, what is the total", "what's the total when you add {a} and {b}", "what is the sum if you add {b} to {a}", "i walked {a} steps and then {b} more, how many steps is that", "how much is {a} if you add {b}", "what is {a} increased by {b}", "i have {a} and get {b} more, how many do i have", "if you add {a} and {b}, what do you get"],
    "-": ["what is left if you take {b} from {a}", "how much is left when i take {b} away from {a}", "what do you get when you subtract {b} from {a}", "what remains of {a} after subtracting {b}",
          "how much more is {a} than {b}", "i had {a} and spent {b}, how much is left", "if i have {a} apples and eat {b}, how many are left", "there were {a} people and {b} left, how many remain", "a book has {a} pages and i read {b}, how many pages are left", "how many more is {a} than {b}", "what is the difference if you subtract {b} from {a}", "what is {b} less than {a}", "what is {a} reduced by {b}", "how much is left of {a} if i spend {b}", "by how much is {a} larger than {b}", "i have {a} and give away {b}, how many are left", "if you take {b} away from {a}, what is left", "how much bigger is {a} than {b}"],
    "*": ["what do you get when you multiply {a} by {b}", "what do i get if i multiply {a} and {b}", "how many are {a} times {b}", "how many things are in {a} boxes of {b}", "if one ticket costs {b}, how much do {a} tickets cost", "each of {a} boxes holds {b} bottles, how many bottles are there", "what do {a} items at {b} each cost", "there are {a} rows of {b} seats, how many seats is that", "a box holds {b} eggs, how many eggs are in {a} boxes", "what is the product when you multiply {a} with {b}", "how much is {a} multiplied by {b}", "how much are {a} items if each one costs {b}", "what is {a} lots of {b}", "if you multiply {a} by {b}, what do you get", "{a} boxes with {b} things each, how many things"],
    "/": ["what do you get when you divide {a} by {b}", "how many times does {b} go into {a}", "how often does {b} fit into {a}", "if {a} sweets are shared by {b} children, how many does each get", "if {b} people split a bill of {a}, how much does each pay", "what is each share if {a} is divided among {b} people", "how much is {a} divided by {b}", "what is one share if i split {a} into {b} parts", "if i split {a} into {b} equal parts, how big is each", "what do i get if i divide {a} by {b}"],
    "//": ["how many whole times does {b} go into {a}", "how many full times does {b} fit in {a}", "what is {a} divided by {b} in whole numbers"],
    "%": ["what remains if you divide {a} by {b}", "what is left over when {a} is divided by {b}", "what is the remainder if you divide {a} by {b}", "what's left over if i divide {a} by {b}", "how much is left over after dividing {a} by {b}"],
    "**": ["what do you get if you raise {a} to the power of {b}"],
}
WHO = "[a shop|a farmer|my sister|my brother|tom|anna|a school|the library|a baker|my friend|she|he|a teacher|the team|a company|sarah|ben]"
WHAT = "[apples|books|coins|stickers|pencils|cards|cakes|tickets|eggs|bottles|marbles|chairs|euros|dollars|points|pages|flowers|cups]"
STORIES = {
    "+": [f"{WHO} has {{a}} {WHAT} and [buys|gets|receives|finds|adds|is given] {{b}} more. How many [are there|is that|does that make] [now|in total|altogether|]",
          f"{WHO} had {{a}} {WHAT} and [bought|got|found|received|was given] {{b}} more, how many [are there now|is that in total|does that make]",
          f"there are {{a}} {WHAT} [on the table|in one box|in the first room|here] and {{b}} [in the other|in another|in the second|there], how many [are there in total|are there altogether|is that together]",
          f"{WHO} sold {{a}} {WHAT} on monday and {{b}} on tuesday. How many [in total|altogether|were sold|were sold in total]",
          "[one|the first] [bill|ticket|trip|bag|order] [is|costs|was] {a} and [the other|another|the second] [is|costs|was] {b}, [how much is that together|what is the total|how much in all]"],
    "-": [f"{WHO} has {{a}} {WHAT} and [sells|gives away|loses|uses|removes|returns|breaks|spends] {{b}}[ of them|]. How many [are left|remain|does that leave|are there now]",
          f"{WHO} had {{a}} {WHAT} and [sold|gave away|lost|used|returned|broke|spent] {{b}}[ of them|], how many [are left|remain|were left]",
          f"there [are|were] {{a}} {WHAT} and {{b}} [are gone|were taken|are broken|were sold], how many [are left|remain|are still there]",
          f"i have {{a}} {WHAT} and give {{b}} [of them|] away. How many do i have left", "a [road|rope|book|film] is {a} long and i have done {b}, how much is left"],
    "*": [f"{WHO} [sells|makes|bakes|buys|uses|packs] {{b}} {WHAT} [a|per|each|every] [day[.|,] how many [is that|are that|] in {{a}} days|hour[.|,] how many [is that|] in {{a}} hours|week[.|,] how many [is that|] in {{a}} weeks|month[.|,] how many [is that|] in {{a}} months]",
          f"{WHO} [sells|makes|bakes|packs] {{b}} {WHAT} a [day. How many does it [sell|make|bake|pack] in {{a}} days|week. How many does it [sell|make|bake|pack] in {{a}} weeks]",
          f"{{a}} [boxes|bags|shelves|rows|packs|tables] [hold|contain|have] {{b}} {WHAT} each, how many [is that|are there|are there in total|in total]",
          f"there are {{b}} {WHAT} in [a|each|every|one] [box|bag|row|pack] and [i have|we have|there are] {{a}} [boxes|bags|rows|packs]. How many {WHAT} [is that|are there in total|are there]",
          f"if [a|one|each] [ticket|book|chair|cake|bottle] costs {{b}}, [what do|how much do] {{a}} [cost|of them cost]"],
    "/": [f"{{a}} {WHAT} are [divided|shared|split] [equally|evenly|] [among|between|by] {{b}} [friends|people|children|teams|boxes], how many does each get",
          f"{WHO} [shares|splits|divides] {{a}} {WHAT} [equally|evenly|] [among|between] {{b}} [friends|people|children]. How many does each get",
          "[a bill of|a cost of|a total of] {a} is [shared|split|divided] by {b} people, how much does each [pay|get]"],
}
# Frames around a bare expression or a phrase.
FRAMES_N = ["{e}", "{e}", "{e}", "{e}", "{e}", "{e}", "{e}", "the exact value of {e}", "the number {e}", "the result of {e}", "the value of {e}", "the answer to {e}", "{e} equal to", "the outcome of {e}", "the solution of {e}"]
FRAMES_I = ["compute {e}", "compute {e}", "calculate {e}", "calculate {e}", "calculate {e}", "calculate {e} and tell me the result", "compute {e} and give me the answer", "work out {e} and show me the result", "work out what {e} is", "calculate what {e} is", "calculate what {e} comes to", "find out what {e} is", "use python to calculate {e}", "use python to work out {e}", "help me with this calculation: {e}", "do this calculation: {e}", "do this sum: {e}", "do the calculation {e}", "give me the answer to {e}", "show me what {e} is", "solve the following: {e}", "tell me the answer to {e}", "tell me the result of {e}", "tell me the value of {e}", "evaluate {e}", "work out {e}", "solve {e}", "do {e}", "figure out {e}", "do the math: {e}", "do the math for {e}", 
            "compute the following: {e}", "calculate this: {e}", "use python to compute {e}", "use python: {e}", "calc {e}", "tell me what {e} is", "find what {e} equals", "tell me how much {e} is",
            "compute the value of {e}", "work this out: {e}", "determine {e}", "answer this: {e}", "find {e}", "evaluate the expression {e}", "solve this: {e}"]
FRAMES_Q = ["how much is {e}", "how much is {e}", "how much is {e}", "what do i get for {e}", "what do you get from {e}", "what does {e} work out to", "what does {e} evaluate to", "what is the value of {e}", "what is the answer if i do {e}", "how much does {e} make", "how much does {e} come to", "what do i get if i calculate {e}", "what does {e} equal", "what does {e} make", "what does {e} come to", "what do you get for {e}", "what is {e} equal to", "how many is {e}", 
            "{e} equals what", "do you know what {e} is", "what would {e} be", "what's {e} then", "what is the result of {e}", "what number is {e}", "what is the answer to {e}", "what does {e} give", "how much would {e} be"]
FRAMES_B = ["{e}", "{e} =", "{e} = ?", "{e}=", "{e}=?", "{e} equals", "calc: {e}", "math: {e}", "compute: {e}", "result of {e}", "{e} = what"]
UNARY = [
    ("[double|twice|two times] {a}", "{a} * 2"), ("[triple|three times|thrice] {a}", "{a} * 3"), ("half of {a}", "{a} / 2"), ("[half|halve] {a}", "{a} / 2"), ("a third of {a}", "{a} / 3"),
    ("a quarter of {a}", "{a} / 4"), ("{a} squared", "{a} ** 2"), ("the square of {a}", "{a} ** 2"), ("{a} cubed", "{a} ** 3"), ("the cube of {a}", "{a} ** 3"), ("a tenth of {a}", "{a} / 10"),
    ("{a} doubled", "{a} * 2"), ("{a} tripled", "{a} * 3"), ("{a} halved", "{a} / 2"), ("the double of {a}", "{a} * 2"), ("quadruple {a}", "{a} * 4"),
]
THEN = {
    "+": ["add {c}", "add {c} to it", "add {c} to the result", "plus {c}", "increase it by {c}", "add another {c}", "add {c} more"],
    "-": ["subtract {c}", "take away {c}", "subtract {c} from it", "subtract {c} from the result", "minus {c}", "take {c} away", "decrease it by {c}", "take off {c}", "reduce the result by {c}"],
    "*": ["multiply by {c}", "multiply it by {c}", "multiply the result by {c}", "times {c}", "multiply that by {c}", "multiply the total by {c}"],
    "/": ["divide by {c}", "divide it by {c}", "divide the result by {c}", "divide that by {c}"],
}
THEN_FIXED = [("double it", "* 2"), ("double the result", "* 2"), ("double that", "* 2"), ("triple it", "* 3"), ("halve it", "/ 2"), ("take half of it", "/ 2"), ("triple the result", "* 3"),
              ("square it", "** 2"), ("square the result", "** 2"), ("halve the result", "/ 2"), ("take half of that", "/ 2")]
JOINTS = [" and ", " and then ", ", then ", ", and then ", "; then ", ", ", " then ", ". Then ", " and after that ", ", and after that "]


# How often a number has one or two different digits only: training raises it, since a copy loses its place there.
few_digits = 0.03


def number(r, digits=6):
    n = r.choice([1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6])
    if r.random() < few_digits:
        pool = r.sample("0123456789", 2)
        return int(r.choice(pool[:1] + [d for d in pool if d != "0"][:1] or "1") + "".join(r.choice(pool) for _ in range(r.randint(0, digits - 1))))
    if r.random() < 0.08:
        return r.choice([10, 100, 1000, 10000, 50, 500, 25, 12, 60, 24, 365, 99, 999, 111, 1111, 200, 20])
    n = min(n, digits)
    return r.randint(0 if n == 1 else 10 ** (n - 1), 10 ** n - 1)


def shown(r, n, words=True):
    """A number as a person may write it."""
    x = r.random()
    if words and n >= 0 and x < 0.10:
        if n <= 20:
            return UNITS[n]
        if n in TENS:
            return TENS[n]
        if n == 100:
            return "one hundred"
        if n == 1000:
            return "one thousand"
    if n >= 1000 and x > 0.97:
        return f"{n:,}"
    if n < 0 and words and x < 0.3:
        return r.choice(["minus ", "negative "]) + str(-n)
    return str(n)


def operands(r, op):
    a, b = number(r), number(r)
    if op == "**":
        a, b = r.randint(2, 25), r.randint(2, 7)
    elif op in ("/", "//", "%"):
        b = b if r.random() < 0.5 else number(r, 2)
        if op == "/" and r.random() < 0.6:
            b = max(1, number(r, 3))
            a = b * number(r, 3)
        if b == 0 and r.random() < 0.7:
            b = r.randint(1, 12)
    elif r.random() < 0.06:
        a = -a
    elif r.random() < 0.03:
        b = -b
    if r.random() < 0.015 and op in "+-*/":
        a = round(a + r.random(), r.choice([1, 2])) if r.random() < 0.5 else a / 4
    return a, b


def symbols(r, expression):
    """An expression in other signs, spaced or not."""
    parts = expression.split(" ")
    style = {op: r.choice(signs) for op, signs in SIGNS.items()}
    spaced = r.random() < 0.6
    out = ""
    for part in parts:
        if part in SIGNS:
            sign = style[part]
            gap = " " if spaced or sign == "mod" else ""
            out += gap + sign + gap
        elif part in ("(", ")"):
            out += part
        else:
            out += part
    return out


def spaced(expression):
    return expression.replace("( ", "(").replace(" )", ")")


def frame(r, phrase):
    """A request for the value of a phrase, as form and template."""
    x = r.random()
    form, frames = ("n", FRAMES_N) if x < 0.4 else ("i", FRAMES_I) if x < 0.65 else ("q", FRAMES_Q) if x < 0.85 else ("b", FRAMES_B)
    return form, r.choice(frames).replace("{e}", phrase)


def one_operation(r):
    op = r.choice(["+", "+", "-", "-", "*", "*", "*", "/", "/", "//", "%", "**"])
    a, b = operands(r, op)
    expression = f"{a} {op} {b}"
    x = r.random()
    if x < 0.42:
        form, template = frame(r, "{e}")
        return say(r, form, template, e=symbols(r, expression)), expression
    if isinstance(a, float):
        return one_operation(r)
    if x < 0.62:
        form, template = frame(r, r.choice(INFIX[op]))
    elif x < 0.76:
        form, template = "n", r.choice(NOUN[op])
    elif x < 0.89:
        form, template = "i", r.choice(VERB[op])
    else:
        stories = STORIES.get(op)
        form, template = "q", r.choice(stories if stories and r.random() < 0.5 else QUESTION[op])
    if form == "i" and r.random() < 0.2 and op in "+-*/":
        template += r.choice([" and tell me the result", " and give me the result", " and show the result", " and tell me what you get", " and print the result"])
    return say(r, form, template, a=shown(r, a), b=shown(r, b)), expression


def two_operations(r):
    x = r.random()
    a, b, c = (number(r, 5) for _ in range(3))
    ops = ["+", "-", "*", "*", "/", "+"]
    o1, o2 = r.choice(ops), r.choice(ops)
    if o1 == "/":
        b = max(1, b)
    if o2 == "/":
        c = max(1, c)
    if x < 0.18:
        expression = f"{a} {o1} {b} {o2} {c}"
        form, template = frame(r, "{e}")
        return say(r, form, template, e=symbols(r, expression)), expression
    if x < 0.36:
        expression = f"( {a} {o1} {b} ) {o2} {c}" if r.random() < 0.55 else f"{a} {o1} ( {b} {o2} {c} )"
        form, template = frame(r, "{e}")
        return say(r, form, template, e=symbols(r, expression)), expression
    words = {"+": "plus", "-": "minus", "*": r.choice(["times", "times", "multiplied by"]), "/": "divided by"}
    if x < 0.50:
        form, template = frame(r, f"{{a}} {words[o1]} {{b}} {words[o2]} {{c}}")
        return say(r, form, template, a=shown(r, a), b=shown(r, b), c=shown(r, c)), f"{a} {o1} {b} {o2} {c}"
    if x < 0.58:
        kind = r.choice(["sum", "sum", "average", "product"])
        names = {"sum": ["the sum of", "the total of", "sum of", "the result of adding"], "product": ["the product of", "product of"], "average": ["the average of", "the mean of", "average of"]}[kind]
        three = r.random() < 0.6 or kind == "product"
        if kind != "average" and not three:
            three = True
        listed = r.choice(["{a}, {b} and {c}", "{a}, {b}, and {c}", "{a}, {b}, {c}", "{a} and {b} and {c}"]) if three else "{a} and {b}"
        form, template = "n", r.choice(names) + " " + listed
        if kind == "sum" and r.random() < 0.4:
            form, template = "i", r.choice(["add ", "add up ", "sum ", "add the numbers ", "sum up ", "total "]) + listed
        join = " * " if kind == "product" else " + "
        inner = join.join(map(str, (a, b, c) if three else (a, b)))
        expression = f"( {inner} ) / {3 if three else 2}" if kind == "average" else inner
        return say(r, form, template, a=a, b=b, c=c), expression
    if x < 0.70:
        base, first = r.choice([("the sum of {a} and {b}", "+"), ("the product of {a} and {b}", "*"), ("the difference between {a} and {b}", "-"), ("the sum of {a} and {b}", "+")])
        y = r.random()
        if y < 0.35:
            lead, tail = r.choice([("twice ", "* 2"), ("double ", "* 2"), ("half of ", "/ 2"), ("half ", "/ 2"), ("three times ", "* 3"), ("the double of ", "* 2"), ("the square of ", "** 2")])
            form, template = frame(r, lead + base)
            return say(r, form, template, a=shown(r, a), b=shown(r, b)), f"( {a} {first} {b} ) {tail}"
        wording = {"+": [" plus {c}", ", plus {c}", " increased by {c}"], "-": [" minus {c}", ", minus {c}", " less {c}"], "*": [" times {c}", ", times {c}", ", multiplied by {c}", " multiplied by {c}"], "/": [" divided by {c}", ", divided by {c}", " over {c}"]}
        form, template = frame(r, base + r.choice(wording[o2]))
        return say(r, form, template, a=shown(r, a), b=shown(r, b), c=shown(r, c)), f"( {a} {first} {b} ) {o2} {c}"
    first = r.choice(["+", "-", "*", "/", "+", "*"])
    b = max(1, b) if first == "/" else b
    verbs = ["divide {a} by {b}"] if first == "/" else VERB[first]
    template = r.choice(verbs) if r.random() < 0.6 else r.choice(["take ", "start with ", "calculate ", "compute ", "first compute ", "begin with ", ""]) + r.choice(INFIX[first][:2])
    expression = f"{a} {first} {b}"
    if r.random() < 0.45:
        text, tail = r.choice(THEN_FIXED)
    else:
        o2 = r.choice(list(THEN))
        c = max(1, number(r, 4))
        text, tail = r.choice(THEN[o2]), f"{o2} {c}"
    template += r.choice(JOINTS) + text
    return say(r, "i", template, a=shown(r, a), b=shown(r, b), c=shown(r, c)), f"( {expression} ) {tail}"


def unary(r):
    template, expression = r.choice(UNARY)
    a = number(r, 5)
    form, template = frame(r, template)
    if r.random() < 0.15:
        n, p = number(r, 4), r.choice([5, 10, 15, 20, 25, 30, 50, 75, r.randint(1, 99)])
        form, template = frame(r, r.choice(["{p}% of {n}", "{p} percent of {n}", "{p} % of {n}"]))
        return say(r, form, template, n=shown(r, n), p=p), f"{n} * {p} / 100"
    return say(r, form, template, a=shown(r, a)), expression.replace("{a}", str(a))


def traceback(code, error):
    """What python prints for an error in the only line of a call."""
    start = code.index("(") + 1
    inner = code[start:-1]
    if inner.startswith("round("):
        start += len("round(")
        inner = inner[len("round("):-len(", 6)")]
    marks = "^" * len(inner)
    for op in (" // ", " / ", " % "):
        if op in inner:
            left, right = inner.split(op, 1)
            marks = "~" * (len(left) + 1) + "^" * len(op.strip()) + "~" * (len(right) + 1)
            break
    return (f'Traceback (most recent call last):\n  File "<cell 1>", line 1, in <module>\n    {code}\n'
            f'    {" " * (start + 1)}{marks}\n{type(error).__name__}: {error}\n')


def example(r):
    """Task, code, what python answers, and the answer."""
    while True:
        x = r.random()
        last = 0.92
        task, expression = one_operation(r) if x < 0.55 else two_operations(r) if x < last else unary(r)
        expression = spaced(expression)
        # Quotients are rounded: nobody wants sixteen digits, and nano would lose its place in them.
        value_of = f"round({expression}, 6)" if " / " in expression else expression
        code = f"print({value_of})"
        try:
            value = eval(value_of)
        except ZeroDivisionError as error:
            return dict(task=task, tool="python", body=code, result=traceback(code, error),
                        answer=f"Python reports an error: ZeroDivisionError: {error}")
        if isinstance(value, int) and abs(value) < 10 ** 15 or isinstance(value, float) and "e" not in repr(value):
            return dict(task=task, tool="python", body=code, result=f"{value}\n", answer=f"{expression} = {value}.")
