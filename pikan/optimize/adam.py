"""Adam on all rows at once, with a schedule of the learning rate."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.optimize.learning_rates import Schedule, constant
from pikan.optimize.objective import Objective, finite
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import Stage, StageProgress, State, progress, start_failure
from pikan.optimize.weights import Weights, evaluate_weighted


@final
@dataclass(frozen=True)
class AdamState(State):
    """The newest point of Adam and its moments, the multipliers, and the best point so far.

    Before the first step there are neither multipliers nor a best point.
    """

    step: int
    theta: Float[Tensor, " p"]
    mean: Float[Tensor, " p"]
    square: Float[Tensor, " p"]
    multipliers: Float[Tensor, " r"] | None
    best: StageProgress | None


@final
@dataclass(frozen=True)
class Adam(Stage):
    """Steepest descent with momentum and a step length for each parameter.

    Yields after every step the best point so far by loss, or the newest unless `best`; with
    `weights` the newest, since losses under different weights do not compare. `weights` is None
    where every row keeps the weight it came with.

    Source: Kingma and Ba 2015, arXiv 1412.6980, algorithm 1.
    """

    steps: int
    lr: float = 1e-3
    schedule: Schedule = constant
    weights: Weights | None = None
    best: bool = True
    name: ClassVar[str] = "adam"

    def run(
        self, objective: Objective, theta: Float[Tensor, " p"], state: State | None = None
    ) -> Generator[StageProgress, None, Outcome]:
        """Ends out of budget, or diverged where the loss or its gradient is not finite."""
        begin = state if isinstance(state, AdamState) else initial_state(theta)
        moving = begin.theta.detach().clone().requires_grad_()
        optimizer = torch.optim.Adam([moving], lr=self.lr)
        mean, square = begin.mean.clone(), begin.square.clone()
        # As wide as torch makes it by itself where nobody has set another default.
        steps = torch.tensor(float(begin.step), dtype=torch.float32)
        optimizer.state[moving] = {"step": steps, "exp_avg": mean, "exp_avg_sq": square}
        multipliers, best = begin.multipliers, begin.best
        for step in range(begin.step, self.steps + 1):
            before = multipliers
            if self.weights is None:
                found = objective.evaluate(moving)
            else:
                rule = self.weights if step % self.weights.every == 0 else None
                found, multipliers = evaluate_weighted(objective, moving, multipliers, rule)
            if where := objective.faults(found.rows):
                return divergence(step, where)
            here = progress(self, objective, step, self.steps, moving, found.rows)
            newest = not self.best or self.weights is not None
            best = here if best is None or newest or here.loss < best.loss else best
            now = AdamState(step, moving, mean, square, before, best)
            yield replace(best, step=step, state=now)
            if step == self.steps:
                break
            if not finite(found.gradient):
                return divergence(step, "the gradient")
            moving.grad = found.gradient
            optimizer.param_groups[0]["lr"] = self.lr * self.schedule(step / self.steps)
            optimizer.step()
        return Outcome(
            "out of budget",
            f"adam took its {self.steps} steps; more steps or an lbfgs stage after it would go on",
        )


def initial_state(theta: Float[Tensor, " p"]) -> AdamState:
    """The state before the first step."""
    zero = torch.zeros_like(theta)
    return AdamState(0, theta, zero, zero, None, None)


def divergence(step: int, what: str) -> Outcome:
    """The outcome where `what` stopped being finite at `step`."""
    if step == 0:
        return start_failure(Adam.name, what)
    return Outcome("diverged", f"{what} is not finite after {step} adam steps; lower its lr")
