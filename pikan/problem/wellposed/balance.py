"""Whether sources and fluxes balance where a problem is given fluxes alone."""

from collections.abc import Iterator, Mapping

import numpy as np

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Number, multiply, names, substitute
from pikan.geometry.domain import BoundaryPart, even
from pikan.geometry.face import Face
from pikan.geometry.quadrature import rule
from pikan.geometry.region import Region, RegionPart
from pikan.geometry.shape import Side
from pikan.problem.partials import Partial, normals, partials
from pikan.problem.statement import Problem, residual_on

# Gauss points along each axis: where both integrals agree, what they integrate is resolved.
_POINTS = 24, 37
# Steps along each coordinate of rules over regions, and points that show whether a side bounds one.
_STEPS, _PROBES = (16, 24), 64
# More coordinates take too many points.
_AXES = 3
# What is missing beyond rounding, in parts of what is added up.
_MISSING = 1e-8


def imbalance(problem: Problem) -> Iterator[str]:
    """A sentence where k laplacian(u) = f has u_n = g all around, and the two do not balance.

    By the divergence theorem the integral of f is that of k g over the boundary.
    """
    if len(problem.equations) != 1 or len(problem.unknowns) != 1 or problem.periodic:
        return
    (equation,), region = problem.equations, problem.region
    factor = _laplacian(problem, equation.residual)
    fluxes = _fluxes(problem) if region is None else _region_fluxes(problem, region)
    if factor is None or fluxes is None or problem.box.dimension > _AXES:
        return
    zero = dict.fromkeys(partials(problem, equation.residual), Number(0.0))
    parts: dict[BoundaryPart, Expression] = {Face(()): substitute(equation.residual, zero)}
    parts |= {face: multiply(Number(factor), flux) for face, flux in fluxes.items()}
    if region is None:
        (first, _), (left, size) = (_integrals(problem, parts, count) for count in _POINTS)
    else:
        (first, _), (left, size) = (_region_integrals(problem, parts, n) for n in _STEPS)
    if abs(left) > _MISSING * size and abs(left - first) < 0.1 * abs(left):
        yield (
            f"sources and fluxes on the boundary do not balance: {abs(left):.3g} is left of "
            f"'{equation.label}', integrated over the domain; there is no solution"
        )


def _laplacian(problem: Problem, residual: Expression) -> float | None:
    """k, if the partials of a residual are k times the Laplacian over all coordinates."""
    axes = range(problem.box.dimension)
    found = partials(problem, residual)
    second = {Partial(0, tuple(2 * (k == axis) for k in axes)) for axis in axes}
    factors = {_constant(problem, residual, name) for name in found}
    return factors.pop() if set(found.values()) == second and len(factors) == 1 else None


def _constant(problem: Problem, residual: Expression, name: str) -> float | None:
    """The factor of a partial in a residual; None where it is zero or no constant."""
    factor = differentiate(residual, name)
    if not names(factor) <= {*problem.constants, "pi", "e"}:
        return None
    return float(evaluate(factor, problem.constants, np)) or None


def _region_fluxes(problem: Problem, region: Region) -> Mapping[BoundaryPart, Expression] | None:
    """What conditions give for u_n on each side of a region; None where they do not, or give more.

    The region has all coordinates.
    """
    given: dict[Side, tuple[RegionPart, Expression]] = {}
    for condition in problem.conditions:
        for part in condition.faces:
            if isinstance(part, Face) and len(part.fixed) == problem.box.dimension:
                continue
            found = normals(problem, condition.residual)
            if isinstance(part, Face) or part.only or part.side in given or len(found) != 1:
                return None
            (name,) = found
            factor = _constant(problem, condition.residual, name)
            if partials(problem, condition.residual) or factor is None:
                return None
            rest = substitute(condition.residual, {name: Number(0.0)})
            given[part.side] = part, multiply(Number(-1.0 / factor), rest)
    bounding = {one.side for one in region.parts if len(one.points(problem.box, _PROBES, even))}
    whole = given.keys() >= bounding and len(region.axes) == problem.box.dimension
    return dict(given.values()) if whole else None


def _region_integrals(
    problem: Problem, parts: Mapping[BoundaryPart, Expression], steps: int
) -> tuple[float, float]:
    """The integrals of formulas over parts of a region added up, and those of their sizes."""
    left = size = 0.0
    for part, formula in parts.items():
        points, weights = rule(
            problem.domain, part, steps, {}, np.zeros((0, problem.box.dimension))
        )
        values = dict(zip(problem.coordinates, points.T, strict=True))
        values |= problem.domain.normal_columns(part, points)
        with np.errstate(all="ignore"):
            found = weights * evaluate(formula, {**problem.constants, **values}, np)
        left, size = left + float(np.sum(found)), size + float(np.sum(np.abs(found)))
    return left, size


def _fluxes(problem: Problem) -> Mapping[Face, Expression] | None:
    """What conditions give for u_n on each side; None where they do not, or give more."""
    box = problem.box
    axes = range(box.dimension)
    sides = {Face(((k, end),)) for k in axes for end in (box.lower[k], box.upper[k])}
    given: dict[Face, Expression] = {}
    for condition in problem.conditions:
        # A value at a corner or an edge pins the constant that is free.
        for face in condition.faces:
            if not isinstance(face, Face) or len(face.fixed) != 1:
                continue
            residual, normal = residual_on(problem, condition, face), face.normal(box)
            found = partials(problem, residual)
            factor = _constant(problem, residual, next(iter(found))) if len(found) == 1 else None
            if normal is None or factor is None or face in given:
                return None
            ((name, one),) = found.items()
            if one.orders != tuple(int(component != 0.0) for component in normal):
                return None
            rest = substitute(residual, {name: Number(0.0)})
            given[face] = multiply(Number(-sum(normal) / factor), rest)
    return given if given.keys() == sides else None


def _integrals(
    problem: Problem, parts: Mapping[BoundaryPart, Expression], count: int
) -> tuple[float, float]:
    """The integrals of formulas over their faces added up, and those of their sizes."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    box, left, size = problem.box, 0.0, 0.0
    for face, formula in parts.items():
        fixed = dict(face.fixed)
        free = [k for k in range(box.dimension) if k not in fixed]
        half = np.array([(box.upper[k] - box.lower[k]) / 2 for k in free])
        grids = np.meshgrid(*[nodes] * len(free), indexing="ij")
        shares = np.ones([count] * len(free)) * half.prod()
        for k in range(len(free)):
            shares = shares * weights.reshape(-1, *[1] * (len(free) - 1 - k))
        values = {box.coordinates[axis]: np.asarray(end) for axis, end in fixed.items()}
        for k, (axis, grid) in enumerate(zip(free, grids, strict=True)):
            values[box.coordinates[axis]] = box.lower[axis] + half[k] * (1.0 + grid)
        with np.errstate(all="ignore"):
            found = shares * evaluate(formula, {**problem.constants, **values}, np)
        left, size = left + float(np.sum(found)), size + float(np.sum(np.abs(found)))
    return left, size
