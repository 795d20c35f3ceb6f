"""Assessment of a solution on held-out points: outcome, error estimate, residual norms."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.base import Network
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.partials import partials
from pikan.network.piecewise import PiecewiseProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.network.trial import TrialNetwork
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem
from pikan.report.report import Estimate
from pikan.residuals.relative_residual import RelativeResidual, largest
from pikan.residuals.terms import CollocationPoints, terms, used_faces
from pikan.sampling.points import interior, on_face
from pikan.sampling.uniform import uniform
from pikan.solvers.level import SolverResult

# An error is about as large a part of the solution as what is left of an equation is of its terms.
# Of 459 levels of the problems of scripts/honesty.py the error was below ten times the estimate
# with this factor in 93 %, and above a hundredth of it in 88 %.
_CARRIED = 3.0
# Where so much of the terms is left, as where a march ended early, the error may be anything.
_NOTHING = 0.1
# Inside a narrow feature a residual below this part of its terms is that of a solution that has
# seen it, and so is one of this many times the accuracy, being made of derivatives.
_RESOLVED, _LOOSE = 1e-4, 10.0
# Fresh points for the residuals of the report.
_INSIDE, _ON_FACES, _FRESH = 2000, 200, 20_261_122


def final_outcome(
    outcome: Outcome, left: Sequence[RelativeResidual], accuracy: float | None
) -> Outcome:
    """How a run ended; where a stage found the least residual, and that is large, it stalled.

    Where the residual is not small inside the cells of a narrow feature, nothing has resolved it:
    no such run has converged, and the feature is named.
    """
    resolved = min(max(_RESOLVED, _LOOSE * (accuracy or 0.0)), _NOTHING)
    # A residual that is not a number is not below either.
    unseen = [one for one in left if one.feature is not None and not one.relative < resolved]
    if unseen and outcome.kind in ("converged", "stalled", "out of budget"):
        worst = largest(unseen)
        kind, said = "stalled" if outcome.kind == "converged" else outcome.kind, worst.sentence()
        own = outcome.message
        return Outcome(kind, own if str(worst.feature) in own else f"{own}; {said}")
    worst = largest(left)
    if outcome.kind != "converged" or worst.relative < _NOTHING:
        return outcome
    return Outcome(
        "stalled",
        f"{outcome.message}, and still '{worst.label}' is left with {worst.relative:.1e} of its "
        "terms; use more points or parameters, or see whether the conditions contradict each other",
    )


def estimate_error(
    level: SolverResult, outcome: Outcome, left: RelativeResidual
) -> Estimate | None:
    """The level's own estimate; where none was compared with it, one from what it leaves.

    None where that would not hold: where a run diverged, or stalled for other reasons than the
    level's own, where much is left of the terms, and where there is no digit.
    """
    lost = outcome.kind == "diverged" or (
        outcome.kind == "stalled" and (level.estimate is None or level.outcome.kind != "stalled")
    )
    if lost or not left.relative < _NOTHING:
        return None
    if level.estimate is None:
        label = f"what is left of '{left.label}', in parts of its terms, on fresh points"
        return Estimate(_CARRIED * left.relative, f"{_CARRIED:g} times {label}")
    return Estimate(level.estimate, level.how) if level.estimate < 1.0 else None


def kind(network: Network) -> str:
    """The word of a problem file for a network."""
    part = network.slabs()[0] if isinstance(network, TimeSlabs) else network
    part = part.network if isinstance(part, TrialNetwork) else part
    if isinstance(part, PiecewiseProduct):
        return f"product, {len(part.pieces())} pieces"
    word = "kan" if isinstance(part, KANNetwork) else "mlp" if isinstance(part, MLP) else "product"
    return f"{word}, {len(network.slabs())} time slabs" if isinstance(network, TimeSlabs) else word


def held_out_points(problem: Problem, like: Float[Tensor, "n d"]) -> CollocationPoints:
    """Points for the report's residuals, which nothing was trained on."""
    # A generator of its own: the report says the same of a solution whenever it is made.
    generator = torch.Generator().manual_seed(_FRESH)
    faces = used_faces(problem)
    return CollocationPoints(
        interior(problem.domain, uniform, _INSIDE, generator, like),
        {f: on_face(problem.domain, f, uniform, _ON_FACES, generator, like) for f in faces},
    )


def residuals(problem: Problem, network: Network, points: CollocationPoints) -> Mapping[str, float]:
    """The root mean square of every residual by label."""
    squares: dict[str, list[Float[Tensor, " n"]]] = {}
    with torch.no_grad():
        for term in terms(problem, points):
            found = tuple(
                partials(network, place, term.needed_partials(k), term.place_in(k))
                for k, place in enumerate(term.points)
            )
            squares.setdefault(term.label, []).append(term.residual(found).square())
    return {label: float(torch.cat(rows).mean().sqrt()) for label, rows in squares.items()}
