"""Fitting a network to data: pykan's words become stages, run one after the other."""

from collections.abc import Generator, Mapping
from copy import deepcopy
from math import inf, isfinite
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.kan.arguments import ModelError
from pikan.kan.dataset import Data
from pikan.kan.objective import FitObjective, FitQuality, fit_objective
from pikan.kan.plan import FitPlan
from pikan.network.kan import KANNetwork
from pikan.network.parameters import parameter_vector, set_parameters
from pikan.network.refine import adapt
from pikan.optimize.adam import Adam
from pikan.optimize.lbfgs import LBFGS
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.mini_batches import MiniBatches
from pikan.optimize.objective import Objective
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, StageRun

# Steps of L-BFGS, each a line search, that are one step of a fit, and how many it remembers.
_SEARCHES, _MEMORY = 10, 50

# A loss that has risen to so many times the first is that of a descent that has diverged.
_RISEN = 10.0


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

    def judge(self, network: KANNetwork, number: int, found: FitQuality) -> None:
        """Keep this state if it is better than those before."""
        if found.total < self.total:
            self.number, self.loss, self.total = number, *found
            self.state = deepcopy(network.state_dict())


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
    fit, number = _Fit(network, data, plan, best), 0
    best.judge(network, -1, fit.latest)
    if start is not None:
        network.load_state_dict(start.state_dict())
        fit = _Fit(network, data, plan, best)
    outcome = Outcome("out of budget", f"all {plan.steps} steps are used up")
    try:
        found = fit.whole.evaluate(parameter_vector(network))
        if not isfinite(found.loss) or not bool(found.gradient.isfinite().all()):
            raise ModelError(
                f"fit: no step was taken: the loss is {float(found.rows[0]):g} at the start, and "
                "it, the penalty or a slope is not finite; give data, loss_fn and lamb with which "
                "they are"
            )
        first = fit.latest
        best.judge(network, -1, first)
        while number < plan.steps:
            if number in plan.grid_steps:
                network.load_state_dict(adapt(network, data.train_input).state_dict())
                fit.restart()
            later = [step for step in plan.grid_steps if number < step < plan.steps]
            stop = later[0] if later else plan.steps
            for made in fit.steps(parameter_vector(network), stop - number):
                yield fit.advance(number, made)
                number += 1
            if number < stop and not later:
                outcome = fit.outcome
                yield fit.end(number, outcome.message)
                break
            number = stop
    finally:
        network.load_state_dict(best.state)
    latest = fit.latest
    if outcome.kind == "diverged" or not latest.total <= _RISEN * first.total:
        before, after = fit.recorded_loss(first.loss), fit.recorded_loss(latest.loss)
        said = f"the loss went from {before:.2g} to {after:.2g}; lower lr, or take opt='LBFGS'"
        outcome = Outcome("diverged", said)
    elif best.number < 0 < plan.steps:
        outcome = Outcome("stalled", "no step made the loss smaller")
    losses = fit.recorded_loss(first.loss), fit.recorded_loss(best.loss)
    return FitResult(*losses, best.number, outcome)


