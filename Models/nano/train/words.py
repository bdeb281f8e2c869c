"""Word pools of the generator, and the makers of unfamiliar words, names and paths."""

import string

NOUNS = """
apple banana cherry mango peach pear plum grape lemon orange melon kiwi fig olive carrot potato tomato onion garlic
pepper bread butter cheese honey sugar salt coffee tea milk water juice wine soup salad pasta rice bean corn cake
cookie chocolate candy dinner lunch breakfast kitchen spoon fork knife plate bottle glass cup table chair sofa bed
lamp door window wall floor roof garden flower rose tulip tree forest leaf branch root river lake ocean beach island
mountain valley desert storm thunder rain snow cloud wind sun moon star planet comet galaxy rocket engine wheel car
truck train plane boat ship bicycle bridge road street city village castle tower church school library museum
theater market shop bank hotel hospital office factory farm barn horse cow sheep goat pig chicken duck goose swan
eagle falcon owl raven sparrow robin martlet swift parrot penguin dolphin whale shark salmon trout turtle frog snake
lizard dragon tiger lion leopard panther bear wolf fox rabbit squirrel mouse kitten puppy cat dog elephant giraffe
zebra monkey camel kangaroo koala beetle butterfly spider ant bee music song guitar piano violin drum trumpet flute
dance movie camera picture photo painting letter paper pencil book story poem novel page chapter word sentence
language grammar number digit circle square triangle rectangle sphere pyramid cube level radar civic kayak rotor
mississippi strawberry raspberry blueberry pineapple coconut watermelon avocado broccoli cucumber spinach pumpkin
computer keyboard screen printer network server client browser python swift ruby kernel memory cache buffer thread
process signal socket packet router switch cable battery charger phone tablet laptop robot sensor motor laser
magnet crystal diamond ruby emerald silver gold copper iron steel stone brick wood glass plastic rubber cotton
silk wool leather jacket shirt sweater dress skirt shoe boot glove scarf hat ring necklace watch clock calendar
summer winter spring autumn monday friday january october morning evening midnight holiday birthday wedding party
doctor nurse teacher student engineer pilot sailor soldier farmer baker lawyer artist writer singer actor king queen
prince princess knight wizard witch giant dwarf ghost angel hero pirate treasure map compass anchor lantern candle
mirror hammer saw nail screw ladder rope basket bucket box bag pocket wallet coin dollar euro ticket passport
suitcase umbrella blanket pillow towel soap brush comb razor medicine fever cough doctor energy power force speed
weight height width length depth volume pressure heat light sound color shadow shape pattern texture surface edge
corner center border margin budget invoice receipt salary profit market stock price discount order customer product
project task plan goal result report summary meeting agenda minutes contract agreement policy rule law court judge
hello world goodbye welcome thanks sorry happy sad angry brave clever gentle honest lucky polite proud quiet rapid
silent smooth strong sweet tired warm wild wise young ancient bright broken busy calm clean cold dark deep dry easy
empty fast fresh full heavy hidden hollow huge hungry large loud narrow new old open plain quick rare rough round
sharp short slow small soft solid steep tall thin tiny wet wide yellow purple green blue white black brown pink
gray violet indigo crimson scarlet amber ivory jump run walk swim climb throw catch push pull carry build paint
sing laugh smile sleep dream think learn teach read write speak listen watch wait travel visit arrive leave return
begin finish start stop win lose buy sell give take send receive keep share borrow lend pay spend save waste
stressed desserts lighthouse butterscotch thunderstorm watermill entrepreneur university professor algebra geometry
chemistry biology history philosophy literature dictionary adventure discovery invention imagination friendship
freedom justice courage wisdom patience kindness honesty loyalty curiosity happiness sunshine rainbow waterfall
snowflake raindrop seashell starfish jellyfish octopus lobster crab shrimp oyster pelican flamingo peacock ostrich
hamster hedgehog otter badger beaver moose bison buffalo donkey pony stallion mammoth dinosaur fossil skeleton
muscle finger shoulder elbow ankle tongue throat stomach breath heartbeat memory attention balance gravity
telescope microscope thermometer barometer calculator typewriter television radio satellite antenna helicopter
parachute submarine motorcycle ambulance bulldozer tractor trailer caravan carriage chariot wagon canoe raft
function variable constant integer boolean pointer iterator generator closure template interface abstract
algorithm recursion database warehouse container cluster pipeline workflow deployment release version branch
commit merge rebase conflict review ticket sprint backlog deadline milestone retrospective feedback signature
password username account profile avatar message notification subscription newsletter category keyword header
footer sidebar gallery thumbnail bookmark favorite download upload attachment document spreadsheet presentation
cinnamon vanilla ginger parsley oregano basil thyme rosemary saffron paprika mustard ketchup mayonnaise vinegar
sandwich hamburger omelette pancake waffle croissant baguette pretzel muffin brownie pudding custard lasagna
spaghetti macaroni ravioli risotto burrito lettuce cabbage cauliflower asparagus artichoke eggplant zucchini
magazine newspaper journalist photographer carpenter plumber electrician mechanic architect librarian secretary
manager director president minister ambassador detective policeman firefighter astronaut scientist researcher
paragraph sentence comma apostrophe hyphen bracket asterisk ampersand underscore semicolon quotation exclamation
hexagon octagon cylinder diagonal parabola fraction decimal percentage equation theorem hypothesis experiment
yesterday afternoon midday weekend february august september november december tuesday wednesday thursday saturday
sunday january thirteen fourteen hundred thousand million billion quarter half double triple another something
anything nothing everything everyone somebody nobody always never sometimes often usually perhaps maybe
hippopotamus rhinoceros encyclopedia bookkeeper committee balloon coffee success address accommodate parallel
racecar noon madam refer deified aardvark zigzag jazz quiz buzz fuzzy puzzle pizza rhythm lynx sphinx onyx
""".split()

