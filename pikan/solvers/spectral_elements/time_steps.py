"""Time steps with Radau stages, on cells in space that go with the solution."""

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import legendre
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.bases.legendre import Legendre
from pikan.expression.evaluate import evaluate_on
from pikan.network.base import Network
from pikan.network.product import FullProduct
from pikan.network.time_slabs import TimeSlabs
from pikan.optimize.outcome import Outcome
from pikan.problem.classification import equation_order, linear
from pikan.problem.initial_value import initial_values, space_axis
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral_elements.boundary_value import ElementSettings
from pikan.solvers.spectral_elements.collocation import Start, collocation
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
from pikan.solvers.spectral_elements.newton import NOTHING, Effort, newton
from pikan.solvers.spectral_elements.space import Coefficients, Space, gauss
from pikan.solvers.spectral_elements.stages import RadauStep, radau_step

# Points of a cell and stages of a step in the first march; one more of each in the next.
_POINTS, _STAGES, _ALONE = 8, 6, 8
# Cells are fewer than so many.
_CELLS = 3000
# Neighbors that leave less than this part of their share are joined.
_FINE = 1e-4
# An unknown that is small for a while counts as no less than this part of its largest value.
_SMALL = 1e-3
# Newton's last correction in parts of the tolerance; the next one would be about its square. With
# so much damping, or so many corrections, a shorter step is cheaper.
_NEWTON, _GIVEN_UP = 1e-3, (0.4, 10)
_TAIL = 2


def march_by_steps(problem: Problem, settings: ElementSettings) -> Events[SolverResult]:
    """Marches by steps with Radau stages, on cells in space, until two of them agree."""

    def march(tolerance: float, number: int, best: Network | None) -> Events[StepMarch]:
        return _one_march(problem, settings, tolerance, number, best)

    # Diffusion forgets errors of steps; without it they add up, and are as the tolerances at best.
    return agreeing_marches(march, settings.accuracy, forgets=space_axis(problem) is not None)


class _TakenStep(NamedTuple):
    """A step that was accepted: where, by what, and its values at the stages."""

    begin: float
    length: float
    space: Space
    step: RadauStep
    coefficients: Coefficients


class _Left(NamedTuple):
    """What a step leaves: in time, and in each cell, in parts of what it may; its sizes."""

    in_time: float
    in_cells: Float[Tensor, " c"]
    sizes: Float[Tensor, " m"]


def _one_march(
    problem: Problem,
    settings: ElementSettings,
    tolerance: float,
    number: int,
    best: Network | None,
) -> Events[StepMarch]:
    """One march: a step is accepted where the last coefficients in time and space are small.

    In space both count by their mass, the integral of their size: a jump at the start, in a layer
    that holds nothing, need not be resolved, and what is wrong there is damped.
    """
    axis, space = problem.box.axis("t"), space_axis(problem)
    begin, end = problem.box.lower[axis], problem.box.upper[axis]
    stops = stops_in_time(settings.features, axis, begin, end)
    edges = torch.tensor([0.0, 1.0], dtype=torch.float64)
    if space is not None:
        edges = read_mesh(problem, settings.features, space)
    kept = [one.value for one in settings.features.places if one.axis == space]
    count = (_ALONE if space is None else _STAGES) + number
    points = 1 if space is None else _POINTS + number
    joined = tuple(
        0 if space is None else equation_order(problem, k, space)
        for k in range(len(problem.unknowns))
    )
    time, length = begin, (end - begin) / 4
    start, sizes = _first_values(problem), torch.zeros(len(joined), dtype=torch.float64)
    steps: list[_TakenStep] = []
    outcome = Outcome("converged", "every time step converged")
    while time < end and outcome.kind == "converged":
        stop = next(one for one in stops if one > time)
        length = stop - time if time + 1.2 * length > stop else length
        last = float(np.nextafter(stop, begin)) if time + length >= stop else time + length
        step = radau_step(time, length, count, last)
        made = Space(edges, joined, points)
        known = steps[-1] if steps else None
        found = _solve_step(problem, made, step, start, known, tolerance)
        left = None if found is None else _residual_norms(problem, made, step, found, start, sizes)
        moment = min(time + length, end)
        amount = inf if left is None else max(left.in_time, float(left.in_cells.sum()))
        best_yet = _best(problem, settings, steps, best)
        yield step_event(time, moment, len(steps), amount, best_yet)
        too_short = is_too_short(length, time, begin, end)
        if left is None or (left.in_time > tolerance and not too_short):
            times = inf if left is None or not steps else left.in_time / tolerance
            length = shorter_step(length, times)
            if too_short or len(steps) > MOST_STEPS:
                outcome = stuck(time)
            continue
        marked = (left.in_cells > 1.0 / len(left.in_cells) * tolerance) & divisible(edges)
        total = float(left.in_cells.sum())
        if space is not None and total > tolerance and bool(marked.any()) and len(edges) < _CELLS:
            edges = halve(edges, marked)
            continue
        assert found is not None
        steps.append(_TakenStep(time, length, made, step, found))
        sizes = torch.maximum(sizes, left.sizes)
        start = _values_at_end(made, found)
        time = min(stop, time + length)
        length = longer_step(length, left.in_time / tolerance)
        if space is not None:
            fine = left.in_cells < _FINE * tolerance / len(left.in_cells)
            edges = join(edges, fine, kept)
    if not steps:
        raise ValueError("no time step was short enough")
    network = _network(problem, steps, time).to(settings.like)
    return StepMarch(network, outcome)


