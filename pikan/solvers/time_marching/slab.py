"""One time slab: its network, points and start, and the assessment of its solution."""

from math import isfinite, prod
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.linalg.dense import least_squares
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.problem.classification import equation_order
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import last_layer_objective
from pikan.residuals.terms import CollocationPoints, Term, used_faces
from pikan.sampling.gauss import gauss_cells
from pikan.solvers.collocation_grid import chebyshev_nodes, project_on_grid, tensor_points
from pikan.solvers.decay import coefficient_decay, next_degree, tail_size
from pikan.solvers.time_marching.knots import equidistribute, errors, integrals, roughness
from pikan.solvers.time_slab import initial_face

# The next slab is shorter than would just do if the solution went on as it is, and a grid finer:
# layers get steeper and move, and a slab that fails costs more than one that is a bit too good.
_CAUTION, _FINER = 0.85, 0.05
# A slab that leaves more than this in time is too long, whatever its grid is like.
_NOISE = 1e-2
# In the plane a slab leaves this part of the tolerance in time: coefficients that Radau points miss
# grow in the next slabs.
_SLABS = 0.1
# Products of polynomials in space are no more than so many.
_MOST = 20_000
# The error of a spline may be so much larger for each derivative beyond the second that is asked
# of it: measured with fourth derivatives, where half as wide cells made slabs ten times longer.
_ROUGHER = 0.03


class Grid(NamedTuple):
    """The shape of a slab's network: one basis for each axis, time among them.

    Where there is one space coordinate it has splines on `knots`, ends -1 and 1 of the box;
    `knots` is None elsewhere. `degrees` are those of the splines and polynomials, axis by axis.
    """

    knots: Float[np.ndarray, " _"] | None
    degrees: tuple[int, ...]


class SlabAssessment(NamedTuple):
    """Whether a slab's solution will do, and what the next attempt or slab should be like.

    `grid` is its grid, `stretch` by how much longer it should be.
    """

    accepted: bool
    grid: Grid
    stretch: float


def first_grid(problem: Problem, tolerance: float, number: int, before: FullProduct | None) -> Grid:
    """A coarse grid, of higher degrees where more is asked and in every march after the first.

    Two marches on the same grid would agree for nothing; so would polynomials of an even solution
    if their degrees rose by one. In two coordinates of space a march begins with what the one
    `before` needed at first.
    """
    fine = tolerance < 1e-6
    axis = problem.box.evolution
    space = problem.box.dimension - 1
    if space > 1 and before is not None:
        known = [basis.degree for basis in before.axes()]
        return Grid(None, tuple(n + (1 if k == axis else 2) for k, n in enumerate(known)))
    in_space, in_time = ((9 if fine else 7), (12 if fine else 10)) if space == 1 else (8, 10)
    rise = number if space == 1 else 2 * number
    degrees = tuple(in_time + number if k == axis else in_space + rise for k in range(space + 1))
    return Grid(np.linspace(-1.0, 1.0, 17) if space == 1 else None, degrees)


def slab_network(part: Problem, grid: Grid, like: Tensor) -> FullProduct:
    """Splines or polynomials in space times Chebyshev polynomials in time, all zero."""
    box = part.box
    unit = torch.tensor([[-1.0, 1.0]]).to(like)
    bases: list[Basis] = [Chebyshev(unit, degree) for degree in grid.degrees]
    if grid.knots is not None:
        space = 1 - box.evolution
        bases[space] = BSpline(torch.from_numpy(grid.knots)[None].to(like), grid.degrees[space])
    return FullProduct(bases, len(part.unknowns), box.lower, box.upper).to(like)


def slab_points(part: Problem, grid: Grid, like: Tensor) -> CollocationPoints:
    """Points that match a slab's network, and those on its first moment."""
    faces = (*used_faces(part), initial_face(part))
    return tensor_points(faces, _slab_nodes(part, grid), like)


