"""L-BFGS with a strong Wolfe line search, kept going where rounding would stop it early."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.objective import Objective
from pikan.outcome import Outcome
from pikan.training.evaluation import Evaluate, Evaluation, evaluator
from pikan.training.quasi_newton import Descent, begun, stalled
from pikan.training.scaling import scaled
from pikan.training.stage import Progress, Stage, State, progress
from pikan.training.weights import Weights

# Evaluations that one line search may take: torch's own number.
EVALUATIONS = 25

# Steps from one update of the weights to the next; few, since each empties the memory.
ROUND = 100


class Memory(NamedTuple):
    """What torch's optimizer knows after a step, by its own names; `factor` is that of `Search`."""

    factor: float
    func_evals: int
    n_iter: int
    d: Float[Tensor, " p"]
    t: Float[Tensor, ""] | float | int
    old_dirs: tuple[Float[Tensor, " p"], ...]
    old_stps: tuple[Float[Tensor, " p"], ...]
    ro: tuple[Float[Tensor, ""], ...]
    H_diag: Float[Tensor, ""] | int
    prev_flat_grad: Float[Tensor, " p"]
    prev_loss: float


@final
@dataclass(frozen=True)
class LBFGSState(State):
    """Where the descent stands, the multipliers, and what is remembered of earlier steps.

    `memory` is None where nothing is.
    """

    step: int
    descent: Descent
    multipliers: Float[Tensor, " r"]
    memory: Memory | None


@final
@dataclass(frozen=True)
class LBFGS(Stage):
    """Quasi-Newton steps from the last `memory` changes of the gradient.

    Searches in variables scaled by the lengths of the Jacobian's columns at the start, which is
    a diagonal first guess of the Hessian: coefficients of high degree and of low ones then weigh
    alike. Has converged once ten steps lower the loss by less than `tolerance` of itself. A line
    search that fails empties the memory; if the next one fails as well, the stage has stalled.
    `weights` is None where every row keeps the weight it came with.

    Source: Nocedal and Wright 2006, algorithms 7.5 and 3.5, as they are in torch; section 7.2 on
    the first guess.
    """

    steps: int
    memory: int = 50
    tolerance: float = 1e-9
    weights: Weights | None = None
    name: ClassVar[str] = "lbfgs"

    def run(
        self, objective: Objective, theta: Float[Tensor, " p"], state: State | None = None
    ) -> Generator[Progress, None, Outcome]:
        """Ends converged, stalled, out of budget, or diverged where the start is not finite."""
        at = state if isinstance(state, LBFGSState) else started(objective, theta)
        if isinstance(at, Outcome):
            return at
        descent, multipliers = at.descent, at.multipliers
        inner = scaled(objective, descent.lengths)
        evaluate = evaluator(inner, None if self.weights is None else multipliers)
        search = begin(descent.here, self.memory)
        if at.memory is not None:
            search = resumed(search, at.memory)
        for step in range(at.step, self.steps + 1):
            here, now = descent.here, LBFGSState(step, descent, multipliers, remembered(search))
            yield progress(self, objective, step, self.steps, descent.theta, here.residual, now)
            if descent.settled(self.tolerance):
                return Outcome("converged", f"the loss has stopped falling after {step} steps")
            if step == self.steps:
                break
            if self.weights is not None and step % ROUND == 0:
                multipliers = follow(self.weights, inner, here.theta, multipliers)
                evaluate = evaluator(inner, multipliers)
                here = evaluate(here.theta)
                search = begin(here, self.memory)
                descent = descent._replace(here=here, losses=(here.loss,))
            ahead = advance(search, here, evaluate)
            if not ahead.loss < here.loss:
                search = begin(here, self.memory)
                ahead = advance(search, here, evaluate)
            if not ahead.loss < here.loss:
                return stalled(here, step)
            descent = descent.moved(ahead)
        return Outcome(
            "out of budget",
            f"lbfgs took its {self.steps} steps and the loss was still falling; give it more",
        )


def started(objective: Objective, theta: Float[Tensor, " p"]) -> LBFGSState | Outcome:
    """The state before the first step, or why there is none."""
    descent = begun(LBFGS.name, objective, theta)
    if isinstance(descent, Outcome):
        return descent
    return LBFGSState(0, descent, torch.ones_like(descent.here.residual), None)


def follow(
    weights: Weights,
    objective: Objective,
    theta: Float[Tensor, " p"],
    multipliers: Float[Tensor, " r"],
) -> Float[Tensor, " r"]:
    """The next multipliers at `theta`."""
    here = theta.clone().requires_grad_()
    return weights.updated(objective, here, objective.residual(here), multipliers)


class Search(NamedTuple):
    """torch's optimizer, the point that it moves, and the factor that it sees the loss with."""

    optimizer: torch.optim.LBFGS
    moving: Float[Tensor, " p"]
    factor: float


def begin(here: Evaluation, memory: int) -> Search:
    """A search from `here` that remembers nothing.

    torch (2.6 to 2.13) learns nothing from a step whose change of gradient times step is under
    1e-10, and so stops early at small losses. The factor makes the loss large instead: steps do
    not depend on it, and losses down to ε² of the present one, all that r can resolve, are seen.
    """
    moving = here.theta.clone()
    optimizer = torch.optim.LBFGS(
        [moving],
        max_iter=1,
        max_eval=EVALUATIONS + 1,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=memory,
        line_search_fn="strong_wolfe",
    )
    smallest = torch.finfo(moving.dtype)
    return Search(optimizer, moving, 1.0 / (smallest.eps * max(here.loss, smallest.tiny)))


def resumed(search: Search, known: Memory) -> Search:
    """The search, with what another one from the same point remembers."""
    search.optimizer.state[search.moving] = {
        **known._asdict(),
        "old_dirs": list(known.old_dirs),
        "old_stps": list(known.old_stps),
        "ro": list(known.ro),
        # torch writes over this one.
        "prev_flat_grad": known.prev_flat_grad.clone(),
    }
    return search._replace(factor=known.factor)


def remembered(search: Search) -> Memory | None:
    """What a search remembers; None before its first step."""
    known = search.optimizer.state[search.moving]
    if not known:
        return None
    return Memory(
        factor=search.factor,
        func_evals=known["func_evals"],
        n_iter=known["n_iter"],
        d=known["d"],
        t=known["t"],
        old_dirs=tuple(known["old_dirs"]),
        old_stps=tuple(known["old_stps"]),
        ro=tuple(known["ro"]),
        H_diag=known["H_diag"],
        prev_flat_grad=known["prev_flat_grad"],
        prev_loss=known["prev_loss"],
    )


def advance(search: Search, here: Evaluation, evaluate: Evaluate) -> Evaluation:
    """The end of one line search from `here`; a step that fails ends where it began."""
    seen = [here]

    def known() -> Evaluation:
        for evaluation in seen:
            if torch.equal(evaluation.theta, search.moving):
                return evaluation
        seen.append(evaluate(search.moving))
        return seen[-1]

    def closure() -> float:
        point = known()
        # Where the loss is not finite the search meets a wall that it can interpolate against.
        if not point.finite():
            search.moving.grad = torch.zeros_like(here.gradient)
            return search.factor * 10.0 * here.loss
        search.moving.grad = search.factor * point.gradient
        return search.factor * point.loss

    search.optimizer.step(closure)
    return known()
