"""A run from start to end: a completed spec becomes a solution, whatever happens on the way."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import NamedTuple, final

import torch

from pikan import factory, network_factory
from pikan.checkpointer import EVERY, Checkpointer
from pikan.linalg.distributed import any_process
from pikan.monitor import Monitor, Progress
from pikan.optimize.outcome import Outcome
from pikan.planning.planner import complete
from pikan.problem.statement import Problem
from pikan.progress_line import progress_line
from pikan.results import load, resolved_text, solution_of
from pikan.solution import Solution
from pikan.solver_choice import solver_events
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Event
from pikan.spec import formulas, reader, writer
from pikan.spec.overrides import KEYWORD
from pikan.spec.schema import Spec
from pikan.spec.solutions import check_exact
from pikan.storage.checkpoint import Checkpoint, read_checkpoint
from pikan.storage.file import FILE, ArchiveError
from pikan.storage.folder import RESOLVED
from pikan.storage.replay_log import ReplayLog, replay

Number = float | int | str
"""What stands for a number in a problem file: formulas of constants do as well."""


@final
class UnfinishedError(RuntimeError):
    """The time of a run was over before there was any solution."""


def solve(
    spec: Spec, problem: Problem, folder: Path | None = None, every: float = EVERY
) -> Generator[Progress, None, Solution]:
    """Trains as the spec says and comes back with the solution, good or bad.

    A `KeyboardInterrupt` thrown in, and the end of the time limit, end it with the best so far;
    where there is nothing yet, the former goes through and the latter raises UnfinishedError.
    What it needs to go on is left in `folder`, if one is given, then and `every` so many seconds.
    DeviceError where the device is missing.
    """
    completed, reasons = complete(spec, problem)
    generator = torch.Generator().manual_seed(completed.seed)
    journal = ReplayLog(generator, network_factory.device(completed))
    monitor = Monitor(problem, factory.samples(completed, problem))
    checkpointer = Checkpointer(
        resolved_text(completed, problem), reasons, problem, journal, monitor, folder, every, None
    )
    return (yield from _run_with_checkpoints(completed, problem, generator, checkpointer))


class Interrupted(NamedTuple):
    """A run that has not ended, as it lies in a folder."""

    spec: Spec
    problem: Problem
    checkpoint: Checkpoint


def load_interrupted(folder: Path) -> Interrupted | None:
    """The interrupted run in a folder, None where it has ended; ArchiveError if there is none."""
    kept = read_checkpoint(folder / FILE)
    if kept is None:
        return None
    spec = reader.parse_spec(kept.spec, str(folder / RESOLVED), folder)
    return Interrupted(spec, formulas.problem(spec), kept)


def continue_run(
    run: Interrupted, folder: Path, every: float = EVERY
) -> Generator[Progress, None, Solution]:
    """Trains on from where a run was interrupted, to the bits that it would have come to.

    A time limit in the spec that is another than the one that was kept holds for this once.
    ArchiveError where that takes another number of threads; all else is as in `solve`.
    """
    spec, problem, kept = run
    if kept.threads != torch.get_num_threads():
        raise ArchiveError(
            f"{folder}: the run was begun with {kept.threads} threads, and others would not come "
            f"to the same bits; call torch.set_num_threads({kept.threads}) first"
        )
    generator = torch.Generator().manual_seed(spec.seed)
    journal = ReplayLog(generator, network_factory.device(spec), kept.frames, kept.in_progress)
    monitor = Monitor(problem, factory.samples(spec, problem), kept.clock, kept.history)
    checkpointer = Checkpointer(
        kept.spec, kept.reasons, problem, journal, monitor, folder, every, kept
    )
    return (yield from _run_with_checkpoints(spec, problem, generator, checkpointer))


def resume(folder: str | Path) -> Solution:
    """The solution that the interrupted run in a folder comes to, or has come to.

    ArchiveError where there is no run, or none that can be gone on with here.
    """
    place = Path(folder)
    found = load_interrupted(place)
    return load(place) if found is None else _run_to_end(continue_run(found, place))


def solve_to_end(
    given: Spec | str | Path | Mapping[str, object],
    *,
    accuracy: Number | None = None,
    seed: int | None = None,
    network: Mapping[str, object] | None = None,
    sampling: Mapping[str, object] | None = None,
    training: Sequence[Mapping[str, object]] | None = None,
    constants: Mapping[str, object] | None = None,
    weights: Mapping[str, object] | None = None,
    time_limit: Number | None = None,
    memory: str | int | None = None,
    dtype: str | None = None,
    device: str | None = None,
    progress: bool = False,
    callback: Callable[[Progress], object] | None = None,
    **settings: object,
) -> Solution:
    """Solves a problem to the end: `pikan.solve("poisson.yaml", accuracy=1e-8)`.

    The problem is a file, the text of one, a mapping with its keys, or a `Spec`. Keywords are keys
    of the file and take the place of what it says. `progress` shows how it goes; `callback` is
    called with each `Progress`, and ends the run with the best so far where it returns False, as
    Ctrl-C does. Raises SpecError with every fault, also where the exact solution does not satisfy
    the problem, and DeviceError where the device is missing.
    """
    named = {
        "accuracy": accuracy,
        "seed": seed,
        "network": network,
        "sampling": sampling,
        "training": training,
        "constants": constants,
        "weights": weights,
        "time_limit": time_limit,
        "memory": memory,
        "dtype": dtype,
        "device": device,
    }
    asked = {**{key: value for key, value in named.items() if value is not None}, **settings}
    spec = _read_any(given, {key: writer.inline(value) for key, value in asked.items()})
    stated = formulas.problem(spec)
    check_exact(stated, spec.origin)
    steps = solve(spec, stated)
    if not progress:
        return _run_to_end(steps, callback)
    with progress_line() as show:
        return _run_to_end(steps, callback, show)


def _read_any(given: Spec | str | Path | Mapping[str, object], changes: Mapping[str, str]) -> Spec:
    """The spec of a problem in any of its forms, after the changes."""
    if isinstance(given, Spec):
        origin = given.origin
        text, file, folder, name = writer.dump(given), origin.file, origin.folder, given.name
    elif isinstance(given, Mapping):
        text, file, folder, name = writer.inline(given), "the problem", Path(), "problem"
    elif isinstance(given, str) and "\n" in given:
        text, file, folder, name = given, "the problem", Path(), "problem"
    # Python lets anything through.
    elif isinstance(given, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        return reader.read_spec(given, changes, KEYWORD)
    else:
        raise TypeError(
            f"got a {type(given).__name__}, needs the path of a problem file, its text, a mapping "
            "or a Spec"
        )
    return reader.parse_spec(text, file, folder, changes, name, KEYWORD)


def _run_to_end(
    steps: Generator[Progress, None, Solution],
    callback: Callable[[Progress], object] | None = None,
    show: Callable[[Progress], None] | None = None,
) -> Solution:
    """The solution that a run comes to; where the callback says False it ends before."""
    goes_on = True
    while True:
        try:
            step = next(steps) if goes_on else steps.throw(KeyboardInterrupt())
        except StopIteration as end:
            return end.value
        if show is not None:
            show(step)
        goes_on = callback is None or callback(step) is not False


_LATE = "the time limit of {:g} s was over; this is the best until then"
_INTERRUPTED = "interrupted; this is the best until then"


def _run_with_checkpoints(
    spec: Spec, problem: Problem, generator: torch.Generator, checkpointer: Checkpointer
) -> Generator[Progress, None, Solution]:
    """The run of a completed spec, kept as it goes."""
    monitor = checkpointer.monitor
    events = replay(solver_events(spec, problem, generator), checkpointer.journal)
    event: Event | None = None
    stopped: Outcome | None = None
    level: SolverResult | None = None
    try:
        while stopped is None:
            try:
                event = next(events)
            except StopIteration as end:
                level = end.value
                break
            progress = monitor.record(event)
            try:
                yield progress
            except KeyboardInterrupt:
                stopped = Outcome("interrupted", _INTERRUPTED)
            limit = spec.time_limit
            if limit is not None and any_process(monitor.seconds() > limit):
                stopped = stopped or Outcome("out of budget", _LATE.format(limit))
            checkpointer.write_if_due(event, now=stopped is not None)
    except KeyboardInterrupt:
        # In the middle of a step nothing can be kept but what was kept before.
        stopped = Outcome("interrupted", _INTERRUPTED)
    if level is None and event is not None and stopped is not None:
        best = event.best()
        level = (
            None
            if best is None
            else SolverResult(best, stopped, inf, "", event.found, event.identification)
        )
    if level is None and stopped is not None and stopped.kind == "out of budget":
        raise UnfinishedError(
            f"the time limit of {spec.time_limit:g} s was over before there was any solution"
        )
    if level is None:
        raise KeyboardInterrupt
    last = None if stopped is None else checkpointer.last
    found = solution_of(spec, checkpointer.spec, problem, level, monitor, last)
    return replace(found, report=replace(found.report, reasons=checkpointer.reasons))
