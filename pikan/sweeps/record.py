"""Job and record of a run of a sweep."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import final

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

    parameters: float = math.nan
    relative_l2: float = math.nan
    maximum: float = math.nan
    rmse: float = math.nan
    estimate: float = math.nan
    residual: float = math.nan
    loss: float = math.nan
    steps: float = math.nan
    seconds: float = math.nan
    training_seconds: float = math.nan


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


@final
class RecordError(ValueError):
    """A text is not the row of a run."""


def to_json(row: RunRecord) -> str:
    """The row as text; numbers that are not finite become null, which JSON has."""
    measures = {k: v if math.isfinite(v) else None for k, v in asdict(row.result.measures).items()}
    content = {
        "run": row.run,
        "values": row.values,
        "attempts": row.attempts,
        "outcome": row.result.outcome,
        "message": row.result.message,
        "measures": measures,
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> RunRecord:
    """The row that `to_json` wrote; null numbers become NaN. RowError where it is none."""
    try:
        match json.loads(text):
            case {
                "run": int(run),
                "values": list(values),
                "attempts": int(attempts),
                "outcome": str(outcome),
                "message": str(message),
                "measures": dict(measures),
            }:
                result = Result(outcome, message, measures_from(measures))
                return RunRecord(run, tuple(map(str, values)), attempts, result)
            case _:
                raise RecordError("this is no row of a sweep")
    except (ValueError, RecursionError) as error:
        raise RecordError(f"this is no row of a sweep ({error})") from None


def measures_from(numbers: Mapping[str, object]) -> Measures:
    """The measures with these names; what is None is NaN. RowError where one is no number."""
    found: dict[str, float] = {}
    for name in MEASURES:
        number = numbers.get(name)
        if isinstance(number, bool) or not isinstance(number, int | float | None):
            raise RecordError(f"'{name}' is {number!r} where a number belongs")
        found[name] = math.nan if number is None else float(number)
    return Measures(**found)
