"""Terms of one equation: generalized least squares with errors in variables, all subsets, votes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import whitening
from pikan.solvers.discovery.bump_functions import BumpFunctions, bump_functions
from pikan.solvers.discovery.weak_form import WeakCandidate, WeakForm
from pikan.solvers.subsets import Subset, best_subsets, penalty, regression

# Half widths of bumps, in parts of an axis: along time, and along any other.
_IN_TIME, _IN_SPACE = (0.15, 0.25), (0.12, 0.18, 0.27)
# The most test functions of one width.
_MOST = 400
# Rounds of coefficients and corrected fields, and by how many standard errors they may move last.
_ROUNDS, _STEADY = 9, 1e-3
# A part of the mean variance of rows that is added to each.
_NUGGET = 1e-9
# Subsets whose criterion is within this of the best explain the data as well: odds of 400 to 1.
# χ² of unlike terms scatters by some units even where both are right.
AS_GOOD = 12.0
# So many other subsets of each size are compared, each by itself.
_RIVALS = 2
# Rows beyond the candidates that are needed to judge a fit.
_SPARE_ROWS = 8


@final
@dataclass(frozen=True, eq=False)
class TermsOfWidth:
    """What one width of bumps finds: places of the terms, coefficients, covariance, χ² per row.

    `squares` is χ², `reduced` that per row, `spread` that of all candidates, one at least;
    `unexplained` is the part of the left side that the terms leave; `subsets` are the best ones of
    each size, this one first.
    """

    tests: BumpFunctions
    places: tuple[int, ...]
    coefficients: Float[Tensor, " k"]
    covariance: Float[Tensor, "k k"]
    squares: float
    reduced: float
    spread: float
    unexplained: float
    subsets: tuple[Subset, ...]

    def largest_relative_error(self) -> float:
        """The largest standard error over its coefficient."""
        errors = (self.covariance.diagonal() * max(1.0, self.reduced)).sqrt()
        return float((errors / self.coefficients.abs()).max())


class SelectedTerms(NamedTuple):
    """The terms that most widths agree on, by `votes`, a share; the fit that knows them best.

    `alternatives` are other subsets that explain the data as well.
    """

    fit: TermsOfWidth
    votes: float
    alternatives: tuple[Subset, ...]


def select_terms(
    weak: WeakForm,
    left: WeakCandidate,
    candidates: Sequence[WeakCandidate],
    at_most: int,
) -> SelectedTerms | None:
    """The terms of an equation out of candidates; None where there are too few values."""
    orders = [
        max(one.weak.orders[axis] for one in (left, *candidates))
        for axis in range(len(weak.grid.axes))
    ]
    least = 3 * (len(candidates) + _SPARE_ROWS)
    found = [
        fit
        for shares in _widths(weak)
        if (tests := bump_functions(weak.grid.axes, shares, orders, least, _MOST)).number
        >= len(candidates) + _SPARE_ROWS
        and (fit := terms_of_width(weak, tests, left, candidates, at_most)) is not None
    ]
    if not found:
        return None
    votes: dict[tuple[int, ...], list[TermsOfWidth]] = {}
    for fit in found:
        votes.setdefault(fit.places, []).append(fit)

    def weight(places: tuple[int, ...]) -> tuple[float, int]:
        return sum(1.0 / max(1.0, fit.reduced) for fit in votes[places]), -len(places)

    chosen = max(votes, key=weight)
    best = min(votes[chosen], key=TermsOfWidth.largest_relative_error)
    share = len(votes[chosen]) / len(found)
    rivals = sorted(_rivals(weak, best, left, candidates), key=lambda one: one[0].criterion)
    if rivals and rivals[0][0].criterion < 0.0:
        # By itself it explains more: the one that was taken had its own noise taken out of both.
        (better, fit), *rest = rivals
        old = Subset(best.places, 0.0)
        rivals = [(old, best), *rest]
        best = replace(fit, places=better.places)
        rivals = [(Subset(one.places, one.criterion - better.criterion), f) for one, f in rivals]
    others = tuple(one for one, _ in rivals if one.criterion < AS_GOOD)
    return SelectedTerms(best, share, others)


def _rivals(
    weak: WeakForm, best: TermsOfWidth, left: WeakCandidate, candidates: Sequence[WeakCandidate]
) -> Iterator[tuple[Subset, TermsOfWidth]]:
    """Subsets that explain the data as well as the best, each with the noise it betrays itself.

    More terms always explain a little more: those that only add some are no rivals.
    """
    for size in range(1, len(best.places) + 1):
        same = [one.places for one in best.subsets if len(one.places) == size]
        for places in [one for one in same if one != best.places][:_RIVALS]:
            chosen = [candidates[k] for k in places]
            fit = terms_of_width(weak, best.tests, left, chosen, 0)
            if fit is not None:
                more = penalty(size, len(candidates), weak.values)
                criterion = fit.squares / best.spread + more - best.subsets[0].criterion
                if criterion < AS_GOOD:
                    yield Subset(places, criterion), fit


def _widths(weak: WeakForm) -> Iterator[tuple[float, ...]]:
    """The half widths that are tried: one share for time, one for all other coordinates."""
    names = weak.named.coordinates
    in_time = _IN_TIME if "t" in names else (0.0,)
    in_space = _IN_SPACE if set(names) - {"t"} else (0.0,)
    for time, space in product(in_time, in_space):
        yield tuple(time if name == "t" else space for name in names)


def terms_of_width(
    weak: WeakForm,
    tests: BumpFunctions,
    left: WeakCandidate,
    candidates: Sequence[WeakCandidate],
    at_most: int,
) -> TermsOfWidth | None:
    """Terms over the bumps of one width; None where their rows cannot be told apart from noise.

    In turns: the covariance of rows from the noise at the coefficients; all subsets by whitened
    least squares; the noise that the residual betrays, s² Lᵀ S⁻¹ r, is taken out of the fields
    (Gauss-Newton on values and coefficients). Where `at_most` is zero all candidates are terms.
    """
    fields, measured = weak.grid.fields, weak.grid.fields
    variances = torch.tensor([s**2 for s in weak.grid.noise]).to(fields[0])[:, None]
    target = weak.integrals(tests, left, fields, corrected=True)
    design = torch.stack([weak.integrals(tests, one, fields, True) for one in candidates], dim=1)
    noise = torch.zeros(len(fields), fields[0].numel()).to(fields[0])
    places: tuple[int, ...] = ()
    coefficients = target.new_zeros(0)
    result = None
    base = target
    for turn in range(_ROUNDS):
        chosen = [(candidates[k], -float(c)) for k, c in zip(places, coefficients, strict=True)]
        L = weak.sensitivity(tests, [(left, 1.0), *chosen], fields)
        rows = (L * variances.sqrt()).flatten(1)
        S = rows @ rows.mT
        whiten = whitening(S + _NUGGET * S.diagonal().mean() * torch.eye(len(S)).to(S))
        if whiten is None:
            return None
        if turn > 0:
            residual = base - design[:, list(places)] @ coefficients + (L * noise).sum(dim=(1, 2))
            back = whiten(whiten(residual), True)
            noise = variances * (L * back[:, None, None]).sum(dim=0)
            fields = [(value - e.view_as(value)) for value, e in zip(measured, noise, strict=True)]
            base = weak.integrals(tests, left, fields, corrected=False)
            design = torch.stack(
                [weak.integrals(tests, one, fields, False) for one in candidates], dim=1
            )
            target = base + (L * noise).sum(dim=(1, 2))
        white, beside = whiten(design), whiten(target)
        everything = tuple(range(len(candidates)))
        whole = regression(white, beside, everything)
        spread = max(1.0, whole.squares / (len(beside) - len(candidates)))
        subsets = (
            best_subsets(white, beside, at_most, weak.values, 1 + _RIVALS)
            if at_most
            else (Subset(everything, inf),)
        )
        before, coefficients_before = places, coefficients
        places = subsets[0].places
        fit = regression(white, beside, places)
        coefficients = fit.coefficients
        reduced = fit.squares / (len(beside) - len(places))
        left_over = target - design[:, list(places)] @ coefficients
        unexplained = float(left_over.norm() / target.norm())
        result = TermsOfWidth(
            tests=tests,
            places=places,
            coefficients=coefficients,
            covariance=fit.covariance,
            squares=fit.squares,
            reduced=reduced,
            spread=spread,
            unexplained=unexplained,
            subsets=subsets,
        )
        errors = fit.covariance.diagonal().sqrt()
        moved = (
            inf
            if before != places
            else float(((coefficients - coefficients_before).abs() / errors).max())
        )
        if turn > 2 and moved < _STEADY:
            break
    return result
