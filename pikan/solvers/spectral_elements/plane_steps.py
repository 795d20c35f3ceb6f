"""Time steps of a linear evolution in the plane that separates, on products of cells."""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.legendre import Legendre
from pikan.linalg.tensor_product import diagonal_form, mode_product, shifted_sylvester
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.optimize.outcome import Outcome
from pikan.problem.initial_value import initial_values
from pikan.problem.separable import Separated, separate_evolution
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral_elements.boundary_value import ElementSettings
from pikan.solvers.spectral_elements.march_control import (
    MOST_STEPS,
    StepMarch,
    agreeing_marches,
    is_too_short,
    longer_step,
    shorter_step,
    step_event,
    stops_in_time,
    stuck,
)
from pikan.solvers.spectral_elements.mesh import divisible, halve, join, read_mesh
from pikan.solvers.spectral_elements.plane_axis import (
    PlaneAxis,
    boundary_lift,
    formula_values,
    plane_axis,
)
from pikan.solvers.spectral_elements.space import legendre_projection
from pikan.solvers.spectral_elements.stages import RadauStep, radau_step

# Points of a cell and stages of a step in the first march; one more of each in the next.
_POINTS, _STAGES = 8, 6
# Functions of one coordinate that a step may have: eigenvectors take their cube.
_MOST = 600
# Cells are halved that leave more than this part of the largest.
_LATER = 0.05
# Neighbors that leave less than this part of their share are joined.
_FINE = 1e-4
# Steps of iterative refinement with the residual of the whole equation.
_CORRECTIONS = 2
_TAIL = 2
_Axes = tuple[PlaneAxis, PlaneAxis]


class _PlaneStep(NamedTuple):
    """A step that was accepted: where, by what, and its coefficients at the stages."""

    begin: float
    length: float
    axes: _Axes
    step: RadauStep
    coefficients: Float[Tensor, "s _ _"]


class _Operators(NamedTuple):
    """The functions of both coordinates, and the solution of stages at once for any step.

    The solution is in the functions that are `free` in each.
    """

    axes: _Axes
    solve: Callable[[Tensor, Tensor], Tensor]


def march_in_plane(problem: Problem, settings: ElementSettings) -> Events[SolverResult]:
    """Marches by steps with Radau stages, in space on products of cells that go with the solution.

    Eigenvectors of the stages' derivative uncouple them, and what is left of each separates. Where
    two sides give different values in a corner, the side along the second coordinate has it.
    """
    parts = separate_evolution(problem)
    assert parts is not None

    def march(tolerance: float, number: int, best: Network | None) -> Events[StepMarch]:
        return _one_march(problem, parts, settings, tolerance, number, best)

    return agreeing_marches(march, settings.accuracy, forgets=True)


