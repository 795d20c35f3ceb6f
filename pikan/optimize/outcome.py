"""Outcome of a run or of a stage, and what else solves its problem."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from pikan.files.json_text import Real

Kind = Literal["converged", "finished", "stalled", "out of budget", "diverged", "interrupted"]
"""Finished is a schedule by hand that has come to its end, whatever the error is then."""


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run in one word, with the sentence that says what to change.

    Failure to converge is a result like any other, not an exception.
    """

    kind: Kind
    message: str


@final
@dataclass(frozen=True, slots=True)
class Alternative:
    """Another solution of the same problem, by what it can be recognized.

    `size` is the root mean square of each unknown, `middle` its value in the middle of the domain,
    `distance` the relative L2 difference from the solution taken, absolute if that is zero.
    """

    size: Mapping[str, Real]
    middle: Mapping[str, Real]
    distance: Real
