"""Waves from jumps and kinks: slab by slab, on cells between characteristics."""

from math import inf
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pikan.network.base import Network
from pikan.network.characteristic import CharacteristicNetwork
from pikan.network.time_slabs import TimeSlabs
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import StageProgress
from pikan.problem.characteristics import Characteristics, characteristics, wave_lines
from pikan.problem.features import Features
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.spectral_elements.boundary_value import ElementSettings
from pikan.solvers.spectral_elements.characteristic_cells import (
    CharacteristicMesh,
    characteristic_edges,
    distinct,
    fold,
)
from pikan.solvers.spectral_elements.characteristic_slab import (
    CharacteristicSlab,
    SlabSolution,
)
from pikan.solvers.spectral_elements.march_control import stops_in_time
from pikan.solvers.time_slab import restrict_time

# Degrees of the two solutions on the same cells.
_DEGREES = (10, 14)
# Residuals of cells are this part of the accuracy at first; in the next march so much less.
_SHARE, _FINER, _MARCHES = 0.3, 0.1, 4
# Intervals are halved so often in a slab.
_ROUNDS = 30
# A slab that would end so near to a stop, in parts of its length, ends there.
_NEAR = 1e-9
_HOW = "difference of two degrees on the same cells between characteristics"


_Places = tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]
"""Places of a start from which lines of ξ, and of η, are edges."""


class CharacteristicMarch(NamedTuple):
    """A march as far as it came, and the squares of its size and of how far two degrees are apart.

    Those are integrals, of each unknown.
    """

    network: Network
    outcome: Outcome
    apart: Float[Tensor, " m"]
    size: Float[Tensor, " m"]


def march_along_characteristics(
    problem: Problem, settings: ElementSettings
) -> Events[SolverResult]:
    """Slabs in which everything crosses the interval once, until two degrees agree.

    The cells of a slab lie between characteristics: each takes what comes in from the two before
    it, from the start, or from an end of the interval, so that it is solved by itself. The
    estimate is the difference of two degrees in relative L2.
    """
    tolerance, best, estimate = _SHARE * settings.accuracy, None, inf
    floor = torch.finfo(settings.like.dtype).eps
    for _ in range(_MARCHES):
        found = yield from memoize(
            _one_march(problem, settings, tolerance, best), CharacteristicMarch
        )
        if found.outcome.kind != "converged":
            return SolverResult(best or found.network, found.outcome, estimate, _HOW)
        apart = float((found.apart / found.size.clamp_min(1e-300)).max() ** 0.5)
        if best is not None and not apart < estimate:
            break
        best, estimate = found.network, max(apart, floor)
        if estimate <= settings.accuracy:
            end = Outcome("converged", f"two degrees on the same cells agree to {estimate:.1e}")
            return SolverResult(best, end, estimate, _HOW)
        tolerance *= _FINER
    assert best is not None
    sentence = f"two degrees agree to {estimate:.1e}, and finer cells no longer help"
    end = Outcome("stalled", f"{sentence}; ask for that accuracy")
    return SolverResult(best, end, estimate, _HOW)


def _one_march(
    problem: Problem, settings: ElementSettings, tolerance: float, best: Network | None
) -> Events[CharacteristicMarch]:
    """Both degrees from slab to slab, on cells that leave less than the tolerance."""
    lines = wave_lines(problem, settings.features) or characteristics(problem)
    assert lines is not None
    time, space = problem.box.evolution, 1 - problem.box.evolution
    lower, upper = problem.box.lower[space], problem.box.upper[space]
    begin, end = problem.box.lower[time], problem.box.upper[time]
    stops = stops_in_time(settings.features, time, begin, end)
    places = _first_places(lines, settings.features, space, lower, upper)
    edges, networks = [begin], list[CharacteristicNetwork]()
    before, taken = None, 0
    apart, size = (torch.zeros(len(problem.unknowns), dtype=torch.float64) for _ in range(2))
    outcome = Outcome("converged", "every time slab converged")
    while edges[-1] < end and outcome.kind == "converged":
        stop = next(one for one in stops if one > edges[-1])
        crossed = edges[-1] + (upper - lower) / lines.speed
        moment = stop if crossed > stop - _NEAR * (stop - edges[-1]) else crossed
        part = restrict_time(problem, edges[-1], moment)
        largest = settings.largest - taken
        done = TimeSlabs(edges, networks, time) if networks else None
        coarse = yield from _refine(
            part, lines, places, before, (tolerance, largest), done if best is None else best
        )
        outcome = coarse.outcome
        if outcome.kind != "converged" and networks:
            break
        slab, found = coarse.slab, coarse.solution.coefficients
        earlier = networks[-1] if networks else None
        finer = CharacteristicSlab(part, lines, slab.mesh, _DEGREES[1], earlier)
        other = finer.solve().coefficients
        for cell in finer.cells:
            own = finer.values(other, cell, cell.inside)
            its = slab.values(found, cell, cell.inside)
            apart = apart + cell.weights @ (own - its).square()
            size = size + cell.weights @ own.square()
        taken += finer.size
        before = slab.network(found)
        networks.append(finer.network(other))
        edges.append(moment)
        places = _next_places(slab.mesh, lines)
    network = TimeSlabs(edges, networks, time) if len(networks) > 1 else networks[0]
    return CharacteristicMarch(network.to(settings.like), outcome, apart, size)


