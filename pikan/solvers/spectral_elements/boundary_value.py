"""Problems of one coordinate on cells: linear ones at once, others by continuation."""

from dataclasses import dataclass, replace
from math import exp, inf
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.classification import equation_order, linear
from pikan.problem.features import Features
from pikan.problem.statement import Problem
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events
from pikan.solvers.spectral.linear_extension import extension, strengthen
from pikan.solvers.spectral_elements.collocation import steady_collocation
from pikan.solvers.spectral_elements.mesh import halve, read_mesh
from pikan.solvers.spectral_elements.newton import newton
from pikan.solvers.spectral_elements.refinement import (
    HOW,
    CellRefinement,
    ElementSolution,
    refine_cells,
)
from pikan.solvers.spectral_elements.space import Space, zero

# Nonlinear problems start on no fewer cells.
_FEWEST = 8
# Logarithms of factors from which the problem is followed down to one, the least step, and the
# accuracy on the way.
_FACTORS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_LEAST, _LOOSE, _STEPS = 1e-3, 1e-3, 80


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
        return _result(problem, settings, found, _end(found))
    return (yield from _continue(problem, settings, asked, edges))


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
                return _result(problem, settings, best, _end(best))
        elif at == inf:
            first.pop(0)
            if not first:
                break
        else:
            step /= 3
            if step < _LEAST:
                break
    return _result(problem, settings, best._replace(estimate=inf), _no_solution(at))


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


def _no_solution(at: float) -> Outcome:
    sentence = "no solution was found from the polynomial through the conditions"
    if at < inf:
        sentence = (
            f"with the highest derivatives multiplied by {exp(at):.4g} there is a solution, and "
            "none was found with a smaller factor: branches may meet at a fold there, so that "
            "there may be none without"
        )
    return Outcome("stalled", sentence)
