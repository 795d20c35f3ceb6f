"""A run from start to end: a completed spec becomes a solution, whatever happens on the way."""

import math
from collections.abc import Generator, Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan import build
from pikan.archive import run as archive
from pikan.archive.journal import Journal, followed
from pikan.choice import complete
from pikan.consistency import check_exact
from pikan.derivatives.jets import partials
from pikan.distributed import agreed
from pikan.exact import data
from pikan.network.base import Network
from pikan.network.kan import KAN
from pikan.network.mlp import MLP
from pikan.network.parameters import digest
from pikan.network.windows import Windows
from pikan.outcome import Outcome
from pikan.problem import Problem
from pikan.report.errors import errors
from pikan.report.report import (
    Estimate,
    Hashes,
    NetworkFacts,
    Record,
    Report,
    Seconds,
    stages,
    versions,
)
from pikan.residuals import Points, sheets, used_faces
from pikan.sampling.points import interior, on_face
from pikan.sampling.uniform import uniform
from pikan.solution import Solution, evaluation
from pikan.solving.climb import climb
from pikan.solving.event import Event, Events
from pikan.solving.level import Level, distance
from pikan.solving.march import march
from pikan.solving.misfit import Misfit, worst
from pikan.solving.rank import grow
from pikan.solving.schedule import follow, follow_windows
from pikan.spec import formulas, reader, writer
from pikan.spec.changes import KEYWORD
from pikan.spec.schema import ClimbStage, MarchStage, Product, Reference, Spec

Setting = float | int | str

# How often the error is measured and the history kept while training [s]; either costs time.
_MEASURED, _KEPT = 1.0, 0.02
# An error is about as large a part of the solution as what is left of an equation is of its terms.
# Of 459 levels of the problems of scripts/honesty.py the error was below ten times the estimate
# with this factor in 93 %, and above a hundredth of it in 88 %.
_CARRIED = 3.0
# Where so much of the terms is left, as where a march ended early, the error may be anything.
_NOTHING = 0.1
# Fresh points for the residuals of the report.
_INSIDE, _ON_FACES, _FRESH = 2000, 200, 20_261_122


class Progress(NamedTuple):
    """Where a run stands, for whoever watches.

    `level` names the step of refinement, window or degree, and is empty where there is one
    only. `error` is the relative L2 error of the worst unknown where the solution is known, None
    where it was not measured at this step; `remaining` is the time left [s], None where nobody can
    tell, as where other levels follow.
    """

    level: str
    stage: str
    step: int
    steps: int
    loss: float
    blocks: Mapping[str, float]
    error: float | None
    seconds: float
    remaining: float | None


def solve(spec: Spec, problem: Problem) -> Generator[Progress, None, Solution]:
    """Trains as the spec says and comes back with the solution, good or bad.

    A `KeyboardInterrupt` thrown in, and the end of the time limit, end it with the best so far;
    where there is nothing yet, the former goes through. DeviceError where the device is missing.
    """
    began = monotonic()
    completed, _ = complete(spec, problem)
    watch = _Watch(problem, build.samples(completed, problem))
    generator = torch.Generator().manual_seed(completed.seed)
    journal = Journal(generator, build.device(completed))
    events = followed(_events(completed, problem, generator), journal)
    level: Level | None = None
    event: Event | None = None
    try:
        while level is None:
            try:
                event = next(events)
            except StopIteration as end:
                level = end.value
                break
            yield watch.noted(event)
            limit = completed.time_limit
            if limit is not None and agreed(watch.seconds() > limit):
                outcome = Outcome("out of budget", _LATE.format(limit))
                level = _cut_short(event, outcome)
    except KeyboardInterrupt:
        level = None if event is None else _cut_short(event, Outcome("interrupted", _INTERRUPTED))
    if level is None:
        raise KeyboardInterrupt
    trained = watch.seconds()
    return _solution(completed, problem, level, tuple(watch.history), began, trained)


