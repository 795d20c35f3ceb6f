"""Solutions of a nonlinear problem from several starts, and which of them is taken."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call

from pikan.linalg.dense import scaled_least_squares
from pikan.network.parameters import parameter_dict, parameter_vector, with_parameters
from pikan.network.partials import partials
from pikan.network.product import FullProduct
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.objective import LeastSquares
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import progress
from pikan.problem.classification import is_evolution, linear
from pikan.problem.statement import Problem
from pikan.residuals.last_layer import last_layer_objective
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.residuals.terms import terms
from pikan.sampling.held_out import HeldOut
from pikan.solvers.level import distance, run_quietly
from pikan.solvers.newton_homotopy import newton_homotopy
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.spectral.alternatives import SAME, apart
from pikan.solvers.spectral.initial import extended_start, prolong, smooth_start
from pikan.solvers.spectral.level import Level, PRefinement, diagnose
from pikan.solvers.spectral.linear_extension import (
    Family,
    extension,
    extension_label,
    highest_partials,
    shorten,
    strengthen,
)
from pikan.solvers.spectral.product_objective import matching_points, product_objective

# Degrees of the levels on which solutions are looked for, and the most coefficients there: every
# start takes some dozens of steps.
_DEGREE_1D, _DEGREE, _FEW, _LEVELS = 16, 8, 200, 3
# What may be left of the equations, in parts of their terms, on a level on which a solution is
# looked for, after its degrees have risen, and where it needs no more of them.
_PROMISING, _FOUND, _RESOLVED = 0.1, 1e-2, 1e-4
# To tell whether it is a solution, degrees rise by this factor up to so many coefficients, until it
# changes by no more than this part of itself; what is left has to fall by this factor.
_GROWTH, _MANY, _SETTLED, _FALLS = 1.5, 400, 1e-3, 0.7
# Starts nearer to a solution than this lead to it.
_CLOSE = 0.1
# Steps to a solution, to one on the way to it, and to one near a solution.
_STEPS, _ON_THE_WAY, _NEAR = 30, 10, 10
# Logarithms of factors from which a family is followed down to one, and its least step.
_FACTORS, _LEAST = (1.5, 3.0, 6.0), 0.02
# Functions that depend on others to this part of themselves add nothing.
_CUTOFF = 1e-10
# Damping of steps on the way to a solution and near it, and changes of the residual by parts too
# small to go on for, at its end and on the way.
_SLIGHT, _UNDAMPED, _STEADY, _ROUGHLY = 1e-6, 1e-28, 1e-5, 1e-2
# Amplitudes along a direction, in parts of the solution's natural size.
_AMPLITUDES = torch.logspace(-4.0, 3.0, 43, dtype=torch.float64)
# Totals of derivatives that differ by less are equal.
_EQUAL = 1e-3


class Branch(NamedTuple):
    """A solution, the start that led to it, and the mean of its highest derivatives by unknown.

    Derivatives are measured in lengths of the box.
    """

    network: FullProduct
    values: Float[Tensor, "n m"]
    start: str
    bending: Float[Tensor, " m"]


class Branches(NamedTuple):
    """Different solutions, the one to be taken first.

    `searched` says whether any were looked for; `factor` is the least number of times that the
    highest derivatives were multiplied by with a solution found, None where there was none.
    """

    found: tuple[Branch, ...]
    searched: bool
    factor: float | None

    def lower(self, settings: PRefinement) -> Level | None:
        """The level to climb from; None where no solution was found."""
        if not self.found:
            return None
        largest = min(settings.largest, settings.dense)
        first = self.found[0].network
        return diagnose(
            first,
            Outcome("converged", self.found[0].start),
            settings.samples,
            largest,
            determined=False,
            near=True,
        )


def branches(problem: Problem, settings: PRefinement) -> Events[Branches]:
    """The solutions to which several starts lead on levels of few coefficients.

    The starts are the solution of `extension` and the same with more of the shape that a constant
    source gives it, the smoothest function that meets the conditions, and the ends of three
    families: highest derivatives times a factor that falls to one, domains that grow to the whole,
    and Newton's homotopy. First comes the solution whose highest derivatives are the smallest on
    average, which of several is the one that bends least: the bounded and monotone one where there
    is one, the lower branch where a solution turns back at a limit point.

    None are looked for where a problem is linear or evolves in time, and so has one solution,
    and where the first level would be large.

    Source: Allgower and Georg 2003, Introduction to Numerical Continuation Methods, chapter 1.
    """
    return (yield from memoize(_search(problem, settings), Branches))


def _search(problem: Problem, settings: PRefinement) -> Events[Branches]:
    found: list[Branch] = []
    factor: float | None = None
    searched = False
    for degrees in _levels(problem, settings):
        searched, level, coarse = True, _level(problem, settings, degrees), True
        solutions: list[Float[Tensor, " p"]] = []
        for number, (start, end) in enumerate(_ends(level, solutions)):
            if end.factor is not None:
                # Where the last of a family is resolved, more degrees lead no further.
                factor, coarse = min(factor or math.inf, end.factor), end.left > _RESOLVED
            yield _event(level, number, start, end.theta, found)
            if not end.solved or _near(end.theta, solutions, SAME):
                continue
            branch = _resolve(level, start, end.theta)
            if branch is not None:
                solutions.append(end.theta)
                if all(apart(branch.values, other.values) > SAME for other in found):
                    found.append(branch)
        if found or not coarse:
            break
    return Branches(_in_order_of_bending(found), searched, factor)


def _near(theta: Float[Tensor, " p"], others: Sequence[Float[Tensor, " p"]], part: float) -> bool:
    """Whether coefficients differ from some others by no more than this part of themselves."""
    return any((theta - other).norm() <= part * theta.norm() for other in others)


def _levels(problem: Problem, settings: PRefinement) -> Iterator[tuple[int, ...]]:
    """The degrees on which solutions are looked for, until some are found."""
    dimension, unknowns = problem.box.dimension, len(problem.unknowns)
    degree, most = _DEGREE_1D if dimension == 1 else _DEGREE, min(_FEW, _largest(settings))
    if linear(problem) or is_evolution(problem):
        return
    for _ in range(_LEVELS):
        if (degree + 1) ** dimension * unknowns > most:
            return
        yield (degree,) * dimension
        degree, most = 2 * degree, _largest(settings)


def _largest(settings: PRefinement) -> int:
    """The most coefficients of a level on which solutions are looked for."""
    return min(_MANY, settings.largest, settings.dense)


@final
@dataclass(frozen=True)
class _BranchLevel:
    """A problem on a level of given degrees; `network` is zero and `extended` its first start."""

    problem: Problem
    settings: PRefinement
    network: FullProduct
    extended: Float[Tensor, " p"]
    objective: LeastSquares

    def relative_residual(self, problem: Problem, theta: Float[Tensor, " p"]) -> float:
        """The largest relative residual, infinite where a formula has no value."""
        left = largest_relative_residual(
            problem, with_parameters(self.network, theta), self.settings.samples
        ).relative
        return math.inf if math.isnan(left) else left


def _level(problem: Problem, settings: PRefinement, degrees: tuple[int, ...]) -> _BranchLevel:
    network = settings.network(degrees)
    start = extended_start(problem, network)
    return _BranchLevel(
        problem, settings, network, start, product_objective(problem, network, start)
    )


class _End(NamedTuple):
    """Where a start has led; `factor` is as in `Branches`, and what is `left` with that.

    `solved` is false where a formula or its derivatives are not finite.
    """

    theta: Float[Tensor, " p"]
    solved: bool = True
    factor: float | None = None
    left: float = math.inf


def _ends(level: _BranchLevel, known: Sequence[Float[Tensor, " p"]]) -> Iterator[tuple[str, _End]]:
    """Each start that is not a solution `known` by then, and where it leads."""
    yield "the least bent function that meets the conditions", _newton(level, level.extended)
    for start in _shape_starts(level):
        if not _near(start, known, _CLOSE):
            yield "the same with more of its shape", _newton(level, start)
    on_points = terms(level.problem, matching_points(level.problem, level.network))
    yield "a smooth function", _newton(level, smooth_start(on_points, level.network))
    yield "stronger highest derivatives", _follow(level, strengthen)
    yield "growing domains", _follow(level, shorten)._replace(factor=None)
    theta, way = (
        parameter_vector(level.network),
        LevenbergMarquardt(steps=_ON_THE_WAY, tolerance=_ROUGHLY),
    )
    for nearby in newton_homotopy(level.objective, theta):
        theta, outcome = run_quietly(way, nearby, theta)
        if outcome.kind == "diverged":
            return
    yield "a homotopy", _End(theta)


def _newton(level: _BranchLevel, start: Float[Tensor, " p"]) -> _End:
    stage = LevenbergMarquardt(steps=_STEPS, tolerance=_STEADY)
    objective = product_objective(level.problem, level.network, start)
    theta, outcome = run_quietly(stage, objective, start)
    return _End(theta, solved=outcome.kind != "diverged")


def _shape_starts(level: _BranchLevel) -> Iterator[Float[Tensor, " p"]]:
    """Starts a + s b in which the residual has no part along b's highest derivatives, by Galerkin.

    a is the first start, and b by how much a source in the equation of an unknown changes it: a
    constant one or, where that leads to no start, one that grows along a coordinate. s runs through
    amplitudes many times smaller to larger than a, or than one if a is zero.
    """
    start, simple = level.extended, extension(level.problem)
    objective, unit = _unweighted_objective(level, simple), _unit_points(level, simple)
    design = objective.jacobian(start)
    size = float(_values(level, start).abs().max()) or 1.0
    for unknown in range(len(level.problem.unknowns)):
        for profile in (torch.ones_like(unit[:, 0]), *unit.unbind(1)):
            source = torch.zeros_like(profile)
            for block in objective.blocks:
                if block.label == extension_label(unknown):
                    source[block.rows] = profile[block.rows]
            shape = scaled_least_squares(design, source, _CUTOFF).solution
            largest = float(_values(level, shape).abs().max())
            starts = _balanced_starts(level, size / largest * shape) if largest else []
            yield from starts
            if starts:
                break


def _balanced_starts(level: _BranchLevel, shape: Float[Tensor, " p"]) -> list[Float[Tensor, " p"]]:
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


def _unit_points(level: _BranchLevel, problem: Problem) -> Float[Tensor, "r d"]:
    """The points of all rows of a problem, the box scaled to [-1, 1]."""
    on_points = terms(problem, matching_points(problem, level.network))
    places = torch.cat([one.points[0] for one in on_points])
    return (places - level.network.center) / level.network.scale


def _unweighted_objective(level: _BranchLevel, problem: Problem) -> LeastSquares:
    """All rows as they are, so that those of different problems can be compared."""
    on_points = terms(problem, matching_points(problem, level.network))
    return last_layer_objective(on_points, level.network, [1.0] * len(on_points), linear=False)


def _values(level: _BranchLevel, theta: Float[Tensor, " p"]) -> Float[Tensor, "n m"]:
    samples, parameters = level.settings.samples, parameter_dict(level.network, theta)
    with torch.no_grad():
        return samples.weight(functional_call(level.network, parameters, samples.points))


def _follow(level: _BranchLevel, family: Family) -> _End:
    """The end of a family, from a large factor to one in steps that Newton's method can follow."""
    stage = LevenbergMarquardt(steps=_ON_THE_WAY, damping=_SLIGHT, tolerance=_ROUGHLY)
    end, at, step, first = _End(level.extended), math.inf, 0.0, list(_FACTORS)
    while at > 0.0 and first:
        ahead = first[0] if at == math.inf else max(0.0, at - step)
        problem = family(level.problem, math.exp(ahead))
        objective = product_objective(problem, level.network, end.theta)
        theta, outcome = run_quietly(stage, objective, end.theta)
        left = level.relative_residual(problem, theta)
        if left < _FOUND and outcome.kind != "diverged":
            step = ahead / 3.0 if at == math.inf else 2.0 * step
            end, at = _End(theta, factor=math.exp(ahead), left=left), ahead
        elif at == math.inf:
            first.pop(0)
        elif (step := step / 3.0) < _LEAST:
            break
    return end


