"""Dimension-adaptive sparse polynomials: products are added next to those that count."""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import comb

import torch

from pikan.jets.jet import MultiIndex, closure
from pikan.network.parameters import last_layer, parameter_vector, with_parameters
from pikan.network.product import LowRank
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.optimize.linear_least_squares import LinearLeastSquares
from pikan.problem.classification import linear
from pikan.problem.statement import Problem
from pikan.residuals.evaluation import balanced_factors
from pikan.sampling.arcsine import arcsine
from pikan.solvers.high_dimensional.level import SearchLevel, SearchSettings, diagnose, random_terms
from pikan.solvers.high_dimensional.low_rank_objective import (
    low_rank_evaluations,
    low_rank_objective,
)
from pikan.solvers.level import run_stage
from pikan.solvers.replay import Event, Events, memoize

# The first level has all products up to a total degree, no more than so many.
_FIRST, _FIRST_DEGREE = 300, 4
# Coefficients this much smaller than the largest one with neighbors missing wait for theirs.
_BULK = 0.1
# Neighbors of a product are left out whose coefficient is below this part of the accuracy.
_NEGLIGIBLE = 0.1
_STEADY = 1e-5
# Rows for each coefficient, and the fewest; so many are made at a time.
_ROWS, _FEWEST, _AT_A_TIME = 2, 300, 500


def sparse_polynomial_levels(
    problem: Problem,
    settings: SearchSettings,
    largest: int,
    lower: SearchLevel | None,
    generator: torch.Generator,
) -> Events[SearchLevel]:
    """Levels until the accuracy is reached, nothing is left to add, or `largest` is too few.

    The products of the next level are those of this one, and what lies next to the largest of
    them: functions of few coordinates, the terms of the ANOVA decomposition that count, are so
    followed to high degrees without all the others.

    Source: Gerstner and Griebel 2003, doi 10.1007/s00607-003-0015-5 (dimension-adaptive);
    Chkifa, Cohen and Schwab 2014, doi 10.1007/s10208-013-9154-z (largest coefficients first).
    """
    while True:
        orders = _first(problem, largest) if lower is None else _expand_orders(lower, settings)
        complete = lower is not None and len(orders) == len(lower.network.coefficients)
        if complete:
            # Higher orders along every coordinate, where nothing asks for them: to see that.
            highest = [max(along) for along in zip(*orders, strict=True)]
            powers = [
                tuple(order + 2 if axis == own else 0 for axis in range(len(highest)))
                for own, order in enumerate(highest)
            ]
            orders = closure([*orders, *powers])
        if lower is not None and len(orders) * len(problem.unknowns) > largest:
            return lower
        higher = yield from memoize(
            _solve_level(problem, settings, orders, lower, generator), SearchLevel
        )
        if higher.reaches(settings.accuracy):
            gathered = _merge_products(higher.network, settings)
            smaller = diagnose(problem, settings, higher.words, gathered, lower)
            return smaller if smaller.reaches(settings.accuracy) else higher
        if complete:
            return higher
        lower = higher