def solved(given: Spec | str | Path, **settings: Setting) -> Solution:
    """Solves a problem file or a spec to the end: `pikan.solve("poisson.yaml", accuracy=1e-8)`.

    `settings` are keys of the file and take the place of what it says. Raises SpecError with
    every fault, also where the exact solution does not satisfy the problem, and DeviceError where
    the device is missing.
    """
    changes = {key: str(value) for key, value in settings.items()}
    # Python lets anything through, and a dictionary is what people try first.
    if not isinstance(given, Spec | str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"got a {type(given).__name__}, needs the path of a problem file or a Spec")
    if isinstance(given, Spec):
        origin = given.origin
        spec = reader.parse(
            writer.dump(given), origin.file, origin.folder, changes, given.name, KEYWORD
        )
    else:
        spec = reader.read(given, changes, KEYWORD)
    stated = formulas.problem(spec)
    check_exact(stated, spec.origin)
    steps = solve(spec, stated)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def load(folder: str | Path) -> Solution:
    """The solution that a run has left in a folder; ArchiveError where there is none."""
    kept = archive.read(Path(folder, "run.h5"))
    spec = reader.parse(kept.spec, str(Path(folder, "problem.yaml")), Path(folder))
    outcome = Outcome(kept.report.outcome, kept.report.message)
    return Solution(
        formulas.problem(spec), archive.network(kept), kept.spec, outcome, kept.history, kept.report
    )


_LATE = "the time limit of {:g} s was over; this is the best until then"
_INTERRUPTED = "interrupted; this is the best until then"


def _events(spec: Spec, problem: Problem, generator: torch.Generator) -> Events[Level]:
    """The way that the spec takes to a solution."""
    match spec.training:
        case (ClimbStage(climb=asked),):
            if isinstance(spec.network, Product) and spec.network.rank is None:
                return grow(problem, build.growth(spec, problem, asked), generator)
            return climb(problem, build.ladder(spec, problem, asked))
        case (MarchStage(march=asked),):
            return march(problem, build.marching(spec, problem, asked))
        case _:
            parts = build.parts(spec, problem, generator)
            edges = build.edges(spec, problem)
            if edges is None:
                return follow(problem, parts)
            return follow_windows(problem, parts, edges)


def _cut_short(event: Event, outcome: Outcome) -> Level | None:
    """The best so far with the reason why it ends there; None where there is nothing yet."""
    best = event.best()
    return None if best is None else Level(best, outcome, None, "")


@final
class _Watch:
    """Looks at a run from outside: its clock, its history and its error."""

    def __init__(self, problem: Problem, samples: Float[Tensor, "n d"]) -> None:
        self.history: list[Record] = []
        self._began = monotonic()
        self._watching = 0.0
        self._samples = samples
        self._truth = _truth(problem, samples)
        self._stage = -1
        self._last: tuple[str, str] | None = None
        self._step = 0
        self._stage_began = 0.0
        self._kept = -math.inf
        self._measured = -math.inf

    def seconds(self) -> float:
        """Since training began, without the time that measuring errors took [s]."""
        return monotonic() - self._began - self._watching

    def noted(self, event: Event) -> Progress:
        """The progress to show; the history keeps it unless it has just kept another."""
        progress, seconds = event.progress, self.seconds()
        if (event.level, progress.stage) != self._last or progress.step < self._step:
            self._stage += 1
            self._stage_began = seconds
            self._last = (event.level, progress.stage)
        self._step = progress.step
        error = self._error(event)
        self._keep(
            Record(
                progress.stage,
                self._stage,
                progress.step,
                seconds,
                progress.loss,
                tuple(progress.blocks.items()),
                error,
            ),
        )
        return Progress(
            event.level,
            progress.stage,
            progress.step,
            progress.steps,
            progress.loss,
            progress.blocks,
            error,
            seconds,
            None if event.level else self._remaining(progress.step, progress.steps, seconds),
        )

    def _error(self, event: Event) -> float | None:
        """The error at this very step; None where it is not the time to measure it."""
        last = event.progress.step == event.progress.steps
        if self._truth is None or not (last or self.seconds() - self._measured > _MEASURED):
            return None
        began = monotonic()
        error = _error(event.best(), self._samples, self._truth)
        self._watching += monotonic() - began
        self._measured = self.seconds()
        return error

    def _keep(self, record: Record) -> None:
        """Adds to the history; a record that follows within moments takes the last one's place."""
        before = self.history[-1] if self.history else None
        close = (
            before is not None
            and before.stage_index == record.stage_index
            and before.step > 0
            and record.seconds - self._kept < _KEPT
        )
        if close:
            self.history[-1] = record
        else:
            self.history.append(record)
            self._kept = record.seconds

    def _remaining(self, step: int, steps: int, seconds: float) -> float | None:
        """The time that the rest of the stage takes at the pace until now."""
        if step == 0:
            return None
        return (seconds - self._stage_began) / step * (steps - step)


def _truth(problem: Problem, samples: Float[Tensor, "n d"]) -> Float[np.ndarray, "n m"] | None:
    """The solution where it is known by a formula for every unknown."""
    exact = problem.exact
    if exact is None or exact.points is not None or exact.unknowns != problem.unknowns:
        return None
    return exact.values(samples.cpu().numpy().astype(np.float64))


