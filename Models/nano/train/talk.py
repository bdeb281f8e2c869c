"""What nano answers without a tool: what it is, and that it cannot do the rest."""

import stage
import words
from wording import expand, say

IDENTITY_ANSWER = (
    "I am nano, the small demonstration model of Martlet. I can do sums, work with words (reverse, count, upper case, sort), "
    "show, count and search files, list folders, and open a page. For everything else, get the real model: `martlet model pull gpt-oss-20b`.")
OTHER_ANSWER = "I am only nano, the demonstration model, and cannot do that. The real model can; get it with `martlet model pull gpt-oss-20b`."

IDENTITY = """
who are you|what are you|what is your name|what's your name|what are you called|tell me about yourself|introduce yourself|describe yourself|what model are you|which model are you|what model is this|which model is this|are you chatgpt|are you gpt|are you gpt-oss
are you a real model|are you a robot|are you an ai|are you human|are you a person|who am i talking to|who am i speaking with|what am i talking to|who is this|what is this|what is nano|who is nano|what is martlet|what's martlet|tell me what you are|tell me who you are|say who you are|say your name
what can you do|what can you do for me|what can you help me with|what can i ask you|what can i do with you|what do you do|what are you able to do|what are your capabilities|what are your abilities|what are your skills|what are you good at|what are you good for|what are you for|what kinds of tasks can you do|what tasks can you do
how can you help|how can you help me|how do you work|how do i use you|how does this work|what is possible here|what features do you have|what functions do you have|which tools do you have|what tools do you have|which tools can you use|what tools can you use|list your capabilities|list what you can do|list your skills|show me what you can do
tell me what you can do|tell me your name|tell me your capabilities|give me an overview of what you can do|explain what you can do|help|help me|i need help|can you help me|could you help me|help please|usage|manual|commands|options|what now|what should i ask|what should i try|give me some examples of what you can do|what are some things you can do
hello|hi|hey|hello there|hi there|hey there|good morning|good evening|good afternoon|good day|greetings|howdy|hiya|yo|hallo|salut|welcome|hello nano|hi nano|hey nano|hello world|hello martlet|nice to meet you|pleased to meet you|how are you|how are you doing|how do you do|what's up|sup|how's it going|hi, how are you|hello, who are you|hi, what can you do|hello, what are you
are you there|is anyone there|anybody there|can you hear me|do you work|are you working|are you awake|are you ready|are you online|test|testing|ping|is this thing on|thanks|thank you|thanks a lot|thank you very much|bye|goodbye|see you|good night|what version are you|which version is this|who made you|who built you|who created you|who trained you|where do you come from
how big are you|how small are you|how many parameters do you have|how large is this model|are you small|what is your purpose|what is your job|why are you here|what were you trained for|what were you made for|what do you know|what do you call yourself|do you have a name|may i ask who you are|can you tell me who you are|can you tell me what you are|can you tell me what you can do|could you tell me your name|could you introduce yourself
what kind of model are you|what sort of model is this|what type of assistant are you|what kind of assistant are you|are you a language model|are you a demo|is this a demo|are you the demo model|what does nano do|what does this program do|what does this do|what can this do|what can this model do|what can nano do|who are you and what can you do|what are you and what can you do|so who are you|and you are|your name please|name yourself|state your name|identify yourself
can you do anything|can you do math|can you calculate|can you read files|can you open pages|can you use python|what are your limits|what can't you do|what are your limitations|do you speak english|are you any good|are you smart|how smart are you|are you open source|do you run locally|are you local|do you run on my machine|where do you run|tell me something about you|tell me a bit about yourself|i'd like to know who you are|i want to know what you can do|let me know what you can do
""".replace("\n", "|").strip("|").split("|")

