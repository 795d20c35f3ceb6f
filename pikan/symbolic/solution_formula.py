"""The solution of a differential equation as a formula, with its error."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.from_word import on_interval
from pikan.network.activation import silu
from pikan.network.base import Network
from pikan.network.data_dependent import fresh_kan
from pikan.network.kan import KANNetwork
from pikan.problem.statement import Problem
from pikan.report.errors import Evaluate, by_chunks, check_points, comparison_points, distance
from pikan.report.table import two_digits
from pikan.symbolic.expressions import expressions
from pikan.symbolic.library import usual_names
from pikan.symbolic.refit import ConstantSamples, refit_constants, values_at
from pikan.symbolic.separation_of_variables import OfPoints, SampledBox, separate_variables
from pikan.symbolic.shortest import shortest
from pikan.symbolic.snap import SymbolicSearch, learned_edges, refit, snap

# SymPy comes without types, and is imported only where it is needed: it takes half a second.
Symbolic = Any

# A network of more edges is not read edge by edge; points to fit formulas to; a network of few
# edges that is fitted to a solution instead: its cells, and steps.
_EDGES, _POINTS, _CELLS, _STEPS = 8, 600, 8, 40

# How near a network of few edges has to come before its edges are worth reading.
_CLOSE = 1e-2


@final
@dataclass(frozen=True)
class UnknownFormula:
    """A formula for one unknown, None where there is none; relative L2 errors of it.

    `error` is against the solution, `exact_error` against the known one, None where none is.
    """

    expression: Symbolic | None
    error: float
    exact_error: float | None
    against: str


@final
@dataclass(frozen=True)
class SolutionFormula:
    """Formulas for the unknowns of a solution, those worse than `tolerance` left out."""

    unknowns: Mapping[str, UnknownFormula]
    tolerance: float

    @property
    def found(self) -> bool:
        """Whether every unknown has a formula."""
        return all(each.expression is not None for each in self.unknowns.values())

    def __getitem__(self, unknown: str) -> Symbolic | None:
        return self.unknowns[unknown].expression

    def lines(self) -> Iterator[str]:
        """A sentence for each unknown."""
        for name, each in self.unknowns.items():
            if each.expression is None:
                nearest = (
                    f"; the nearest is {two_digits(each.error)} away" if each.error < 1 else ""
                )
                yield f"{name}: no short formula comes within {two_digits(self.tolerance)}{nearest}"
                continue
            truth = (
                "" if each.exact_error is None else f", {two_digits(each.exact_error)} from the "
            )
            known = f"{each.against} one" if truth else ""
            away = f"relative L2 {two_digits(each.error)} from the solution{truth}{known}"
            yield f"{name} = {each.expression}   ({away})"

    def __repr__(self) -> str:
        return "\n".join(self.lines())


def formula(
    problem: Problem, network: Network, evaluate: Evaluate, error: float, tolerance: float
) -> SolutionFormula:
    """A short formula for every unknown that comes within `tolerance` of the solution.

    First as a short sum of products of functions of one coordinate, then through the edges of
    a KAN: the network itself where it is one of few edges, else one fitted to the solution. `error`
    is how far the solution is known, relative to it.
    """
    import sympy

    box = problem.box
    symbols = tuple(sympy.Symbol(name, real=True) for name in box.coordinates)
    lower, upper = np.asarray(box.lower), np.asarray(box.upper)
    place = SampledBox(lower, upper, symbols, min(max(error, 1e-9), 1e-3))
    made: dict[str, UnknownFormula] = {}
    for number, name in enumerate(problem.unknowns):

        def values(
            points: Float[np.ndarray, "n d"], column: int = number
        ) -> Float[np.ndarray, " n"]:
            return by_chunks(evaluate, points)[:, column]

        if not np.isfinite(values(check_points(box))).all():
            made[name] = UnknownFormula(None, np.inf, None, "")
            continue
        found = _refit(separate_variables(values, place), values, place)
        away = _away(found, values, problem, symbols)
        if away > tolerance:
            other = _refit(_discover(values, place, network, number), values, place)
            other_away = _away(other, values, problem, symbols)
            found, away = (other, other_away) if other_away < away else (found, away)
        kept = found if away <= tolerance else None
        exact, against = _exact_error(kept, problem, name, symbols)
        made[name] = UnknownFormula(kept, away, exact, against)
    return SolutionFormula(made, tolerance)


def _refit(expression: Symbolic | None, function: OfPoints, place: SampledBox) -> Symbolic | None:
    import sympy
    from sympy.simplify.fu import TR10i

    if expression is None:
        return None
    points = place.random_points(_POINTS, seed=3)
    known = ConstantSamples(place.symbols, points, function(points)[:, None])
    found = shortest(refit_constants(expression, known), known)
    combined = TR10i(found)
    return combined if sympy.count_ops(combined) < sympy.count_ops(found) else found


def _away(
    expression: Symbolic | None,
    function: OfPoints,
    problem: Problem,
    symbols: tuple[Symbolic, ...],
) -> float:
    if expression is None:
        return np.inf
    points = check_points(problem.box)
    found = distance(values_at(expression, symbols, points), function(points), "").relative_l2
    return found if np.isfinite(found) else np.inf


def _exact_error(
    expression: Symbolic | None, problem: Problem, name: str, symbols: tuple[Symbolic, ...]
) -> tuple[float | None, str]:
    exact = problem.exact
    if expression is None or exact is None or name not in exact.unknowns:
        return None, ""
    points, truth = comparison_points(problem.box, exact)
    if not len(points):
        return None, ""
    known = truth[:, exact.unknowns.index(name)]
    found = distance(values_at(expression, symbols, points), known, exact.against)
    return found.relative_l2, exact.against


def _discover(
    function: OfPoints, place: SampledBox, network: Network, column: int
) -> Symbolic | None:
    """The formula of a network's own edges if they are few, else of one fitted to the solution."""
    points = torch.from_numpy(place.random_points(_POINTS, seed=4))
    labels = torch.from_numpy(function(points.numpy())).unsqueeze(1)
    small: KANNetwork | None = None
    if isinstance(network, KANNetwork) and column == 0 and network.widths[-1] == 1:
        small = network if len(learned_edges(network)) <= _EDGES else None
    if small is None:
        small = _small(points, labels, place)
    if small is None:
        return None
    found, _ = snap(small, points, labels, SymbolicSearch(usual_names(), 0.8, 0.0))
    if learned_edges(found):
        return None
    return expressions(found, place.symbols)[0]


def _small(
    points: Float[Tensor, "n d"], labels: Float[Tensor, "n m"], place: SampledBox
) -> KANNetwork | None:
    """One sum of functions of the coordinates and a function of it, if that can be the solution."""
    inputs = points.shape[1]
    ends = [float(place.lower.min()), float(place.upper.max())]
    intervals = (points.new_tensor([ends] * nodes) for nodes in (inputs, 1))
    bases = [on_interval("bspline", each, 3, _CELLS) for each in intervals]
    fresh = fresh_kan([inputs, 1, 1], bases, silu, 0, points.device)
    small, left = refit(fresh, points, labels, _STEPS)
    return small if left <= _CLOSE**2 * float(labels.square().mean()) else None
