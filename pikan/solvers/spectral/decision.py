"""The decision of p-refinement: what follows from what the levels so far show, as a table."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar, final


@final
class LevelState(Enum):
    """Where a refinement stands after a level."""

    AGREED = "two levels agree, and the higher one is accurate enough"
    UNSEEN = "something falls between the points of every level so far"
    ENDED = "higher degrees do not help"
    ROUGH = "levels agree while the equations are left with much, as beside kinks"
    RESOLVED = "the last coefficients are negligible, which one more level has to confirm"
    RISING = "the coefficients have not decayed along every axis"


@final
@dataclass(frozen=True)
class Evidence:
    """What the levels so far show.

    `agreeing`: the last two differ by no more than the accuracy, or than what tells of tails;
    `accurate`: the error estimate meets the accuracy, and the conditions bear it out; `resolved`:
    no coefficient is left to add; `rough`: more is left of an equation than resolving it leaves;
    `stagnant`: a level is no nearer to the one before than that was, although both are resolved;
    `restless`: several are far from each other, although each is resolved; `unseen`: an equation
    that holds at its own points is left with much between them.
    """

    agreeing: bool = False
    accurate: bool = False
    resolved: bool = False
    rough: bool = False
    stagnant: bool = False
    restless: bool = False
    unseen: bool = False


@final
class Limit(Enum):
    """Whether there may be a next level."""

    SUFFICIENT = "the level is accurate enough by itself"
    REACHED = "the next level would be too large, or outlast the time limit"
    NONE = "the next level may be solved"


@final
@dataclass(frozen=True)
class Cost:
    """What the next level costs.

    `dear`: a level is too dear for one more that only confirms; `late`: it would outlast the time
    limit; `large`: none with more coefficients is allowed; `sufficient`: without its highest
    degrees, and by what is left of its equations, the level is accurate enough.
    """

    dear: bool = False
    late: bool = False
    large: bool = False
    sufficient: bool = False


# The first row that holds is what follows.
STATES: tuple[tuple[LevelState, Callable[[Evidence], bool]], ...] = (
    (LevelState.AGREED, lambda e: e.agreeing and e.accurate and (e.resolved or e.stagnant)),
    (LevelState.UNSEEN, lambda e: e.unseen and (e.stagnant or e.restless)),
    (LevelState.ENDED, lambda e: e.stagnant or e.restless),
    (LevelState.ROUGH, lambda e: e.resolved and e.agreeing and e.rough),
    (LevelState.RESOLVED, lambda e: e.resolved),
    (LevelState.RISING, lambda _: True),
)
LIMITS: tuple[tuple[Limit, Callable[[Cost], bool]], ...] = (
    (Limit.SUFFICIENT, lambda c: c.sufficient and (c.dear or c.late or c.large)),
    (Limit.REACHED, lambda c: c.late or c.large),
    (Limit.NONE, lambda _: True),
)

Row = TypeVar("Row", LevelState, Limit)
Shown = TypeVar("Shown", Evidence, Cost)


def decide(table: tuple[tuple[Row, Callable[[Shown], bool]], ...], shown: Shown) -> Row:
    """What follows by the first row of a table that holds.

    >>> decide(STATES, Evidence(resolved=True, restless=True))
    <LevelState.ENDED: 'higher degrees do not help'>
    """
    return next(row for row, holds in table if holds(shown))
