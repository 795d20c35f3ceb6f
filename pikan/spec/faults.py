"""What is wrong with a problem file: every fault with its place, all raised together."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, final

from pikan.expression.wording import printable

Keys = tuple[str | int, ...]
"""The way from the top of a file to one of its values: keys and positions in lists."""


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
        return printable(f"{self.place.source}{line}:{key} {self.message}")


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

    def faults(self, keys: Keys, messages: Iterable[str]) -> Iterator[Fault]:
        """All that is wrong with the value at `keys`."""
        return (self.fault(keys, message) for message in messages)
