"""Solutions in many coordinates: sums of products, the simple kinds first."""

import torch

from pikan.bases.bspline import BSpline
from pikan.outcome import Outcome
from pikan.problem import Problem
from pikan.solving.climb import climb
from pikan.solving.elimination import eliminable
from pikan.solving.event import Events
from pikan.solving.growth import HOW, Growth, Rung
from pikan.solving.level import Level
from pikan.solving.products import Search, products
from pikan.solving.sparse import polynomials

# Polynomials that are enough where few coordinates interact, and as many as take a minute or two.
_FEW, _MANY = 600, 2500
# The parameters of free functions, which take tens of steps a level.
_PRODUCTS = 1000
# In so many coordinates all products of polynomials are few enough where they are solved for along
# one coordinate after the other.
_WHOLE = 4
# Low degrees at first, which have few ways to go wrong; higher ones where the solution oscillates.
_DEGREES = (6, 14)
# A search that leaves less of the terms than this was no failure for want of degrees.
_FOUND = 0.03


def grow(problem: Problem, growth: Growth, generator: torch.Generator) -> Events[Level]:
    """Few polynomials, then all if that is cheap, then products of free functions, then many."""
    few, many = min(growth.largest, _FEW), min(growth.largest, _MANY)
    smooth = not any(isinstance(basis, BSpline) for basis in growth.network(1, 1).axes())
    first: Rung | None = None
    if smooth:
        first = yield from polynomials(problem, growth, few, None, generator)
        if first.reaches(growth.accuracy):
            return _level(first, growth)
        if problem.box.dimension == _WHOLE and eliminable(problem):
            whole = yield from climb(problem, growth.ladder)
            if whole.outcome.kind == "converged":
                return whole
    best = yield from _products(problem, growth, first, generator)
    if first is not None and not best.reaches(growth.accuracy):
        more = yield from polynomials(problem, growth, many, first, generator)
        if more.reaches(growth.accuracy) or more.misfit.relative < best.misfit.relative:
            best = more
    return _level(best, growth)


def _products(
    problem: Problem, growth: Growth, first: Rung | None, generator: torch.Generator
) -> Events[Rung]:
    """Products, then the same beside functions of one coordinate."""
    functions = problem.box.dimension * len(problem.unknowns)
    largest = min(growth.largest, _PRODUCTS)
    best: Rung | None = None
    for degree in _DEGREES:
        for sums in (0, functions):
            search = Search(problem, growth, largest, sums, generator)
            found = yield from products(search, degree, best or first)
            if found.reaches(growth.accuracy):
                return found
            if best is None or found.misfit.relative < best.misfit.relative:
                best = found
        assert best is not None
        if best.misfit.relative < _FOUND:
            break
    assert best is not None
    return best


def _level(rung: Rung, growth: Growth) -> Level:
    """A level with how the search ended."""
    if rung.reaches(growth.accuracy):
        outcome = Outcome("converged", f"two levels agree to {rung.estimate:.1e}: {rung.words}")
    else:
        label, relative, _ = rung.misfit
        outcome = Outcome(
            "stalled",
            f"{rung.words} come closest and leave {relative:.1e} of the terms of '{label}'; "
            "ask for less accuracy, or choose a network",
        )
    return Level(rung.network, outcome, rung.estimate, HOW)
