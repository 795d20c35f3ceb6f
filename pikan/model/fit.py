"""Fitting a network to data: its schedule, what it records, and its progress."""

from collections.abc import Callable, Generator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from math import inf, isfinite
from typing import NamedTuple, final

import torch
from torch import Tensor

from pikan.model.build import shaped_weights
from pikan.model.dataset import Data
from pikan.model.descent import DESCENTS, State
from pikan.model.error import ModelError
from pikan.model.penalty import Penalty
from pikan.model.start import follow
from pikan.model.task import Loss, Task, mean_square, task
from pikan.network.wired import Wired
from pikan.outcome import Outcome

# A loss that has risen to so many times the first is that of a descent that has diverged.
_RISEN = 10.0


@final
@dataclass(frozen=True)
class Plan:
    """How to fit. `batch` is None for all rows; `loss` None for the mean square."""

    opt: str
    steps: int
    rules: Penalty
    grid_steps: range
    loss: Loss | None
    lr: float | None
    batch: int | None
    seed: int


class Step(NamedTuple):
    """Where a fit stands after a step: losses as they are recorded, and the penalty."""

    number: int
    train_loss: float
    test_loss: float
    reg: float
    ending: str | None
    """Why there is nothing more to gain; None while there may be."""


class Ended(NamedTuple):
    """How a fit ended: the loss before the first step, that of the state that is left, and when.

    `best_step` is the number of the step that led there, -1 for the start.
    """

    first: float
    best: float
    best_step: int
    outcome: Outcome


@final
class _Best:
    """The network's state of least loss and penalty among those that were judged."""

    def __init__(self, wired: Wired) -> None:
        self.number, self.loss, self.total = -1, inf, inf
        self.state: Mapping[str, Tensor] = deepcopy(wired.state_dict())

    def judge(self, wired: Wired, number: int, found: "Judged") -> None:
        """Keep this state if it is better than those before."""
        if found.total < self.total:
            self.number, self.loss, self.total = number, *found
            self.state = deepcopy(wired.state_dict())


class Judged(NamedTuple):
    """The loss on all rows, and with the penalty."""

    loss: float
    total: float


def fitted(
    wired: Wired, data: Data, plan: Plan, start: Wired | None = None
) -> Generator[Step, None, Ended]:
    """Trains a network in place; yields after every step, and returns how it ended.

    It begins from the weights and grids of `start`, unless that is None. A mean square is recorded
    as its root, any other loss as it is. However it ends, the network is left in the best state
    that all rows have been tried on, the one that it had before among them: with batches one
    state for each pass through the rows is tried. ModelError where what is to be made small is
    not finite to begin with.
    """
    if not any(weight.requires_grad for weight in wired.trained()):
        raise ModelError(
            "fit: all parameters are frozen; call requires_grad_(True) on those to be trained"
        )
    best = _Best(wired)
    best.judge(wired, -1, _Run(wired, data, plan).judged())
    if start is not None:
        wired.load_state_dict(start.state_dict())
    run = _Run(wired, data, plan)
    outcome = Outcome("out of budget", f"all {plan.steps} steps are used up")
    try:
        _check_start(run.whole)
        first = latest = run.judged()
        best.judge(wired, -1, first)
        for number in range(plan.steps):
            if number in plan.grid_steps:
                follow(wired, data.train_input)
                run.restart()
            try:
                state = next(run.descent)
            except StopIteration as end:
                if any(number < later < plan.steps for later in plan.grid_steps):
                    continue
                outcome = end.value
                yield run.step(number, None, outcome.message)
                break
            run.put(state)
            if number % run.rounds == 0 or number == plan.steps - 1:
                latest = run.judged(state)
                best.judge(wired, number, latest)
            yield run.step(number, state, None)
    finally:
        wired.load_state_dict(best.state)
    if outcome.kind == "diverged" or not latest.total <= _RISEN * first.total:
        outcome = Outcome(
            "diverged",
            f"the loss went from {run.recorded(first.loss):.2g} to {run.recorded(latest.loss):.2g}"
            f"; lower lr, or take opt='LBFGS'",
        )
    elif best.number < 0 < plan.steps:
        outcome = Outcome("stalled", "no step made the loss smaller")
    return Ended(run.recorded(first.loss), run.recorded(best.loss), best.number, outcome)


