"""The minimum of an energy on finer and finer spaces, until two of them agree."""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.sparse import csc_array

from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import Expression
from pikan.geometry.face import Face
from pikan.linalg.sparse import sparse_solve
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import StageProgress
from pikan.problem.classification import linear
from pikan.problem.features import features
from pikan.problem.statement import Problem
from pikan.problem.variational import given_value
from pikan.sampling.held_out import HeldOut
from pikan.solvers.interpolation import interpolate
from pikan.solvers.level import SolverResult, distance
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.variational.energy import DiscreteEnergy
from pikan.solvers.variational.newton import NewtonStep, active_sets, newton
from pikan.solvers.variational.space import ProductSpace

Vector = Float[np.ndarray, " _"]
# The first degree; more Gauss points than that, which energies that are no polynomials need.
_START, _MORE = 5, 4
# Levels that come no nearer than this to each other are graded toward the ends: cells there are so
# much smaller each.
_SLOW, _GRADED = 0.3, 0.15
# Cells of the first level under bounds along each coordinate, and by how much levels that are
# halved come nearer to the minimum: of first order in the worst place.
_CELLS = 16
_HOW = "difference from the level before"


@final
@dataclass(frozen=True)
class EnergySettings:
    """What an energy is minimized with."""

    accuracy: float
    steps: int
    largest: int
    samples: HeldOut


class _EnergyLevel(NamedTuple):
    """A minimum on one space, and why it is none where it is none."""

    network: FullProduct
    reason: str


class _Resolution(NamedTuple):
    """A space: its degree, how often cells are graded toward the ends, and in how many parts."""

    degree: int
    grading: int
    parts: int

    def words(self) -> str:
        """What is different in the next."""
        cells = f", {self.parts} cells" if self.parts > 1 else ""
        return f"degree {self.degree}{cells}" + f", graded {self.grading} times" * bool(
            self.grading
        )


def minimize_energy(problem: Problem, settings: EnergySettings) -> Events[SolverResult]:
    """Degrees rise, cells are graded toward the ends where that is slow; under bounds halved."""
    assert problem.energy is not None
    bounded = bool(problem.energy.obstacles)
    here = _Resolution(1, 0, _CELLS) if bounded else _Resolution(_START, 0, 1)
    lower: FullProduct | None = None
    difference, before = inf, inf
    while True:
        space = _space(problem, here)
        if space.size * len(problem.unknowns) > settings.largest and lower is not None:
            message = f"the next level has more than {settings.largest} coefficients"
            end = Outcome("out of budget", f"{message}; raise minimize.largest")
            return SolverResult(lower, end, difference, _HOW)
        level = yield from memoize(_level(problem, settings, space, here, lower), _EnergyLevel)
        if level.reason:
            return SolverResult(level.network, Outcome("diverged", level.reason), None, "")
        if lower is not None:
            samples, both = settings.samples, (lower, level.network)
            with torch.no_grad():
                values = [samples.weight(each(samples.points)) for each in both]
            difference = distance(*values)
            if difference <= settings.accuracy:
                end = Outcome("converged", f"two levels agree to {difference:.1e}")
                return SolverResult(level.network, end, difference, _HOW)
        slow = difference > _SLOW * before
        before, lower = difference, level.network
        if bounded:
            here = here._replace(parts=2 * here.parts)
        elif slow:
            here = here._replace(degree=here.degree + 1, grading=here.grading + 1)
        else:
            here = here._replace(degree=here.degree + 2)


def _space(problem: Problem, here: _Resolution) -> ProductSpace:
    """Cells that end where known functions jump or bend."""
    places = features(problem).places
    edges: list[Float[np.ndarray, " _"]] = []
    for axis, (low, high) in enumerate(zip(problem.box.lower, problem.box.upper, strict=True)):
        middle, half = (low + high) / 2, (high - low) / 2
        own = {(one.value - middle) / half for one in places if one.axis == axis}
        own |= set(np.linspace(-1.0, 1.0, here.parts + 1).tolist())
        for k in range(1, here.grading + 1):
            own |= {-1.0 + _GRADED**k, 1.0 - _GRADED**k}
        edges.append(np.array(sorted(own)))
    return ProductSpace(problem.box, edges, here.degree)