FIRST_NAMES = """
Alice Bob Carol David Emma Frank Grace Henry Irene Jack Karen Leo Maria Nina Oscar Paula Quinn Rosa Sam Tina Uma
Victor Wendy Xavier Yara Zoe Anna Ben Clara Dan Eva Felix Gina Hugo Ida Jonas Kate Liam Mia Noah Olga Peter
""".split()

BASES = """
notes note todo readme report data log main index test tests config settings summary draft letter memo plan budget
shopping list groceries recipe recipes invoice contacts users names words numbers results output input sample
example demo script server client app utils helpers models views routes schema query backup archive changes
changelog history journal diary ideas story poem chapter essay article paper slides agenda minutes meeting project
roadmap tasks bugs issues license manifest package requirements setup install guide manual tutorial intro overview
api parser lexer token engine kernel driver module plugin theme style layout page home about contact blog post
image photo logo banner icon map graph chart table stats metrics scores grades prices orders items products
inventory stock sales customers clients employees team schedule calendar events bookmarks links passwords secrets
keys hosts hello world foo bar baz tmp temp final old new copy my first second last daily weekly monthly january
march april june july august september october november december spring summer autumn winter alpha beta gamma delta
""".split()

FOLDERS = """
src docs data test tests lib bin build dist public assets images img css js scripts tools config etc home work
notes logs backup archive old new tmp temp project app server client web api core utils common shared include
examples samples demo models views pages posts drafts reports invoices music photos documents downloads desktop
Sources Tests Docs Tools Models Policies school recipes letters travel 2023 2024 2025 2026 v1 v2 src/main src/lib
docs/api docs/guide data/raw data/clean tests/unit
""".split()

EXTENSIONS = """
txt txt txt txt txt md md md csv csv json py py log yaml yml toml ini cfg html css js ts sh swift c h xml tex rst conf
bak dat rb go rs java sql tsv
""".split()

BARE_FILES = """README LICENSE Makefile Dockerfile CHANGELOG NOTICE TODO AUTHORS .gitignore .env .bashrc VERSION
Package.swift README.md CONTRIBUTING.md Cargo.toml package.json""".split()

# Words of running text, for the lines of files and for titles.
FILLERS = """
the a of and to in is it for on with as was at by an be this that from or have not are but had they you we which
one all were when there can more if no her his out so what up said its about than into them only some could time
these two may then do first any my such like our over even most me after also did many before must through back
where much your way well down should because each just those people how too little state good very make still own
see men work long here between both life being under never day same another know while last might us great year
since against go came used three every call fix check update remove add move next week tomorrow today
""".split()

# Of these, what requests are full of: seldom a word to work on.
COMMON = frozenset("""
the a of and to in is it for on with as at by an be this that from or have are you one what how which there all if no
about only some two then do any my your where much many just each those come like should i me its
""".split())
SELDOM = [word for word in FILLERS if word not in COMMON]

CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxyz", "aeiou"


def random_letters(r, low=3, high=8):
    """Letters without any sense."""
    return "".join(r.choice(string.ascii_lowercase) for _ in range(r.randint(low, high)))


def pseudo_word(r):
    """Syllables: unfamiliar, but like a word."""
    word = ""
    for _ in range(r.randint(1, 4)):
        word += r.choice(CONSONANTS) + r.choice(VOWELS) + (r.choice(CONSONANTS) if r.random() < 0.35 else "")
    return word


def blend(r):
    """The beginning of one word and the end of another."""
    first, second = r.choice(NOUNS), r.choice(NOUNS)
    return first[:r.randint(2, max(2, len(first) - 1))] + second[-r.randint(2, max(2, len(second) - 1)):]


def word(r, glued=()):
    """A word to work on: mostly a known one, else made up."""
    x = r.random()
    if x < 0.58:
        return r.choice(NOUNS)
    if x < 0.65 and glued:
        return r.choice(glued)
    if x < 0.69:
        return r.choice(SELDOM)
    if x < 0.73:
        return r.choice(BASES)
    if x < 0.84:
        return blend(r)
    return pseudo_word(r) if x < 0.95 else random_letters(r)


