"""Monitor of a run: its clock, its history and its error."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float

from pikan.problem.statement import Problem
from pikan.report.report import Record
from pikan.sampling.held_out import HeldOut
from pikan.solvers.level import distance
from pikan.solvers.replay import Event
from pikan.storage.checkpoint import Clock

# How often in a stage the error is measured, at most every few steps, and the history kept.
_MEASURED, _UNMEASURED, _KEPT = 100, 5, 500
_START = Clock(0.0, 0.0, "", "", -1, 0, 0, 0.0)


class Progress(NamedTuple):
    """Progress of a run.

    `level` names the step of refinement, slab or degree, and is empty where there is one
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


@final
class Monitor:
    """Monitor of a run: its clock, its history and its error."""

    def __init__(
        self,
        problem: Problem,
        samples: HeldOut,
        mark: Clock | None = None,
        history: Sequence[Record] = (),
    ) -> None:
        self.history = list(history)
        self._mark = _START if mark is None else mark
        self._began = monotonic()
        self._watching = 0.0
        self._samples = samples
        # The solution where it is known by a formula for every unknown.
        self._truth: Float[np.ndarray, "n m"] | None = None
        exact = problem.exact
        if exact is not None and exact.points is None and exact.unknowns == problem.unknowns:
            self._truth = exact.values(samples.points.cpu().numpy().astype(np.float64))
        # The seconds of an interrupted run come before those of this one.
        self._training, self._total = self._mark.training, self._mark.total

    def seconds(self) -> float:
        """Since training began, without the time that measuring errors took [s]."""
        return self._training + monotonic() - self._began - self._watching

    def total(self) -> float:
        """Since training began [s]."""
        return self._total + monotonic() - self._began

    def clock(self) -> Clock:
        """The clock after the last event."""
        return self._mark._replace(training=self.seconds(), total=self.total())

    def record(self, event: Event) -> Progress:
        """The progress to show; the history keeps it unless it has just kept another."""
        progress, seconds, before = event.progress, self.seconds(), self._mark
        same = (event.level, progress.stage) == (before.level, before.stage)
        if not same or progress.step < before.step:
            before = Clock(
                training=seconds,
                total=self.total(),
                level=event.level,
                stage=progress.stage,
                stage_index=before.stage_index + 1,
                step=0,
                kept=0,
                stage_began=seconds,
            )
        self._mark = before._replace(step=progress.step)
        error, left = self._error(event), progress.steps - progress.step
        self._keep(
            Record(
                progress.stage,
                self._mark.stage_index,
                progress.step,
                seconds,
                progress.loss,
                tuple(progress.blocks.items()),
                error,
                event.level,
            ),
            progress.steps,
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
            # At the pace until now; what follows another level nobody can tell.
            None
            if event.level or progress.step == 0
            else (seconds - self._mark.stage_began) / progress.step * left,
        )

    def _error(self, event: Event) -> float | None:
        """The relative L2 error of the worst unknown, as far in time as there is a solution.

        None where it is not the time to measure it, and where there is no solution yet.
        """
        step, steps = event.progress.step, event.progress.steps
        due = step == steps or step % max(_UNMEASURED, steps // _MEASURED) == 0
        if self._truth is None or not due:
            return None
        began, error = monotonic(), None
        network, points = event.best(), self._samples.points
        if network is not None:
            solved = ((points - network.center).abs() <= network.scale).all(dim=1)
            share = self._samples.weights[solved, None].sqrt()
            if bool(solved.any()):
                with torch.no_grad():
                    found = network(points[solved])
                truth = torch.from_numpy(self._truth).to(found)[solved]
                error = distance(share * found, share * truth)
        self._watching += monotonic() - began
        return error

    def _keep(self, record: Record, steps: int) -> None:
        """Adds to the history; a record that follows within few steps takes the last one's place.

        Which ones are kept is no matter of time: the history of a run is the same every time.
        """
        before = self.history[-1] if self.history else None
        close = (
            before is not None
            and before.stage_index == record.stage_index
            and before.step > 0
            and record.step - self._mark.kept < steps // _KEPT
        )
        if close:
            self.history[-1] = record
        else:
            self.history.append(record)
            self._mark = self._mark._replace(kept=record.step)