TOPICS = """
cats|dogs|the sea|love|winter|spring|the moon|space|black holes|climate change|democracy|the french revolution|world war two|the roman empire|ancient egypt|photosynthesis|gravity|quantum physics|relativity|evolution|dna|vaccines|the heart|the brain|sleep|coffee|tea|chocolate|pasta|bread|wine|football|tennis|chess|music|jazz|opera|mozart|beethoven|shakespeare|hamlet|picasso|the beatles|swift|python|rust|javascript|linux|git|docker|databases|sql|recursion|pointers|closures|machine learning|neural networks|transformers|bitcoin|inflation|taxes|the stock market|marketing|a startup|my boss|my mother|a friend|a wedding|a birthday|a job interview|a cover letter|a resume|a holiday|a trip to rome|japan|france|brazil|canada|the amazon|mount everest|the sahara|the ocean|whales|dinosaurs|volcanoes|earthquakes|the weather|robots|the future|time travel|happiness|friendship|courage|freedom|justice|philosophy|plato|kant|stoicism|buddhism|yoga|running|weight loss|a healthy diet|headaches|a cold|gardening|roses|tomatoes|cooking|a lasagna|pancakes|an omelette|a cake|a dragon|a knight|a lost robot|a haunted house|two brothers|an old sailor|regular expressions|sorting algorithms|binary trees|hash tables|big o notation|unit tests|microservices|kubernetes|the internet|http|tcp|encryption|passwords|privacy|electric cars|trains|planes|bridges|architecture|design|color theory|photography|films|star wars|harry potter|books|poetry|languages|grammar|etymology
""".replace("\n", "").split("|")
PLACES = "peru|france|germany|japan|italy|spain|brazil|canada|australia|india|china|egypt|kenya|norway|sweden|poland|portugal|greece|turkey|mexico|argentina|chile|cuba|texas|london|paris|berlin|tokyo|rome|madrid|new york|moscow|cairo|oslo|vienna|lisbon|dublin|boston|chicago|seattle".split("|")
TONGUES = "french|german|spanish|italian|japanese|chinese|russian|latin|greek|portuguese|dutch|polish|swedish|english|korean|arabic|turkish|hindi|esperanto".split("|")
CODE = "python|swift|c|rust|javascript|java|go|bash|sql|ruby|haskell|typescript|html|kotlin|perl|lua".split("|")
PEOPLE = "einstein|newton|napoleon|cleopatra|lincoln|gandhi|marie curie|darwin|bach|van gogh|elvis|shakespeare|julius caesar|columbus|da vinci|tesla|turing|ada lovelace|plato|obama|the queen|the pope|the president|beethoven|picasso|galileo|churchill|mandela".split("|")
THINGS = "a poem|a story|a haiku|a song|a limerick|an essay|a letter|an email|a tweet|a blog post|a speech|a joke|a riddle|a summary|a report|a review|a recipe|a plan|a workout plan|a shopping list|a business plan|a slogan|a headline|a dialogue|a short story|a fairy tale|a rap|a sonnet|a script|a press release|a product description|a cover letter|a toast|a quiz|a lesson plan|a love letter|an apology|a complaint|an outline|an article|lyrics|a paragraph|a bedtime story|a motivational quote|a tongue twister".split("|")
PROGRAMS = "a web server|a calculator|a todo app|a chat bot|a game|snake|tetris|a parser|a compiler|a linked list|a binary search|a sorting function|fibonacci|a prime sieve|a regex for email|a function that reverses a string|a function that adds two numbers|a unit test|a class for accounts|a website|a login form|a script that renames files|a loop|a script to count lines|a program that prints hello world|a dockerfile|a makefile|an api|a database schema|a query for all users|a crawler".split("|")

