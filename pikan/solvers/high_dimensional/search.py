"""Search for a solution in many coordinates: sparse polynomials first, then low rank."""

import torch

from pikan.bases.bspline import BSpline
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem
from pikan.solvers.high_dimensional.level import HOW, SearchLevel, SearchSettings
from pikan.solvers.high_dimensional.low_rank import LowRankSearch, low_rank_levels
from pikan.solvers.high_dimensional.sparse_polynomial import sparse_polynomial_levels
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral.basis_recombination import is_recombinable
from pikan.solvers.spectral.p_refinement import p_refinement

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


def search(
    problem: Problem, settings: SearchSettings, generator: torch.Generator
) -> Events[SolverResult]:
    """Few polynomials, then all if that is cheap, then products of free functions, then many."""
    few, many = min(settings.largest, _FEW), min(settings.largest, _MANY)
    smooth = not any(isinstance(basis, BSpline) for basis in settings.network(1, 1).axes())
    first: SearchLevel | None = None
    if smooth:
        first = yield from sparse_polynomial_levels(problem, settings, few, None, generator)
        if first.reaches(settings.accuracy):
            return _result(first, settings)
        if problem.box.dimension == _WHOLE and is_recombinable(problem):
            whole = yield from p_refinement(problem, settings.p_refinement)
            if whole.outcome.kind == "converged":
                return whole
    best = yield from _products(problem, settings, first, generator)
    if first is not None and not best.reaches(settings.accuracy):
        more = yield from sparse_polynomial_levels(problem, settings, many, first, generator)
        if (
            more.reaches(settings.accuracy)
            or more.relative_residual.relative < best.relative_residual.relative
        ):
            best = more
    return _result(best, settings)


def _products(
    problem: Problem,
    settings: SearchSettings,
    first: SearchLevel | None,
    generator: torch.Generator,
) -> Events[SearchLevel]:
    """Products, then the same beside functions of one coordinate."""
    functions = problem.box.dimension * len(problem.unknowns)
    largest = min(settings.largest, _PRODUCTS)
    best: SearchLevel | None = None
    for degree in _DEGREES:
        for sums in (0, functions):
            search = LowRankSearch(problem, settings, largest, sums, generator)
            found = yield from low_rank_levels(search, degree, best or first)
            if found.reaches(settings.accuracy):
                return found
            if best is None or found.relative_residual.relative < best.relative_residual.relative:
                best = found
        assert best is not None
        if best.relative_residual.relative < _FOUND:
            break
    assert best is not None
    return best


def _result(level: SearchLevel, settings: SearchSettings) -> SolverResult:
    """A level with how the search ended."""
    if level.reaches(settings.accuracy):
        outcome = Outcome("converged", f"two levels agree to {level.estimate:.1e}: {level.words}")
    else:
        label, relative, _ = level.relative_residual
        outcome = Outcome(
            "stalled",
            f"{level.words} come closest and leave {relative:.1e} of the terms of '{label}'; "
            "ask for less accuracy, or choose a network",
        )
    return SolverResult(level.network, outcome, level.estimate, HOW)
