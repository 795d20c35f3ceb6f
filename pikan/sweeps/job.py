"""One run of a sweep, from its problem file to its numbers."""

import math
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

import torch

from pikan import run
from pikan.monitor import Progress
from pikan.report.report import Report
from pikan.solution import Solution
from pikan.spec import formulas, reader
from pikan.storage.file import ArchiveError
from pikan.sweeps.record import Job, Measures, Result, late


def prepare(threads: int) -> None:
    """Let this process compute with so many threads, of which other processes have their own."""
    torch.set_num_threads(threads)


def work(task: Job, limit: float | None) -> Result:
    """Makes a run and keeps it in its folder, all but the figures; good or bad, it has a result.

    Where it has been killed before, it goes on from what it has left there.
    """
    began = monotonic()
    steps = _steps(task, Path(task.folder))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            solution = end.value
            break
        if limit is not None and monotonic() - began > limit:
            return late(limit)
    solution.keep(task.folder, replace=True)
    report = solution.report
    measures = _measures(report)
    if solution.end is not None:
        # The error until then is no point of a law with those of others until the end.
        untold = dict.fromkeys(("relative_l2", "maximum", "rmse", "estimate", "residual"), math.nan)
        measures = replace(measures, **untold)
    return Result(report.outcome, report.message, measures)


def _steps(task: Job, folder: Path) -> Generator[Progress, None, Solution]:
    """The run from where it was killed, if it can go on from there, else from its start."""
    with suppress(ArchiveError):
        found = run.load_interrupted(folder)
        # With other threads it would not come to the same bits.
        if found is not None and found.checkpoint.threads == torch.get_num_threads():
            return run.continue_run(found, folder)
    spec = reader.parse_spec(task.spec, task.source, Path(task.beside))
    return run.solve(spec, formulas.problem(spec), folder)


def _measures(report: Report) -> Measures:
    known = report.errors.values()
    return Measures(
        parameters=float(report.network.parameters),
        relative_l2=_worst(errors.relative_l2 for errors in known),
        maximum=_worst(errors.maximum for errors in known),
        rmse=_worst(errors.rmse for errors in known),
        estimate=math.nan if report.estimate is None else report.estimate.relative_l2,
        residual=_worst(report.residuals.values()),
        loss=report.stages[-1].loss if report.stages else math.nan,
        steps=float(sum(stage.steps for stage in report.stages)),
        seconds=report.seconds.total,
        training_seconds=report.seconds.training,
    )


def _worst(values: Iterable[float]) -> float:
    """The largest of the values; NaN if one is, or if there is none."""
    found = list(values)
    return math.nan if not found or any(map(math.isnan, found)) else max(found)
