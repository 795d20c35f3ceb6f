"""Starts with more of the shape that a source gives the least bent function."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import scaled_least_squares
from pikan.optimize.objective import LeastSquares
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import last_layer_objective
from pikan.residuals.terms import terms
from pikan.solvers.spectral.branch_level import BranchLevel
from pikan.solvers.spectral.linear_extension import extension, extension_label, strengthen
from pikan.solvers.spectral.product_objective import matching_points

# Functions that depend on others to this part of themselves add nothing.
_CUTOFF = 1e-10
# Amplitudes along a direction, in parts of the solution's natural size.
_AMPLITUDES = torch.logspace(-4.0, 3.0, 43, dtype=torch.float64)


def shape_starts(level: BranchLevel) -> Iterator[Float[Tensor, " p"]]:
    """Starts a + s b in which the residual has no part along b's highest derivatives, by Galerkin.

    a is the first start, and b by how much a source in the equation of an unknown changes it: a
    constant one or, where that leads to no start, one that grows along a coordinate. s runs through
    amplitudes many times smaller to larger than a, or than one if a is zero.
    """
    start, simple = level.extended, extension(level.problem)
    objective, unit = _unweighted_objective(level, simple), _unit_points(level, simple)
    design = objective.jacobian(start)
    size = float(level.values(start).abs().max()) or 1.0
    for unknown in range(len(level.problem.unknowns)):
        for profile in (torch.ones_like(unit[:, 0]), *unit.unbind(1)):
            source = torch.zeros_like(profile)
            for block in objective.blocks:
                if block.label == extension_label(unknown):
                    source[block.rows] = profile[block.rows]
            shape = scaled_least_squares(design, source, _CUTOFF).solution
            largest = float(level.values(shape).abs().max())
            starts = _balanced_starts(level, size / largest * shape) if largest else []
            yield from starts
            if starts:
                break


def _balanced_starts(level: BranchLevel, shape: Float[Tensor, " p"]) -> list[Float[Tensor, " p"]]:
    """The first start with as much of a shape as balances its highest derivatives."""
    problem, start = level.problem, level.extended
    plain, stronger = (
        _unweighted_objective(level, one) for one in (problem, strengthen(problem, 2.0))
    )
    # Chebyshev's weights, which are zero for rows on faces.
    weights = (1.0 - _unit_points(level, problem).square()).clamp(min=0.0).prod(dim=1).sqrt()
    amplitudes = torch.cat([-_AMPLITUDES.flip(0), _AMPLITUDES]).to(start)
    starts = start + amplitudes[:, None] * shape
    # Formulas that have no value on one side of the start may have one on the other.
    both = (start + part * shape for part in (1.0, -1.0, 1e-2, -1e-2))
    tops = (stronger.residual(one) - plain.residual(one) for one in both)
    top = next((one for one in tops if one.isfinite().all()), torch.zeros_like(weights))
    along = torch.stack([plain.residual(one) for one in starts]) @ (weights * top)
    return [
        torch.lerp(starts[k], starts[k + 1], along[k] / (along[k] - along[k + 1]))
        for k in range(len(starts) - 1)
        if along[k] * along[k + 1] < 0.0 < amplitudes[k] * amplitudes[k + 1]
    ]


def _unit_points(level: BranchLevel, problem: Problem) -> Float[Tensor, "r d"]:
    """The points of all rows of a problem, the box scaled to [-1, 1]."""
    on_points = terms(problem, matching_points(problem, level.network))
    places = torch.cat([one.points[0] for one in on_points])
    return (places - level.network.center) / level.network.scale


def _unweighted_objective(level: BranchLevel, problem: Problem) -> LeastSquares:
    """All rows as they are, so that those of different problems can be compared."""
    on_points = terms(problem, matching_points(problem, level.network))
    return last_layer_objective(on_points, level.network, [1.0] * len(on_points), linear=False)
