"""Fitting a network to data: its schedule, what it records, and its progress."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.model.build import flat_weights, shaped_weights
from pikan.model.dataset import Data
from pikan.model.descent import DESCENTS, State
from pikan.model.error import ModelError
from pikan.model.penalty import Penalty
from pikan.model.task import Loss, Task, mean_square, task
from pikan.network.refine import adapted
from pikan.network.wired import Wired


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


def fitted(wired: Wired, data: Data, plan: Plan) -> Generator[Step, None, None]:
    """Trains a network in place; yields after every step.

    A mean square is recorded as its root, any other loss as it is. ModelError where what is to be
    made small is not finite to begin with.
    """
    generator = torch.Generator().manual_seed(plan.seed)
    draw, tested = _drawing(wired, data, plan, generator), _tested(wired, data, plan)
    run: Generator[State, None, str] | None = None
    for number in range(plan.steps):
        if number in plan.grid_steps:
            follow(wired, data.train_input)
            draw, run = _drawing(wired, data, plan, generator), None
            tested = _tested(wired, data, plan)
        run = DESCENTS[plan.opt](draw, plan.lr) if run is None else run
        try:
            state = next(run)
        except StopIteration as end:
            if number == 0:
                _check_start(draw())
            if any(number < later < plan.steps for later in plan.grid_steps):
                continue
            yield _step(tested, data, plan, number, None, end.value)
            return
        _put(wired, state.theta)
        yield _step(tested, data, plan, number, state, None)


def _check_start(now: Task) -> None:
    loss, reg, slope = now.weigh(flat_weights(now.wired.trained()))
    if not isfinite(loss + now.rules.strength * reg) or not bool(slope.isfinite().all()):
        raise ModelError(
            f"fit: no step was taken: the loss is {loss:g} at the start, and it or the penalty or "
            "its slope is not finite; give data, loss_fn and lamb with which they are"
        )


def follow(wired: Wired, points: Float[Tensor, "n d"]) -> None:
    """Move the grids to where the points lead, the function as near to itself as they allow."""
    moved = adapted(wired.kan, points[:, wired.columns])
    wired.kan.load_state_dict(moved.state_dict())


def _drawing(
    wired: Wired, data: Data, plan: Plan, generator: torch.Generator
) -> Callable[[], Task]:
    loss = plan.loss or mean_square
    points, labels = data.train_input, data.train_label
    if plan.batch is None or plan.batch >= len(points):
        only = task(wired, points, labels, loss, plan.rules)
        return lambda: only

    def draw() -> Task:
        rows = torch.randperm(len(points), generator=generator)[: plan.batch].to(points.device)
        return task(wired, points[rows], labels[rows], loss, plan.rules)

    return draw


def _tested(wired: Wired, data: Data, plan: Plan) -> Task:
    """The rows to test on, on their way into the network with the grid that it has now."""
    return task(wired, data.test_input, data.test_label, plan.loss or mean_square, plan.rules)


def _put(wired: Wired, theta: Float[Tensor, " p"]) -> None:
    weights = wired.trained()
    with torch.no_grad():
        for weight, new in zip(weights, shaped_weights(theta, weights), strict=True):
            weight.copy_(new)


def _step(
    tested: Task, data: Data, plan: Plan, number: int, state: State | None, ending: str | None
) -> Step:
    theta = flat_weights(tested.wired.trained()) if state is None else state.theta
    test, reg = tested.loss_at(theta), 0.0 if state is None else state.reg
    if state is None:
        train = task(tested.wired, data.train_input, data.train_label, tested.loss, plan.rules)
        loss = train.loss_at(theta)
    else:
        loss = state.loss
    root = plan.loss is None
    return Step(number, loss**0.5 if root else loss, test**0.5 if root else test, reg, ending)
