"""Registry of bases: their words, and what is known of each before it is made.

The one list of all bases: a new one is a file of its own and a line here.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import inf
from typing import NamedTuple, final


@final
class BasisParameter(NamedTuple):
    """A number in parentheses behind a word, and what it is where they are left out."""

    name: str
    default: float
    above: float


@final
class BasisFamily(NamedTuple):
    """A kind of basis: its module and class, made from knots, a degree and the numbers.

    `cells` says that it has a grid of cells, `climbs` that its degree may rise as far as is wanted
    on points that are dense toward the ends of the interval.
    """

    module: str
    kind: str
    cells: bool = False
    climbs: bool = False
    numbers: tuple[BasisParameter, ...] = ()


FAMILIES: Mapping[str, BasisFamily] = {
    "bspline": BasisFamily("pikan.bases.bspline", "BSpline", cells=True),
    "chebyshev": BasisFamily("pikan.bases.chebyshev", "Chebyshev", climbs=True),
    "fourier": BasisFamily(
        "pikan.bases.fourier", "Fourier", numbers=(BasisParameter("periods", 1.0, above=0.0),)
    ),
    "hermite": BasisFamily("pikan.bases.hermite", "Hermite"),
    "jacobi": BasisFamily(
        "pikan.bases.jacobi",
        "Jacobi",
        climbs=True,
        numbers=(BasisParameter("alpha", 1.0, above=-1.0), BasisParameter("beta", 1.0, above=-1.0)),
    ),
    "legendre": BasisFamily("pikan.bases.legendre", "Legendre", climbs=True),
    "rbf": BasisFamily("pikan.bases.rbf", "RBF", cells=True),
}
"""The bases by their words. All have degree + 1 functions, and one more for each cell after one."""

SOLVER_FAMILIES: Mapping[str, BasisFamily] = {
    "elements": BasisFamily(
        "pikan.bases.elements",
        "Elements",
        cells=True,
        numbers=(BasisParameter("joined", 1.0, above=-1.0),),
    ),
}
"""Bases on cells that solvers choose: archives name them, problem files do not."""

ALL: Mapping[str, BasisFamily] = {**FAMILIES, **SOLVER_FAMILIES}
"""Both of these."""

PATTERN = rf"^({'|'.join(FAMILIES)})(\([^()]*\))?$"
"""What a word looks like in a problem file."""
_WORD = re.compile(rf"({'|'.join(ALL)})(\([^()]*\))?")


def parse(word: str, among: Mapping[str, BasisFamily] = FAMILIES) -> tuple[str, tuple[float, ...]]:
    """The name in a word and the numbers; ValueError with a sentence where there are no such.

    >>> parse("jacobi(0.5, -0.5)"), parse("jacobi")
    (('jacobi', (0.5, -0.5)), ('jacobi', (1.0, 1.0)))
    """
    name, parenthesis, rest = word.replace(" ", "").partition("(")
    if name not in among:
        close = get_close_matches(name, FAMILIES, n=1, cutoff=0.6)
        remedy = f"; did you mean '{close[0]}'?" if close else ""
        *most, last = FAMILIES
        raise ValueError(f"got '{word:.60}', needs {', '.join(most)} or {last}{remedy}")
    known = among[name].numbers
    if not parenthesis:
        return name, tuple(each.default for each in known)
    numbers = [_number(each) for each in rest.removesuffix(")").split(",")]
    fitting = _WORD.fullmatch(word.replace(" ", "")) and len(numbers) == len(known)
    if not fitting or not all(p.above < n < inf for p, n in zip(known, numbers, strict=True)):
        form = f"'{name}' without parentheses"
        if known:
            bounds = " and ".join(f"{each.name} above {each.above:g}" for each in known)
            form = f"{name}({', '.join(each.name for each in known)}) with numbers, {bounds}"
        raise ValueError(f"got '{word:.60}', needs {form}")
    return name, tuple(numbers)


def format_word(name: str, numbers: tuple[float, ...]) -> str:
    """The word for a basis, without parentheses where the numbers are the usual ones.

    >>> format_word("jacobi", (0.5, -0.5)), format_word("jacobi", (1.0, 1.0))
    ('jacobi(0.5, -0.5)', 'jacobi')
    """
    if numbers == tuple(each.default for each in ALL[name].numbers):
        return name
    return f"{name}({', '.join(repr(each).removesuffix('.0') for each in numbers)})"


def family(word: str, among: Mapping[str, BasisFamily] = FAMILIES) -> BasisFamily:
    """What there is to know of the basis that a word names."""
    return among[parse(word, among)[0]]


def families(words: str | tuple[str, ...] | None) -> tuple[BasisFamily, ...]:
    """The same for one word or several; none for None."""
    return tuple(family(word) for word in ((words,) if isinstance(words, str) else words or ()))


def _number(text: str) -> float:
    """The number that a text says; one that serves for nothing where it says none."""
    try:
        return float(text)
    except ValueError:
        return inf
