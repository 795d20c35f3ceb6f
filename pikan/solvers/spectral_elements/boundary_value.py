"""Problems of one coordinate on cells: linear ones at once, others by continuation."""

from dataclasses import dataclass, replace
from math import exp, inf
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.expression.tree import Name, Number, add, multiply, subtract
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.classification import equation_order, linear
from pikan.problem.features import Features
from pikan.problem.statement import Problem
from pikan.sampling.held_out import HeldOut
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral.branch import Branch, bending_of, in_order_of_bending
from pikan.solvers.spectral.linear_extension import extension, strengthen
from pikan.solvers.spectral_elements.collocation import steady_collocation
from pikan.solvers.spectral_elements.mesh import halve, read_mesh
from pikan.solvers.spectral_elements.newton import newton
from pikan.solvers.spectral_elements.other_solutions import other_solutions
from pikan.solvers.spectral_elements.refinement import (
    HOW,
    CellRefinement,
    ElementSolution,
    refine_cells,
)
from pikan.solvers.spectral_elements.space import Space, gauss, zero

# Nonlinear problems start on no fewer cells.
_FEWEST = 8
# Logarithms of factors from which the problem is followed down to one, the least step, and the
# accuracy on the way.
_FACTORS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_LEAST, _LOOSE, _STEPS = 1e-3, 1e-3, 80
# Factors of the highest derivatives in problems from which other solutions are followed.
_EASIER = (exp(1.0), exp(0.5))


@final
@dataclass(frozen=True)
class ElementSettings:
    """Settings of hp-refinement of a problem.

    `accuracy` is the relative L2 error wanted, `points` how many each cell has, `largest` the most
    coefficients; `features` is what the known functions tell. The network is to be like `like`.
    """

    accuracy: float
    points: int
    largest: int
    features: Features
    like: Tensor


def solve_on_cells(problem: Problem, settings: ElementSettings) -> Events[SolverResult]:
    """The solution by piecewise polynomials on cells that are read off the formulas and halved."""
    edges = read_mesh(problem, settings.features, 0)
    asked = CellRefinement(settings.accuracy, settings.points, settings.largest)
    if linear(problem):
        found = yield from refine_cells(problem, asked, edges, None, "", lambda: None)
        if not any(own.any() for own in found.coefficients):
            # Zero is resolved on any cells, other solutions of a homogeneous problem are not.
            driven = _with_source(problem)
            other = yield from refine_cells(driven, asked, edges, None, "a source", lambda: None)
            if other.end == "singular":
                found = found._replace(end="singular", estimate=inf)
        return _result(problem, settings, found, _end(found))
    return (yield from _continue(problem, settings, asked, edges))


def _with_source(problem: Problem) -> Problem:
    """The problem with 1 + s + s² added to each equation, s from 0 to 1 along the interval."""
    (name,), (low,), (high,) = problem.coordinates, problem.box.lower, problem.box.upper
    share = multiply(Number(1.0 / (high - low)), subtract(Name(name), Number(low)))
    source = add(Number(1.0), multiply(share, add(Number(1.0), share)))
    return replace(
        problem,
        equations=tuple(replace(e, residual=add(e.residual, source)) for e in problem.equations),
    )


def _continue(
    problem: Problem, settings: ElementSettings, asked: CellRefinement, edges: Float[Tensor, " _"]
) -> Events[SolverResult]:
    """A nonlinear problem, from one with stronger highest derivatives where it has to be.

    From the solution of `extension`, which is that of infinitely strong ones, Newton's method ends
    where they are strong enough; then the factor falls to one in steps that it can follow, on
    cells that go with the solution.

    Source: Allgower and Georg 2003, Introduction to Numerical Continuation Methods, chapter 2.
    """
    while len(edges) <= _FEWEST:
        edges = halve(edges, torch.ones(len(edges) - 1, dtype=torch.bool))
    best = _extension(problem, settings, edges)
    first, at, step = list(_FACTORS), inf, 0.0
    for _ in range(_STEPS):
        ahead = first[0] if at == inf else max(0.0, at - step)
        accuracy = settings.accuracy if ahead == 0.0 else _LOOSE
        tried = replace(asked, accuracy=max(accuracy, settings.accuracy), graded=False)
        stronger = strengthen(problem, exp(ahead)) if ahead > 0.0 else problem
        name = "" if ahead == 0.0 else f"highest derivatives times {exp(ahead):.4g}"
        guess = best.space.function(best.coefficients)
        found = yield from refine_cells(
            stronger, tried, best.space.edges, guess, name, lambda: None
        )
        if found.end in ("agreed", "rounding"):
            step = ahead / 4 if at == inf else 2 * step
            best, at = found, ahead
            if ahead == 0.0:
                branches = yield from _branches(problem, settings, asked, best)
                taken = branches[0]
                found = tuple(element_network(problem, one, settings.like) for one in branches)
                result = _result(problem, settings, taken, _end(taken))
                return result._replace(found=found)
        elif at == inf:
            first.pop(0)
            if not first:
                break
        else:
            step /= 3
            if step < _LEAST:
                break
    return _result(problem, settings, best._replace(estimate=inf), _no_solution(at))


