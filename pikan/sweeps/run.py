"""A sweep from start to end: missing runs are made, whatever happens on the way."""

from collections.abc import Generator, Mapping
from errno import ENOSPC
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from pikan.sweeps import fits, table
from pikan.sweeps import folder as folders
from pikan.sweeps.executor import Executor
from pikan.sweeps.plan import SweepPlan
from pikan.sweeps.record import UNWRITTEN, RunRecord
from pikan.sweeps.result import SweepResult
from pikan.sweeps.table import Table

# How often the table is written while runs go on [s]; at the end it is written in any case.
_WRITTEN = 5.0
INTERRUPTED = "interrupted"
"""The reason where a person has ended it."""


class SweepProgress(NamedTuple):
    """Progress of a sweep.

    `before` of the `done` runs were there when it started; `ended` is the run that has just ended,
    None if none has. `remaining` is the time left [s], None where nobody can tell.
    """

    total: int
    done: int
    failed: int
    before: int
    running: tuple[int, ...]
    ended: RunRecord | None
    seconds: float
    remaining: float | None


def run_sweep(
    plan: SweepPlan, folder: Path, executor: Executor, again: bool = False
) -> Generator[SweepProgress, None, SweepResult]:
    """Makes the runs of a plan that have not ended yet; with `again`, those that failed too.

    A `KeyboardInterrupt` thrown in ends it with the table so far. FolderError where the folder
    belongs to another sweep, OSError where a run finds no room on the disk, which is then missing.
    """
    with folders.sweep_lock(folder, plan):
        rows: Mapping[int, RunRecord] = folders.done(folder, plan)
        if again:
            rows = {run: row for run, row in rows.items() if not row.result.is_failure}
        rows, reason = yield from _run_missing(plan, folder, executor, rows)
        made = _table(plan, rows)
        found = tuple(fits.fit_law(fit, made) for fit in plan.fits)
        files = (*table.write_table(made, folder), *fits.write(found, plan.title, folder))
        return SweepResult(plan.title, made, found, files, len(plan.variants) - len(rows), reason)


def _run_missing(
    plan: SweepPlan, folder: Path, executor: Executor, known: Mapping[int, RunRecord]
) -> Generator[SweepProgress, None, tuple[Mapping[int, RunRecord], str]]:
    """The rows known and those made, and the reason why some are missing if any are."""
    began = written = monotonic()
    rows, before, running = dict(known), len(known), dict[int, None]()
    missing = [run for run in range(len(plan.variants)) if run not in rows]
    events = executor([folders.task(folder, plan, run) for run in missing])
    try:
        for event in events:
            ended: RunRecord | None = None
            if event.run is not None and event.result is None:
                running[event.run] = None
            elif event.run is not None and event.result is not None:
                if event.result.outcome == UNWRITTEN:
                    raise OSError(ENOSPC, event.result.message)
                running.pop(event.run, None)
                values = plan.variants[event.run].values
                ended = rows[event.run] = RunRecord(event.run, values, event.attempts, event.result)
                folders.keep(folder, ended)
            now = monotonic()
            if ended is not None and now - written > _WRITTEN:
                table.write_table(_table(plan, rows), folder)
                written = now
            made, total = len(rows) - before, len(plan.variants)
            yield SweepProgress(
                total=total,
                done=len(rows),
                failed=_table(plan, rows).failures,
                before=before,
                running=tuple(running),
                ended=ended,
                seconds=now - began,
                remaining=(now - began) / made * (total - len(rows)) if made else None,
            )
            if plan.budget.sweep is not None and now - began > plan.budget.sweep:
                return rows, f"the budget of {plan.budget.sweep:g} s is spent"
    except KeyboardInterrupt:
        return rows, INTERRUPTED
    finally:
        events.close()
    return rows, ""


def _table(plan: SweepPlan, rows: Mapping[int, RunRecord]) -> Table:
    """All rows that there are, in the order of the plan."""
    return Table(plan.keys, tuple(rows[run] for run in sorted(rows)))
