"""A lock on a folder, so that two runs do not write over each other."""

import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def folder_lock(folder: Path) -> Generator[None]:
    """Inside, the folder is there and nobody else claims it; BlockingIOError where somebody has.

    After a failure all that was made for it goes again, unless something lies in it by then. The
    claim ends with the process, however that ends. Where the system has no such locks, as on
    Windows and on some servers of files, nothing is claimed.
    """
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    with ExitStack() as claim:
        folder.mkdir(parents=True, exist_ok=True)
        if sys.platform != "win32":
            while not _claim(folder, claim):
                folder.mkdir(parents=True, exist_ok=True)
        try:
            yield
        except BaseException:
            for place in new:
                if not any(place.iterdir()):
                    place.rmdir()
            raise


def _claim(folder: Path, claim: ExitStack) -> bool:
    """Whether the folder is claimed now; it is not if another one has just taken its place."""
    import fcntl

    try:
        opened = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False
    claim.callback(os.close, opened)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        message = "a run is at work in it; wait for its end, or take another folder with --out"
        raise BlockingIOError(fault.errno, message, str(folder)) from None
    except OSError:
        # The system has no such locks here: nothing is claimed.
        return True
    return folder.exists() and os.path.samestat(os.fstat(opened), folder.stat())