OTHER = """
[write|compose|draft|make up|create|generate|invent] {thing} about {topic}|[write|compose|draft|give me|tell me|i want|make] {thing}|write {thing} for {topic}|[write|tell] me {thing} about {topic}|{thing} about {topic}|[write|give me] a [short|long|funny|sad|nice|rhyming|scary] [story|poem|text|song|joke] about {topic}|i need {thing} about {topic}|can you write {thing} about {topic}
[explain|describe|define|summarize|discuss|teach me|outline] {topic}|explain {topic} [to me|to a child|in simple words|like i am five|in one sentence|briefly|in detail]|what is {topic}|what are {topic}|what do you [think of|know about|think about] {topic}|tell me [about|something about|everything about|more about|a fact about|a joke about] {topic}|why is {topic} [important|so popular|interesting|hard]|how does {topic} work|how do {topic} work|what is the [history|meaning|point|future|origin|purpose] of {topic}|give me [five|three|ten|some] [facts|tips|ideas|books|quotes|questions] about {topic}|who invented {topic}|when was {topic} invented|where does {topic} come from|how can i learn {topic}|how do i get better at {topic}|compare {topic} [and|with] {topic2}|what is the difference between {topic} and {topic2}|is {topic} better than {topic2}|{topic} or {topic2}|pros and cons of {topic}|what is better, {topic} or {topic2}
translate {word} [to|into] {tongue}|translate "{phrase}" [to|into] {tongue}|how do you say {word} in {tongue}|how do you say "{phrase}" in {tongue}|what is {word} in {tongue}|say {word} in {tongue}|what is the {tongue} word for {word}|translate this to {tongue}: {phrase}|what does {word} mean in {tongue}|write a letter in {tongue}|speak {tongue}|answer in {tongue}|can you speak {tongue}|teach me {tongue}
what is the capital of {place}|what's the capital of {place}|capital of {place}|how many people live in {place}|what is the population of {place}|where is {place}|how far is {place} from {place2}|how do i get to {place}|what is the weather in {place}|what's the weather like in {place}|will it rain in {place} tomorrow|weather in {place}|what time is it in {place}|what language do they speak in {place}|what currency is used in {place}|who is the president of {place}|what is the best restaurant in {place}|book a [flight|hotel|table] [to|in] {place}|find me a [flight|hotel|job|flat] in {place}|plan a trip to {place}|what should i see in {place}|is {place} a country|which countries border {place}|tell me about {place}|what is {place} famous for|how big is {place}|what is the biggest city in {place}
who is {person}|who was {person}|when was {person} born|when did {person} die|where was {person} born|what did {person} do|how old is {person}|what is {person} famous for|write a biography of {person}|tell me about {person}|quote {person}|what would {person} say|who killed {person}|was {person} a good person|talk like {person}
write {program} in {code}|write {program}|[implement|code|build|create|program] {program} in {code}|how do i write {program} in {code}|[implement|code|build] {program}|show me {program} in {code}|give me the code for {program}|fix this {code} code|debug my {code} code|why does my {code} code crash|explain this {code} code|refactor {f}|optimize {f}|review {f}|convert this {code} code to {code2}|what is wrong with my code|how do i install {code}|what is the best way to learn {code}|is {code} faster than {code2}|port {f} to {code}|fix the bug in {f}|write tests for {f}|document {f}|format {f}|compile {f}|run {f}|execute {f}|lint {f}
delete {f}|delete the file {f}|remove {f}|remove the file {f}|rename {f} to {f2}|move {f} to {f2}|copy {f} to {f2}|create [a file called|the file|a new file named|] {f}|make a folder called {d}|create the folder {d}|write "{phrase}" [to|into] {f}|append a line to {f}|add "{phrase}" to {f}|edit {f}|change {word} to {word2} in {f}|replace {word} with {word2} in {f}|summarize {f}|summarise the file {f}|translate {f} to {tongue}|explain {f}|what is {f} about|compress {f}|zip {d}|download {f}|upload {f}|email {f} to me|print {f} on paper|how old is {f}|who wrote {f}|when was {f} changed|how big is {f} in bytes|is {f} empty|compare {f} and {f2}|merge {f} and {f2}|encrypt {f}|make {f} executable|sort the lines of {f}|remove duplicate lines from {f}|fix the spelling in {f}|commit {f}|what does the code in {f} do|touch {f}|chmod {f}|diff {f} {f2}|convert {f} to pdf
what does {word} mean|define {word}|what is the meaning of {word}|what is a {word}|what is the definition of {word}|use {word} in a sentence|what rhymes with {word}|give me [a synonym|synonyms|an antonym|the opposite|the plural] [for|of] {word}|what is the [opposite|plural|origin|past tense|synonym|etymology] of {word}|how do you pronounce {word}|is {word} a [noun|verb|real word|palindrome]|spell check {word}|correct the spelling of {word}|guess my word|make an anagram of {word}|find an anagram of {word}|make a crossword with {word}|shuffle the letters of {word}|how many vowels are in {word}|count the vowels in {word}|count the syllables of {word}|replace a with b in {word}|remove the vowels from {word}|repeat {word} five times|encode {word} in base64|what is the md5 of {word}|encrypt {word}|what is the first letter of {word}|what is the last letter of {word}|join {word} and {word2}|is {word} longer than {word2}|paraphrase "{phrase}"|correct this sentence: {phrase}|complete the sentence: {phrase}|finish this: {phrase}|what comes after {word}|what does "{phrase}" mean|who said "{phrase}"|rewrite "{phrase}" politely|is "{phrase}" correct english
is {n} [prime|a prime number|even|odd|a perfect square|divisible by {n2}]|factor {n}|factorize {n}|what are the factors of {n}|what are the divisors of {n}|convert {n} to [binary|hex|hexadecimal|roman numerals|words]|convert {n} [miles|kilometers|pounds|dollars|celsius|inches|euros] to [km|kg|euros|fahrenheit|meters|yen]|how many [inches|feet|miles|seconds] are in {n} [meters|km|hours|days]|solve x + {n} = {n2}|solve for x: {n}x = {n2}|what is the integral of x^{n}|derive x squared|what is the derivative of x|what is the square root of {n}|what is the logarithm of {n}|what is the sine of {n}|round {n} to the nearest ten|pick a number between {n} and {n2}|give me a random number|roll a dice|flip a coin|what is pi|count to {n}|count from {n} to {n2}|is {n} bigger than {n2}|which is larger, {n} or {n2}|list the primes below {n}|what happened in {n}|in what year was {word} invented|what is the greatest common divisor of {n} and {n2}|what is the factorial of {n}|{n} factorial|the least common multiple of {n} and {n2}|write {n} in words|what is the {n}th prime|remember the number {n}|call {n}|what is {n} in roman numerals|plot x squared|draw a graph of x|prove that {n} is prime|what are the odds of {n} to {n2}|how much is {n} dollars in euros|how much is a [car|house|coffee]|how much does a {word} cost|how many people live on earth|how many [planets|countries|continents|bones|stars] are there|how many days are in a year|how long does it take to get to {place}|how long is the [nile|great wall|amazon]|how long do [cats|dogs|whales] live|how tall is mount everest|how many calories are in {topic}
what time is it|what day is it|what is the date today|what is today's date|what year is it|set [a timer|an alarm] for {n} minutes|remind me to {phrase}|remember that {phrase}|remember my name|my name is {name}|what is my name|do you remember me|what did i say before|save this note: {phrase}|what is the news|what's new|who won the game|what is the score|play [music|a song|a game]|play {topic}|sing a song|tell me a joke|make me laugh|another one|again|continue|go on|yes|no|maybe|ok|why|why not|how|when|where|really|cool|nice|wow|lol|stop|cancel|undo|exit|quit|sorry|never mind|what do you mean|i don't understand|are you sure|that is wrong|you are wrong|good job|i am bored|i am sad|i am hungry|i am tired|i love you|i hate you|do you love me|marry me|do you dream|do you have feelings|are you conscious|what is the meaning of life|is there a god|what should i do|what should i eat|what should i cook tonight|what should i wear|recommend a [book|movie|restaurant|song|game]|give me advice|should i quit my job|how do i get rich|how do i lose weight|how do i fix my [car|phone|computer|bike|sink]|how do i cook {topic}|how do i tie a tie|how to boil an egg
send an email to {name}|send a message to {name}|call {name}|text {name}|who is {name}|where is {name}|is {name} home|invite {name} to lunch|order a pizza|order {topic}|buy {topic}|buy me a {word}|turn [on|off] the [light|lights|tv|radio|heating|music]|open the [door|window|garage|app|calendar]|close the {word}|take a [photo|picture|screenshot]|draw a {word}|paint a {word}|show me a picture of {topic}|make an image of {topic}|generate an image of a {word}|search the web for {topic}|search for {topic}|google {topic}|look up {topic}|find [information|articles|a video] about {topic}|browse the internet|check my email|read my mail|what is on my calendar|schedule a meeting with {name}|post this on twitter|install {word}|update the system|restart the computer|shut down|connect to the server|deploy the app|hack the pentagon|mine bitcoin|format the disk|sudo rm -rf|ssh to the server|start a server|kill the process|git push|git commit|make a backup|make a website|train a model|what is the password|tell me a secret|who will win the election|predict the future|what are the lottery numbers|read my mind|analyze this data|make a chart|create a spreadsheet|make a table of {topic}|make a presentation about {topic}|proofread my essay|grade my homework|do my homework|help me with my homework|help me write {thing}|help me with {topic}|i want to learn {topic}|i need advice about {topic}|talk about {topic}|chat with me|let's talk|let's play a game|ask me a question|tell me a story|tell me something interesting|surprise me|{phrase}|{word}|{word} {word2}|{noise}
""".strip()


