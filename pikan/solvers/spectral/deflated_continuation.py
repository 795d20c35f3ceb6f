"""Deflated continuation: solutions beside those that are known."""

import math
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import scaled_least_squares
from pikan.network.parameters import with_parameters
from pikan.optimize.objective import LeastSquares
from pikan.problem.statement import Problem
from pikan.solvers.deflation import Apart, deflated_length
from pikan.solvers.spectral.alternatives import SAME
from pikan.solvers.spectral.branch_level import BranchLevel, is_near
from pikan.solvers.spectral.initial import NUDGE, prolong
from pikan.solvers.spectral.linear_extension import shorten, strengthen
from pikan.solvers.spectral.product_objective import product_objective

# Factors of problems on the way; more solutions than so many are not looked for.
_EASIER, _MOST = (math.exp(1.0), math.exp(0.5)), 8
# Full steps: deflation leads far away, where a step that is held back would come to rest.
_STEPS = 25
# A step of this part of the solution ends the iteration: what follows is for more degrees.
_DONE = 1e-5
# Functions that depend on others to this part of themselves add nothing.
_CUTOFF = 1e-10


def deflated_continuation(
    level: BranchLevel, known: Sequence[Float[Tensor, " p"]]
) -> Iterator[Float[Tensor, " p"]]:
    """What deflated continuation finds beside all that is `known`, where anything is.

    Where the problem is easier, all branches lie near the starts; each is followed to the problem
    itself, where others are looked for once more.

    Source: Farrell, Beentjes and Birkisson 2016, arXiv 1603.00809.
    """
    followed: list[Float[Tensor, " p"]] = []
    for family in (strengthen, shorten) if known else ():
        near: list[Float[Tensor, " p"]] = []
        for factor in _EASIER:
            near = list(_branches_of(level, family(level.problem, factor), near, ()))
        followed += near
    if known:
        yield from _branches_of(level, level.problem, followed, known)


def _branches_of(
    level: BranchLevel,
    problem: Problem,
    starts: Sequence[Float[Tensor, " p"]],
    known: Sequence[Float[Tensor, " p"]],
) -> Iterator[Float[Tensor, " p"]]:
    """Solutions near the starts, then others from two more starts, none of them `known`."""
    objective = product_objective(problem, level.network, level.extended)
    found, unknowns = list(known), len(problem.unknowns)
    for start in starts:
        theta = deflated_newton(objective, start, (), unknowns)
        if theta is not None and not is_near(theta, found, SAME):
            found.append(theta)
            yield theta
    for start in (level.extended, level.smooth_start()):
        if is_near(start, found, NUDGE):
            start = prolong(with_parameters(level.network, start), level.network)
        while len(found) < _MOST:
            theta = deflated_newton(objective, start, found, unknowns)
            if theta is None or is_near(theta, found, SAME):
                break
            found.append(theta)
            yield theta


def deflated_newton(
    objective: LeastSquares,
    start: Float[Tensor, " p"],
    known: Sequence[Float[Tensor, " p"]],
    unknowns: int,
) -> Float[Tensor, " p"] | None:
    """Coefficients at which Newton's steps come to rest; None where they do not, or not finite.

    Distances are those of coefficients, each unknown in parts of its size in the known solution.
    """
    units = [_inner_product_weights(one, unknowns) for one in known]
    here = start
    for _ in range(_STEPS):
        rows, design = objective.residual(here).detach(), objective.jacobian(here)
        if not bool(rows.isfinite().all() & design.isfinite().all()):
            return None
        step = scaled_least_squares(design, -rows, _CUTOFF).solution
        apart = [
            Apart(float(unit @ (here - one).square()), float(unit @ ((here - one) * step)))
            for one, unit in zip(known, units, strict=True)
        ]
        here = here + deflated_length(apart) * step
        if float(step.norm()) <= _DONE * float(here.norm()):
            return here
    return None


def _inner_product_weights(known: Float[Tensor, " p"], unknowns: int) -> Float[Tensor, " p"]:
    """By coefficient, one over the square of the unknown's size; zero ones count as the largest."""
    sizes = known.view(-1, unknowns).square().sum(dim=0)
    largest = float(sizes.max()) or 1.0
    sizes = torch.where(sizes > 0.0, sizes, largest)
    return (1.0 / (unknowns * sizes)).repeat(len(known) // unknowns)