def _one_march(
    problem: Problem,
    parts: Separated,
    settings: ElementSettings,
    tolerance: float,
    number: int,
    best: Network | None,
) -> Events[StepMarch]:
    """One march: a step is accepted where its last coefficients in time and space are small."""
    time, space = problem.box.evolution, problem.box.space
    begin, end = problem.box.lower[time], problem.box.upper[time]
    stops = stops_in_time(settings.features, time, begin, end)
    edges = [read_mesh(problem, settings.features, axis) for axis in space]
    kept = [[one.value for one in settings.features.places if one.axis == axis] for axis in space]
    moment, length = begin, (end - begin) / 4
    steps: list[_PlaneStep] = []
    made: _Operators | None = None
    size, outcome = 0.0, Outcome("converged", "every time step converged")
    while moment < end and outcome.kind == "converged":
        stop = next(one for one in stops if one > moment)
        length = stop - moment if moment + 1.2 * length > stop else length
        step = radau_step(moment, length, _STAGES + number, min(stop, moment + length))
        if made is None or any(
            not torch.equal(own.edges, wanted) for own, wanted in zip(made.axes, edges, strict=True)
        ):
            made = _operators(problem, parts, edges, _POINTS + number, end - begin)
        axes = made.axes
        start = _start(problem, axes, steps[-1] if steps else None)
        found = _solve(problem, parts, made, step, start)
        size = max(size, float(start.abs().max()))
        in_time, in_cells = _last_coefficients(axes, step, found, start, size)
        left = max(in_time, float(torch.cat(in_cells).sum()))
        yield step_event(moment, min(moment + length, end), len(steps), left, lambda: best)
        too_short = is_too_short(length, moment, begin, end)
        if not in_time <= tolerance and not too_short:
            length = shorter_step(length, in_time / tolerance if steps else inf)
            continue
        if not left < inf or len(steps) > MOST_STEPS:
            outcome = stuck(moment)
            break
        share = tolerance / sum(map(len, in_cells))
        # What is far from resolved somewhere is seen as ripples in cells where nothing is.
        limit = max(share, _LATER * max(float(cells.max()) for cells in in_cells))
        finer = [
            halve(own, (cells > limit) & divisible(own))
            for own, cells in zip(edges, in_cells, strict=True)
        ]
        more = sum(map(len, finer)) > sum(map(len, edges))
        if left > tolerance and more and max(map(len, finer)) * axes[0].basis.degree < _MOST:
            edges = finer
            continue
        steps.append(_PlaneStep(moment, length, axes, step, found))
        moment = min(stop, moment + length)
        length = longer_step(length, in_time / tolerance)
        edges = [
            join(own, cells < _FINE * share, walls)
            for own, cells, walls in zip(edges, in_cells, kept, strict=True)
        ]
    if not steps:
        raise ValueError("no time step was short enough")
    whole = TimeSlabs([*(one.begin for one in steps), moment], _networks(problem, steps), time)
    return StepMarch(whole.to(settings.like), outcome)


def _operators(
    problem: Problem,
    parts: Separated,
    edges: list[Float[Tensor, " _"]],
    points: int,
    time: float,
) -> _Operators:
    """The functions on cells, and the solution for them, whatever the step.

    The operators are shifted by a rate that is slow for the time there is, so that they have an
    inverse; the shift is taken back where stages are solved for.
    """
    first, second = (plane_axis(problem, parts, own, points, k) for k, own in enumerate(edges))
    shift = parts.rate / time
    small = []
    for one in (first, second):
        mass = one.values @ one.free
        small.append((one.operator @ one.free + shift * mass, mass))
    solve = shifted_sylvester(*small)

    return _Operators((first, second), lambda rates, right: solve(rates - 2 * shift, right))


def _start(problem: Problem, axes: _Axes, known: _PlaneStep | None) -> Float[Tensor, "_ _"]:
    """The unknown at Gauss points where a step begins."""
    if known is None:
        (given,) = initial_values(problem).values()
        first, second = (one.points.numpy() for one in axes)
        names = [problem.coordinates[axis] for axis in problem.box.space]
        grid = {names[0]: first[:, None], names[1]: second[None]}
        moment = {"t": problem.box.lower[problem.box.evolution]}
        return formula_values(given, problem, {**grid, **moment}, (len(first), len(second)))
    tables = [_table(own, one.points) for own, one in zip(known.axes, axes, strict=True)]
    return tables[0] @ known.coefficients[-1] @ tables[1].mT


def _table(axis: PlaneAxis, places: Float[Tensor, " n"]) -> Float[Tensor, "n b"]:
    """The functions of a coordinate at places."""
    center, scale = (axis.edges[0] + axis.edges[-1]) / 2, (axis.edges[-1] - axis.edges[0]) / 2
    return axis.basis.derivatives(((places - center) / scale)[:, None], 0)[0, :, 0] * axis.sizes