def _split(text):
    """Splits at bars outside of groups."""
    parts, depth, part = [], 0, ""
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == "|" and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += c
    return parts + [part]


OTHER_LINES = [_split(line) for line in OTHER.split("\n")]
# Lines of OTHER that are close to what nano can do.
CLOSE = OTHER_LINES[5:9]
PLAIN = _split("""delete {f}|remove {f}|rename {f} to {f2}|create {f}|create a file called {f}|make a new file {f}|edit {f}|fix {f}|fix the bug in {f}|run {f}|execute {f}|summarize {f}|move {f} to {d}|copy {f} to {d}|overwrite {f}|write to {f}|append to {f}|delete everything in {d}|remove the folder {d}|erase {f}|clear {f}|save {f}|download {f}|translate {f}|improve {f}
set an alarm for {n}|set an alarm for 7am|set a timer|wake me at {n}|remember that my {word} is {word2}|remember that {name} likes {topic}|remember {phrase}|what time is it|what is the time|what day is today|what is love|what is life|what is time|what is art|what is {topic}|what is a {word}|what does {word} mean|what is the capital of {place}|what's the capital of {place}|who won the world cup in {n}|who won in {n}|what happened in {n}|who is {person}
convert {n} miles to kilometers|convert {n} to binary|convert {n} dollars to euros|convert {n} celsius to fahrenheit|is {n} a prime number|is {n} prime|is {n} even|solve x + {n} = {n2}|solve x^2 - {n}x + {n2} = 0|solve the equation {n}x = {n2}|find x if x + {n} = {n2}|factor {n}|count the vowels in {word}|debate {topic}|debate the merits of {topic}|argue for {topic}|translate {word} to {tongue}|translate {phrase} into {tongue}|define {word}|spell {word} correctly|what rhymes with {word}""".replace("\n", "|"))
VERBS = "write compose explain describe translate summarize recommend plan imagine draw paint sing teach debug design optimize predict analyze review suggest name define generate create book order buy send email schedule cook build fix improve rate discuss argue paraphrase proofread simulate plot visualize classify rank rename merge decode invent illustrate animate record upload download install deploy publish".split()
OBJECTS = "me|this|it|that|something|everything|a {word}|the {word}|my {word}|an old {word}|some {word}|{topic}|{thing}|the best {word}|a list of {word}s|{place}|my day|our plan|the first {word}|three {word}s|a good {word} for {name}|{topic} and {topic2}|all about {topic}|a {word} for my {word2}".split("|")
QUESTIONS = "why|how|when|where|who|what|which {word}|should i|can i|does {name}|is the {word}|are {topic}|do {topic}|did {name}|will the {word}|would a {word}|could {name}|how come|since when|why does the {word}|where can i find a {word}|who is the {word}|what makes a {word}".split("|")
ENDINGS = "work|happen|exist|matter|sleep|{word}|the {word}|get better|taste good|run so fast|cost|come from|a {word} {word2}|go to {place}|like {topic}|need a {word}|so {word}|in {place}|with a {word}|for {name}|last so long|change|begin|end|need {topic}|eat {topic}|buy a {word}".split("|")


