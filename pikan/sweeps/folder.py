"""The folder of a sweep: which sweep it belongs to, and what is done of it."""

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from typing import final

from pikan import __version__
from pikan.expression.wording import word_list
from pikan.files.atomic import check_room, write_text
from pikan.files.lock import folder_lock
from pikan.storage.folder import others
from pikan.sweeps.plan import SweepPlan
from pikan.sweeps.record import Job, RecordError, RunRecord, from_json, to_json

SCHEMA = 1


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


def _check(folder: Path, plan: SweepPlan) -> None:
    file = folder / "sweep.json"
    try:
        before = json.loads(_text(file))
    except FileNotFoundError:
        if names := others(folder):
            message = f"holds what is no sweep of pikan's ({', '.join(names[:3])})"
            raise FolderError(f"{folder}: {message}; take another folder with --out") from None
        write_text(file, json.dumps(_manifest(plan), indent=1) + "\n")
        return
    except (OSError, ValueError) as error:
        raise FolderError(f"{file}: cannot be read ({error}); take another folder") from None
    if before != _manifest(plan):
        change = "; ".join(_changes(before, plan))
        raise FolderError(
            f"{folder}: holds another sweep: {change}. Take another folder with --out, or remove "
            "this one to start anew"
        )


def _manifest(plan: SweepPlan) -> Mapping[str, object]:
    """All that the results depend on; laws and budgets may change."""
    runs = [{"values": list(one.values), "spec": one.spec} for one in plan.variants]
    return {"schema": SCHEMA, "pikan": __version__, "keys": list(plan.keys), "runs": runs}


def _changes(before: object, plan: SweepPlan) -> Generator[str]:
    """What differs between the sweep of a manifest and a plan, in words."""
    match before:
        case {"schema": int(schema), "pikan": str(version), "keys": list(keys), "runs": list(runs)}:
            old = dict(_runs(runs))
        case _:
            yield "its sweep.json is none of this version's"
            return
    if schema != SCHEMA or version != __version__:
        yield f"it was made by pikan {version}, this is {__version__}"
    if tuple(keys) != plan.keys:
        yield f"its changed keys are {word_list(map(str, keys))}, those now {word_list(plan.keys)}"
        return
    new = {one.values: one.spec for one in plan.variants}
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


def _runs(written: Sequence[object]) -> Iterator[tuple[tuple[str, ...], str]]:
    for run in written:
        match run:
            case {"values": list(values), "spec": str(spec)}:
                yield tuple(map(str, values)), spec
            case _:
                pass


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
        with suppress(FileNotFoundError, RecordError):
            row = from_json(_text(place(folder, run) / "row.json"))
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
