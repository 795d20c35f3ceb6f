"""The folder of a sweep: which sweep it belongs to, and what is done of it."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal, final

from pikan import __version__
from pikan.expression.wording import word_list
from pikan.files.atomic import check_room, write_text
from pikan.files.json_text import JSONError, from_json, to_json
from pikan.files.lock import folder_lock
from pikan.storage.folder import others
from pikan.sweeps.plan import SweepPlan, Variant
from pikan.sweeps.record import Job, RunRecord


@final
class FolderError(ValueError):
    """A folder belongs to another sweep."""


def place(folder: Path, run: int) -> Path:
    """The folder of one run."""
    return folder / "runs" / f"{run:04d}"


@contextmanager
def sweep_lock(folder: Path, plan: SweepPlan) -> Generator[None]:
    """Inside, the folder is this sweep's alone.

    FolderError where it is another's, BlockingIOError where another process is at work in it.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder}: this is a file; name a folder for the results")
    with folder_lock(folder):
        check_room(folder)
        _check(folder, plan)
        yield


@final
@dataclass(frozen=True)
class Manifest:
    """All that the results of a sweep depend on; laws and budgets may change."""

    schema: Literal[1]
    pikan: str
    keys: tuple[str, ...]
    runs: tuple[Variant, ...]


def _check(folder: Path, plan: SweepPlan) -> None:
    file, own = folder / "sweep.json", Manifest(1, __version__, plan.keys, plan.variants)
    try:
        before = from_json(_text(file), Manifest)
    except FileNotFoundError:
        if names := others(folder):
            message = f"holds what is no sweep of pikan's ({', '.join(names[:3])})"
            raise FolderError(f"{folder}: {message}; take another folder with --out") from None
        write_text(file, to_json(own, indent=1))
        return
    except (OSError, ValueError) as error:
        raise FolderError(f"{file}: cannot be read ({error}); take another folder") from None
    if before != own:
        change = "; ".join(_changes(before, own))
        raise FolderError(
            f"{folder}: holds another sweep: {change}. Take another folder with --out, or remove "
            "this one to start anew"
        )


def _changes(before: Manifest, now: Manifest) -> Generator[str]:
    """What differs between two sweeps, in words."""
    if before.pikan != now.pikan:
        yield f"it was made by pikan {before.pikan}, this is {now.pikan}"
    if before.keys != now.keys:
        yield f"its changed keys are {word_list(before.keys)}, those now {word_list(now.keys)}"
        return
    old, new = ({one.values: one.spec for one in each.runs} for each in (before, now))
    for words, missing in (("new", new.keys() - old.keys()), ("gone", old.keys() - new.keys())):
        if missing:
            some = ", ".join(map(" ".join, sorted(missing)[:3]))
            yield f"{run_count(len(missing))} {words} ({some}{', ...' * (len(missing) > 3)})"
    both = [values for values in new if values in old]
    changed = [values for values in both if old[values] != new[values]]
    if changed:
        differences = _differences(old[changed[0]], new[changed[0]])
        yield f"{run_count(len(changed))} changed ({differences})"
    elif list(new) == both and list(old) != list(new):
        yield "the same runs are in another order"


def _differences(old: str, new: str) -> str:
    r"""The first line that differs, before and now.

    >>> _differences("a: 1\nseed: 0\n", "a: 1\nseed: 1\n")
    "'seed: 0' is now 'seed: 1'"
    """
    pairs = zip_longest(old.splitlines(), new.splitlines(), fillvalue="")
    first = next(((was, now) for was, now in pairs if was != now), ("", ""))
    return "'{}' is now '{}'".format(*(line.strip() for line in first))


def run_count(runs: int) -> str:
    """So many runs, as a sentence begins.

    >>> run_count(1), run_count(3)
    ('1 run is', '3 runs are')
    """
    return f"{runs} run is" if runs == 1 else f"{runs} runs are"


def done(folder: Path, plan: SweepPlan) -> dict[int, RunRecord]:
    """The rows of all runs that have ended, by their number."""
    found: dict[int, RunRecord] = {}
    for run, variant in enumerate(plan.variants):
        with suppress(FileNotFoundError, JSONError):
            row = from_json(_text(place(folder, run) / "row.json"), RunRecord)
            if row.run == run and row.values == variant.values:
                found[run] = row
    return found


def _text(file: Path) -> str:
    """What there is in a file; FileNotFoundError where a pipe or nothing has its name."""
    if not file.is_file():
        raise FileNotFoundError(file)
    return file.read_text(encoding="utf-8")


def keep(folder: Path, row: RunRecord) -> None:
    """Make it known that a run has ended; from then on it is never made again."""
    write_text(place(folder, row.run) / "row.json", to_json(row))


def task(folder: Path, plan: SweepPlan, run: int) -> Job:
    """A run that is to be made in a folder."""
    spec = plan.variants[run].spec
    return Job(run, spec, plan.source, str(plan.beside), str(place(folder, run)))
