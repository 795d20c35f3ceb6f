"""`pikan sweep`: a sweep file from its first line to its exit code."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pikan.cli.errors import INTERRUPTED, refuse
from pikan.cli.exit_codes import MISSED, SOLVED
from pikan.cli.interrupt import drive, interruptible
from pikan.cli.startup import without_garbage_collection
from pikan.sweeps import plan as plans
from pikan.sweeps.plan import SweepPlan

if TYPE_CHECKING:
    from pikan.sweeps.result import SweepResult


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
    plan = plans.read_plan(file)
    with without_garbage_collection():
        from pikan.cli.sweep_progress import display
        from pikan.sweeps.cluster import SchedulerError
        from pikan.sweeps.folder import FolderError
        from pikan.sweeps.run import INTERRUPTED as STOPPED
        from pikan.sweeps.run import run_sweep
        from pikan.sweeps.sweep import engine, place, side_by_side

    folder = place(plan, out)
    count = side_by_side(plan, workers, threads)
    if not quiet:
        where = f"{count} side by side" if scheduler is None else f"by {scheduler}"
        typer.echo(f"{plan.title}: {len(plan.variants)} runs, {where}")
    executor = engine(plan, count, threads, scheduler)
    try:
        with interruptible() as asked, display(plan, quiet) as show:
            ending = drive(run_sweep(plan, folder, executor, again), show, asked)
    except (FolderError, SchedulerError) as error:
        refuse(str(error))
    for line in (*ending.sentences, closing(plan, ending, folder)):
        typer.echo(line)
    if ending.reason == STOPPED:
        return INTERRUPTED
    return MISSED if ending.table.failures or ending.missing else SOLVED


def closing(plan: SweepPlan, ending: "SweepResult", folder: Path) -> str:
    """The last line: how many runs there are, failed or are missing, and where everything is."""
    made = len(ending.table.rows)
    failures = ending.table.failures
    failed = f", {failures} of them failed" if failures else ""
    why = f" ({ending.reason}; the same command goes on)" if ending.missing else ""
    missing = f", {ending.missing} missing{why}" if ending.missing else ""
    return f"{plan.name}: {made} of {len(plan.variants)} runs{failed}{missing}; see {folder}"
