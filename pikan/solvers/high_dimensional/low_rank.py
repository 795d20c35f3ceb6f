"""Low-rank (CP) expansions: sums of few products of functions, of growing rank and degree."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from pikan.bases.bspline import BSpline
from pikan.network.parameters import parameter_vector, with_parameters
from pikan.network.product import LowRank
from pikan.network.refine import raise_rank, refine
from pikan.optimize.levenberg_marquardt import LevenbergMarquardt
from pikan.problem.statement import Problem
from pikan.residuals.relative_residual import largest_relative_residual
from pikan.sampling.uniform import uniform
from pikan.solvers.high_dimensional.level import SearchLevel, SearchSettings, diagnose, random_terms
from pikan.solvers.high_dimensional.low_rank_objective import (
    low_rank_evaluations,
    low_rank_objective,
    natural_factors,
)
from pikan.solvers.level import run_stage
from pikan.solvers.replay import Event, Events, memoize

# Rows for each free parameter, and the fewest: on few, and dense where a product is nearly zero,
# most starts end far from any solution.
_ROWS, _FEWEST = 2, 1000
_RISE, _HIGHEST = 3, 50
# A level that leaves more of the residual than this part of the level before gains nothing.
_GAIN = 0.5
# One poor start, or one product that helps only with the next, is no reason to give up.
_PATIENCE = 3
# Where a higher degree leaves no more than this part it was what was missing.
_MUCH = 0.03
# Starts of new products.
_DRAWN = 2
# Steps that change the residual by less than this part of it change nothing.
_STEADY = 1e-4


class LowRankSearch(NamedTuple):
    """What levels are made for and with; the first `sums` products are functions of a coordinate.

    `largest` is the number of parameters that a level may have, `generator` draws the points and
    the starts.
    """

    problem: Problem
    settings: SearchSettings
    largest: int
    sums: int
    generator: torch.Generator


def low_rank_levels(
    search: LowRankSearch, degree: int, shown: SearchLevel | None
) -> Events[SearchLevel]:
    """Levels until the accuracy is reached, nothing helps any more, or `largest` is too few.

    u_m = sum over r of w_rm prod_i f_ri(x_i), a canonical polyadic decomposition; a new product
    is fitted to what the others leave, then all are together. Functions of one coordinate beside
    them, the first order of an ANOVA decomposition, are what few products can come near to but
    never be. `shown` is the best solution until there is a level.

    Source: Kolda and Bader 2009, doi 10.1137/07070111X, section 3, and 3.3 for what has no best
    approximation; Beylkin and Mohlenkamp 2005, doi 10.1137/040604959, for many coordinates.
    """
    starts = _raise_rank(search, _sums(search, degree))
    best = yield from memoize(_solve_level(search, starts, None, shown), SearchLevel)
    accuracy = search.settings.accuracy
    poor = 0
    while not best.reaches(accuracy) and poor < _PATIENCE:
        tried = [best]
        for way in (_raise_degree, _raise_rank):
            starts = way(search, best.network)
            if _affordable(search, starts[0]):
                tried.append(
                    (yield from memoize(_solve_level(search, starts, best, best), SearchLevel))
                )
            if tried[-1].reaches(accuracy):
                return tried[-1]
            if tried[-1].relative_residual.relative < _MUCH * best.relative_residual.relative:
                break
        found = min(tried, key=lambda one: one.relative_residual.relative)
        poor = (
            0
            if found.relative_residual.relative < _GAIN * best.relative_residual.relative
            else poor + 1
        )
        best = found
    return best


def _affordable(search: LowRankSearch, network: LowRank) -> bool:
    every = torch.ones_like(network.coefficients[:, 0], dtype=torch.bool)
    free = _free(network, search.sums, every).sum()
    return int(free) <= search.largest and network.axes()[0].degree <= _HIGHEST


def _raise_degree(_: LowRankSearch, network: LowRank) -> list[LowRank]:
    """The same function in polynomials of higher degree."""
    return [refine(network, degree=network.axes()[0].degree + _RISE)]


def _raise_rank(search: LowRankSearch, network: LowRank) -> list[LowRank]:
    """The same function beside new products that weigh nothing yet, drawn several times."""
    rank = len(network.coefficients)
    wider = rank + max(1, (rank - search.sums) // 3)
    return [raise_rank(network, wider, search.generator) for _ in range(_DRAWN)]


def _sums(search: LowRankSearch, degree: int) -> LowRank:
    """The functions of one coordinate, all zero: each is multiplied by constants."""
    network = search.settings.network(degree, search.sums)
    owners = _owners(network, search.sums)
    with torch.no_grad():
        for axis, (weight, basis) in enumerate(zip(network.weights, network.axes(), strict=True)):
            # Splines add up to one, polynomials begin with it.
            weight[: basis.size if isinstance(basis, BSpline) else 1, owners != axis] = 1.0
        unknowns = network.coefficients.shape[1]
        network.coefficients.copy_(torch.eye(unknowns).repeat(search.sums // unknowns, 1))
    return network


def _owners(network: LowRank, sums: int) -> Int[Tensor, " _"]:
    """The coordinates that the sums are functions of, for one unknown after the other."""
    numbers = torch.arange(sums, device=network.coefficients.device)
    return numbers // network.coefficients.shape[1]


def _solve_level(
    search: LowRankSearch,
    starts: list[LowRank],
    lower: SearchLevel | None,
    shown: SearchLevel | None,
) -> Events[SearchLevel]:
    """One level, from the start that is the best after its first fit."""
    best = None if shown is None else shown.network
    rank, degree = len(starts[0].coefficients) - search.sums, starts[0].axes()[0].degree
    noun = f"{rank} product{'s' * (rank > 1)} of degree {degree}"
    words = f"sums and {noun}" if search.sums else noun
    stage = LevenbergMarquardt(steps=search.settings.steps, tolerance=_STEADY)
    # Some products are fitted at once, the others as they are.
    new = (starts[0].coefficients == 0.0).all(dim=1)
    every = torch.ones_like(new)
    turns = [new, every] if new.any() and not new.all() else [every]
    if lower is None and search.sums:
        turns = [~new, new, every]
    for columns in turns:
        fitted: list[tuple[float, LowRank]] = []
        for network in starts:
            whole, free = parameter_vector(network), _free(network, search.sums, columns)
            rows = max(_ROWS * int(free.sum()), _FEWEST)
            on_points = random_terms(search.problem, uniform, rows, whole, search.generator)
            evaluations = low_rank_evaluations(on_points, network, free)
            factors = natural_factors(evaluations, whole[free])
            objective = low_rank_objective(evaluations, factors, linear=False)
            theta, _ = yield from run_stage(
                stage, objective, whole[free], lambda p: Event(words, p, lambda: best)
            )
            found = with_parameters(network, whole.masked_scatter(free, theta))
            left = largest_relative_residual(
                search.problem, found, search.settings.samples
            ).relative
            fitted.append((left, found))
        starts = [min(fitted, key=lambda one: one[0])[1]]
    return diagnose(search.problem, search.settings, words, starts[0], lower)


def _free(network: LowRank, sums: int, columns: Bool[Tensor, " _"]) -> Bool[Tensor, " p"]:
    """The parameters of some products; of sums their own functions, a constant of the first's."""
    marked = with_parameters(network, torch.zeros_like(parameter_vector(network)))
    owners = _owners(network, sums)
    with torch.no_grad():
        marked.coefficients[sums:][columns[sums:]] = 1.0
        for axis, weight in enumerate(marked.weights):
            weight[:, sums:][:, columns[sums:]] = 1.0
            weight[min(axis, 1) :, :sums][:, (owners == axis) & columns[:sums]] = 1.0
    return parameter_vector(marked) > 0.0
