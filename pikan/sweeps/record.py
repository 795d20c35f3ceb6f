"""Job and record of a run of a sweep."""

import math
from dataclasses import dataclass, fields
from typing import final

from pikan.files.json_text import Real
from pikan.spec.tree import scalar

FAILED, KILLED, LATE = "failed", "killed", "out of time"
"""Ends of a run that leaves no solution: an exception, a dead process, the budget of a run."""
UNWRITTEN = "not written"
"""The end of a run for which there was no room on the disk: that is no result of the run."""
# What a network is worth that diverged is no point of a law either.
_FAILURES = (FAILED, KILLED, LATE, "diverged")


@final
@dataclass(frozen=True)
class Job:
    """One run to be made: the text of its problem file, and where it belongs.

    `source` is what its faults call the file, `beside` the folder of its data files, `folder` where
    its results go.
    """

    run: int
    spec: str
    source: str
    beside: str
    folder: str


@final
@dataclass(frozen=True)
class Measures:
    """A run in numbers, NaN where there is none; of several unknowns the worst counts.

    `residual` is the largest root mean square of a block; `seconds` are all of the run, and
    `training_seconds` its training [s].
    """

    parameters: Real = math.nan
    relative_l2: Real = math.nan
    maximum: Real = math.nan
    rmse: Real = math.nan
    estimate: Real = math.nan
    residual: Real = math.nan
    loss: Real = math.nan
    steps: Real = math.nan
    seconds: Real = math.nan
    training_seconds: Real = math.nan


MEASURES = tuple(field.name for field in fields(Measures))


@final
@dataclass(frozen=True)
class Result:
    """How a run ended, in one word and a sentence, and its numbers."""

    outcome: str
    message: str
    measures: Measures = Measures()

    @property
    def is_failure(self) -> bool:
        """Whether it is no point of a law."""
        return self.outcome in _FAILURES


def late(limit: float) -> Result:
    """The result of a run that took longer than it may [s]."""
    return Result(LATE, f"the run took longer than its budget of {limit:g} s")


@final
@dataclass(frozen=True)
class RunRecord:
    """A line of the table: a run's number, its values of the changed keys, and how it ended."""

    run: int
    values: tuple[str, ...]
    attempts: int
    result: Result


def number(text: str) -> float:
    """The number that a value of a key is, NaN where it is none.

    >>> number("16"), number("1e-3"), number("chebyshev")
    (16.0, 0.001, nan)
    """
    value = scalar(text)
    return math.nan if isinstance(value, bool | str | None) else float(value)