class _Refined(NamedTuple):
    """A slab on its last cells, the solution of the lower degree there, and how that ended."""

    slab: CharacteristicSlab
    solution: SlabSolution
    outcome: Outcome


def _refine(
    part: Problem,
    lines: Characteristics,
    places: _Places,
    before: Network | None,
    limits: tuple[float, int],
    best: Network | None,
) -> Events[_Refined]:
    """Cells halved until each leaves less than the first limit; the second is that of numbers."""
    tolerance, largest = limits
    time, space = part.box.evolution, 1 - part.box.evolution
    name = f"t = {part.box.lower[time]:.4g} to {part.box.upper[time]:.4g}"
    last, left = None, inf
    for number in range(_ROUNDS):
        mesh = characteristic_mesh(part, lines, places)
        slab = CharacteristicSlab(part, lines, mesh, _DEGREES[0], before)
        if last is not None and slab.size > largest:
            break
        solution = slab.solve()
        left = float(solution.left.max())
        parts = {"equations": left}
        progress = StageProgress("elements", number, _ROUNDS, torch.zeros(0), left, parts)
        yield Event(name, progress, lambda: best)
        last = _Refined(slab, solution, Outcome("converged", "every cell converged"))
        if left <= tolerance:
            return last
        ends = part.box.lower[space], part.box.upper[space]
        places = _halve(slab, solution.left > tolerance, ends, places)
    assert last is not None
    if not left < inf:
        sentence = "Newton's method finds no solution on a cell between characteristics"
        return last._replace(outcome=Outcome("diverged", sentence))
    sentence = "cells between characteristics would take more coefficients than `largest` allows"
    return last._replace(outcome=Outcome("out of budget", sentence))


def characteristic_mesh(
    part: Problem, lines: Characteristics, places: _Places
) -> CharacteristicMesh:
    """The cells of a slab, with lines through places for what moves along them."""
    time, space = part.box.evolution, 1 - part.box.evolution
    lower, upper = part.box.lower[space], part.box.upper[space]
    height = part.box.upper[time] - part.box.lower[time]
    periodic = bool(part.periodic)

    # What leaves at an end comes in again along the other lines.
    shared = len(lines.forward) > 0 and len(lines.backward) > 0
    own = (np.concatenate(places),) * 2 if shared else places
    reach = lines.speed * height
    first, second = (
        characteristic_edges(one, lower, upper, reach, periodic=periodic) for one in own
    )
    return CharacteristicMesh((first, second), lines.speed, lower, upper, height, periodic)


def _first_places(
    lines: Characteristics, features: Features, space: int, lower: float, upper: float
) -> _Places:
    """Where the start jumps, bends or is narrow, for the lines along which that moves."""
    found = [one.value for one in features.places if one.axis == space]
    inside = np.concatenate([found, features.edges[space]])
    every = np.unique(inside[(inside > lower) & (inside < upper)])
    return (
        every if len(lines.forward) else every[:0],
        every if len(lines.backward) else every[:0],
    )


def _halve(
    slab: CharacteristicSlab,
    marked: Bool[Tensor, " c"],
    ends: tuple[float, float],
    places: _Places,
) -> _Places:
    """More places: the middles of the intervals of marked cells."""
    found = list[Float[np.ndarray, " _"]]()
    chosen = [cell.place for cell, one in zip(slab.cells, marked.tolist(), strict=True) if one]
    for axis, own in enumerate(slab.mesh.edges):
        numbers = sorted({place[axis] for place in chosen})
        middles = (own[1:] + own[:-1]).numpy()[numbers] / 2
        folded = fold(middles, *ends, periodic=slab.mesh.periodic)
        found.append(distinct(np.concatenate([places[axis], folded]), ends[1] - ends[0]))
    return found[0], found[1]


def _next_places(mesh: CharacteristicMesh, lines: Characteristics) -> _Places:
    """Where the lines of a slab meet its end, those along which something moves."""
    slack = _NEAR * (mesh.upper - mesh.lower)
    found = list[Float[np.ndarray, " _"]]()
    moved = (lines.forward, mesh.reach), (lines.backward, -mesh.reach)
    for own, (moving, reach) in zip(mesh.edges, moved, strict=True):
        at = own.numpy() + reach
        inside = (at > mesh.lower + slack) & (at < mesh.upper - slack) & (len(moving) > 0)
        found.append(at[inside])
    return found[0], found[1]
