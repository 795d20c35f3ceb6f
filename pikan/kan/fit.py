"""Fitting a network to data: its schedule, what it records, and its progress."""

from collections.abc import Callable, Generator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from math import inf, isfinite
from typing import NamedTuple, final

import torch
from torch import Tensor

from pikan.fitting.arguments import ModelError
from pikan.fitting.descent import DESCENTS, FitState
from pikan.fitting.loss import FitLoss, Loss, fit_loss, mean_square
from pikan.fitting.penalty import Penalty
from pikan.kan.dataset import Data
from pikan.network.kan import KANNetwork
from pikan.network.parameters import with_parameters
from pikan.network.refine import adapt
from pikan.optimize.outcome import Outcome

# A loss that has risen to so many times the first is that of a descent that has diverged.
_RISEN = 10.0


@final
@dataclass(frozen=True)
class FitPlan:
    """How to fit. `batch` is None for all rows; `loss` None for the mean square."""

    opt: str
    steps: int
    rules: Penalty
    grid_steps: range
    loss: Loss | None
    lr: float | None
    batch: int | None
    seed: int


class FitStep(NamedTuple):
    """Where a fit stands after a step: losses as they are recorded, and the penalty."""

    number: int
    train_loss: float
    test_loss: float
    reg: float
    ending: str | None
    """Why there is nothing more to gain; None while there may be."""


class FitResult(NamedTuple):
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

    def __init__(self, network: KANNetwork) -> None:
        self.number, self.loss, self.total = -1, inf, inf
        self.state: Mapping[str, Tensor] = deepcopy(network.state_dict())

    def judge(self, network: KANNetwork, number: int, found: "FitQuality") -> None:
        """Keep this state if it is better than those before."""
        if found.total < self.total:
            self.number, self.loss, self.total = number, *found
            self.state = deepcopy(network.state_dict())


class FitQuality(NamedTuple):
    """The loss on all rows, and with the penalty."""

    loss: float
    total: float


def fit_steps(
    network: KANNetwork, data: Data, plan: FitPlan, start: KANNetwork | None = None
) -> Generator[FitStep, None, FitResult]:
    """Trains a network in place; yields after every step, and returns how it ended.

    It begins from the weights and grids of `start`, unless that is None. A mean square is recorded
    as its root, any other loss as it is. However it ends, the network is left in the best state
    that all rows have been tried on, the one that it had before among them: with batches one
    state for each pass through the rows is tried. ModelError where what is to be made small is
    not finite to begin with.
    """
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ModelError(
            "fit: all parameters are frozen; call requires_grad_(True) on those to be trained"
        )
    best = _Best(network)
    best.judge(network, -1, _RunningFit(network, data, plan).quality())
    if start is not None:
        network.load_state_dict(start.state_dict())
    run = _RunningFit(network, data, plan)
    outcome = Outcome("out of budget", f"all {plan.steps} steps are used up")
    try:
        _check_start(run.whole)
        first = latest = run.quality()
        best.judge(network, -1, first)
        for number in range(plan.steps):
            if number in plan.grid_steps:
                network.load_state_dict(adapt(network, data.train_input).state_dict())
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
                latest = run.quality(state)
                best.judge(network, number, latest)
            yield run.step(number, state, None)
    finally:
        network.load_state_dict(best.state)
    if outcome.kind == "diverged" or not latest.total <= _RISEN * first.total:
        outcome = Outcome(
            "diverged",
            f"the loss went from {run.recorded_loss(first.loss):.2g} to "
            f"{run.recorded_loss(latest.loss):.2g}"
            f"; lower lr, or take opt='LBFGS'",
        )
    elif best.number < 0 < plan.steps:
        outcome = Outcome("stalled", "no step made the loss smaller")
    return FitResult(
        run.recorded_loss(first.loss), run.recorded_loss(best.loss), best.number, outcome
    )


@final
class _RunningFit:
    """A descent under way, with its tasks on the grid that the network has now."""

    def __init__(self, network: KANNetwork, data: Data, plan: FitPlan) -> None:
        self.network, self.data, self.plan = network, data, plan
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

    def put(self, state: FitState) -> None:
        """Give the network the weights of a state."""
        self.network.load_state_dict(with_parameters(self.network, state.theta).state_dict())

    def quality(self, state: FitState | None = None) -> FitQuality:
        """How good the weights are that the network has, those of this state if there is one."""
        strength, theta = self.plan.rules.strength, self.whole.theta()
        if state is not None and self.rounds == 1:
            return FitQuality(state.loss, state.loss + strength * state.reg)
        if not strength:
            loss = self.whole.loss_at(theta)
            return FitQuality(loss, loss)
        weighed = self.whole.loss_and_gradient(theta)
        return FitQuality(weighed.loss, weighed.loss + strength * weighed.reg)

    def step(self, number: int, state: FitState | None, ending: str | None) -> FitStep:
        """What is recorded of a step."""
        theta = self.whole.theta()
        loss = self.whole.loss_at(theta) if state is None else state.loss
        test, reg = self.tested.loss_at(theta), 0.0 if state is None else state.reg
        return FitStep(number, self.recorded_loss(loss), self.recorded_loss(test), reg, ending)

    def recorded_loss(self, loss: float) -> float:
        """A mean square as its root in the unit of the labels, any other loss as it is."""
        return loss**0.5 * self.unit if self.plan.loss is None else loss

    def _task(self, points: Tensor, labels: Tensor) -> FitLoss:
        loss, rules = self.plan.loss or mean_square, self.plan.rules
        return fit_loss(self.network, points, labels, loss, rules, self.unit)

    def _drawing(self) -> Callable[[], FitLoss]:
        points, labels, whole = self.data.train_input, self.data.train_label, self.whole
        if self.rounds == 1:
            return lambda: whole

        def draw() -> FitLoss:
            order = torch.randperm(len(points), generator=self.generator)
            rows = order[: self.batch].to(points.device)
            return self._task(points[rows], labels[rows])

        return draw


def _check_start(now: FitLoss) -> None:
    loss, reg, slope = now.loss_and_gradient(now.theta())
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
