"""Equations out of candidates: terms from the weak form, then a joint fit of fields and terms."""

from collections.abc import Mapping
from dataclasses import replace
from math import hypot, inf, prod

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import ndtri
from torch import Tensor

from pikan.expression.tree import Expression, Name, Number, multiply, subtract
from pikan.expression.wording import word_list
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Equation, Problem, UnknownConstant, UnknownEquation
from pikan.references.observations import Observation, even_axes
from pikan.solvers.discovery.measured_grid import (
    LEAST_NOISE,
    MeasuredGrid,
    difference_noise,
    on_grid,
    resolved_degrees,
)
from pikan.solvers.discovery.select_terms import SelectedTerms, select_terms
from pikan.solvers.discovery.weak_form import weak_candidate, weak_form
from pikan.solvers.found import (
    AlternativeTerms,
    DiscoveredEquation,
    FoundConstant,
    Identification,
    equation_text,
)
from pikan.solvers.identification.evidence import LEVEL
from pikan.solvers.identification.identify import IdentificationSettings, fit_on_basis
from pikan.solvers.level import SolverResult
from pikan.solvers.replay import Events, map_events

# A coefficient is named by its term; no formula that is read from a file has a name with a space.
_COEFFICIENT = "coefficient of "
# Terms that fewer of the widths agree on are not to be trusted.
_AGREED = 0.5
# A residual of the weak form this much above the noise, and above this part of the left side.
_NOISY, _UNEXPLAINED = 4.0, 1e-2
# The first tolerance of the joint fit, and how much finer its basis is than what values resolve.
_FIRST, _FINER, _MORE = 1e-1, 1.5, 4
# Gauss-Newton steps at one tolerance: the start is near.
_STEPS = 12


def discover_and_fit(problem: Problem, settings: IdentificationSettings) -> Events[SolverResult]:
    """Terms of the equations, then their coefficients and the fields by a joint fit.

    Where the joint fit does not converge the coefficients are those of the weak form.
    """
    discovered = discover(problem)
    weak = {name: one for each in discovered for name, one in each.terms.items()}
    blocks = [torch.tensor(one.correlation, dtype=torch.float64) for one in discovered]
    rows = torch.block_diag(*blocks).tolist()
    known = Identification(weak, tuple(tuple(row) for row in rows), None, None, discovered)
    stated = with_unknown_coefficients(problem, discovered)
    quick = replace(settings, steps=min(settings.steps, _STEPS))
    result = yield from map_events(
        fit_on_basis(stated, quick, _degrees(problem, settings), _FIRST),
        lambda event: event._replace(identification=known),
    )
    joint = {
        name.removeprefix(_COEFFICIENT): one for name, one in result.identification.found.items()
    }
    values, source = weak, "the weak form"
    told = replace(result.identification, found={**joint, **weak})
    if not problem.find:
        told = replace(told, correlation=known.correlation)
    if result.outcome.kind == "converged":
        apart = max(
            abs(one.value - joint[name].value)
            / hypot(one.standard_error, joint[name].standard_error)
            for name, one in weak.items()
        )
        told = replace(result.identification, found=joint)
        values, source = joint, f"a joint fit, {apart:.1f} standard errors from the weak form"
    found = tuple(_with_values(one, values) for one in discovered)
    doubts = [doubt for one in discovered for doubt in _doubts(one)]
    message = f"{word_list([one.equation for one in found])}; coefficients of {source}"
    outcome = Outcome("stalled" if doubts else "converged", "; ".join([*doubts, message]))
    return result._replace(outcome=outcome, identification=replace(told, discovered=found))


def _degrees(problem: Problem, settings: IdentificationSettings) -> tuple[int, ...]:
    """Degrees for the joint fit: somewhat more than the values show, as far as there is room."""
    wanted = [_FINER * degree + _MORE for degree in resolved_degrees(measured_grid(problem))]
    size = prod(degree + 1 for degree in wanted) * len(problem.unknowns)
    shrink = min(1.0, (settings.largest / size) ** (1.0 / len(wanted)))
    return tuple(max(4, int(shrink * degree)) for degree in wanted)


def discover(problem: Problem) -> tuple[DiscoveredEquation, ...]:
    """The equations of a problem that are to be discovered from its observations."""
    grid = measured_grid(problem)
    return tuple(_discover_one(problem, grid, one) for one in problem.discover)


def measured_grid(problem: Problem) -> MeasuredGrid:
    """The unknowns on the grid of the observations; one that is not measured is zero."""
    measured: dict[str, Observation] = {}
    for one in problem.observations:
        if isinstance(one.formula, Name):
            measured.setdefault(one.formula.name, one)
    first = next(iter(measured.values()))
    axes = even_axes(first.points)
    assert axes is not None
    fields: list[Float[Tensor, "*n"]] = []
    noise: list[float] = []
    for name in problem.unknowns:
        if name not in measured:
            fields.append(torch.zeros([len(axis) for axis in axes], dtype=torch.float64))
            noise.append(0.0)
            continue
        observation = measured[name]
        field = on_grid(observation.points, observation.values)
        given = observation.noise
        spread = difference_noise(field) if given is None else float(np.sqrt(np.mean(given**2)))
        fields.append(field)
        noise.append(max(spread, LEAST_NOISE * float(field.std())))
    places = tuple(torch.from_numpy(axis) for axis in axes)
    return MeasuredGrid(places, tuple(fields), tuple(noise))


