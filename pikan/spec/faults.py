"""What is wrong with a problem file: every fault with its place, all raised together."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar, final

Keys = tuple[str | int, ...]
"""The way from the top of a file to one of its values: keys and positions in lists."""

# A sentence that lists more than this is read by nobody.
MOST_LISTED = 24

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a value was written: in a file or by a flag, in which line of it, under which key.

    A flag, and a file as a whole, have line 0.
    """

    source: str
    line: int
    key: str


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; its text says where, what was given and what would do."""

    place: Place
    message: str

    def __str__(self) -> str:
        line = f":{self.place.line}" if self.place.line else ""
        key = f" {self.place.key}:" if self.place.key else ""
        return shown(f"{self.place.source}{line}:{key} {self.message}")


Check = Generator[Fault, None, T]
"""A check yields the faults that it finds, and returns what it made of its input."""


@final
class SpecError(ValueError):
    """A problem file that cannot be used; `faults` has all that is wrong with it, line by line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.place.line))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True)
class Origin:
    """Where a spec came from: its file, its folder, and the place of every value.

    All origins are equal: where a spec was written is no part of what it says.
    """

    file: str = field(default="problem", compare=False)
    folder: Path = field(default=Path(), compare=False)
    places: Mapping[Keys, Place] = field(default_factory=dict[Keys, Place], compare=False)

    def place(self, keys: Keys) -> Place:
        """The place of a value, or of the nearest one around it that was written."""
        written = next((i for i in range(len(keys), 0, -1) if keys[:i] in self.places), 0)
        around = self.places.get(keys[:written], Place(self.file, 0, ""))
        key = ".".join([around.key, *map(str, keys[written:])]).removeprefix(".")
        return Place(around.source, around.line, key)

    def fault(self, keys: Keys, message: str) -> Fault:
        """A fault of the value at `keys`."""
        return Fault(self.place(keys), message)


def shown(text: str) -> str:
    r"""A text in one line, without characters that rule a terminal.

    >>> shown("red: \x1b[31m")
    'red: \\x1b[31m'
    """
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def listed(words: Iterable[str]) -> str:
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
    return f"the {noun} is {known[0]}" if len(known) == 1 else f"the {noun}s are {listed(known)}"


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
