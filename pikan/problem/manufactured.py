"""Manufactured-solution check: whether the exact solution satisfies the problem."""

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.magnitude import Values, magnitude
from pikan.expression.tree import Expression, Number, size, substitute, subtract
from pikan.geometry.box import Box
from pikan.geometry.domain import BoundaryPart
from pikan.geometry.face import Face
from pikan.problem.partials import Partial, partial_name, partials
from pikan.problem.pieces import (
    SIDES,
    at_side,
    pieces_of,
    side_constants,
    side_partials,
    written_out,
)
from pikan.problem.statement import Problem, matching_partials, residual_on
from pikan.references.cole_hopf import ColeHopfSolution
from pikan.references.formula import FormulaSolution
from pikan.references.piecewise import PiecewiseSolution

Points = Float[np.ndarray, "n d"]

POINTS = 256
# Formulas with more nodes than this are not differentiated once more.
LONGEST = 5000
# Formulas lose a few digits where large terms cancel; a wrong one is wrong in its first digits.
TOLERANCE = 1e-8


class ResidualFormula(NamedTuple):
    """A formula that must vanish on a part of the boundary, or inside, where that is `Face(())`.

    It is a residual with the exact solution put in. `terms` is the formula whose terms say how
    large a residual may get: the residual itself, but for differences between two ends.
    """

    label: str
    residual: Expression
    terms: Expression
    place: BoundaryPart
    constants: Mapping[str, float] = MappingProxyType({})


class ResidualSize(NamedTuple):
    """The largest residual of a claim, and the size of the terms that should cancel in it."""

    label: str
    residual: float
    size: float

    @property
    def relative(self) -> float:
        """The residual in parts of the terms; 0 where both vanish."""
        if self.residual == 0:
            return 0.0
        return self.residual / self.size if self.size else math.inf


def residual_sizes(problem: Problem) -> tuple[ResidualSize, ...]:
    """The worst finding of each equation and condition, by label.

    What holds unknowns that the exact solution leaves out is left out too, and so is whatever
    holds derivatives that the Cole-Hopf solution does not have, or that take too long to write
    down. Reference data are not examined.
    """
    worst: dict[str, ResidualSize] = {}
    claims = [(one, claim) for one in pieces_of(problem) for claim in residual_formulas(one)]
    claims += [(problem, claim) for claim in interface_formulas(problem)]
    for stated, claim in claims:
        finding = measure(stated, claim)
        known = worst.get(claim.label)
        if known is None or not finding.relative <= known.relative:
            worst[claim.label] = finding
    return tuple(worst.values())


def is_violated(finding: ResidualSize) -> bool:
    """Whether a residual is too large to be rounding; one that is not finite is."""
    return not finding.relative <= TOLERANCE


def sentence(finding: ResidualSize) -> str:
    """What is wrong, with the numbers that show it."""
    if not np.isfinite(finding.residual):
        return f"the exact solution is not finite where '{finding.label}' must hold"
    return (
        f"the exact solution does not satisfy '{finding.label}': residual {finding.residual:.2g} "
        f"against terms of size {finding.size:.2g}; is a sign wrong?"
    )


def residual_formulas(problem: Problem) -> Iterator[ResidualFormula]:
    """Everything that the exact solution must satisfy, as far as its derivatives are known."""
    if isinstance(problem.exact, FormulaSolution):
        known = problem.exact.formulas
        for label, residual, place in residuals_by_place(problem):
            found = partials(problem, residual)
            inserted = {name: derivative(problem, known, one) for name, one in found.items()}
            whole = {name: each for name, each in inserted.items() if each is not None}
            if len(whole) == len(found):
                formula = substitute(residual, whole)
                yield ResidualFormula(label, formula, formula, place)
        yield from periodic_formulas(problem, known)
    elif isinstance(problem.exact, ColeHopfSolution):
        known = problem.exact.partials(uniform(problem.box)[:1])
        for label, residual, place in residuals_by_place(problem):
            if all(one.orders in known for one in partials(problem, residual).values()):
                yield ResidualFormula(label, residual, residual, place)


