"""One level of a climb: a problem solved with products of given degrees."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, isnan, prod
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call

from pikan.network.parameters import replaced
from pikan.network.product import FullProduct
from pikan.objective import Objective
from pikan.outcome import Outcome
from pikan.problem import Problem, linear
from pikan.residuals import Sheet, sheets
from pikan.sampling.held_out import HeldOut
from pikan.solving.elimination import eliminated
from pikan.solving.event import Event, Events, kept
from pikan.solving.homotopy import led
from pikan.solving.level import Trained, distance, trained
from pikan.solving.misfit import Misfit, worst
from pikan.solving.product_objective import matching_points, objective_on, without_value
from pikan.solving.starts import NUDGE, defined_start, padded, smooth_start
from pikan.solving.tails import profile, tail
from pikan.training.gauss_newton import GaussNewton
from pikan.training.least_squares import LeastSquares
from pikan.training.stage import Progress, Stage

# Steps that change the residual by less than this part of it change nothing.
_STEADY = 1e-5
# Newton's steps from a level this far from solving its equations may lead to no solution.
_ASTRAY = 1e-2
# A start from a level that solves its equations takes Newton's own steps: damping would hold back
# what the equations hardly feel, and fall no faster than tenfold a step.
_UNDAMPED = 1e-28
# Of what the nudge of such a start leaves, this is the rounding of the solution; further steps
# would only move it about.
_ENOUGH = 1e-10
# Other starts are tried as long as a level has no more functions than this.
_CHEAP = 500
# As many points as show how far polynomials are from each other.
_COMPARED = 512
# A solution is resolved when its last coefficients are below this.
_RESOLVED = 1e-6
# What is left of a nudge where the solution is zero.
_NUDGED_ZERO = 1e-9 * NUDGE
_UNDEFINED = (
    "no start was found at which all formulas have values: {}; see whether the conditions let them "
    "have any"
)
# An unknown this much smaller than another may be nothing but rounding.
_ROUNDED_ZERO = 1e-12


@final
@dataclass(frozen=True)
class Ladder:
    """What a climb goes with.

    `network` makes the product network of given degrees, its coefficients zero, `accuracy` is the
    relative L2 error wanted, `largest` the number of coefficients that a level may have, `dense`
    that of one whose matrix is dense, `steps` the Newton steps of a level, `time_limit` the time
    for all [s], infinite if there is no limit, `samples` the points on which levels are compared.
    """

    network: Callable[[tuple[int, ...]], FullProduct]
    start: tuple[int, ...]
    accuracy: float
    largest: int
    dense: int
    steps: int
    time_limit: float
    samples: HeldOut


class Rung(NamedTuple):
    """A level; `largest` is the number of coefficients that the next may have.

    `truncation` is how far it is from itself without the two highest orders along each axis,
    `determined` says that the problem is known to have no other solution of these degrees, `near`
    that Newton's steps from here need no damping.
    """

    network: FullProduct
    outcome: Outcome
    values: Float[Tensor, "n m"]
    decay: tuple[Float[Tensor, " b"], ...]
    truncation: float
    largest: int
    determined: bool
    near: bool

    def resolved(self) -> bool:
        """Whether little is left for higher degrees to add."""
        return max(tail(decay) for decay in self.decay) < _RESOLVED


def stand(
    problem: Problem,
    ladder: Ladder,
    degrees: tuple[int, ...],
    lower: Rung | None,
    *,
    direct: bool,
) -> Events[Rung | None]:
    """The level of these degrees; None where it takes a dense matrix that is too large.

    `direct` says that the problem is `eliminable`, which no degree changes.
    """
    network = ladder.network(degrees)
    name = "degree " + " x ".join(str(degree) for degree in degrees)
    largest = min(ladder.largest, ladder.dense)
    if direct:
        # Quick enough to be done again by a run that goes on, and quicker than to be kept.
        solved = yield from _solved(problem, ladder, network, largest, name)
        if solved is not None:
            return solved
    if prod(degree + 1 for degree in degrees) * len(problem.unknowns) > largest:
        return None
    fitted = yield from kept(_fitted(problem, ladder, network, lower, name), _Found)
    near = fitted.misfit.relative < _ASTRAY
    return rung(
        replaced(network, fitted.theta),
        fitted.outcome,
        ladder.samples,
        largest,
        determined=False,
        near=near,
    )


def _solved(
    problem: Problem, ladder: Ladder, network: FullProduct, largest: int, name: str
) -> Events[Rung | None]:
    """The level with its conditions built in; None where they cannot be."""
    found = eliminated(problem, network, largest)
    if found is None:
        return None
    with torch.no_grad():
        network.coefficients.copy_(found.theta.view_as(network.coefficients))
    yield Event(name, _progress(found.theta, problem, found.residual), lambda: network)
    end = Outcome("converged", "the equation holds at its points")
    further = ladder.largest if found.apart else largest
    return rung(network, end, ladder.samples, further, determined=True, near=True)


def _progress(theta: Float[Tensor, " p"], problem: Problem, residual: float) -> Progress:
    """A level solved at once: the conditions hold exactly."""
    (equation,) = problem.equations
    blocks = {equation.label: residual, **{one.label: 0.0 for one in problem.conditions}}
    return Progress("collocation", 1, 1, theta, 0.5 * residual, blocks)


def rung(
    network: FullProduct,
    outcome: Outcome,
    samples: HeldOut,
    largest: int,
    *,
    determined: bool,
    near: bool,
) -> Rung:
    """A level from its network; the other arguments as in `Rung`."""
    sizes = tuple(basis.size for basis in network.axes())
    decay = tuple(profile(network.coefficients, sizes, axis) for axis in range(len(sizes)))
    both = _with_and_without(network, sizes, samples.points[:_COMPARED])
    values, without = (samples.weighted(each) for each in both)
    truncated = distance(without, values)
    return Rung(network, outcome, values, decay, truncated, largest, determined, near)


def _with_and_without(
    network: FullProduct, sizes: tuple[int, ...], samples: Float[Tensor, "n d"]
) -> tuple[Float[Tensor, "n m"], Float[Tensor, "n m"]]:
    """The values on the samples, and those without the two highest orders along each axis."""
    whole = network.coefficients.detach()
    kept = torch.zeros_like(whole).view(*sizes, -1)
    inner = tuple(slice(max(size - 2, 1)) for size in sizes)
    kept[inner] = whole.view(*sizes, -1)[inner]
    both = torch.cat([whole, kept.view_as(whole)], dim=1)
    with torch.no_grad():
        values = functional_call(network, {"coefficients": both}, samples)
    first, second = values.chunk(2, dim=1)
    return first, second


class _Found(NamedTuple):
    theta: Float[Tensor, " p"]
    outcome: Outcome
    misfit: Misfit


def _fitted(
    problem: Problem, ladder: Ladder, network: FullProduct, lower: Rung | None, name: str
) -> Events[_Found]:
    """Equations and conditions together by least squares."""
    affine = linear(problem)
    on_points = sheets(problem, matching_points(problem, network))
    near = lower is not None and lower.near and not affine
    damping = _UNDAMPED if near else GaussNewton.damping
    newton = GaussNewton(steps=ladder.steps, damping=damping, tolerance=_STEADY)
    stage = LeastSquares() if affine else newton
    best = None if lower is None else lower.network
    found: list[_Found] = []
    for way, given in _ways(on_points, network, best, affine, near):
        start, objective = given, objective_on(on_points, network, given, affine=affine)
        if not affine and not objective.residual(start).isfinite().all():
            start = defined_start(problem, on_points, network, given)
            objective = objective_on(on_points, network, start, affine=affine)
        theta, outcome = yield from way(
            stage, objective, start, lambda p: Event(name, p, lambda: best)
        )
        if outcome.kind == "diverged" and (part := without_value(on_points, network, start)):
            outcome = Outcome("diverged", _UNDEFINED.format(part))
        if lower is not None and not lower.values.any() and theta.abs().max() < _NUDGED_ZERO:
            theta = torch.zeros_like(theta)
        theta = _without_rounding(objective, theta, len(problem.unknowns))
        misfit = worst(problem, replaced(network, theta), ladder.samples)
        found.append(_Found(theta, outcome, misfit))
        if misfit.relative < _ASTRAY:
            break
    return min(found, key=_merit)


def _merit(found: _Found) -> float:
    """How well a start has done, the less the better; the first of those that do not count."""
    left = found.misfit.relative
    return inf if found.outcome.kind == "diverged" or isnan(left) else left


def _without_rounding(
    objective: Objective, theta: Float[Tensor, " p"], unknowns: int
) -> Float[Tensor, " p"]:
    """The same with zero for unknowns that are zero but for rounding, if the residual agrees."""
    by_unknown = theta.view(-1, unknowns)
    sizes = by_unknown.abs().amax(dim=0)
    rounded = torch.where(sizes > _ROUNDED_ZERO * sizes.max(), by_unknown, 0.0).flatten()
    left, before = objective.residual(rounded).norm(), objective.residual(theta).norm()
    return rounded if left <= 2.0 * before else theta


Way = Callable[
    [Stage, Objective, Float[Tensor, " p"], Callable[[Progress], Event]],
    Events[Trained],
]


def _ways(
    on_points: Sequence[Sheet],
    network: FullProduct,
    lower: FullProduct | None,
    affine: bool,
    near: bool,
) -> Iterator[tuple[Way, Float[Tensor, " p"]]]:
    """Ways to go and starts; where Newton's steps lead to no solution the next is tried."""
    zero = network.coefficients.detach().flatten()
    if lower is not None:
        yield partial(trained, enough=_ENOUGH) if near else trained, padded(lower, network)
    elif affine:
        yield trained, zero
    if not affine and (lower is None or len(zero) <= _CHEAP):
        yield trained, smooth_start(on_points, network)
        yield led, zero