def _slab_nodes(part: Problem, grid: Grid) -> tuple[Float[np.ndarray, " _"], ...]:
    """The points along every axis."""
    lines = list[Float[np.ndarray, " _"]]()
    for axis, (low, high) in enumerate(zip(part.box.lower, part.box.upper, strict=True)):
        # Slightly more points than there are functions.
        degree, time = grid.degrees[axis], axis == part.box.evolution
        if time or grid.knots is None:
            lines.append(chebyshev_nodes(low, high, degree + 2 if time else degree + 3))
            continue
        cells = len(grid.knots) - 1
        # 1.4 points for each spline: fewer leave the conditions no say, more only cost time.
        per_cell = max(2, -(-14 * (cells + degree) // (10 * cells)))
        knots = (low + high) / 2 + (high - low) / 2 * grid.knots
        lines.append(gauss_cells(knots, per_cell))
    return tuple(lines)


def start_values(
    problem: Problem, start: tuple[Term, ...], network: FullProduct
) -> Float[Tensor, " p"]:
    """Coefficients constant in time that meet the start of the slab as well as they can."""
    theta = torch.zeros_like(network.coefficients).flatten()
    objective = last_layer_objective(start, network, [1.0] * len(start), linear=False)
    # The products whose factor in time is the constant.
    sizes = [basis.size for basis in network.axes()]
    places = torch.arange(network.coefficients.numel(), device=network.coefficients.device)
    constant = places.view(*sizes, -1).movedim(problem.box.evolution, 0)[0].flatten()
    design, right = objective.jacobian(theta)[:, constant], -objective.residual(theta)[:, None]
    theta[constant] = least_squares(design, right, torch.finfo(theta.dtype).eps)[:, 0]
    return theta


def project_values(
    part: Problem, grid: Grid, network: FullProduct, known: Network
) -> Float[Tensor, " p"]:
    """Coefficients that bring the slab's network close to one that is known there."""
    return project_on_grid(known, network, _slab_nodes(part, grid))


def assess_slab(
    problem: Problem, network: FullProduct, grid: Grid, tolerance: float, largest: int
) -> SlabAssessment:
    """What the coefficients of a slab's solution say of its length and of its grid.

    In time the last Chebyshev coefficients must be below the tolerance, relative to the
    largest, in the mean over the splines in space; in space the error of the best spline in every
    cell, or the last coefficients.
    """
    axis = problem.box.evolution
    left_out = tail_size(_decay_in_time(network, grid, axis)[1:])
    if not isfinite(left_out):
        return SlabAssessment(False, grid, _CAUTION / 2)
    in_time = tolerance * (_SLABS if len(problem.box.space) > 1 else 1.0)
    stretch = _CAUTION * (in_time / max(left_out, 1e-30)) ** (1 / (grid.degrees[axis] - 1))
    if grid.knots is None:
        fine, better = _assess_polynomials(network, grid, axis, tolerance)
        if prod(n + 1 for k, n in enumerate(better.degrees) if k != axis) > _MOST:
            better = grid
    else:
        highest = max(equation_order(problem, k, 1 - axis) for k in range(len(problem.unknowns)))
        # What is rough in space dies out fast in time, and no short slab resolves that.
        smooth = tolerance * _ROUGHER ** max(highest - 2, 0)
        fine, better = _assess_splines(network, grid, axis, smooth, largest)
    accepted = fine and left_out <= in_time
    # A slab that is tried again for its grid alone keeps its length: one change at a time. What
    # polynomials do not resolve in space makes noise in time.
    alone = left_out <= in_time or (grid.knots is None and not fine and left_out < _NOISE)
    if not accepted and alone:
        return SlabAssessment(False, better, 1.0)
    return SlabAssessment(accepted, better, min(max(stretch, 0.4), 2.0))


def _decay_in_time(network: FullProduct, grid: Grid, axis: int) -> Float[Tensor, " b"]:
    """The size of every order's coefficients, relative to the largest of each unknown.

    Splines count by their integrals, so that a narrow layer is measured in L2 as errors are.
    """
    sizes = tuple(basis.size for basis in network.axes())
    if grid.knots is None:
        return coefficient_decay(network.coefficients, sizes, axis)
    weights = torch.from_numpy(integrals(grid.knots, grid.degrees[1 - axis]))
    squares = network.coefficients.detach().square().view(*sizes, -1).movedim(axis, 0)
    means = torch.einsum("tsm,s->tm", squares, weights.to(squares)).sqrt()
    largest = means.amax(dim=0)
    return (means / _scale(largest)).amax(dim=1)


def _scale(sizes: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    """The sizes of unknowns, one for those that are zero or whose squares are."""
    return torch.where(sizes > torch.finfo(sizes.dtype).tiny ** 0.5, sizes, torch.ones_like(sizes))


def _assess_polynomials(
    network: FullProduct, grid: Grid, axis: int, tolerance: float
) -> tuple[bool, Grid]:
    sizes = tuple(basis.size for basis in network.axes())
    wanted = tuple(
        degree
        if k == axis
        # Half as much again at most: what a slab costs grows fast with its degrees.
        else min(
            next_degree(coefficient_decay(network.coefficients, sizes, k), tolerance),
            degree + max(3, degree // 2),
        )
        for k, degree in enumerate(grid.degrees)
    )
    return wanted == grid.degrees, Grid(None, wanted)


def _assess_splines(
    network: FullProduct, grid: Grid, axis: int, tolerance: float, largest: int
) -> tuple[bool, Grid]:
    assert grid.knots is not None
    space, time = network.axes()[1 - axis], network.axes()[axis]
    degree, cells = grid.degrees[1 - axis], len(grid.knots) - 1
    middles = torch.from_numpy((grid.knots[1:] + grid.knots[:-1]) / 2).to(network.coefficients)
    last = space.derivatives(middles[:, None], degree)[degree, :, 0]
    moments = torch.linspace(-1.0, 1.0, 4, dtype=middles.dtype, device=middles.device)
    in_time = time.derivatives(moments[:, None], 0)[0, :, 0]
    coefficients = (
        network.coefficients.detach()
        .view(*(basis.size for basis in network.axes()), -1)
        .movedim(1 - axis, 0)
    )
    sampled = torch.einsum("cb,btm,st->csm", last, coefficients, in_time)
    sizes = coefficients.abs().amax(dim=(0, 1))
    relative = sampled / _scale(sizes)
    rough = roughness(grid.knots, relative.flatten(1).cpu().numpy())
    worst = float(errors(grid.knots, rough, degree).max())
    most = max(min(2 * cells, largest // (time.size * sizes.numel()) - degree), 1)
    better = equidistribute(grid.knots, rough, degree, _FINER * tolerance, most)
    return worst <= 3 * tolerance, Grid(better, grid.degrees)