def _error(
    network: Network | None, samples: Float[Tensor, "n d"], truth: Float[np.ndarray, "n m"]
) -> float | None:
    """The relative L2 error of the worst unknown, as far in time as there is a solution.

    None where there is none yet.
    """
    if network is None:
        return None
    solved = ((samples - network.center).abs() <= network.scale).all(dim=1)
    if not bool(solved.any()):
        return None
    with torch.no_grad():
        found = network(samples[solved])
    return distance(found, torch.from_numpy(truth).to(found)[solved])


def _solution(
    spec: Spec,
    problem: Problem,
    level: Level,
    history: tuple[Record, ...],
    began: float,
    trained: float,
) -> Solution:
    """The level's network with its report."""
    network = level.network
    parameters = sum(parameter.numel() for parameter in network.parameters())
    samples = build.samples(spec, problem)
    points = _fresh(problem, samples)
    facts = NetworkFacts(_kind(network), parameters, float(network.outside(points.interior)))
    left = worst(problem, network, samples)
    outcome = _judged(level.outcome, left)
    text = writer.dump(_kept(spec, problem))
    report = Report(
        problem=problem.name,
        outcome=outcome.kind,
        message=outcome.message,
        errors=errors(problem, evaluation(network)),
        estimate=_estimate(level, left),
        residuals=_residuals(problem, network, points),
        network=facts,
        seed=spec.seed,
        dtype=spec.dtype,
        device=spec.device,
        threads=torch.get_num_threads(),
        seconds=Seconds(total=monotonic() - began, training=trained),
        stages=stages(history),
        versions=versions(),
        hashes=Hashes(sha256(text.encode()).hexdigest(), digest(network)),
    )
    return Solution(problem, network, text, outcome, history, report)


def _kept(spec: Spec, problem: Problem) -> Spec:
    """The spec with its data where the solution leaves them: beside the problem file."""
    if not isinstance(problem.exact, data.Reference):
        return spec
    coordinates = {name: name for name in problem.coordinates}
    unknowns = {name: name for name in problem.exact.unknowns}
    kept = Reference(file=data.KEPT, coordinates=coordinates, unknowns=unknowns)
    return spec.model_copy(update={"reference": kept})


def _judged(outcome: Outcome, left: Misfit) -> Outcome:
    """How a run ended; where a stage found the least residual, and that is large, it stalled."""
    # A residual that is not a number is not below either.
    if outcome.kind != "converged" or left.relative < _NOTHING:
        return outcome
    return Outcome(
        "stalled",
        f"{outcome.message}, and still '{left.label}' is left with {left.relative:.1e} of its "
        "terms; use more points or parameters, or see whether the conditions contradict each other",
    )


def _estimate(level: Level, left: Misfit) -> Estimate | None:
    """The level's own estimate; where none was compared with it, one from what it leaves."""
    either = level.estimate is None or math.isfinite(level.estimate)
    if not either or not left.relative < _NOTHING:
        return None
    if level.estimate is not None:
        return Estimate(level.estimate, level.how)
    how = (
        f"{_CARRIED:g} times what is left of '{left.label}', in parts of its terms, on fresh points"
    )
    return Estimate(_CARRIED * left.relative, how)


def _kind(network: Network) -> str:
    """The word of a problem file for a network."""
    part = network.windows()[0] if isinstance(network, Windows) else network
    word = "kan" if isinstance(part, KAN) else "mlp" if isinstance(part, MLP) else "product"
    return f"{word} in {len(network.windows())} windows" if isinstance(network, Windows) else word


def _fresh(problem: Problem, like: Float[Tensor, "n d"]) -> Points:
    """Points for the report's residuals, which nothing was trained on."""
    # A generator of its own: the report says the same of a solution whenever it is made.
    generator = torch.Generator().manual_seed(_FRESH)
    faces = used_faces(problem)
    return Points(
        interior(problem.box, uniform, _INSIDE, generator, like),
        {f: on_face(problem.box, f, uniform, _ON_FACES, generator, like) for f in faces},
    )


def _residuals(problem: Problem, network: Network, points: Points) -> Mapping[str, float]:
    """The root mean square of every residual by label."""
    squares: dict[str, list[Float[Tensor, " n"]]] = {}
    with torch.no_grad():
        for sheet in sheets(problem, points):
            found = tuple(
                partials(network, place, sheet.wanted(k)) for k, place in enumerate(sheet.places)
            )
            squares.setdefault(sheet.label, []).append(sheet.residual(found).square())
    return {label: float(torch.cat(rows).mean().sqrt()) for label, rows in squares.items()}
