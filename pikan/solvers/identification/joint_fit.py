"""Gauss-Newton on fields and constants together, and the information that it leaves.

Rows that hold almost exactly make a curved, narrow valley, in which a line search that never goes
uphill creeps (the Maratos effect): full steps are taken, and only where several in a row have not
got below the best is the way resumed from there with damping.
"""

from collections.abc import Generator, Sequence
from math import inf, isfinite
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pikan.linalg.row_pieces import RowFactor, RowPiece
from pikan.optimize.stage import StageProgress
from pikan.solvers.identification.rows import JointSystem

# Steps that may stay above the best in a row.
_WATCHDOG = 6
# A step that lowers |r|² by less than this part of it is the last.
_STEADY = 1e-9
# So is one that lowers it by less than this: constants move by a hundredth of a standard error.
_SETTLED = 1e-4
# The steps of Gauss-Newton are over when they change θ by less than this part.
_SMALLEST = 1e-13
# Damping where full steps have failed, how it grows, and where it is given up.
_DAMPING, _GROWTH, _HOPELESS = 1e-4, 5.0, 1e3


class JointFit(NamedTuple):
    """The θ of a joint fit, |r|², and the R of its Jacobian.

    RᵀR is the information matrix of θ under the standard deviations of the fit.
    """

    theta: Float[Tensor, " p"]
    loss: float
    factor: RowFactor


def joint_fit(
    system: JointSystem,
    theta: Float[Tensor, " p"],
    deviations: Sequence[Float[Tensor, " _"]],
    steps: int,
    damping: float = 0.0,
) -> Generator[StageProgress, None, JointFit]:
    """Lowers |r(θ)|² from a start until nothing changes, at most `steps` times."""
    now = system.linearize(theta, deviations)
    loss = _squares(now)
    best, best_loss, failures = theta, loss, 0
    for step in range(steps):
        yield StageProgress("joint fit", step, steps, best, 0.5 * best_loss, {"all": best_loss})
        change = system.factorize(now, damping**2).solution()
        moved = system.clamp(theta - change)
        tried = system.linearize(moved, deviations)
        reached = _squares(tried)
        reached = reached if isfinite(reached) else inf
        if reached < best_loss:
            steady = best_loss - reached < max(_STEADY * reached, _SETTLED)
            best, best_loss, failures = moved, reached, 0
            damping = damping / _GROWTH if damping > 1e-8 else 0.0
            theta, now = moved, tried
            if steady:
                break
        elif failures < _WATCHDOG and damping == 0.0 and reached < 1e6 * best_loss:
            failures += 1
            theta, now = moved, tried
        elif damping > _HOPELESS:
            break
        else:
            damping, failures = max(damping * _GROWTH, _DAMPING), 0
            theta = best
            now = system.linearize(theta, deviations)
        if float(change.norm()) <= _SMALLEST * float(best.norm()):
            break
    factor = system.factorize(system.linearize(best, deviations))
    return JointFit(best, best_loss, factor)


def _squares(pieces: Sequence[RowPiece]) -> float:
    """|r|²."""
    return sum(float(one.residual.square().sum()) for one in pieces)
