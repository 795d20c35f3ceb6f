"""Parts of messages: lists of words, and the closest of several."""

from collections.abc import Iterable
from difflib import get_close_matches

# A sentence that lists more than this is read by nobody.
MOST_LISTED = 40


def printable(text: str) -> str:
    r"""A text in one line, without characters that rule a terminal.

    >>> printable("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def word_list(words: Iterable[str]) -> str:
    """Words as a sentence lists them: `x, y and t`; `none` for none, and not all of very many."""
    found = tuple(words) or ("none",)
    if len(found) > MOST_LISTED:
        found = (*found[:MOST_LISTED], f"{len(found) - MOST_LISTED} others")
    *head, last = found
    return f"{', '.join(head)} and {last}" if head else last


def there_are(noun: str, words: Iterable[str]) -> str:
    """A clause that lists what there is.

    >>> there_are("unknown", ["u"]), there_are("unknown", ["u", "v"])
    ('the unknown is u', 'the unknowns are u and v')
    """
    known = tuple(words)
    return f"the {noun} is {known[0]}" if len(known) == 1 else f"the {noun}s are {word_list(known)}"


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A clause that names the choice closest to a misspelt word; empty if none is close.

    >>> did_you_mean("equation", ["equations", "domain"])
    "; did you mean 'equations'?"
    """
    near = closest(word, choices)
    return "" if near is None else f"; did you mean '{near}'?"


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The choice closest to a misspelt word, None if none is close."""
    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return close[0] if close else None