def _first(problem: Problem, largest: int) -> tuple[MultiIndex, ...]:
    """All orders up to a total degree."""
    dimension, most = problem.box.dimension, min(_FIRST, largest // len(problem.unknowns))
    degrees = [n for n in range(2, _FIRST_DEGREE + 1) if comb(n + dimension, n) <= most]
    return closure(
        tuple(chosen.count(axis) for axis in range(dimension))
        for chosen in combinations_with_replacement(range(dimension), max(degrees, default=1))
    )


def _expand_orders(lower: SearchLevel, settings: SearchSettings) -> tuple[MultiIndex, ...]:
    """The orders of a level and the neighbors of the largest coefficients that lack some."""
    orders = _orders(lower.network)
    sizes = lower.network.coefficients.detach().abs()
    sizes = (sizes / sizes.amax(dim=0).clamp_min(torch.finfo(sizes.dtype).tiny)).amax(dim=1)
    known, found = frozenset(orders), set(orders)
    least = _NEGLIGIBLE * settings.accuracy
    for size, column in zip(*(part.tolist() for part in sizes.sort(descending=True)), strict=True):
        if size <= least:
            break
        # Raised along one coordinate: by one if it has none yet, else by half, at least two.
        own, missing = orders[column], list[MultiIndex]()
        for axis, order in enumerate(own):
            ahead = 1 if order == 0 else order + max(2, order // 2)
            missing.append((*own[:axis], ahead, *own[axis + 1 :]))
        missing = [index for index in missing if index not in known]
        if missing:
            found.update(closure(missing))
            least = max(least, _BULK * size)
    return closure(found)


def _orders(network: LowRank) -> tuple[MultiIndex, ...]:
    """The orders of the polynomials that each product is made of."""
    columns = torch.stack([weight.detach().argmax(dim=0) for weight in network.weights], dim=1)
    return tuple(tuple(row) for row in columns.tolist())


def _solve_level(
    problem: Problem,
    settings: SearchSettings,
    orders: Sequence[MultiIndex],
    lower: SearchLevel | None,
    generator: torch.Generator,
) -> Events[SearchLevel]:
    """One level: the problem solved with the coefficients of these products."""
    network = _network(settings, orders, lower)
    whole = parameter_vector(network)
    part = last_layer(network)
    free = torch.zeros_like(whole, dtype=torch.bool)
    free[part] = True
    rows = max(_ROWS * int(free.sum()), _FEWEST)
    # Few rows at a time: all factors of all products would not fit in memory.
    on_points = [
        term.rows(slice(start, start + _AT_A_TIME))
        for term in random_terms(problem, arcsine, rows, whole, generator)
        for start in range(0, len(term.points[0]), _AT_A_TIME)
    ]
    affine = linear(problem)
    evaluations = low_rank_evaluations(on_points, network, free)
    factors = balanced_factors(evaluations, whole[free])
    objective = low_rank_objective(evaluations, factors, linear=affine)
    stage = (
        LinearLeastSquares()
        if affine
        else LevenbergMarquardt(steps=settings.steps, tolerance=_STEADY)
    )
    words = f"{len(orders)} products of polynomials"
    best = None if lower is None else lower.network
    theta, _ = yield from run_stage(
        stage, objective, whole[free], lambda p: Event(words, p, lambda: best)
    )
    solved = with_parameters(network, whole.masked_scatter(free, theta))
    return diagnose(problem, settings, words, solved, lower)


def _network(
    settings: SearchSettings, orders: Sequence[MultiIndex], lower: SearchLevel | None
) -> LowRank:
    """The products of these orders, with the coefficients that they had before."""
    network = settings.network(max(max(index) for index in orders), len(orders))
    with torch.no_grad():
        for axis, weight in enumerate(network.weights):
            weight[[index[axis] for index in orders], torch.arange(len(orders))] = 1.0
        if lower is not None:
            places = {index: column for column, index in enumerate(orders)}
            old = [places[index] for index in _orders(lower.network)]
            network.coefficients[old] = lower.network.coefficients
    return network


def _merge_products(network: LowRank, settings: SearchSettings) -> LowRank:
    """The same with fewer products: those that differ in one coordinate alone are one.

    The coordinate is that of the highest order. Negligible coefficients are left out.
    """
    orders = _orders(network)
    coefficients = network.coefficients.detach()
    least = _NEGLIGIBLE * settings.accuracy / len(orders) ** 0.5 * coefficients.abs().amax(dim=0)
    groups: dict[tuple[int, int, MultiIndex], dict[int, float]] = {}
    for column, unknown in (coefficients.abs() > least).nonzero().tolist():
        index = orders[column]
        axis = index.index(max(index))
        others = (*index[:axis], 0, *index[axis + 1 :])
        own = groups.setdefault((unknown, axis, others), {})
        own[index[axis]] = float(coefficients[column, unknown])
    gathered = settings.network(network.axes()[0].degree, max(len(groups), 1))
    with torch.no_grad():
        for column, ((unknown, axis, others), own) in enumerate(groups.items()):
            for weight, order in zip(gathered.weights, others, strict=True):
                weight[order, column] = 1.0
            gathered.weights[axis][0, column] = 0.0
            for order, coefficient in own.items():
                gathered.weights[axis][order, column] = coefficient
            gathered.coefficients[column, unknown] = 1.0
    return gathered