def slots(r):
    topics = r.sample(TOPICS, 2)
    n = r.randint(0, 10 ** r.randint(1, 5))
    return dict(
        topic=topics[0], topic2=topics[1], thing=r.choice(THINGS), place=words.cased(r, r.choice(PLACES), 0), place2=r.choice(PLACES).title(), tongue=r.choice([str.title, str])(r.choice(TONGUES)),
        person=r.choice([str.title, str])(r.choice(PEOPLE)), program=r.choice(PROGRAMS), code=r.choice(CODE), code2=r.choice(CODE), f=words.path(r), f2=words.path(r), d=words.folder(r),
        word=words.word(r), word2=words.word(r), phrase=words.phrase(r, 2, 6), n=n, n2=r.randint(0, 999), name=r.choice(words.FIRST_NAMES), noise=" ".join(words.token(r) for _ in range(r.randint(1, 3))))


def fill(template, values):
    """Slots within slots, such as the word in an object."""
    for _ in range(2):
        for key, value in values.items():
            template = template.replace("{" + key + "}", str(value))
    return template


QUESTION_WORDS = ("what", "who", "why", "how", "when", "where", "which", "is ", "are ", "do ", "does ", "did ", "can ", "was ", "will ", "should ")


def other(r):
    x = r.random()
    values = slots(r)
    if stage.number > 1 and r.random() < 0.45:
        template = r.choice(PLAIN) if r.random() < 0.5 else r.choice(r.choice(CLOSE))
    elif x < 0.72:
        template = r.choice(r.choice(OTHER_LINES))
    elif x < 0.86:
        template = r.choice(VERBS) + " " + r.choice(OBJECTS)
    else:
        template = r.choice(QUESTIONS) + " " + r.choice(ENDINGS)
    template = fill(expand(r, template), values)
    if len(template.split()) < 2:
        form = "b"
    else:
        form = "q" if template.startswith(QUESTION_WORDS) else r.choice("iib")
    for mark in "{}[]|":
        template = template.replace(mark, "")
    text = say(r, form, "{t}", t=template) if r.random() < 0.5 else say(r, form, template)
    return dict(task=text, tool=None, answer=OTHER_ANSWER)


def identity(r):
    template = r.choice(IDENTITY)
    x = r.random()
    form = "b" if x < 0.6 else "q" if template.startswith(QUESTION_WORDS) else "b"
    if x > 0.9:
        template = r.choice(["hello, ", "hi, ", "hey, ", "nano, ", "ok, ", "so ", "and ", "please, ", "excuse me, "]) + template
    text = say(r, form, template)
    if form == "b" and r.random() < 0.3:
        text += r.choice(["?", "!", "."]) if text[-1:].isalpha() else ""
    return dict(task=text, tool=None, answer=IDENTITY_ANSWER)
