"""A process that makes one run after the other, and imports what that takes only once.

Nothing slow is imported here before the process knows how many threads it may use.
"""

import os
import signal
from importlib import import_module
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread

from pikan.files.atomic import FULL
from pikan.sweeps.record import FAILED, UNWRITTEN, Job, Result


def serve(line: Connection, threads: int) -> None:
    """Answers each task with None when it begins, and with its result; ends when None comes."""
    # Ctrl-C reaches every process of a terminal; the sweep alone decides what comes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_the_sweep, daemon=True).start()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    # Before the first run begins, so that no run's time holds it.
    import_module("pikan.sweeps.job")
    while (task := line.recv()) is not None:
        line.send(None)
        line.send(answer(task, threads))


def answer(task: Job, threads: int, limit: float | None = None) -> Result:
    """What comes of a run with so many threads; of a failure its reason.

    After `limit` [s] it ends at its next step; None where somebody else sees to that.
    """
    try:
        from pikan.sweeps.job import prepare, work

        prepare(threads)
        return work(task, limit)
    except Exception as error:  # noqa: BLE001  whatever it was, it is this run's and no other's
        if isinstance(error, OSError) and error.errno in FULL:
            return Result(UNWRITTEN, f"{error.filename}: {error.strerror}")
        return Result(FAILED, reason(error))


def reason(error: Exception) -> str:
    """An exception in one line.

    >>> reason(ValueError("got 0,  needs 1"))
    'ValueError: got 0, needs 1'
    """
    return " ".join(f"{type(error).__name__}: {error}".split())


def _end_with_the_sweep() -> None:
    """A run that nobody waits for any more would only stand in the way of the next sweep."""
    sweep = parent_process()
    assert sweep is not None
    wait([sweep.sentinel])
    os._exit(1)
