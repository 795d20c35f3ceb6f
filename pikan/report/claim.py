"""A folder for one process at a time, so that two runs do not write over each other."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def claimed(folder: Path) -> Generator[None]:
    """Inside, nobody else claims the folder; BlockingIOError where somebody has.

    The claim ends with the process, however that ends. Where the system has no such locks, as on
    Windows and on some servers of files, nothing is claimed.
    """
    if sys.platform == "win32":
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        _lock(opened, folder)
        yield
    finally:
        os.close(opened)


def _lock(opened: int, folder: Path) -> None:
    import fcntl

    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        message = "a run is at work in it; wait for its end, or take another folder with --out"
        raise BlockingIOError(fault.errno, message, str(folder)) from None
    except OSError:
        return
