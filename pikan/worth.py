"""What a solution is worth on points that nothing was trained on: outcome, estimate, residuals."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.derivatives.jets import partials
from pikan.network.base import Network
from pikan.network.kan import KAN
from pikan.network.mlp import MLP
from pikan.network.windows import Windows
from pikan.outcome import Outcome
from pikan.problem import Problem
from pikan.report.report import Estimate
from pikan.residuals import Points, sheets, used_faces
from pikan.sampling.points import interior, on_face
from pikan.sampling.uniform import uniform
from pikan.solving.level import Level
from pikan.solving.misfit import Misfit

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


def judged(outcome: Outcome, left: Sequence[Misfit], accuracy: float | None) -> Outcome:
    """How a run ended; where a stage found the least residual, and that is large, it stalled.

    Where the residual is not small inside the cells of a narrow feature, nothing has resolved it:
    no such run has converged, and the feature is named.
    """
    resolved = min(max(_RESOLVED, _LOOSE * (accuracy or 0.0)), _NOTHING)
    # A residual that is not a number is not below either.
    unseen = [one for one in left if one.feature is not None and not one.relative < resolved]
    if unseen and outcome.kind in ("converged", "stalled", "out of budget"):
        worst = max(unseen, key=lambda one: one.relative)
        kind = "stalled" if outcome.kind == "converged" else outcome.kind
        return Outcome(kind, f"{outcome.message}; {worst.sentence()}")
    worst = max(left, key=lambda one: one.relative)
    if outcome.kind != "converged" or worst.relative < _NOTHING:
        return outcome
    return Outcome(
        "stalled",
        f"{outcome.message}, and still '{worst.label}' is left with {worst.relative:.1e} of its "
        "terms; use more points or parameters, or see whether the conditions contradict each other",
    )


def estimated(level: Level, outcome: Outcome, left: Misfit) -> Estimate | None:
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
    part = network.windows()[0] if isinstance(network, Windows) else network
    word = "kan" if isinstance(part, KAN) else "mlp" if isinstance(part, MLP) else "product"
    return f"{word} in {len(network.windows())} windows" if isinstance(network, Windows) else word


def fresh(problem: Problem, like: Float[Tensor, "n d"]) -> Points:
    """Points for the report's residuals, which nothing was trained on."""
    # A generator of its own: the report says the same of a solution whenever it is made.
    generator = torch.Generator().manual_seed(_FRESH)
    faces = used_faces(problem)
    return Points(
        interior(problem.box, uniform, _INSIDE, generator, like),
        {f: on_face(problem.box, f, uniform, _ON_FACES, generator, like) for f in faces},
    )


def residuals(problem: Problem, network: Network, points: Points) -> Mapping[str, float]:
    """The root mean square of every residual by label."""
    squares: dict[str, list[Float[Tensor, " n"]]] = {}
    with torch.no_grad():
        for sheet in sheets(problem, points):
            found = tuple(
                partials(network, place, sheet.wanted(k)) for k, place in enumerate(sheet.places)
            )
            squares.setdefault(sheet.label, []).append(sheet.residual(found).square())
    return {label: float(torch.cat(rows).mean().sqrt()) for label, rows in squares.items()}