def residuals_by_place(problem: Problem) -> Iterator[tuple[str, Expression, BoundaryPart]]:
    """Label, residual and place of every equation, and of every condition face by face."""
    for equation in problem.equations:
        yield equation.label, equation.residual, Face(())
    for condition in problem.conditions:
        for face in condition.faces:
            yield condition.label, residual_on(problem, condition, face), face


def interface_formulas(problem: Problem) -> Iterator[ResidualFormula]:
    """What the exact solution must satisfy where pieces meet, as seen from both sides."""
    if not isinstance(problem.exact, PiecewiseSolution):
        return
    known = problem.exact.parts[0].formulas
    for condition in problem.interfaces:
        residual = written_out(problem, condition.residual)
        inserted = dict[str, Expression]()
        partials_of = side_partials(problem, residual)
        for name, (side, one) in partials_of.items():
            if (found := derivative(problem, known, one)) is not None:
                inserted[name] = at_side(problem, found, SIDES[side])
        if len(inserted) == len(partials_of):
            formula = substitute(residual, inserted)
            for each in condition.interfaces:
                values = side_constants(problem, each)
                yield ResidualFormula(condition.label, formula, formula, each.part, values)


def periodic_formulas(
    problem: Problem, known: Mapping[str, Expression]
) -> Iterator[ResidualFormula]:
    """That values and derivatives at both ends of a periodic axis are the same."""
    for periodic in problem.periodic:
        axis = periodic.axis
        for one in matching_partials(problem, periodic):
            inside = derivative(problem, known, one)
            if inside is not None:
                lower, upper = (
                    substitute(inside, {problem.coordinates[axis]: Number(end)})
                    for end in (problem.box.lower[axis], problem.box.upper[axis])
                )
                yield ResidualFormula(periodic.label, subtract(upper, lower), inside, Face(()))


def derivative(
    problem: Problem, known: Mapping[str, Expression], wanted: Partial
) -> Expression | None:
    """The partial derivative of the exact solution, as a formula.

    None where the solution has none for this unknown, or where the derivative is so long that
    nobody can wait for it: each order may multiply the length by the number of nested functions.
    """
    result = known.get(problem.unknowns[wanted.unknown])
    for coordinate, order in zip(problem.coordinates, wanted.orders, strict=True):
        for _ in range(order):
            if result is None or size(result) > LONGEST:
                return None
            result = differentiate(result, coordinate)
    return result


def measure(problem: Problem, claim: ResidualFormula) -> ResidualSize:
    """The largest residual on random points, and the largest size of its terms.

    The terms are measured inside the box too: on a face where sin(pi x) is rounding alone, that
    is what makes it small.
    """
    inside = uniform(problem.box)
    there = inside.copy()
    for axis, value in claim.place.fixed:
        there[:, axis] = value
    if problem.region is not None:
        inside = problem.domain.sample(Face(()), POINTS)
        there = problem.domain.sample(claim.place, POINTS)
    normal = problem.domain.normal_columns(claim.place, there)
    normal = {**normal, **claim.constants}
    values = {**values_of_names(problem, there), **normal}
    ones = {**dict.fromkeys(normal, 1.0), **claim.constants}
    with np.errstate(all="ignore"):
        sizes = [
            magnitude(claim.terms, {**ones, **values_of_names(problem, inside)}),
            magnitude(claim.terms, values),
        ]
        residual = evaluate(claim.residual, values, np)
    largest = float(np.max(np.abs(residual)))
    finite = [float(size) for size in np.concatenate(list(map(np.ravel, sizes)))]
    return ResidualSize(claim.label, largest, max(filter(np.isfinite, finite), default=0.0))


def uniform(box: Box) -> Points:
    """Random points of a box, the same ones every time."""
    unit = np.random.default_rng(0).random((POINTS, box.dimension))
    lower, upper = np.array(box.lower), np.array(box.upper)
    return lower + (upper - lower) * unit


def values_of_names(problem: Problem, points: Points) -> Values:
    """The values of all names in a claim; of partials too where they have no formula."""
    columns = dict(zip(problem.coordinates, points.T, strict=True))
    if not isinstance(problem.exact, ColeHopfSolution):
        return {**problem.constants, **columns}
    known = problem.exact.partials(points)
    solution = {partial_name(problem, Partial(0, by)): column for by, column in known.items()}
    return {**problem.constants, **columns, **solution}
