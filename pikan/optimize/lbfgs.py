"""L-BFGS: quasi-Newton steps from the last changes of the gradient."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from pikan.linalg.dense import solve_triangle
from pikan.optimize.line_search import Evaluate, line_search
from pikan.optimize.objective import Evaluation, Objective, least_squares
from pikan.optimize.outcome import Outcome
from pikan.optimize.quasi_newton import Descent, in_variables, stall, start_descent
from pikan.optimize.stage import Stage, StageProgress, State, progress
from pikan.optimize.weights import Weights

# Steps from one update of the weights to the next; few, since each empties the memory.
ROUND = 100


class Memory(NamedTuple):
    """The last steps s and changes y of the gradient, oldest first, and products of them.

    `upper` holds s_i y_j for i <= j and zeros below, `gram` y_i y_j.
    """

    steps: Float[Tensor, "_ p"]
    changes: Float[Tensor, "_ p"]
    upper: Float[Tensor, "_ _"]
    gram: Float[Tensor, "_ _"]


@final
@dataclass(frozen=True)
class LBFGSState(State):
    """Where the descent stands, the multipliers, and what is remembered of earlier steps."""

    step: int
    descent: Descent
    multipliers: Float[Tensor, " r"]
    memory: Memory


@final
@dataclass(frozen=True)
class LBFGS(Stage):
    """Quasi-Newton steps from the last `memory` changes of the gradient.

    Searches in variables scaled by the lengths of the Jacobian's columns at the start, which is
    a diagonal first guess of the Hessian: coefficients of high degree and of low ones then weigh
    alike. Has converged once ten steps lower the loss by less than `tolerance` of itself. A line
    search that fails empties the memory; if the next one fails as well, the stage has stalled.
    `weights` is None where every row keeps the weight it came with. `first` is the length that a
    search tries first, in quasi-Newton steps.

    Source: Nocedal and Wright 2006, algorithms 7.5 and 3.5; section 7.2 on the first guess.
    """

    steps: int
    memory: int = 50
    tolerance: float = 1e-9
    weights: Weights | None = None
    first: float = 1.0
    name: ClassVar[str] = "lbfgs"

    def run(
        self, objective: Objective, theta: Float[Tensor, " p"], state: State | None = None
    ) -> Generator[StageProgress, None, Outcome]:
        """Ends converged, stalled, out of budget, or diverged where the start is not finite."""
        at = state if isinstance(state, LBFGSState) else initial_state(objective, theta)
        if isinstance(at, Outcome):
            return at
        descent, multipliers, memory = at.descent, at.multipliers, at.memory
        lengths, weighed = descent.lengths, None if self.weights is None else multipliers
        evaluate = in_variables(objective, lengths, weighed)
        for step in range(at.step, self.steps + 1):
            here, now = descent.here, LBFGSState(step, descent, multipliers, memory)
            yield progress(self, objective, step, self.steps, descent.theta, here.rows, now)
            if descent.stagnates(self.tolerance):
                return Outcome("converged", f"the loss has stopped falling after {step} steps")
            if step == self.steps:
                break
            if self.weights is not None and step % ROUND == 0:
                moving = here.theta.clone().requires_grad_()
                rows = least_squares(objective, "weights")
                residual = rows.residual(moving / lengths)
                multipliers = self.weights.update(rows, moving, residual, multipliers)
                evaluate = in_variables(objective, lengths, multipliers)
                here, memory = evaluate(here.theta), empty_memory(here.theta)
                descent = descent._replace(here=here, losses=(here.loss,))
            moved = advance(memory, self.memory, here, evaluate, self.first)
            if moved is None:
                return stall(here, step)
            ahead, memory = moved
            descent = descent.advance(ahead)
        return Outcome(
            "out of budget",
            f"lbfgs took its {self.steps} steps and the loss was still falling; give it more",
        )


def initial_state(objective: Objective, theta: Float[Tensor, " p"]) -> LBFGSState | Outcome:
    """The state before the first step, or why there is none."""
    descent = start_descent(LBFGS.name, objective, theta)
    if isinstance(descent, Outcome):
        return descent
    ones = torch.ones_like(descent.here.rows)
    return LBFGSState(0, descent, ones, empty_memory(descent.here.theta))


def empty_memory(like: Float[Tensor, " p"]) -> Memory:
    """The memory before the first step."""
    rows, square = like.new_zeros(0, len(like)), like.new_zeros(0, 0)
    return Memory(rows, rows, square, square)


def advance(
    memory: Memory, size: int, here: Evaluation, evaluate: Evaluate, first: float = 1.0
) -> tuple[Evaluation, Memory] | None:
    """The end of one line search from `here`, and the memory of `size` steps with that one.

    Searches along the direction that follows from the memory, then once more without it; None if
    nothing lower is found. `first` is the length that is tried first, in quasi-Newton steps.
    """
    for known in (memory, empty_memory(here.theta)):
        way = direction(known, here.gradient)
        # Rounding may spoil a memory; also false where the direction is not finite.
        if not float(here.gradient @ way) < 0.0:
            continue
        # Without a memory nothing tells of lengths: all variables move by 1 together at most.
        length = 1.0 if len(known.steps) else min(1.0, 1.0 / float(way.abs().sum()))
        moved = line_search(evaluate, here, way, first * length)
        if moved is not None:
            ahead = moved.there
            step, change = ahead.theta - here.theta, ahead.gradient - here.gradient
            return ahead, update_memory(known, size, step, change)
    return None


def direction(memory: Memory, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
    """The negative inverse Hessian times the gradient; the memory is of BFGS updates of γ I.

    With γ = s y / y y of the last step, R `upper` and D its diagonal, H g is γ g + Sᵀ w - γ Yᵀ q,
    where R q = S g and Rᵀ w = (D + γ Y Yᵀ) q - γ Y g; a few products of matrices in place of two
    loops over the memory.

    Source: Byrd, Nocedal, Schnabel 1994, doi 10.1007/BF01582063, equation (2.6).
    """
    if not len(memory.steps):
        return -gradient
    steps, changes, upper, gram = memory
    gamma = upper[-1, -1] / gram[-1, -1]
    q = solve_triangle(upper, steps @ gradient)
    right = upper.diagonal() * q + gamma * (gram @ q - changes @ gradient)
    w = solve_triangle(upper, right, transposed=True)
    return gamma * (q @ changes - gradient) - w @ steps


def update_memory(
    memory: Memory, size: int, step: Float[Tensor, " p"], change: Float[Tensor, " p"]
) -> Memory:
    """The memory of `size` steps at most with one more, if the gradient grows along that."""
    rounding = torch.finfo(step.dtype).eps * float(step.norm() * change.norm())
    if not float(step @ change) > rounding:
        return memory
    kept = slice(1 if len(memory.steps) == size else 0, None)
    steps = torch.cat([memory.steps[kept], step.unsqueeze(0)])
    changes = torch.cat([memory.changes[kept], change.unsqueeze(0)])
    upper, gram = (pad(each[kept, kept], (0, 1, 0, 1)) for each in (memory.upper, memory.gram))
    upper[:, -1] = steps @ change
    gram[:, -1] = gram[-1] = changes @ change
    return Memory(steps, changes, upper, gram)