def _solve(
    problem: Problem,
    parts: Separated,
    made: _Operators,
    step: RadauStep,
    start: Float[Tensor, "_ _"],
) -> Float[Tensor, "s _ _"]:
    """Coefficients at all stages: conditions met, then the equation, then refinement."""
    first, second = made.axes
    names = [problem.coordinates[axis] for axis in problem.box.space]
    grid = {names[0]: first.points[:, None].numpy(), names[1]: second.points[None].numpy()}
    shape = tuple(start.shape)
    moments = step.stages.moments.tolist()
    source = torch.stack(
        [formula_values(parts.source, problem, {**grid, "t": at}, shape) for at in moments]
    )
    derivative = parts.rate * step.stages.weights[1][1]
    source = source - parts.rate * step.stages.starts[1][1][:, 0, None, None] * start
    rates, turn, back = diagonal_form(derivative)
    # Of two that are conjugate one is solved for, and counts twice.
    chosen = rates.imag >= 0
    turn = turn[:, chosen] * torch.where(rates[chosen].imag > 0, 2.0, 1.0)
    found = torch.stack([boundary_lift(problem, parts, made.axes, {"t": at}) for at in moments])
    for _ in range(1 + _CORRECTIONS):
        values = first.values @ found
        across = mode_product(derivative, values, 0) + first.operator @ found
        left = source - across @ second.values.mT - values @ second.operator.mT
        inner = made.solve(rates[chosen], mode_product(back[chosen], left.to(back), 0))
        inner = mode_product(turn.real, inner.real, 0) - mode_product(turn.imag, inner.imag, 0)
        found = found + first.free @ inner @ second.free.mT
    return found


def _last_coefficients(
    axes: _Axes,
    step: RadauStep,
    found: Float[Tensor, "s _ _"],
    start: Float[Tensor, "_ _"],
    size: float,
) -> tuple[float, list[Float[Tensor, " c"]]]:
    """What the last coefficients add in time, and in the cells of each coordinate, by mass."""
    first, second = axes
    values = first.values @ found @ second.values.mT
    if not bool(values.isfinite().all()):
        return inf, [one.edges.diff() for one in axes]
    size = max(size, float(values.abs().max())) or 1.0
    area = float(first.weights.sum() * second.weights.sum())
    nodes = torch.cat([start[None], values])
    last = mode_product(step.with_start[-_TAIL:], nodes, 0).abs().amax(dim=0)
    in_time = float(first.weights @ last @ second.weights) / (area * size)
    in_cells = list[Float[Tensor, " c"]]()
    for axis, (own, other) in enumerate(((first, second), (second, first))):
        along = found if axis == 0 else found.mT
        sampled = (own.finer @ along @ other.values.mT).unflatten(1, (len(own.edges) - 1, -1))
        series = torch.einsum("jn,scny->scjy", legendre_projection(own.basis.degree + 1), sampled)
        rough = series[:, :, -_TAIL:].abs().amax(dim=(0, 2)) @ other.weights
        in_cells.append(rough * own.edges.diff() / (area * size))
    return in_time, in_cells


def _networks(problem: Problem, steps: list[_PlaneStep]) -> list[FullProduct]:
    """Products of elements in space and Legendre polynomials in time, one for each step."""
    befores = [None, *steps[:-1]]
    return [_network(problem, *pair) for pair in zip(steps, befores, strict=True)]


def _network(problem: Problem, one: _PlaneStep, before: _PlaneStep | None) -> FullProduct:
    """Through the stages, and the start where that is known as piecewise polynomials too."""
    time = problem.box.evolution
    lower, upper = list(problem.box.lower), list(problem.box.upper)
    lower[time], upper[time] = one.begin, one.begin + one.length
    first, second = one.axes
    if before is None:
        series = mode_product(one.step.series, one.coefficients, 0)
    else:
        tables = [_table(own, ax.nodes) for own, ax in zip(before.axes, one.axes, strict=True)]
        values = tables[0] @ before.coefficients[-1] @ tables[1].mT
        start = first.coefficients @ values @ second.coefficients.mT
        nodes = torch.cat([start[None], one.coefficients])
        series = mode_product(one.step.with_start, nodes, 0)
    sized = series * first.sizes[:, None] * second.sizes
    ends = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases: list[Basis] = [first.basis, second.basis]
    bases.insert(time, Legendre(ends, len(series) - 1))
    network = FullProduct(bases, 1, lower, upper)
    with torch.no_grad():
        network.coefficients.copy_(sized.movedim(0, time).reshape(-1, 1))
    return network
