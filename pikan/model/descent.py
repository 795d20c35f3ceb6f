"""Ways of making a task's loss smaller: each a generator that yields after every step."""

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple, TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.model.build import flat_weights, shaped_weights
from pikan.model.task import Task, jacobian, lengths
from pikan.objective import Block, Objective
from pikan.training.gauss_newton import GaussNewton
from pikan.training.lbfgs import Evaluation, advance, begin

# Searches along a line in one step of `lbfgs`, and changes of the gradient that it remembers.
SEARCHES, MEMORY = 10, 20


@final
class State(NamedTuple):
    """The weights as one vector after a step, the loss and the penalty."""

    theta: Float[Tensor, " p"]
    loss: float
    reg: float


Draw: TypeAlias = Callable[[], Task]
"""The task of the next step: always the same rows, or others each time."""

Descent: TypeAlias = Callable[[Draw, float | None], Generator[State, None, str]]
"""From the weights of the network that is drawn; ends by itself only where nothing is left to
gain, and returns a sentence that says so. The number is a learning rate, None for the usual."""


def adam(draw: Draw, lr: float | None) -> Generator[State, None, str]:
    """One step of Adam a step.

    Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1.
    """
    now = draw()
    like = now.wired.trained()
    theta = flat_weights(like).requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=1e-2 if lr is None else lr)
    while True:
        loss, reg = now.weigh(shaped_weights(theta, like))
        optimizer.zero_grad()
        (loss + now.rules.strength * reg).backward()
        if not bool(loss.isfinite()):
            return "the loss is not finite; lower lr"
        optimizer.step()
        yield State(theta.detach().clone(), float(loss.detach()), float(reg.detach()))
        now = draw()


def lbfgs(draw: Draw, lr: float | None) -> Generator[State, None, str]:
    """Ten line searches of L-BFGS a step, in variables that weigh alike at the start.

    The variables are the weights times the lengths of the Jacobian's columns. New rows start a
    new search, which remembers nothing.

    Source: Nocedal and Wright 2006, algorithms 7.5 and 3.5, as they are in torch.
    """
    now = draw()
    like = now.wired.trained()
    scale = lengths(now.wired, now.points, like)
    evaluate = _evaluator(now, scale)
    here = evaluate(flat_weights(like) * scale)
    search = begin(here, MEMORY)
    while here.finite():
        for _ in range(SEARCHES):
            if lr is not None:
                search.optimizer.param_groups[0]["lr"] = lr
            ahead = advance(search, here, evaluate)
            if not ahead.loss < here.loss:
                search = begin(here, MEMORY)
                ahead = advance(search, here, evaluate)
            if not ahead.loss < here.loss:
                break
            here = ahead
        loss, reg = here.residual.tolist()
        yield State(here.theta / scale, loss, reg)
        drawn = draw()
        if drawn is not now:
            now, evaluate = drawn, _evaluator(drawn, scale)
            here = evaluate(here.theta)
            search = begin(here, MEMORY)
        elif not bool(here.gradient.any()):
            return "the gradient is zero"
    return "the loss is not finite"


def _evaluator(
    now: Task, scale: Float[Tensor, " p"]
) -> Callable[[Float[Tensor, " p"]], Evaluation]:
    like = now.wired.trained()

    def evaluate(theta: Float[Tensor, " p"]) -> Evaluation:
        here = theta.detach().clone().requires_grad_()
        loss, reg = now.weigh(shaped_weights(here / scale, like))
        total = loss + now.rules.strength * reg
        slope = torch.autograd.grad(total, here)[0]
        parts = torch.stack([loss.detach(), reg.detach()])
        return Evaluation(here.detach(), parts, float(total.detach()), slope)

    return evaluate


def levenberg_marquardt(draw: Draw, lr: float | None) -> Generator[State, None, str]:
    """One damped Gauss-Newton step a step, on the mean square of all rows.

    Source: see `pikan.training.gauss_newton`.
    """
    del lr
    now = draw()
    like = now.wired.trained()
    size = now.labels.numel() ** 0.5

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        values = now.wired.after(now.first, shaped_weights(theta, like)).values[0]
        return (values - now.labels).flatten() / size

    def slopes(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        weights = shaped_weights(theta, like)
        return jacobian(now.wired, now.points, weights).flatten(0, 1) / size

    rows = slice(0, now.labels.numel())
    objective = Objective(residual, slopes, (Block("data", rows),))
    with torch.no_grad():
        start = flat_weights(like)
    run = GaussNewton(steps=10**9).run(objective, start)
    while True:
        try:
            made = next(run)
        except StopIteration as end:
            return end.value.message
        # The first is where it starts, which is no step.
        if made.step:
            yield State(made.theta, 2.0 * made.loss, 0.0)


DESCENTS: Mapping[str, Descent] = {"LBFGS": lbfgs, "LM": levenberg_marquardt, "Adam": adam}
"""The ways by the names that `fit` has for them."""
