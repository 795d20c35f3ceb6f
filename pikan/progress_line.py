"""The progress of a run on one line that is written again and again."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import monotonic

from pikan.monitor import Progress

# So often [s].
_EVERY = 0.2


@contextmanager
def progress_line(
    clock: Callable[[], float] = monotonic,
) -> Generator[Callable[[Progress], None]]:
    """Shows the stage that a run is in, in a terminal as in a notebook."""
    due, length, write = clock(), 0, sys.stderr.write

    def show(now: Progress) -> None:
        nonlocal due, length
        if clock() < due:
            return
        due = clock() + _EVERY
        line = words(now)
        write("\r" + line.ljust(length))
        length = len(line)

    yield show
    if length:
        write("\r" + " " * length + "\r")


def words(now: Progress) -> str:
    """The level and the stage, the step, the loss and the error where it is known.

    >>> words(Progress("degree 8", "gauss_newton", 3, 50, 1e-9, {}, None, 2.0, None))
    'degree 8: gauss_newton  step 3/50  loss 1.00e-09  2.0 s'
    """
    stage = f"{now.level}: {now.stage}" if now.level else now.stage
    error = "" if now.error is None else f"  error {now.error:.1e}"
    return f"{stage}  step {now.step}/{now.steps}  loss {now.loss:.2e}{error}  {now.seconds:.1f} s"