def _resolve(level: _BranchLevel, start: str, theta: Float[Tensor, " p"]) -> Branch | None:
    """The solution with as many more degrees as show that it is one; None where it is none."""
    left, values = level.relative_residual(level.problem, theta), _values(level, theta)
    if not left < _PROMISING:
        return None
    stage = LevenbergMarquardt(steps=_NEAR, damping=_UNDAMPED, tolerance=_STEADY)
    change = math.inf
    while left > _RESOLVED or change > _SETTLED:
        degrees = tuple(int(_GROWTH * (axis.size - 1)) for axis in level.network.axes())
        size = math.prod(degree + 1 for degree in degrees) * len(level.problem.unknowns)
        if size > _largest(level.settings):
            break
        network = level.settings.network(degrees)
        begun = prolong(with_parameters(level.network, theta), network, nudge=0.0)
        objective = product_objective(level.problem, network, begun)
        level = _BranchLevel(level.problem, level.settings, network, begun, objective)
        theta, outcome = run_quietly(stage, objective, begun)
        before, left = left, level.relative_residual(level.problem, theta)
        earlier, values = values, _values(level, theta)
        change = distance(earlier, values) if outcome.kind == "converged" else math.inf
        if left > max(_FALLS * before, _RESOLVED):
            return None
    if left > _FOUND or change > SAME:
        return None
    network = with_parameters(level.network, theta)
    return Branch(network, values, start, _bending(level.problem, network, level.settings.samples))