def _first_values(problem: Problem) -> Start:
    """The start of the problem, by its formulas."""
    given, space = initial_values(problem), space_axis(problem)
    moment = problem.box.lower[problem.box.axis("t")]

    def start(unknown: int, level: int, order: int, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        assert level == order == 0
        along = {} if space is None else {problem.coordinates[space]: x.numpy()}
        known = {**problem.constants, "t": moment, **along}
        return torch.from_numpy(evaluate_on(given[unknown], known, tuple(x.shape)))

    return start


def _values_at_end(space: Space, coefficients: Coefficients) -> Start:
    """The last stage, which is the end of the step."""
    function = space.function(tuple(own[-1:] for own in coefficients))

    def start(unknown: int, level: int, order: int, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        assert level == 0
        return function(unknown, order, x)[0]

    return start


def _solve_step(
    problem: Problem,
    space: Space,
    step: RadauStep,
    start: Start,
    known: _TakenStep | None,
    tolerance: float,
) -> Coefficients | None:
    """The values at the stages of a step; None where Newton's method does not soon find them."""
    orders = _orders(problem)
    made = collocation(problem, space, step.stages, orders, space_axis(problem), start)
    guess = _guess(space, step, start, known, orders)
    found = newton(
        made, guess, affine=linear(problem), effort=Effort(_NEWTON * tolerance, *_GIVEN_UP)
    )
    return found.coefficients if found.converged else None


def _orders(problem: Problem) -> tuple[int, ...]:
    time = problem.box.axis("t")
    return tuple(equation_order(problem, k, time) for k in range(len(problem.unknowns)))


def _guess(
    space: Space, step: RadauStep, start: Start, known: _TakenStep | None, orders: tuple[int, ...]
) -> Coefficients:
    """The start at all stages; zero for unknowns that have none before there is a step."""
    count = len(step.stages.moments)

    def function(unknown: int, order: int, x: Float[Tensor, " n"]) -> Float[Tensor, "s n"]:
        if known is None and (order or not orders[unknown]):
            return x.new_zeros(count, len(x))
        return start(unknown, 0, order, x).expand(count, -1)

    return space.interpolate(function)


def _residual_norms(
    problem: Problem,
    space: Space,
    step: RadauStep,
    found: Coefficients,
    start: Start,
    sizes: Float[Tensor, " m"],
) -> _Left | None:
    """What the last coefficients of a step add; None where it is not finite."""
    unit, weights = gauss(space.points)
    part = space.edges.diff() / space.edges.diff().sum()
    values = space.values(found, unit)
    if not bool(values.isfinite().all()):
        return None
    in_time, in_cells, largest = 0.0, torch.zeros_like(part), list[float]()
    for k, (own, order) in enumerate(zip(found, _orders(problem), strict=True)):
        at_stages, series = values[k], step.series
        if order:
            first = start(k, 0, 0, space.places(unit).flatten()).view(1, *values.shape[2:])
            at_stages, series = torch.cat([first, at_stages]), step.with_start
        largest.append(float(at_stages.abs().max()))
        # Alone, every moment counts as any other; in space what was large once is the measure.
        part_of = _SMALL if sum(space.joined) == 0 else 1.0
        size = max(largest[-1], part_of * float(sizes[k]), NOTHING * float(values.abs().max()))
        size = size or 1.0
        last = torch.einsum("jk,kcn->jcn", series[-_TAIL:], at_stages).abs().amax(dim=0)
        in_time = max(in_time, float((last @ weights / 2) @ part) / size)
        rough = space.legendre(k, own)[:, :, -_TAIL:].abs().amax(dim=(0, 2)) / size
        in_cells = torch.maximum(in_cells, rough * part)
    return _Left(in_time, in_cells, torch.tensor(largest, dtype=torch.float64))


def _network(problem: Problem, steps: Sequence[_TakenStep], end: float) -> Network:
    """One network for each step, or where there is no space one whose cells are the steps."""
    if space_axis(problem) is None:
        return _network_in_time(problem, steps, end)
    edges = [steps[0].begin, *(one.begin for one in steps[1:]), end]
    networks: list[FullProduct] = []
    for number, one in enumerate(steps):
        before = steps[number - 1] if number else None
        networks.append(_network_of_step(problem, one, before))
    return TimeSlabs(edges, networks, problem.box.axis("t"))


def _network_of_step(problem: Problem, one: _TakenStep, before: _TakenStep | None) -> FullProduct:
    """Elements in space times Legendre polynomials in time.

    Through the stages, and the start where that is known as piecewise polynomials too.
    """
    time, space = problem.box.axis("t"), 1 - problem.box.axis("t")
    lower, upper = list(problem.box.lower), list(problem.box.upper)
    lower[time], upper[time] = one.begin, one.begin + one.length
    basis, at_stages = one.space.basis(one.coefficients, lower[space], upper[space])
    series = torch.einsum("jk,kbm->jbm", one.step.series, at_stages)
    if before is not None:
        start = _values_at_end(before.space, before.coefficients)
        first = one.space.interpolate(lambda k, order, x: start(k, 0, order, x)[None])
        _, at_start = one.space.basis(first, lower[space], upper[space])
        nodes = torch.cat([at_start, at_stages])
        through = torch.einsum("jk,kbm->jbm", one.step.with_start, nodes)
        stepped = torch.tensor([order > 0 for order in _orders(problem)])
        padded = torch.cat([series, torch.zeros_like(series[:1])])
        series = torch.where(stepped, through, padded)
    ends = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases: list[Basis] = [basis, Legendre(ends, len(series) - 1)]
    ordered = series.transpose(0, 1) if time == 1 else series
    network = FullProduct(bases if time == 1 else bases[::-1], len(one.coefficients), lower, upper)
    with torch.no_grad():
        network.coefficients.copy_(ordered.flatten(0, 1))
    return network


def _network_in_time(problem: Problem, steps: Sequence[_TakenStep], end: float) -> FullProduct:
    """Continuous polynomials on cells that are the steps."""
    edges = torch.tensor([*(one.begin for one in steps), end], dtype=torch.float64)
    count = len(problem.unknowns)
    stages = len(steps[0].step.stages.moments)
    space = Space(edges, (1,) * count, stages)
    start = _first_values(problem)
    place = edges[:1]
    orders, rows = _orders(problem), list[Float[Tensor, "m w"]]()
    first = torch.stack(
        [start(k, 0, 0, place) if orders[k] else _start_value(steps[0], k) for k in range(count)]
    )
    for one in steps:
        nodes = torch.cat([first, torch.stack([own[:, 0, 0] for own in one.coefficients])], dim=1)
        series = nodes @ one.step.with_start.mT
        slopes = torch.from_numpy(legendre.legder(series.numpy(), axis=1))
        rows.append(torch.cat([first, slopes], dim=1))
        first = nodes[:, -1:]
    made = torch.stack(rows)
    coefficients = tuple(made[None, :, k] for k in range(count))
    basis, shared = space.basis(coefficients, float(edges[0]), float(edges[-1]))
    network = FullProduct([basis], count, [float(edges[0])], [float(edges[-1])])
    with torch.no_grad():
        network.coefficients.copy_(shared[0])
    return network


def _start_value(one: _TakenStep, unknown: int) -> Float[Tensor, " 1"]:
    """The polynomial through the stages at the start of the step."""
    series = one.step.series @ one.coefficients[unknown][:, 0, 0]
    signs = (-1.0) ** torch.arange(len(series)).to(series)
    return (signs @ series)[None]


def _best(
    problem: Problem, settings: ElementSettings, steps: Sequence[_TakenStep], before: Network | None
) -> Callable[[], Network | None]:
    """The march before, or this one as far as it has come."""
    done = tuple(steps)

    def best() -> Network | None:
        if before is not None or not done:
            return before
        return _network(problem, done, done[-1].begin + done[-1].length).to(settings.like)

    return best
