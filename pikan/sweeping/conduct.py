"""A sweep from start to end: what is missing is made, whatever happens on the way."""

from collections.abc import Generator, Mapping
from errno import ENOSPC
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from pikan.sweeping import folder as folders
from pikan.sweeping import laws, table
from pikan.sweeping.ending import Ending
from pikan.sweeping.executor import Executor
from pikan.sweeping.plan import Plan
from pikan.sweeping.row import UNWRITTEN, Row
from pikan.sweeping.table import Table

# How often the table is written while runs go on [s]; at the end it is written in any case.
_WRITTEN = 5.0
INTERRUPTED = "interrupted"
"""The reason where a person has ended it."""


class Standing(NamedTuple):
    """Where a sweep stands, for whoever watches.

    `before` of the `done` runs were there when it started; `ended` is the run that has just ended,
    None if none has. `remaining` is the time left [s], None where nobody can tell.
    """

    total: int
    done: int
    failed: int
    before: int
    running: tuple[int, ...]
    ended: Row | None
    seconds: float
    remaining: float | None


def conduct(
    plan: Plan, folder: Path, executor: Executor, again: bool = False
) -> Generator[Standing, None, Ending]:
    """Makes the runs of a plan that have not ended yet; with `again`, those that failed too.

    A `KeyboardInterrupt` thrown in ends it with the table so far. FolderError where the folder
    belongs to another sweep, OSError where a run finds no room on the disk, which is then missing.
    """
    with folders.owned(folder, plan):
        rows: Mapping[int, Row] = folders.done(folder, plan)
        if again:
            rows = {run: row for run, row in rows.items() if not row.result.failed}
        rows, reason = yield from _made(plan, folder, executor, rows)
        made = _table(plan, rows)
        found = tuple(laws.found(fit, made) for fit in plan.fits)
        files = (*table.write(made, folder), *laws.write(found, plan.title, folder))
        return Ending(plan.title, made, found, files, len(plan.variants) - len(rows), reason)


def _made(
    plan: Plan, folder: Path, executor: Executor, known: Mapping[int, Row]
) -> Generator[Standing, None, tuple[Mapping[int, Row], str]]:
    """The rows known and those made, and the reason why some are missing if any are."""
    began = written = monotonic()
    rows, before, running = dict(known), len(known), dict[int, None]()
    missing = [run for run in range(len(plan.variants)) if run not in rows]
    events = executor([folders.task(folder, plan, run) for run in missing])
    try:
        for event in events:
            ended: Row | None = None
            if event.run is not None and event.result is None:
                running[event.run] = None
            elif event.run is not None and event.result is not None:
                if event.result.outcome == UNWRITTEN:
                    raise OSError(ENOSPC, event.result.message)
                running.pop(event.run, None)
                values = plan.variants[event.run].values
                ended = rows[event.run] = Row(event.run, values, event.attempts, event.result)
                folders.keep(folder, ended)
            now = monotonic()
            if ended is not None and now - written > _WRITTEN:
                table.write(_table(plan, rows), folder)
                written = now
            yield _standing(plan, rows, before, tuple(running), ended, now - began)
            if plan.budget.sweep is not None and now - began > plan.budget.sweep:
                return rows, f"the budget of {plan.budget.sweep:g} s is spent"
    except KeyboardInterrupt:
        return rows, INTERRUPTED
    finally:
        events.close()
    return rows, ""


def _standing(
    plan: Plan,
    rows: Mapping[int, Row],
    before: int,
    running: tuple[int, ...],
    ended: Row | None,
    seconds: float,
) -> Standing:
    made, total = len(rows) - before, len(plan.variants)
    remaining = seconds / made * (total - len(rows)) if made else None
    failed = _table(plan, rows).failures
    return Standing(total, len(rows), failed, before, running, ended, seconds, remaining)


def _table(plan: Plan, rows: Mapping[int, Row]) -> Table:
    """All rows that there are, in the order of the plan."""
    return Table(plan.keys, tuple(rows[run] for run in sorted(rows)))
