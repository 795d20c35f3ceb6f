"""How a run or one of its stages ended."""

from dataclasses import dataclass
from typing import Literal, final

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