@final
class _Fit:
    """A fit under way: its objectives on the grids that the network has now, and its stages.

    `latest` is how good the parameters are that the network has, `outcome` how the last steps
    ended where not all of them were taken.
    """

    def __init__(self, network: KANNetwork, data: Data, plan: FitPlan, best: _Best) -> None:
        self.network, self.data, self.plan, self.best = network, data, plan, best
        self.unit = 1.0
        if plan.loss is None:
            # A mean square is measured by the spread of all labels, or their size if it is none.
            known = data.train_label.double()
            size = float(known.abs().max()) or 1.0
            spread = float(((known - known.mean(dim=0)) / size).square().mean().sqrt()) * size
            rounding = torch.finfo(data.train_label.dtype).eps
            self.unit = spread if spread > rounding * size else size
        self.generator = torch.Generator().manual_seed(plan.seed)
        rows = len(data.train_input)
        self.batch = rows if plan.batch is None else min(plan.batch, rows)
        # Steps in which as many rows are drawn as there are.
        self.rounds = -(-rows // self.batch)
        self.outcome = Outcome("out of budget", "no step was taken")
        self.restart()
        self.latest = self.whole.quality(parameter_vector(network))

    def restart(self) -> None:
        """Make the objectives anew on the present grid."""
        self.whole = self._objective(self.data.train_input, self.data.train_label)
        self.tested = self._objective(self.data.test_input, self.data.test_label)

    def steps(self, theta: Float[Tensor, " p"], count: int) -> Generator[StageProgress]:
        """The progress after each step of so many, fewer where nothing is left to gain."""
        if self.rounds > 1 and self.plan.opt == "LBFGS":
            yield from self._drawn_searches(theta, count)
            return
        objective: Objective = self.whole
        if self.plan.opt == "LM":
            assert self.whole.misfit is not None
            objective = self.whole.misfit.least_squares()
        elif self.rounds > 1:
            objective = MiniBatches(self.whole, self._draw)
        each = _SEARCHES if self.plan.opt == "LBFGS" else 1
        run, made = StageRun(self._stage(count), objective, theta), None
        for made in run:
            if made.step and made.step % each == 0:
                yield made
        if made is not None and made.step % each:
            yield made
        self.outcome = run.result().outcome
        if self.plan.opt == "LBFGS" and self.outcome.kind == "stalled":
            said = "the loss is the least that the precision can tell"
            self.outcome = Outcome("converged", said)

    def advance(self, number: int, made: StageProgress) -> FitStep:
        """Give the network the parameters after a step; what is recorded of that."""
        set_parameters(self.network, made.theta)
        loss, penalized = made.blocks["loss"], made.blocks.get("penalty", 0.0)
        if number % self.rounds == 0 or number == self.plan.steps - 1:
            some = self.rounds > 1
            total = FitQuality(loss, loss + penalized)
            self.latest = self.whole.quality(made.theta) if some else total
            self.best.judge(self.network, number, self.latest)
        return self._fit_step(number, loss, penalized, None)

    def end(self, number: int, why: str) -> FitStep:
        """What is recorded where nothing is left to gain."""
        loss = self.whole.loss_at(parameter_vector(self.network))
        return self._fit_step(number, loss, 0.0, why)

    def recorded_loss(self, loss: float) -> float:
        """A mean square as its root in the unit of the labels, any other loss as it is."""
        return loss**0.5 * self.unit if self.plan.loss is None else loss

    def _fit_step(self, number: int, loss: float, penalized: float, ending: str | None) -> FitStep:
        reg = penalized / (self.plan.rules.strength or 1.0)
        test = self.tested.loss_at(parameter_vector(self.network))
        losses = self.recorded_loss(loss), self.recorded_loss(test)
        return FitStep(number, *losses, reg, ending)

    def _drawn_searches(self, theta: Float[Tensor, " p"], count: int) -> Generator[StageProgress]:
        """Searches on rows drawn for each step; on other rows one knows nothing of those before."""
        for _ in range(count):
            run, made = StageRun(self._stage(1), self._draw(), theta), None
            for made in run:
                theta = made.theta
            if made is None:
                self.outcome = run.result().outcome
                return
            yield made

    def _stage(self, count: int) -> Stage:
        """The stage that takes so many steps of the fit."""
        lr = self.plan.lr
        match self.plan.opt:
            case "LBFGS":
                first = 1.0 if lr is None else lr
                return LBFGS(_SEARCHES * count, _MEMORY, tolerance=0.0, first=first)
            case "LM":
                return LevenbergMarquardt(count)
            case _:
                return Adam(count, 1e-2 if lr is None else lr, best=False)

    def _objective(self, points: Tensor, labels: Tensor) -> FitObjective:
        plan = self.plan
        return fit_objective(self.network, points, labels, plan.loss, plan.rules, self.unit)

    def _draw(self) -> FitObjective:
        order = torch.randperm(len(self.data.train_input), generator=self.generator)
        rows = order[: self.batch].to(self.data.train_input.device)
        return self._objective(self.data.train_input[rows], self.data.train_label[rows])
