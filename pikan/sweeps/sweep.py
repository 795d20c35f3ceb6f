"""A sweep from a file to its ending: the engine that makes its runs, and the way in from Python."""

import os
from pathlib import Path

from pikan.sweeps import plan as plans
from pikan.sweeps import pool
from pikan.sweeps.cluster import cluster
from pikan.sweeps.executor import Executor
from pikan.sweeps.plan import SweepPlan
from pikan.sweeps.result import SweepResult
from pikan.sweeps.run import run_sweep


def sweep(
    file: str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    threads: int = 1,
    scheduler: str | None = None,
    again: bool = False,
) -> SweepResult:
    """Makes all runs of a sweep file that are missing in `out`, or in results/<name>.

    Runs go side by side in `workers` processes, one per core if None, with `threads` each; or
    through the Dask scheduler at an address. With `again` those that failed are made once more.
    Raises SpecError with every fault of the file and of its runs, FolderError where the folder
    belongs to another sweep, and SchedulerError where no scheduler is to be had.
    """
    plan = plans.read_plan(file)
    executor = engine(plan, side_by_side(plan, workers, threads), threads, scheduler)
    steps = run_sweep(plan, place(plan, out), executor, again)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def place(plan: SweepPlan, out: str | Path | None) -> Path:
    """The folder of a sweep's results."""
    return Path("results") / plan.name if out is None else Path(out)


def side_by_side(plan: SweepPlan, workers: int | None, threads: int) -> int:
    """How many runs this machine makes at a time."""
    cores = max(1, (os.cpu_count() or 1) // threads)
    return max(1, min(cores if workers is None else workers, len(plan.variants)))


def engine(plan: SweepPlan, workers: int, threads: int, scheduler: str | None) -> Executor:
    """What makes the runs: processes of this machine, or those of the scheduler at an address."""
    if scheduler is None:
        return pool.processes(workers, threads, plan.budget.run)
    return cluster(scheduler, threads, plan.budget.run)