@final
class _Run:
    """A descent under way, with its tasks on the grid that the network has now."""

    def __init__(self, wired: Wired, data: Data, plan: Plan) -> None:
        self.wired, self.data, self.plan = wired, data, plan
        self.unit = _unit(data.train_label) if plan.loss is None else 1.0
        self.generator = torch.Generator().manual_seed(plan.seed)
        rows = len(data.train_input)
        self.batch = rows if plan.batch is None else min(plan.batch, rows)
        # Steps in which as many rows are drawn as there are.
        self.rounds = -(-rows // self.batch)
        self.restart()

    def restart(self) -> None:
        """Begin anew on the present grid."""
        self.whole = self._task(self.data.train_input, self.data.train_label)
        self.tested = self._task(self.data.test_input, self.data.test_label)
        self.descent = DESCENTS[self.plan.opt](self._drawing(), self.plan.lr)

    def put(self, state: State) -> None:
        """Give the network the weights of a state."""
        weights = self.wired.trained()
        with torch.no_grad():
            for weight, new in zip(weights, shaped_weights(state.theta, weights), strict=True):
                if weight.requires_grad:
                    weight.copy_(new)

    def judged(self, state: State | None = None) -> Judged:
        """How good the weights are that the network has, those of this state if there is one."""
        strength, theta = self.plan.rules.strength, self.whole.theta()
        if state is not None and self.rounds == 1:
            return Judged(state.loss, state.loss + strength * state.reg)
        if not strength:
            loss = self.whole.loss_at(theta)
            return Judged(loss, loss)
        weighed = self.whole.weigh(theta)
        return Judged(weighed.loss, weighed.loss + strength * weighed.reg)

    def step(self, number: int, state: State | None, ending: str | None) -> Step:
        """What is recorded of a step."""
        theta = self.whole.theta()
        loss = self.whole.loss_at(theta) if state is None else state.loss
        test, reg = self.tested.loss_at(theta), 0.0 if state is None else state.reg
        return Step(number, self.recorded(loss), self.recorded(test), reg, ending)

    def recorded(self, loss: float) -> float:
        """A mean square as its root in the unit of the labels, any other loss as it is."""
        return loss**0.5 * self.unit if self.plan.loss is None else loss

    def _task(self, points: Tensor, labels: Tensor) -> Task:
        loss, rules = self.plan.loss or mean_square, self.plan.rules
        return task(self.wired, points, labels, loss, rules, self.unit)

    def _drawing(self) -> Callable[[], Task]:
        points, labels, whole = self.data.train_input, self.data.train_label, self.whole
        if self.rounds == 1:
            return lambda: whole

        def draw() -> Task:
            order = torch.randperm(len(points), generator=self.generator)
            rows = order[: self.batch].to(points.device)
            return self._task(points[rows], labels[rows])

        return draw


def _check_start(now: Task) -> None:
    loss, reg, slope = now.weigh(now.theta())
    if not isfinite(loss + now.rules.strength * reg) or not bool(slope.isfinite().all()):
        raise ModelError(
            f"fit: no step was taken: the loss is {loss:g} at the start, and it or the penalty or "
            "its slope is not finite; give data, loss_fn and lamb with which they are"
        )


def _unit(labels: Tensor) -> float:
    """The spread of all labels, which a mean square is measured by; their size if there is none."""
    known = labels.double()
    size = float(known.abs().max()) or 1.0
    spread = float(((known - known.mean(dim=0)) / size).square().mean().sqrt()) * size
    return spread if spread > torch.finfo(labels.dtype).eps * size else size