def cased(r, text, other=0.14):
    """The text as it is, or in another case."""
    x = r.random()
    if x > other:
        return text
    if x < other * 0.65:
        return text[:1].upper() + text[1:]
    if x < other * 0.92:
        return text.upper()
    spot = r.randint(1, max(1, len(text) - 1))
    return text[:1].upper() + text[1:spot] + text[spot:].capitalize()


def token(r, glued=()):
    """One unbroken string: mostly a word, sometimes with digits, hyphens and the like."""
    x = r.random()
    if x < 0.90:
        return cased(r, word(r, glued))
    if x < 0.94:
        return cased(r, word(r, glued)) + str(r.randint(0, 9999))
    if x < 0.98:
        return cased(r, word(r, glued), 0.2) + r.choice("-_") + cased(r, word(r, glued), 0.2)
    pool = string.ascii_letters + string.digits
    return "".join(r.choice(pool) for _ in range(r.randint(4, 8)))


def base_name(r):
    """A file's name without its extension."""
    x = r.random()
    if x < 0.80:
        first = r.choice(BASES) if r.random() < 0.6 else word(r)
    else:
        first = r.choice([pseudo_word, blend, pseudo_word, random_letters])(r)
    y = r.random()
    if y < 0.62:
        name = first
    elif y < 0.74:
        name = first + r.choice(["_", "-", "_", "-", ".", ""]) + r.choice(BASES + NOUNS)
    elif y < 0.84:
        name = first + r.choice(["", "_", "-"]) + str(r.choice([r.randint(0, 9), r.randint(10, 99), r.randint(2019, 2031)]))
    elif y < 0.90:
        second = r.choice(BASES + NOUNS)
        name = first + second[:1].upper() + second[1:]
    elif y < 0.95:
        name = first + "-" + str(r.randint(2020, 2030)) + "-" + "%02d" % r.randint(1, 12)
    else:
        name = "_".join([first, r.choice(BASES), pseudo_word(r)])
    return name if r.random() < 0.90 else (name[:1].upper() + name[1:] if r.random() < 0.7 else name.upper())


def folder(r):
    """A folder's path, one to three deep."""
    depth = r.choice([1, 1, 1, 1, 2, 2])
    parts = []
    for _ in range(depth):
        x = r.random()
        parts.append(r.choice(FOLDERS) if x < 0.7 else base_name(r) if x < 0.85 else word(r))
    return "/".join(parts)


def path(r):
    """A file's path in the workspace."""
    x = r.random()
    if x < 0.10:
        name = r.choice(BARE_FILES)
    elif x < 0.11:
        name = base_name(r)
    else:
        extension = r.choice(EXTENSIONS) if r.random() < 0.985 else random_letters(r, 1, 4)
        name = base_name(r) + "." + extension
    y = r.random()
    if y < 0.68:
        return name
    if y < 0.70:
        return "./" + name
    return folder(r) + "/" + name


def phrase(r, low=2, high=6, glued=()):
    """Some words in a row."""
    return " ".join(r.choice(FILLERS) if r.random() < 0.45 else cased(r, word(r, glued), 0.06) for _ in range(r.randint(low, high)))


def line(r):
    """A line of a file."""
    x = r.random()
    if x < 0.45:
        text = phrase(r, 2, 7)
        return text[:1].upper() + text[1:] + r.choice([".", ".", "", "!"]) if r.random() < 0.6 else text
    if x < 0.55:
        return r.choice(["- ", "* ", "- [ ] ", "- [x] ", "# ", "## "]) + phrase(r, 1, 4)
    if x < 0.65:
        return ",".join(str(r.randint(0, 999)) if r.random() < 0.5 else word(r) for _ in range(r.randint(2, 4)))
    if x < 0.73:
        return word(r) + r.choice([": ", "=", " = ", ": "]) + (str(r.randint(0, 9999)) if r.random() < 0.5 else word(r))
    if x < 0.80:
        return r.choice(["import " + word(r), "def " + pseudo_word(r) + "():", "    return " + str(r.randint(0, 99)),
                         "print(\"" + word(r) + "\")", "let " + word(r) + " = " + str(r.randint(0, 99)), "x = " + str(r.randint(0, 999))])
    if x < 0.86:
        return "%d-%02d-%02d %s" % (r.randint(2020, 2030), r.randint(1, 12), r.randint(1, 28), phrase(r, 1, 4))
    if x < 0.90:
        return r.choice(["ERROR", "WARN", "INFO", "DEBUG"]) + r.choice([" ", ": "]) + phrase(r, 1, 5)
    if x < 0.95:
        return r.choice(FIRST_NAMES) + " " + r.choice([phrase(r, 1, 3), str(r.randint(1, 99))])
    return token(r)


def content(r, most=6):
    """The text of a file."""
    n = r.choice([1, 1, 2, 2, 3, 3, 4, 5, most])
    lines = [line(r) for _ in range(n)]
    if n > 2 and r.random() < 0.1:
        lines.insert(r.randint(1, n - 1), "")
    return "\n".join(lines) + ("\n" if r.random() < 0.9 else "")
