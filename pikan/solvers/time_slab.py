"""A problem on one time slab, started from its conditions or from an earlier solution."""

from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.geometry.face import Face
from pikan.network.base import Network
from pikan.network.partials import partials
from pikan.problem.classification import equation_order
from pikan.problem.partials import Partial
from pikan.problem.statement import Condition, Problem
from pikan.residuals.terms import (
    CollocationPoints,
    Term,
    condition_terms,
    equation_terms,
    matching_term,
    periodic_terms,
)

START = "start"
# Ends of time are known to this part of its length at least, in single precision too.
_ROUNDED = 1e-6


class SlabTerms(NamedTuple):
    """The terms of a slab's initial conditions, and all its terms."""

    start: tuple[Term, ...]
    all: tuple[Term, ...]


def restrict_time(problem: Problem, lower: float, upper: float) -> Problem:
    """The same problem on the part of its box between two times."""
    box, axis = problem.box, problem.box.evolution
    lows, highs = list(box.lower), list(box.upper)
    lows[axis], highs[axis] = lower, upper
    return replace(problem, box=replace(box, lower=tuple(lows), upper=tuple(highs)))


def end_of(problem: Problem, network: Network) -> float | None:
    """The time at which a network ends before its problem does; None where it goes to the end."""
    time = problem.box.time
    if time is None:
        return None
    lower, upper = problem.box.lower[time], problem.box.upper[time]
    end = float((network.center + network.scale)[time])
    return end if upper - end > _ROUNDED * (upper - lower) else None


def solved_part(problem: Problem, network: Network) -> Problem:
    """The problem as far as a network goes in time, which is all of it where nothing cut it."""
    end = end_of(problem, network)
    return (
        problem
        if end is None
        else restrict_time(problem, problem.box.lower[problem.box.evolution], end)
    )


def initial_face(problem: Problem) -> Face:
    """The first moment of a problem."""
    axis = problem.box.evolution
    return Face(((axis, problem.box.lower[axis]),))


def slab_terms(part: Problem, points: CollocationPoints, earlier: Network | None) -> SlabTerms:
    """The terms of a problem on a slab; `earlier` is None in the first one."""
    axis = part.box.evolution
    if earlier is None:
        start = condition_terms(part, _conditions_at(part, axis, True), points)
    else:
        start = continuity_terms(part, points.faces[initial_face(part)], earlier)
    lasting = condition_terms(part, _conditions_at(part, axis, False), points)
    periodic = [term for match in part.periodic for term in periodic_terms(part, match, points)]
    found = (*equation_terms(part, points.interior, points.weights), *start, *lasting, *periodic)
    # A condition that holds at the start and all the time is in two of these under one label.
    labels = list(dict.fromkeys(one.label for one in found))
    return SlabTerms(start, tuple(sorted(found, key=lambda one: labels.index(one.label))))


def _conditions_at(part: Problem, axis: int, moment: bool) -> list[Condition]:
    """The conditions that hold at one moment, or those that hold all the time."""
    return [
        replace(c, faces=tuple(f for f in c.faces if (axis in dict(f.fixed)) == moment))
        for c in part.conditions
    ]


def continuity_terms(
    part: Problem, points: Float[Tensor, "n d"], earlier: Network
) -> tuple[Term, ...]:
    """Each unknown and its time derivatives below the equations' order go on from a slab."""
    axis, dimension = part.box.evolution, part.box.dimension
    wanted = [
        Partial(unknown, tuple(k if i == axis else 0 for i in range(dimension)))
        for unknown in range(len(part.unknowns))
        for k in range(equation_order(part, unknown, axis))
    ]
    with torch.no_grad():
        found = partials(earlier, points, {one.orders for one in wanted})
    return tuple(
        matching_term(part, START, points, one, found[one.orders][:, one.unknown].clone())
        for one in wanted
    )
