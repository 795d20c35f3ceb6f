"""The folder of a run: what is in it, and how that makes room for another run."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from errno import EBUSY, EEXIST
from itertools import count
from pathlib import Path
from typing import Literal, NamedTuple
from warnings import warn

from pikan.references.data import KEPT
from pikan.references.observations import KEPT as OBSERVED
from pikan.report.report import FUNCTIONS, HISTORY, PAGE, PICTURE
from pikan.storage.checkpoint import has_checkpoint
from pikan.storage.file import FILE, ArchiveError, clear_drafts, get_text, reading

# The report and the resolved problem file of a run, beside its archive.
REPORT, RESOLVED = "report.json", "problem.yaml"
FILES = (FILE, REPORT, RESOLVED, KEPT, OBSERVED, PAGE, PICTURE, HISTORY, FUNCTIONS)
"""All that a run leaves in its folder."""
# What systems put into a folder that somebody looks at.
_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")


class Content(NamedTuple):
    """What is in a folder, and whether it is of the same problem, settings and data as a run."""

    kind: Literal["nothing", "a result", "an interrupted run", "other files"]
    same: bool = False


def content(folder: Path, spec: str, data: Mapping[Path, bytes]) -> Content:
    """What is in a folder, seen from a run with this resolved problem file and these data."""
    if not folder.is_dir() or not others(folder):
        return Content("nothing")
    path = folder / FILE
    try:
        with reading(path) as file:
            interrupted = has_checkpoint(file)
            before = get_text(file, "spec")
    except ArchiveError:
        # An archive of an earlier version is a result as well, if all beside it is a run's.
        mine = path.is_file() and not others(folder, FILES)
        return Content("a result" if mine else "other files")
    same = before == spec and all(
        place.is_file() and place.read_bytes() == kept for place, kept in data.items()
    )
    return Content("an interrupted run" if interrupted else "a result", same)


def others(folder: Path, known: Sequence[str] = ()) -> list[str]:
    """The names in a folder but for those known, for what systems put there, and for drafts."""
    drafts = tuple(f".{name}." for name in FILES)
    names = sorted(place.name for place in folder.iterdir())
    return [one for one in names if one not in (*_SYSTEM, *known) and not one.startswith(drafts)]


def set_aside(folder: Path) -> Path:
    """Rename a folder to the first of NAME.1, NAME.2, ... that is free, and say to which.

    OSError where that cannot be, and nothing is changed then.
    """
    if Path.cwd().is_relative_to(folder.resolve()):
        raise OSError(EBUSY, "it is the folder that this command runs in", str(folder))
    for number in count(1):
        place = folder.with_name(f"{folder.name}.{number}")
        # Whoever makes a folder has it for itself, whatever others do at the same moment.
        with suppress(FileExistsError):
            place.mkdir()
            try:
                move(folder, place)
            except OSError:
                place.rmdir()
                raise
            return place
    raise AssertionError("there is always a free number")


def move(folder: Path, place: Path) -> None:
    """Rename a folder to that of an empty one."""
    if sys.platform == "win32":
        # Elsewhere the empty one is replaced in one step [POSIX rename(2)].
        place.rmdir()
    folder.rename(place)


def discard(folder: Path) -> None:
    """Remove a folder in which there is nothing but what a run has left."""
    if not others(folder, FILES):
        shutil.rmtree(folder)


def clear_halves(folder: Path) -> None:
    """Remove what a process that was killed while it left a solution has half written."""
    for name in FILES:
        clear_drafts(folder / name)


def clear_results(folder: Path) -> None:
    """Remove what a solution has left beside its archive and its data."""
    for name in FILES:
        if name not in (FILE, KEPT):
            (folder / name).unlink(missing_ok=True)


def make_room(folder: Path, spec: str, data: Mapping[Path, bytes]) -> None:
    """Set aside what another run has left in a folder; FileExistsError for a file of others."""
    found = content(folder, spec, data)
    if found.kind == "other files":
        for path in (folder / name for name in FILES):
            if path.exists():
                raise FileExistsError(
                    EEXIST, "this is no run's file; take another folder", str(path)
                )
    elif found.kind != "nothing" and not found.same:
        aside = set_aside(folder)
        warn(f"{folder}: held {found.kind} of other settings, which is now {aside}", stacklevel=4)
