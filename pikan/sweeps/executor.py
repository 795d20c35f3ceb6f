"""What makes the runs of a sweep: processes of this machine, or whatever else can."""

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

from pikan.sweeps.record import Job, Result

TRIES = 2
"""How often a run is started that fails or whose process dies."""


class JobEvent(NamedTuple):
    """Something that happened to a run, or a moment in which nothing did.

    `run` is None where there is nothing to tell but the time. `result` is None where the run
    starts; `attempts` counts its starts.
    """

    run: int | None = None
    result: Result | None = None
    attempts: int = 0


Executor = Callable[[Sequence[Job]], Generator[JobEvent, None, None]]
"""Makes runs in any order, and ends when each has a result.

An event comes at least every second or so. A run that fails or whose process dies is started once
more; its second failure is its result, and no failure ends the others. Closing the generator ends
what is running.
"""
