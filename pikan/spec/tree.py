"""YAML text to a tree whose every value knows where it was written.

Scalars are read as YAML 1.2 says: `1e-3` is a number; `on`, `no` and `yes` are words. PyYAML alone
reads YAML 1.1, and keeps the last of two equal keys silently. What a problem file never needs is
refused: aliases (they can explode), tags (they can construct objects), several documents.

Source: YAML 1.2.2, section 10.3.2 (core schema).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import final
from unicodedata import category

import yaml
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from pikan.spec.faults import Check, Fault, Keys, Place

Scalar = str | int | float | bool | None
Plain = Scalar | tuple[object, ...] | Mapping[str, object]
"""A value without its place; what lists and mappings hold is `Plain` again."""

DEPTH = 12
EVENTS = 20_000
_WORDS: Mapping[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
# Whole numbers with more digits than any float has are floats.
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_BASED = re.compile(r"0o[0-7]{1,60}|0x[0-9a-fA-F]{1,60}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")


@dataclass(frozen=True)
class Node:
    """A value and its place: a scalar, a list of nodes, or a mapping to nodes."""

    value: "Scalar | tuple[Node, ...] | Mapping[str, Node]"
    place: Place


@final
class _RefusedError(Exception):
    """Reading cannot go on after this fault; never seen outside this file."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def compose(text: str, place: Place) -> Check[Node | None]:
    """The tree of a YAML text, None where the text is no YAML.

    `place` is where the text starts; its lines are counted on from there. All of a text without
    lines, such as that of a flag, is in line 0.
    """
    try:
        events = _limit_events(yaml.parse(text, Loader=yaml.SafeLoader), place)
        top = yield from _Composer(events, place).document()
        if top is None:
            yield Fault(place, "is empty; `pikan new` writes a file to start from")
        return top
    except _RefusedError as refused:
        yield refused.fault
    except MarkedYAMLError as error:
        yield _unreadable(error, place)
    except ReaderError as error:
        line = text.count("\n", 0, error.position)
        message = f"the character U+{ord(text[error.position]):04X} is no text; take it out"
        yield Fault(_below(place, line), message)
    except (ValueError, OverflowError):
        # PyYAML lets what Python says of "\UFFFFFFFF" through.
        yield Fault(place, "an escape in double quotes is no character; write it out")
    return None


def _limit_events(events: Iterator[Event], place: Place) -> Iterator[Event]:
    """The events, as long as they are no more than a problem file can have."""
    for count, event in enumerate(events):
        if count > EVENTS:
            raise _RefusedError(Fault(place, f"holds more than {EVENTS} values; write fewer"))
        yield event


def _below(place: Place, lines: int) -> Place:
    return replace(place, line=place.line + lines) if place.line else place


