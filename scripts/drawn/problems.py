"""Problem files drawn at random whose solutions are known.

A solution is drawn first; put through the left-hand sides of equations and conditions, it gives
their right-hand sides. What comes out is the text of a problem file like any other.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

from drawn.kinds import KINDS, SHARES, Statement
from drawn.solutions import rounded
from pikan.expression.differentiate import differentiate
from pikan.expression.parse import parse
from pikan.expression.tree import Expression, Number, fold, names, number_text, substitute, text

# Longer formulas are not read by pikan, and not by people either.
_LONGEST = 1500


class Manufactured(NamedTuple):
    """The text of a problem file, with the kind of problem and the character of its solution."""

    name: str
    kind: str
    character: str
    accuracy: float
    text: str


def manufactured(seed: int, number: int, limit: float) -> Manufactured:
    """The problem of a number; the same for the same seed. `limit` is its time limit [s]."""
    kind = _deck()[number % len(_deck())]
    for attempt in range(100):
        chance = Random(f"{seed} {number} {attempt}")
        statement = KINDS[kind](chance)
        asked = 10.0 ** chance.uniform(-12.0, -4.0)
        accuracy = rounded(max(asked, statement.hardest), 1)
        name = f"{kind}_{seed}_{number}".replace(" ", "_")
        lines = list(_lines(statement))
        if max(len(line) for line in lines) <= _LONGEST:
            settings = [f"name: {name}", f"accuracy: {accuracy:g}", f"time_limit: {limit:g}"]
            whole = "\n".join([*settings, *lines]) + "\n"
            return Manufactured(name, kind, statement.character, accuracy, whole)
    raise AssertionError(f"no short problem of kind {kind} was drawn")


def image(left: str, statement: Statement) -> Expression:
    """What the solution gives when it is put into a left-hand side."""
    space = [axis.name for axis in statement.axes if axis.name != "t"]
    for unknown in statement.solutions:
        expanded = " + ".join(f"{unknown}_{name}{name}" for name in space)
        left = left.replace(f"laplacian({unknown})", f"({expanded})")
    tree = parse(left)
    return fold(substitute(tree, dict(_partials(tree, statement.solutions))))


def _partials(tree: Expression, solutions: Mapping[str, str]) -> Iterator[tuple[str, Expression]]:
    for name in names(tree):
        unknown, _, along = name.partition("_")
        if unknown in solutions:
            derivative = parse(solutions[unknown])
            for coordinate in along:
                derivative = differentiate(derivative, coordinate)
            yield name, derivative


def written(statement: Statement) -> str:
    """The text of a problem file but for its settings."""
    return "\n".join(_lines(statement)) + "\n"


def _lines(statement: Statement) -> Iterator[str]:
    intervals = ", ".join(
        f"{axis.name}: [{number_text(axis.lower)}, {number_text(axis.upper)}]"
        for axis in statement.axes
    )
    yield f"domain: {{{intervals}}}"
    yield f"unknowns: [{', '.join(statement.solutions)}]"
    yield "equations:"
    for left in statement.equations:
        yield f"  - {left} = {text(image(left, statement))}"
    if statement.conditions or statement.periodic:
        yield "conditions:"
    for place, left in statement.conditions:
        values = {name: Number(value) for name, value in place.fixed}
        right = text(fold(substitute(image(left, statement), values)))
        yield f"  - where: {place.words()}"
        yield f"    that: {left} = {right}"
    for name in statement.periodic:
        yield f"  - periodic: {name}"
    yield "exact:"
    for unknown, formula in statement.solutions.items():
        yield f"  {unknown}: {formula}"


def _deck() -> tuple[str, ...]:
    """The kinds in the order in which they are dealt, over and over again."""
    cards = [kind for kind, count in zip(KINDS, SHARES, strict=True) for _ in range(count)]
    Random(0).shuffle(cards)
    return tuple(cards)
