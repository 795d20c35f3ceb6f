"""`pikan sweep`: a sweep file from its first line to its exit code."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pikan.cli.ending import MISSED, SOLVED
from pikan.cli.imports import uncollected
from pikan.cli.interrupt import drive, interruptible
from pikan.cli.sentences import INTERRUPTED, refuse
from pikan.sweeping import plan as plans
from pikan.sweeping.plan import Plan

if TYPE_CHECKING:
    from pikan.sweeping.ending import Ending


def sweep_file(
    file: Path,
    out: Path | None,
    workers: int | None,
    threads: int,
    scheduler: str | None,
    again: bool,
    quiet: bool,
) -> int:
    """The exit code of making all missing runs of a sweep; its results are in a folder then."""
    if workers is not None and scheduler is not None:
        refuse("--workers are processes of this machine; with --scheduler Dask has its own")
    plan = plans.read(file)
    with uncollected():
        from pikan.cli.sweep_live import display
        from pikan.sweeping.cluster import SchedulerError
        from pikan.sweeping.conduct import INTERRUPTED as STOPPED
        from pikan.sweeping.conduct import conduct
        from pikan.sweeping.folder import FolderError
        from pikan.sweeping.sweep import engine, place, side_by_side

    folder = place(plan, out)
    count = side_by_side(plan, workers, threads)
    if not quiet:
        where = f"{count} side by side" if scheduler is None else f"by {scheduler}"
        typer.echo(f"{plan.title}: {len(plan.variants)} runs, {where}")
    executor = engine(plan, count, threads, scheduler)
    try:
        with interruptible() as asked, display(plan, quiet) as show:
            ending = drive(conduct(plan, folder, executor, again), show, asked)
    except (FolderError, SchedulerError) as error:
        refuse(str(error))
    for line in (*ending.sentences, closing(plan, ending, folder)):
        typer.echo(line)
    if ending.reason == STOPPED:
        return INTERRUPTED
    return MISSED if ending.table.failures or ending.missing else SOLVED


def closing(plan: Plan, ending: "Ending", folder: Path) -> str:
    """The last line: how many runs there are, failed or are missing, and where everything is."""
    made = len(ending.table.rows)
    failures = ending.table.failures
    failed = f", {failures} of them failed" if failures else ""
    why = f" ({ending.reason}; the same command goes on)" if ending.missing else ""
    missing = f", {ending.missing} missing{why}" if ending.missing else ""
    return f"{plan.name}: {made} of {len(plan.variants)} runs{failed}{missing}; see {folder}"
