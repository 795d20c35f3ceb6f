"""The words that choose a basis, and what there is to know of each before it is made.

The one list of all bases: a new one is a file of its own and a line here.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import inf
from typing import NamedTuple, final


@final
class Extra(NamedTuple):
    """A number in parentheses behind a word, and what it is where they are left out."""

    name: str
    default: float
    above: float


@final
class Family(NamedTuple):
    """A kind of basis: its module and class, made from knots, a degree and the numbers.

    `cells` says that it has a grid of cells, `climbs` that its degree may rise as far as is wanted
    on points that are dense toward the ends of the interval.
    """

    module: str
    kind: str
    cells: bool = False
    climbs: bool = False
    numbers: tuple[Extra, ...] = ()


FAMILIES: Mapping[str, Family] = {
    "bspline": Family("pikan.bases.bspline", "BSpline", cells=True),
    "chebyshev": Family("pikan.bases.chebyshev", "Chebyshev", climbs=True),
    "fourier": Family(
        "pikan.bases.fourier", "Fourier", numbers=(Extra("periods", 1.0, above=0.0),)
    ),
    "hermite": Family("pikan.bases.hermite", "Hermite"),
    "jacobi": Family(
        "pikan.bases.jacobi",
        "Jacobi",
        climbs=True,
        numbers=(Extra("alpha", 1.0, above=-1.0), Extra("beta", 1.0, above=-1.0)),
    ),
    "legendre": Family("pikan.bases.legendre", "Legendre", climbs=True),
    "rbf": Family("pikan.bases.rbf", "RBF", cells=True),
}
"""The bases by their words. All have degree + 1 functions, and one more for each cell after one."""

PATTERN = rf"^({'|'.join(FAMILIES)})(\([^()]*\))?$"
"""What a word looks like."""


def parsed(word: str) -> tuple[str, tuple[float, ...]]:
    """The name in a word and the numbers; ValueError with a sentence where there are no such.

    >>> parsed("jacobi(0.5, -0.5)"), parsed("jacobi")
    (('jacobi', (0.5, -0.5)), ('jacobi', (1.0, 1.0)))
    """
    name, parenthesis, rest = word.replace(" ", "").partition("(")
    if name not in FAMILIES:
        close = get_close_matches(name, FAMILIES, n=1, cutoff=0.6)
        remedy = f"; did you mean '{close[0]}'?" if close else ""
        *most, last = FAMILIES
        raise ValueError(f"got '{word:.60}', needs {', '.join(most)} or {last}{remedy}")
    known = FAMILIES[name].numbers
    if not parenthesis:
        return name, tuple(each.default for each in known)
    numbers = [_number(each) for each in rest.removesuffix(")").split(",")]
    fitting = re.fullmatch(PATTERN, word.replace(" ", "")) and len(numbers) == len(known)
    if not fitting or not all(p.above < n < inf for p, n in zip(known, numbers, strict=True)):
        raise ValueError(f"got '{word:.60}', needs {_form(name)}")
    return name, tuple(numbers)


def written(name: str, numbers: tuple[float, ...]) -> str:
    """The word for a basis, without parentheses where the numbers are the usual ones.

    >>> written("jacobi", (0.5, -0.5)), written("jacobi", (1.0, 1.0))
    ('jacobi(0.5, -0.5)', 'jacobi')
    """
    if numbers == tuple(each.default for each in FAMILIES[name].numbers):
        return name
    return f"{name}({', '.join(repr(each).removesuffix('.0') for each in numbers)})"


def family(word: str) -> Family:
    """What there is to know of the basis that a word names."""
    return FAMILIES[parsed(word)[0]]


def families(words: str | tuple[str, ...] | None) -> tuple[Family, ...]:
    """The same for one word or several; none for None."""
    return tuple(family(word) for word in ((words,) if isinstance(words, str) else words or ()))


def _number(text: str) -> float:
    """The number that a text says; one that serves for nothing where it says none."""
    try:
        return float(text)
    except ValueError:
        return inf


def _form(name: str) -> str:
    known = FAMILIES[name].numbers
    if not known:
        return f"'{name}' without parentheses"
    bounds = " and ".join(f"{each.name} above {each.above:g}" for each in known)
    return f"{name}({', '.join(each.name for each in known)}) with numbers, {bounds}"
