"""Control of marches by steps: lengths of steps, and two marches that have to agree."""

from collections.abc import Callable
from math import inf
from typing import NamedTuple

import torch

from pikan.network.base import Network
from pikan.optimize.outcome import Outcome
from pikan.optimize.stage import StageProgress
from pikan.problem.features import Features
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Event, Events, memoize
from pikan.solvers.spectral_elements.march_difference import march_difference

# The first march leaves this many times the accuracy, at most the second; the next so much less.
_COARSER, _COARSEST, _FINER = 10.0, 1e-3, 5.0
# Marches that come no nearer than by this factor have met rounding.
_NEARER, _MARCHES = 0.5, 6
# A step is shortened to these parts: where it leaves many times too much, and elsewhere; it grows
# by these factors where it leaves less than the parts.
_FAR, _MUCH_SHORTER, _SHORTER = 30.0, 0.25, 0.5
_LONGER = ((0.03, 4.0), (0.5, 2.0))
# Steps are at least this part of the time, and later this part of the time until then, unless a
# jump that nothing tells of asks for less; they are at most so many.
_SHORTEST, _SHORTEST_LATER, MOST_STEPS = 1e-16, 1e-11, 20_000
_HOW = "difference from the march before, of coarser tolerance, on the cells of this one"


class StepMarch(NamedTuple):
    """A march from the beginning to its end, or as far as it came."""

    network: Network
    outcome: Outcome


March = Callable[[float, int, Network | None], Events[StepMarch]]
"""A march of a tolerance, by its number, with the best solution before it."""


def agreeing_marches(march: March, accuracy: float, *, forgets: bool) -> Events[SolverResult]:
    """Marches of falling tolerance and rising degrees, until two of them agree.

    Their difference in relative L2, on points placed on steps and cells, is the estimate. Where
    nothing `forgets` errors of steps they are as the tolerances at best: then the coarser march is
    off by more than the difference, and the finer one may be.
    """
    tolerance = min(_COARSER * accuracy, _COARSEST)
    caution = 1.0 if forgets else 1.0 / (1.0 - 1.0 / _FINER)
    before: Network | None = None
    estimate, number = inf, 0
    while True:
        found = yield from memoize(march(tolerance, number, before), StepMarch)
        if found.outcome.kind != "converged":
            network = found.network if before is None else before
            return SolverResult(network, found.outcome, estimate, _HOW)
        if before is not None:
            earlier, estimate = estimate, march_difference(before, found.network) * caution
            if estimate <= accuracy:
                end = Outcome("converged", f"two marches agree to {estimate:.1e}")
                return SolverResult(found.network, end, estimate, _HOW)
            if estimate > _NEARER * earlier or number == _MARCHES:
                sentence = f"finer marches no longer help: {estimate:.1e} is left"
                end = Outcome("stalled", f"{sentence}; ask for that accuracy")
                return SolverResult(found.network, end, estimate, _HOW)
        before = found.network
        tolerance /= _FINER
        number += 1


def stops_in_time(features: Features, axis: int, begin: float, end: float) -> list[float]:
    """Where steps have to end: places of jumps and kinks, and edges of narrow cells."""
    found = {one.value for one in features.places if one.axis == axis}
    found |= {float(edge) for edge in features.edges[axis]}
    return [*sorted(one for one in found if begin < one < end), end]


def is_too_short(length: float, time: float, begin: float, end: float) -> bool:
    """Whether a step is as short as steps may be."""
    least = max(_SHORTEST * (end - begin), _SHORTEST_LATER * (time - begin))
    return length <= least or time + length == time


def shorter_step(length: float, left: float) -> float:
    """The next length to try after a step that left so many times what it may."""
    return length * (_MUCH_SHORTER if left > _FAR else _SHORTER)


def longer_step(length: float, left: float) -> float:
    """The length of the step after one that left such a part of what it may."""
    return length * next((by for part, by in _LONGER if left < part), 1.0)


def step_event(
    time: float, end: float, number: int, left: float, best: Callable[[], Network | None]
) -> Event:
    """A step that was tried, and what it left."""
    parts = {"coefficients": left}
    progress = StageProgress("time steps", number, MOST_STEPS, torch.zeros(0), left, parts)
    return Event(f"t = {time:.4g} to {end:.4g}", progress, best)


def stuck(time: float) -> Outcome:
    """The end of a march that no step leads on."""
    return Outcome(
        "stalled",
        f"no time step after t = {time:.6g} is short enough; the solution may end there",
    )