def _discover_one(
    problem: Problem, grid: MeasuredGrid, unknown: UnknownEquation
) -> DiscoveredEquation:
    names = list(unknown.candidates)
    left = weak_candidate(problem, unknown.left)
    candidates = [weak_candidate(problem, unknown.candidates[name]) for name in names]
    weak = weak_form(problem, problem.constants, grid, [left, *candidates])
    selected = select_terms(weak, left, candidates, unknown.at_most)
    if selected is None:
        return DiscoveredEquation(unknown.text, "", {}, (), 0.0, inf, inf, ())
    return _discovered_equation(unknown, names, selected)


def _discovered_equation(
    unknown: UnknownEquation, names: list[str], selected: SelectedTerms
) -> DiscoveredEquation:
    fit = selected.fit
    errors = (fit.covariance.diagonal() * max(1.0, fit.reduced)).sqrt()
    quantile = float(ndtri(0.5 + LEVEL / 2))
    terms: dict[str, FoundConstant] = {}
    for place, value, error in zip(
        fit.places, fit.coefficients.tolist(), errors.tolist(), strict=True
    ):
        interval = value - quantile * error, value + quantile * error
        terms[names[place]] = FoundConstant(value, error, interval, LEVEL, True, 0.0)
    others = tuple(
        AlternativeTerms(tuple(names[k] for k in one.places), one.criterion)
        for one in selected.alternatives
    )
    spread = fit.covariance.diagonal().sqrt()
    correlation = (fit.covariance / (spread[:, None] * spread)).tolist()
    return DiscoveredEquation(
        left=unknown.text,
        equation=equation_text(unknown.text, terms),
        terms=terms,
        correlation=tuple(tuple(row) for row in correlation),
        votes=selected.votes,
        reduced=fit.reduced,
        unexplained=fit.unexplained,
        alternatives=others,
    )


def _with_values(
    one: DiscoveredEquation, values: Mapping[str, FoundConstant]
) -> DiscoveredEquation:
    """The equation with coefficients of a joint fit."""
    terms = {name: values[name] for name in one.terms}
    return replace(one, terms=terms, equation=equation_text(one.left, terms))


def _doubts(one: DiscoveredEquation) -> list[str]:
    """Why the terms of an equation are not to be trusted, a sentence each."""
    found: list[str] = []
    if one.alternatives:
        others = " or ".join(f"[{', '.join(each.terms)}]" for each in one.alternatives[:3])
        found.append(
            f"these data do not tell [{', '.join(one.terms)}] from {others} as the terms of "
            f"{one.left}: measure another solution"
        )
    if one.votes < _AGREED:
        found.append(
            f"test functions of other widths find other terms of {one.left} "
            f"({one.votes:.0%} agree): the data are too noisy or too few for these candidates"
        )
    if one.reduced > _NOISY and one.unexplained > _UNEXPLAINED:
        found.append(
            f"the terms leave {one.unexplained:.0%} of {one.left}, more than noise does: a term is "
            "missing among the candidates, or at_most is too small"
        )
    return found


def with_unknown_coefficients(
    problem: Problem, discovered: tuple[DiscoveredEquation, ...]
) -> Problem:
    """The problem with its discovered equations, whose coefficients are to be found."""
    values = {name: one.value for each in discovered for name, one in each.terms.items()}
    find = [
        UnknownConstant(_COEFFICIENT + name, value, -inf, inf, False)
        for name, value in values.items()
    ]
    coefficients = {name: Name(_COEFFICIENT + name) for name in values}
    return replace(
        problem,
        equations=_equations(problem, discovered, coefficients),
        constants={**problem.constants, **{one.name: one.guess for one in find}},
        find=(*problem.find, *find),
        discover=(),
    )


def with_discovered(problem: Problem, discovered: tuple[DiscoveredEquation, ...]) -> Problem:
    """The problem with its discovered equations, whose coefficients are numbers."""
    numbers = {name: Number(one.value) for each in discovered for name, one in each.terms.items()}
    return replace(problem, equations=_equations(problem, discovered, numbers))


def _equations(
    problem: Problem,
    discovered: tuple[DiscoveredEquation, ...],
    coefficients: Mapping[str, Expression],
) -> tuple[Equation, ...]:
    """The equations that are known, then those that were discovered."""
    stated = list(problem.equations)
    several = len(stated) + len(discovered) > 1
    for one, unknown in zip(discovered, problem.discover, strict=True):
        residual = unknown.left
        for name in one.terms:
            residual = subtract(residual, multiply(coefficients[name], unknown.candidates[name]))
        label = f"equation {len(stated) + 1}" if several else "equation"
        stated.append(Equation(label, residual))
    return tuple(stated)