def _level(
    problem: Problem,
    settings: EnergySettings,
    space: ProductSpace,
    here: _Resolution,
    lower: FullProduct | None,
) -> Events[_EnergyLevel]:
    """The minimum on a space, from that on the one before."""
    assert problem.energy is not None
    bounded = bool(problem.energy.obstacles)
    # A linear function times a smooth one is as exact as the linear functions are.
    energy = DiscreteEnergy(problem, space, here.degree + (1 if bounded else _MORE))
    given, values = _essential(problem, space)
    start = _start(problem, energy, given, values, lower)
    steps = 1 if linear(problem) and not bounded else settings.steps
    if bounded:
        low, high = _bounds(problem, space)
        walk = active_sets(energy, start, ~given, low, high, steps)
    else:
        walk = newton(energy, start, ~given, steps)
    last = NewtonStep(start, inf, inf, done=False)
    for number, last in enumerate(walk, start=1):
        loss = last.decrement if np.isfinite(last.decrement) else 1.0
        theta, most = torch.from_numpy(last.c), max(settings.steps, number)
        progress = StageProgress("newton", number, most, theta, loss, {"energy": loss})
        made = _network(problem, space, last.c)
        yield Event(here.words(), progress, lambda made=made: made)
    reason = last.reason
    if not last.done and not linear(problem):
        reason = f"{settings.steps} Newton steps do not reach a minimum; raise minimize.steps"
    return _EnergyLevel(_network(problem, space, last.c), reason)


def _essential(problem: Problem, space: ProductSpace) -> tuple[Bool[np.ndarray, " _"], Vector]:
    """Which coefficients conditions say, and their values."""
    assert problem.energy is not None
    given = np.zeros((len(problem.unknowns), space.size), dtype=bool)
    values = np.zeros_like(given, dtype=float)
    for condition in problem.conditions[: problem.energy.essential]:
        found = given_value(problem, condition.residual)
        assert found is not None
        unknown, formula = found
        for face in condition.faces:
            assert isinstance(face, Face)
            index, own = space.trace(face, lambda at, f=formula: _values_at(problem, f, at))
            given[unknown, index], values[unknown, index] = True, own
    return given.ravel(), values.ravel()


def _values_at(
    problem: Problem, formula: Expression, points: Float[np.ndarray, "n d"]
) -> Float[np.ndarray, " n"]:
    columns = dict(zip(problem.coordinates, points.T, strict=True))
    return evaluate_on(formula, {**problem.constants, **columns}, len(points))


def _start(
    problem: Problem,
    energy: DiscreteEnergy,
    given: Bool[np.ndarray, " _"],
    values: Vector,
    lower: FullProduct | None,
) -> Vector:
    """The level before, with the conditions of this one; at first what is harmonic inside."""
    if lower is None:
        parts = zip(
            given.reshape(len(problem.unknowns), -1),
            values.reshape(len(problem.unknowns), -1),
            strict=True,
        )
        return np.concatenate([_harmonic(energy, fixed, own) for fixed, own in parts])
    with torch.no_grad():
        center, scale = lower.center, lower.scale
        found = interpolate(energy.space.bases, lambda unit: lower(center + scale * unit))
    start = found.flatten(0, -2).mT.flatten().numpy().copy()
    return np.where(given, values, start)


def _harmonic(energy: DiscreteEnergy, fixed: Bool[np.ndarray, " _"], own: Vector) -> Vector:
    if not fixed.any():
        return own
    right = -(energy.stiffness @ own)[~fixed]
    matrix = csc_array(energy.stiffness[~fixed][:, ~fixed])
    found = own.copy()
    found[~fixed] = sparse_solve(matrix, right)
    return found


def _bounds(problem: Problem, space: ProductSpace) -> tuple[Vector, Vector]:
    """Bounds of the coefficients, which are values."""
    assert problem.energy is not None
    low = np.full((len(problem.unknowns), space.size), -inf)
    high = -low
    for one in problem.energy.obstacles:
        values = _values_at(problem, one.bound, space.nodes())
        (high if one.above else low)[one.unknown] = values
    return low.ravel(), high.ravel()


def _network(problem: Problem, space: ProductSpace, c: Vector) -> FullProduct:
    box, count = problem.box, len(problem.unknowns)
    network = FullProduct(space.bases, count, box.lower, box.upper)
    with torch.no_grad():
        network.coefficients.copy_(torch.from_numpy(c.reshape(count, -1).T.copy()))
    return network
