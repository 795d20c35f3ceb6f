"""Optimizers of a fit: each a generator that yields after every step."""

from collections.abc import Callable, Generator, Mapping
from math import isfinite
from typing import NamedTuple, TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.fitting.loss import FitLoss
from pikan.optimize.evaluation import Evaluate, Evaluation
from pikan.optimize.lbfgs import Memory, advance, empty_memory
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.objective import Block, Objective
from pikan.optimize.outcome import Outcome

# Searches along a line in one step of `lbfgs`, and changes of the gradient that it remembers.
SEARCHES, MEMORY = 10, 50
# The shortest length of a column, in parts of the longest; a penalty does not go by lengths.
_SHORTEST, _PENALIZED = 1e-3, 0.1


@final
class FitState(NamedTuple):
    """The weights as one vector after a step, the loss and the penalty."""

    theta: Float[Tensor, " p"]
    loss: float
    reg: float


Draw: TypeAlias = Callable[[], FitLoss]
"""The task of the next step: always the same rows, or others each time."""

Descent: TypeAlias = Callable[[Draw, float | None], Generator[FitState, None, Outcome]]
"""From the weights of the network that is drawn; ends by itself only where nothing is left to
gain, and returns how it ended. The number is a learning rate, None for the usual."""

# What ends every descent.
_NOT_FINITE = Outcome("diverged", "the loss is not finite; lower lr")


def adam(draw: Draw, lr: float | None) -> Generator[FitState, None, Outcome]:
    """One step of Adam a step; where rows are new, the loss is that before the step.

    Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1.
    """
    now = draw()
    theta = now.theta()
    optimizer = torch.optim.Adam([theta], lr=1e-2 if lr is None else lr)
    weighed = now.loss_and_gradient(theta)
    while isfinite(weighed.loss):
        theta.grad = weighed.gradient
        optimizer.step()
        before, now = now, draw()
        weighed, last = now.loss_and_gradient(theta), weighed
        here = weighed if now is before else last
        yield FitState(theta.clone(), here.loss, here.reg)
    return _NOT_FINITE


def lbfgs(draw: Draw, lr: float | None) -> Generator[FitState, None, Outcome]:
    """Ten line searches of L-BFGS a step, in variables that weigh alike at the start.

    The variables are the weights times the lengths of the Jacobian's columns. New rows start a
    new search, which remembers nothing. The learning rate is the length in quasi-Newton steps
    that each search tries first.

    Source: see `pikan.optimize.lbfgs`.
    """
    now = draw()
    theta = now.theta()
    scale = now.lengths(_PENALIZED if now.rules.strength else _SHORTEST)
    evaluate = _evaluator(now, scale)
    here, memory = evaluate(theta * scale), empty_memory(theta)
    while here.finite():
        moved = _line_searches(memory, here, evaluate, 1.0 if lr is None else lr)
        here, memory = (here, memory) if moved is None else moved
        loss, reg = here.residual.tolist()
        yield FitState(here.theta / scale, loss, reg)
        drawn = draw()
        if drawn is not now:
            now, evaluate = drawn, _evaluator(drawn, scale)
            here, memory = evaluate(here.theta), empty_memory(theta)
        elif moved is None:
            return Outcome("converged", "the loss is the least that the precision can tell")
    return _NOT_FINITE


def _line_searches(
    memory: Memory, here: Evaluation, evaluate: Evaluate, first: float
) -> tuple[Evaluation, Memory] | None:
    """The end of some searches and what is remembered of them; None if none went lower."""
    found = None
    for _ in range(SEARCHES):
        moved = advance(memory, MEMORY, here, evaluate, first)
        if moved is None:
            break
        found = here, memory = moved
    return found


def _evaluator(now: FitLoss, scale: Float[Tensor, " p"]) -> Evaluate:
    def evaluate(theta: Float[Tensor, " p"]) -> Evaluation:
        loss, reg, slope = now.loss_and_gradient(theta / scale)
        total = loss + now.rules.strength * reg
        return Evaluation(theta, theta.new_tensor([loss, reg]), total, slope / scale)

    return evaluate


def levenberg_marquardt(draw: Draw, lr: float | None) -> Generator[FitState, None, Outcome]:
    """One damped Gauss-Newton step a step, on the mean square of all rows.

    Source: see `pikan.optimize.levenberg_marquardt`.
    """
    del lr
    now = draw()
    rows = slice(0, now.labels.numel())
    objective = Objective(now.residual, now.jacobian, (Block("data", rows),))
    run = LevenbergMarquardt(steps=10**9).run(objective, now.theta())
    while True:
        try:
            made = next(run)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        # The first is where it starts, which is no step.
        if made.step:
            yield FitState(made.theta, 2.0 * made.loss, 0.0)


DESCENTS: Mapping[str, Descent] = {"LBFGS": lbfgs, "LM": levenberg_marquardt, "Adam": adam}
"""The ways by the names that `fit` has for them."""