def _branches(
    problem: Problem, settings: ElementSettings, asked: CellRefinement, known: ElementSolution
) -> Events[tuple[ElementSolution, ...]]:
    """A solution and others that deflation finds on its cells, the least bent one first."""
    collocation = steady_collocation(problem, known.space)
    start = _extension(problem, settings, known.space.edges)
    guess = known.space.interpolate(start.space.function(start.coefficients))
    found = [known]
    easier = [steady_collocation(strengthen(problem, factor), known.space) for factor in _EASIER]
    for other in other_solutions(easier, collocation, guess, known.coefficients):
        space = known.space
        refined = yield from refine_cells(
            problem, asked, space.edges, space.function(other), "another solution", lambda: None
        )
        if refined.end == "agreed":
            found.append(refined)
    made = [_branch(problem, settings, one) for one in found]
    first = in_order_of_bending(made)[0].network
    taken = next(k for k, one in enumerate(made) if one.network is first)
    return (found[taken], *(one for k, one in enumerate(found) if k != taken))


def _branch(problem: Problem, settings: ElementSettings, found: ElementSolution) -> Branch:
    """A solution with how much it bends, on Gauss points of its cells."""
    network, space = element_network(problem, found, settings.like), found.space
    unit, weights = gauss(space.points)
    points = space.places(unit).flatten()[:, None]
    shares = (space.half * weights).flatten()
    samples = HeldOut(points, shares / shares.mean(), ())
    bending = bending_of(problem, network, samples)
    with torch.no_grad():
        return Branch(network, samples.weight(network(points)), "cells", bending)


def _extension(
    problem: Problem, settings: ElementSettings, edges: Float[Tensor, " _"]
) -> ElementSolution:
    """The polynomial of least degree through the conditions, on cells."""
    simple = extension(problem)
    joined = tuple(equation_order(problem, k, 0) for k in range(len(problem.unknowns)))
    space = Space(edges, joined, settings.points)
    found = newton(steady_collocation(simple, space), zero(space), affine=linear(simple))
    return ElementSolution(space, found.coefficients, "agreed", found.rounding)


def element_network(problem: Problem, found: ElementSolution, like: Tensor) -> FullProduct:
    """The network of a solution of one coordinate."""
    (lower,), (upper,) = problem.box.lower, problem.box.upper
    basis, coefficients = found.space.basis(found.coefficients, lower, upper)
    network = FullProduct([basis], len(problem.unknowns), [lower], [upper])
    with torch.no_grad():
        network.coefficients.copy_(coefficients[0])
    return network.to(like)


def _result(
    problem: Problem, settings: ElementSettings, found: ElementSolution, outcome: Outcome
) -> SolverResult:
    network = element_network(problem, found, settings.like)
    if not bool(network.coefficients.isfinite().all()):
        outcome = Outcome(
            "diverged", "the equations on cells have no solution; is a condition missing?"
        )
        return SolverResult(network, outcome, None, HOW)
    floor = torch.finfo(settings.like.dtype).eps
    if outcome.kind == "converged" and floor > settings.accuracy:
        outcome = Outcome("stalled", f"rounding leaves {floor:.1e}; ask for that accuracy")
    return SolverResult(network, outcome, max(found.estimate, floor), HOW)


def _end(found: ElementSolution) -> Outcome:
    where = f"on {found.space.cells} cells, polynomials of two degrees"
    match found.end:
        case "agreed":
            return Outcome("converged", f"{where} agree to {found.apart:.1e}")
        case "rounding":
            return Outcome(
                "stalled",
                f"{where} agree to {found.apart:.1e}, and finer cells no longer help; ask for "
                "that accuracy",
            )
        case "too many":
            return Outcome(
                "out of budget",
                f"{where} do not agree, and more cells would take more coefficients than `largest` "
                "allows",
            )
        case "newton":
            return Outcome(
                "diverged",
                f"{where} have no solution: equations and conditions contradict each other",
            )
        case "singular":
            return Outcome(
                "stalled",
                "the solution is not unique, or there is none: with zero data equations and "
                "conditions have solutions that are not zero; is a condition missing?",
            )


def _no_solution(at: float) -> Outcome:
    sentence = "no solution was found from the polynomial through the conditions"
    if at < inf:
        sentence = (
            f"with the highest derivatives multiplied by {exp(at):.4g} there is a solution, and "
            "none was found with a smaller factor: branches may meet at a fold there, so that "
            "there may be none without"
        )
    return Outcome("stalled", sentence)