def scalar(text: str) -> Scalar:
    """What a plain (unquoted) scalar stands for by the core schema of YAML 1.2.

    >>> [scalar(text) for text in ("1e-3", "12", "0x1F", "on", "1:30", "true", "~")]
    [0.001, 12, 31, 'on', '1:30', True, None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, base=0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def plain(node: Node) -> Plain:
    """The values of a tree alone: scalars, tuples and dictionaries."""
    match node.value:
        case tuple(items):
            return tuple(plain(item) for item in items)
        case Mapping() as entries:
            return {key: plain(entry) for key, entry in entries.items()}
        case value:
            return value


def places(node: Node, keys: Keys = ()) -> Iterator[tuple[Keys, Place]]:
    """The place of every value in a tree, by the way to it."""
    yield keys, node.place
    match node.value:
        case tuple(items):
            for index, item in enumerate(items):
                yield from places(item, (*keys, index))
        case Mapping() as entries:
            for key, entry in entries.items():
                yield from places(entry, (*keys, key))
        case _:
            pass


def at(place: Place, key: str | int) -> str:
    """The dotted key of an entry of what stands at a place, in characters that can be shown."""
    shown = "".join(filter(str.isprintable, str(key)))
    return f"{place.key}.{shown}".removeprefix(".")


@dataclass(frozen=True)
class _Composer:
    """The events of one YAML text, on their way to a tree."""

    events: Iterator[Event]
    start: Place

    def document(self) -> Check[Node | None]:
        """The one document of the text."""
        documents, top = 0, None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a second YAML document starts here; a file holds one problem"
                    raise _RefusedError(Fault(self._place(event, self.start.key), message))
                top = yield from self._node(next(self.events), self.start.key, 0)
        return top

    def _node(self, event: Event, key: str, depth: int) -> Check[Node]:
        place = self._place(event, key)
        if isinstance(event, AliasEvent):
            message = f"got the alias '*{event.anchor}'; write the value itself"
            raise _RefusedError(Fault(place, message))
        if depth > DEPTH:
            raise _RefusedError(Fault(place, f"lists and mappings nest deeper than {DEPTH}"))
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            yield Fault(place, f"got the tag '{tag}'; leave it out, values need no tags here")
        match event:
            case ScalarEvent(value=text, style=style):
                yield from _check_text(text, place)
                return Node(scalar(text) if style is None else text, place)
            case SequenceStartEvent():
                items: list[Node] = []
                while not isinstance(event := next(self.events), SequenceEndEvent):
                    items.append((yield from self._node(event, at(place, len(items)), depth + 1)))
                return Node(tuple(items), place)
            case _:
                return Node((yield from self._entries(place, depth)), place)

    def _entries(self, place: Place, depth: int) -> Check[dict[str, Node]]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                message = "a key is a single word here; text with braces in it needs quotes"
                raise _RefusedError(Fault(self._place(event, place.key), message))
            entry = self._place(event, at(place, event.value))
            node = yield from self._node(next(self.events), entry.key, depth + 1)
            unusable = tuple(check_key(event.value, entry))
            if unusable:
                yield from unusable
                continue
            if event.value in entries:
                first = entries[event.value].place.line
                yield Fault(entry, f"given twice, first in line {first}; keep one")
                continue
            # The line of the key: a value may start on the next one.
            entries[event.value] = Node(node.value, entry)
        return entries

    def _place(self, event: Event, key: str) -> Place:
        return replace(_below(self.start, event.start_mark.line), key=key)


def check_key(key: str, place: Place) -> Iterator[Fault]:
    """A key is text without angle brackets: those mark the choices in pydantic's locations."""
    yield from _check_text(key, place)
    if key.startswith("<"):
        yield Fault(place, "no key starts with '<'; leave the brackets out")


def _check_text(text: str, place: Place) -> Iterator[Fault]:
    """Escapes in quotes can smuggle in what no text holds, and what rules a terminal."""
    for character in dict.fromkeys(text):
        if category(character) in ("Cc", "Cs") and character not in "\n\t":
            message = f"the character U+{ord(character):04X} is no text; take it out"
            yield Fault(place, message)


def _unreadable(error: MarkedYAMLError, place: Place) -> Fault:
    problem = error.problem or error.context or "it cannot be read"
    here, opened = error.problem_mark, error.context_mark
    if opened is not None and "quoted scalar" in (error.context or ""):
        # The quotes are found open at the end of the text only; that is not where they went wrong.
        return Fault(_below(place, opened.line), "not YAML: quotes open here; close them")
    if opened is not None and "flow" in (error.context or ""):
        opening = _below(place, opened.line).line
        remedy = f"; see to the bracket that opens in line {opening}" if opening else ""
        problem += remedy or "; see to the brackets"
    line = here.line if here is not None else 0
    return Fault(_below(place, line), f"not YAML: {_in_words(problem)}")


def _in_words(problem: str) -> str:
    if r"'\t'" in problem:
        return "a tab stands where only spaces may; indent with spaces"
    if problem.startswith("found character '"):
        return f"{problem}; put the text in quotes"
    if "mapping values are not allowed here" in problem:
        return "a second ': ' in one line; put text that holds one in quotes"
    return problem if ";" in problem else f"{problem}; compare with what `pikan new` writes"
