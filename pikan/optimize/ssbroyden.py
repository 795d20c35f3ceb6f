"""Self-scaled Broyden steps: quasi-Newton with the whole inverse Hessian."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.broyden_update import broyden_update
from pikan.optimize.line_search import Evaluate, Trial, line_search
from pikan.optimize.objective import Evaluation, Objective
from pikan.optimize.outcome import Outcome
from pikan.optimize.quasi_newton import Descent, in_variables, stall, start_descent
from pikan.optimize.stage import Stage, StageProgress, State, progress


@final
@dataclass(frozen=True)
class SSBroydenState(State):
    """Where the descent stands, and the inverse Hessian; None is the identity."""

    step: int
    descent: Descent
    inverse: Float[Tensor, "p p"] | None


@final
@dataclass(frozen=True)
class SSBroyden(Stage):
    """Quasi-Newton steps from all changes of the gradient so far, each update scaled by itself.

    For networks too large for a Jacobian of all rows and small enough for a matrix of p²
    numbers, a few thousand parameters; a step costs some 3 p² operations beside its evaluations.
    Searches in variables that weigh alike, and ends, as `lbfgs` does: converged once ten steps
    lower the loss by less than `tolerance` of itself; where a line search fails the matrix is
    forgotten, and if the next one fails as well, the stage has stalled.

    Source: Urbán, Stefanou, Pons 2025, doi 10.1016/j.jcp.2024.113656; Kiyani, Shukla, Urbán,
    Darbon, Karniadakis 2025, arXiv 2501.16371, SSBroyden; the update is Al-Baali and Khalfan's.
    """

    steps: int
    tolerance: float = 1e-9
    name: ClassVar[str] = "ssbroyden"

    def run(
        self, objective: Objective, theta: Float[Tensor, " p"], state: State | None = None
    ) -> Generator[StageProgress, None, Outcome]:
        """Ends converged, stalled, out of budget, or diverged where the start is not finite."""
        begin = state if isinstance(state, SSBroydenState) else initial_state(objective, theta)
        if isinstance(begin, Outcome):
            return begin
        descent, inverse = begin.descent, begin.inverse
        evaluate = in_variables(objective, descent.lengths)
        for step in range(begin.step, self.steps + 1):
            here, now = descent.here, SSBroydenState(step, descent, inverse)
            yield progress(self, objective, step, self.steps, descent.theta, here.rows, now)
            if descent.stagnates(self.tolerance):
                return Outcome("converged", f"the loss has stopped falling after {step} steps")
            if step == self.steps:
                break
            moved = advance(inverse, here, evaluate)
            if moved is None and inverse is not None:
                inverse = None
                moved = advance(inverse, here, evaluate)
            if moved is None:
                return stall(here, step)
            moved_by = moved.there.theta - here.theta
            # B s is -α g, since s is -α H g.
            length = -moved.length * float(moved_by @ here.gradient)
            turned = moved.there.gradient - here.gradient
            inverse = broyden_update(inverse, moved_by, turned, length)
            descent = descent.advance(moved.there)
        return Outcome(
            "out of budget",
            f"ssbroyden took its {self.steps} steps and the loss was still falling; give it more",
        )


def initial_state(objective: Objective, theta: Float[Tensor, " p"]) -> SSBroydenState | Outcome:
    """The state before the first step, or why there is none."""
    descent = start_descent(SSBroyden.name, objective, theta)
    return descent if isinstance(descent, Outcome) else SSBroydenState(0, descent, None)


def advance(
    inverse: Float[Tensor, "p p"] | None, here: Evaluation, evaluate: Evaluate
) -> Trial | None:
    """The end of a line search along -H g; None where that leads nowhere lower."""
    direction = -here.gradient if inverse is None else -(inverse @ here.gradient)
    # Rounding may spoil a matrix after many updates; also false where it is not finite.
    if not float(here.gradient @ direction) < 0.0:
        return None
    return line_search(evaluate, here, direction)
