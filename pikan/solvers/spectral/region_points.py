"""Collocation points of a polynomial in a region: some times as many as it has coefficients."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import torch
from jaxtyping import Float

from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.geometry.region import RegionPart
from pikan.network.piecewise import Products
from pikan.network.product import FullProduct, degree_shares
from pikan.network.singular import SingularFunctions
from pikan.problem.pieces import of_piece
from pikan.problem.statement import Condition, Problem
from pikan.residuals.terms import CollocationPoints, used_faces
from pikan.sampling.halton import halton
from pikan.sampling.points import keep_inside, on_face
from pikan.solvers.spectral import graded_points

# Points inside for each coefficient. Fewer cost a digit, more gain none.
_INSIDE = 2.0
# Points on the boundary for each polynomial that is not zero all around an ellipse or a ball, in
# two coordinates and in more; no part has fewer than so many for each degree.
_AROUND, _AROUND_3D, _LEAST = 4.0, 2.0, 2.0
# The points of a level are the same whenever it is made again.
_SEED = 20_261_130


def region_points(problem: Problem, network: Products) -> CollocationPoints:
    """Halton points inside the region, denser where the box is its boundary, and on each part.

    Piece by piece where there are pieces; an interface has the points of the piece with more.
    """
    if isinstance(network, FullProduct):
        return _points_of_one(problem, network)
    each = [
        _points_of_one(_with_interfaces(problem, number), part)
        for number, part in enumerate(network.pieces())
    ]
    weights = [torch.ones_like(p.interior[:, 0]) if p.weights is None else p.weights for p in each]
    faces = dict[BoundaryPart, torch.Tensor]()
    face_weights = dict[BoundaryPart, torch.Tensor]()
    for points in each:
        for part, own in points.faces.items():
            if isinstance(part, Face) and part in faces:
                faces[part] = torch.cat([faces[part], own])
            elif len(own) > len(faces.get(part, ())):
                faces[part] = own
                face_weights.pop(part, None)
                if part in points.face_weights:
                    face_weights[part] = points.face_weights[part]
    inside = torch.cat([points.interior for points in each])
    return CollocationPoints(inside, faces, torch.cat(weights), face_weights)


def _with_interfaces(problem: Problem, number: int) -> Problem:
    """The problem in a piece, with conditions on its interfaces: where, not what."""
    own = of_piece(problem, number)
    met = tuple(
        Condition(one.label, (each.part,), one.residual)
        for one in problem.interfaces
        for each in one.interfaces
        if number in (each.first, each.second)
    )
    return replace(own, conditions=(*own.conditions, *met))


def _points_of_one(problem: Problem, network: FullProduct) -> CollocationPoints:
    degrees = [basis.size - 1 for basis in network.axes()]
    like, box, region = network.coefficients.detach(), problem.box, problem.region
    assert region is not None
    # Where the box ends with the network, polynomials ask for points as dense as Chebyshev's.
    ends = [
        bool(abs(low - c + s) <= 1e-9 * s and abs(high - c - s) <= 1e-9 * s)
        for low, high, c, s in zip(
            box.lower, box.upper, network.center.tolist(), network.scale.tolist(), strict=True
        )
    ]

    def draw(count: int) -> Float[np.ndarray, "n d"]:
        unit = halton(count, box.dimension, np.random.default_rng(_SEED))
        return np.where(ends, np.sin(0.5 * np.pi * unit) ** 2, unit)

    inside = keep_inside(problem.domain, draw, ceil(_INSIDE * len(like)), like)
    parts = used_faces(problem)
    sizes = {part: 0.0 if isinstance(part, Face) else part.side.size for part in parts}
    whole = sum(sizes.values()) or 1.0
    factor = _AROUND if box.dimension == 2 else _AROUND_3D
    traces = size_of(degrees) - size_of([max(degree - 2, 0) for degree in degrees])
    series = None if network.laurent is None else network.laurent.degrees
    if series is not None:
        # No more than the outer sides are long, so that holes do not take from these.
        traces = max(traces, 2 * series.highest + 1)
        whole = min(whole, 2.0 * float(np.sum(np.subtract(*reversed(region.bounds)))))
    faces = {}
    for part in parts:
        if isinstance(part, Face):
            fixed = {axis for axis, _ in part.fixed}
            free = [degree for axis, degree in enumerate(degrees) if axis not in fixed]
            count = ceil(_INSIDE * size_of(free)) if free else 1
        else:
            least = _LEAST * max(degrees) ** (box.dimension - 1) / (box.dimension - 1)
            if series is not None and part.side.is_closed:
                least = max(least, factor * (2 * series.poles + 1))
            count = ceil(max(factor * traces * sizes[part] / whole, least))
        faces[part] = _on_part(problem, part, count, like)
    points = CollocationPoints(inside, faces)
    return points if network.singular is None else _grade_points(problem, network.singular, points)


def _grade_points(
    problem: Problem, singular: SingularFunctions, points: CollocationPoints
) -> CollocationPoints:
    """The same with more points beside the singular ones, whose rows count less there."""
    region, like = problem.region, points.interior
    assert region is not None
    centers = np.unique(singular.points.cpu().numpy().round(12), axis=0)

    def weights(at: Float[torch.Tensor, "_ d"], order: int) -> Float[torch.Tensor, " _"]:
        share = graded_points.weight(region, at.cpu().numpy(), centers, order)
        return torch.from_numpy(share**2).to(like)

    more = torch.from_numpy(graded_points.beside(region, centers)).to(like)
    inside = torch.cat([points.interior, more])
    faces, face_weights = dict[BoundaryPart, torch.Tensor](), dict[BoundaryPart, torch.Tensor]()
    for part, own in points.faces.items():
        if isinstance(part, RegionPart):
            near = graded_points.along(part, centers)
            near = torch.from_numpy(near[part.bounds(problem.box, near)]).to(like)
            faces[part] = torch.cat([own, near])
            face_weights[part] = weights(faces[part], 1)
        else:
            faces[part] = own
    return CollocationPoints(inside, faces, weights(inside, 2), face_weights)


def size_of(degrees: Sequence[int]) -> int:
    """The number of products of total degree."""
    return int((degree_shares(degrees) <= 1.0).sum())


def _on_part(
    problem: Problem, part: BoundaryPart, count: int, like: torch.Tensor
) -> Float[torch.Tensor, "n d"]:
    """Points on a part: equally spaced around closed curves, as Chebyshev's along others."""
    generator, region = torch.Generator().manual_seed(_SEED), problem.region
    assert region is not None
    if isinstance(part, Face):
        fixed = {axis for axis, _ in part.fixed}
        dense = [a not in region.axes for a in range(problem.box.dimension) if a not in fixed]
    else:
        own = len(region.axes) - 1
        dense = [not part.side.is_closed] * own + [True] * (problem.box.dimension - own - 1)

    def spread(
        number: int | Sequence[int], dimension: int, chance: np.random.Generator
    ) -> Float[np.ndarray, "n _"]:
        assert isinstance(number, int)
        even = (np.arange(number)[:, None] + 0.5) / number
        unit = even if dimension == 1 else halton(number, dimension, chance)
        return np.where(dense, np.sin(0.5 * np.pi * unit) ** 2, unit)

    return on_face(problem.domain, part, spread, count, generator, like)
