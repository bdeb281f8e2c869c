"""The stages of training: what the generator does differently as it goes on.

The first stage teaches the form and how to copy. The second draws more of what that left weak. The third, by far the
longest in its effect, has pages short enough for most rows and fewer slips of the finger.
"""

SECOND_FROM, THIRD_FROM = 2400, 3350
# The stage of what is drawn; evaluation draws as the last stage does.
number = 3


def enter(step):
    """Sets the stage of a step."""
    global number
    number = 1 + (step >= SECOND_FROM) + (step >= THIRD_FROM)


def light(step):
    """How often a step has few tools and so a short prefix."""
    return 0.85 if step < 1800 else 0.0 if step < SECOND_FROM else 0.5


def is_apart():
    """Whether what stands in quotation marks is tokenised by itself where the assistant writes it, as the user's word
    was: a mark at its end never joins with the quotation mark."""
    return number > 1