def _bending(problem: Problem, network: FullProduct, samples: HeldOut) -> Float[Tensor, " m"]:
    """The mean size of the highest derivatives of each unknown, in lengths of the box."""
    box = problem.box
    points, weights = samples.points, samples.weights
    lengths = points.new_tensor(box.upper) - points.new_tensor(box.lower)
    totals: list[Float[Tensor, ""]] = []
    for unknown in range(len(problem.unknowns)):
        orders = {one.orders for one in highest_partials(problem, unknown)}
        with torch.no_grad():
            found = partials(network, points, orders)
        sizes = [
            (weights * found[order][:, unknown].abs()).mean()
            * lengths.pow(lengths.new_tensor(order)).prod()
            for order in orders
        ]
        totals.append(torch.stack(sizes).sum())
    return torch.stack(totals)


def _in_order_of_bending(found: Sequence[Branch]) -> tuple[Branch, ...]:
    """The least bent one first; of several that are, the one found first."""
    if not found:
        return ()
    bending = torch.stack([one.bending for one in found])
    largest = bending.amax(dim=0)
    totals = (bending / torch.where(largest > 0.0, largest, 1.0)).sum(dim=1).tolist()
    least = min(totals)
    first = next(k for k, total in enumerate(totals) if total <= least + _EQUAL)
    return (found[first], *(one for k, one in enumerate(found) if k != first))


def _event(
    level: _BranchLevel,
    number: int,
    start: str,
    theta: Float[Tensor, " p"],
    found: Sequence[Branch],
) -> Event:
    """What to show of a start: how far it has led, and the best solution until then."""
    stage, best = LevenbergMarquardt(steps=_STEPS), _in_order_of_bending(found)
    left = level.objective.residual(theta)
    made = progress(stage, level.objective, number + 1, number + 1, theta, left)
    networks = tuple(one.network for one in best)
    return Event(f"start: {start}", made, lambda: networks[0] if best else None, found=networks)
