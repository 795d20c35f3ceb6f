"""Formulas c f(a x + b) + d for a function known at points: a scan, then damped Gauss-Newton.

Where a and b are given the best c and d follow in closed form, and R² is the square of the
correlation of f(a x + b) with the values. The best of many a and b are starts for all four.
"""

from collections.abc import Sequence
from math import isfinite, log2
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import damped_least_squares
from pikan.network.symbolic_functions import activation
from pikan.symbolic.library import REAL_POWER, STEP, Numbers, library_function
from pikan.symbolic.real_powers import real_powers
from pikan.symbolic.step import best_step

# Points that a scan looks at and that steps are made on; starts for each function; steps.
_SCANNED, _FITTED, _STARTS, _STEPS = 100, 200, 4, 80

# What is left of a variance below which it is rounding.
_ROUNDING = 1e-14

# The constant of a formula other than a power, at most, relative to the spread of the values.
_CANCELED = 50.0


class Candidate(NamedTuple):
    """A formula and how well it fits: `left` is 1 - R², exact where R² is all but one."""

    name: str
    numbers: Numbers
    left: float
    complexity: int

    @property
    def r2(self) -> float:
        """The share of the spread that the formula explains."""
        return 1.0 - self.left

    def score(self, weight_simple: float, noise: float = 0.0) -> float:
        """The lower the better: bits that are left of the spread, and complexity, weighed.

        What is left below the `noise` does not count.
        """
        bits = log2(self.left + max(noise, _ROUNDING))
        return weight_simple * self.complexity + (1 - weight_simple) * bits


class CandidateRows(NamedTuple):
    """Rows of numbers, each for one function of `names`, on normalized points."""

    names: Sequence[str]
    numbers: Float[Tensor, "_ 4"]


class EdgeSamples(NamedTuple):
    """A function at points, with what to multiply the square of what is left of it by at each."""

    x: Float[Tensor, " n"]
    y: Float[Tensor, " n"]
    weight: Float[Tensor, " n"]

    def some(self, count: int) -> "EdgeSamples":
        """So many of the points at most, the first and the last among them."""
        rows = torch.linspace(0, len(self.x) - 1, min(count, len(self.x))).round().long()
        return EdgeSamples(*(each[rows] for each in self))


def candidates(
    x: Float[Tensor, " n"],
    y: Float[Tensor, " n"],
    names: Sequence[str],
    weight: Float[Tensor, " n"] | None = None,
) -> list[Candidate]:
    """The best formula with each function that fits at all, by R², which points may weigh in.

    Real powers, where they are among the names, stand in with those of the nearest exponents.
    """
    weight = torch.ones_like(x) if weight is None else weight / weight.mean()
    plain = [name for name in names if name not in (REAL_POWER, STEP)]
    found = _candidates(x, y, plain, weight)
    if any(each.name == "0" for each in found):
        return found
    if STEP in names and (numbers := best_step(x, y, weight)) is not None:
        found.append(rate(STEP, numbers, x, y, weight))
    exact = any(each.left <= _ROUNDING for each in found)
    if REAL_POWER in names and not exact and bool(x.max() > x.min()):
        known = _normalize(x, y, weight).some(_FITTED)
        found += _candidates(x, y, real_powers(*known), weight)
    return sorted(found, key=lambda each: each.left)


def _candidates(
    x: Float[Tensor, " n"],
    y: Float[Tensor, " n"],
    names: Sequence[str],
    weight: Float[Tensor, " n"],
) -> list[Candidate]:
    """The same for functions with two numbers inside that descents find."""
    middle, half = (x.max() + x.min()) / 2, (x.max() - x.min()) / 2
    mean, spread = _mean_and_spread(y, weight)
    if not bool(half > 0) or not bool(spread > 1e-300):
        return [Candidate("0", Numbers(1.0, 0.0, 0.0, float(mean)), 0.0, 0)]
    known = _normalize(x, y, weight)
    scanned = known.some(_SCANNED)
    begun = [_scan(name, scanned) for name in names]
    owners = [name for name, rows in zip(names, begun, strict=True) for _ in rows]
    if not owners:
        return []
    search = refine(CandidateRows(owners, torch.cat(begun)), known.some(_FITTED))
    found: dict[str, Candidate] = {}
    for name, row in zip(owners, search.numbers.tolist(), strict=True):
        a, b, c, d = row
        # So slow a wave, say, shows no more than a parabola, as a difference of large numbers.
        if abs(d) > _CANCELED and not name.startswith("x"):
            continue
        placed = Numbers(
            a / float(half),
            b - a * float(middle / half),
            c * float(spread),
            d * float(spread) + float(mean),
        )
        made = rate(name, library_function(name).canonical(placed), x, y, weight)
        if isfinite(made.left) and (name not in found or made.left < found[name].left):
            found[name] = made
    return sorted(found.values(), key=lambda each: each.left)


def _normalize(
    x: Float[Tensor, " n"], y: Float[Tensor, " n"], weight: Float[Tensor, " n"]
) -> EdgeSamples:
    """The points in order, x from -1 to 1, and y of mean zero and spread one."""
    middle, half, order = (x.max() + x.min()) / 2, (x.max() - x.min()) / 2, x.argsort()
    mean, spread = _mean_and_spread(y, weight)
    return EdgeSamples(((x - middle) / half)[order], ((y - mean) / spread)[order], weight[order])


def rate(
    name: str,
    numbers: Numbers,
    x: Float[Tensor, " n"],
    y: Float[Tensor, " n"],
    weight: Float[Tensor, " n"] | float = 1.0,
) -> Candidate:
    """A formula with what it leaves of these values."""
    a, b, c, d = numbers
    away = c * activation(name)(a * x + b, 0)[0] + d - y
    left, spread = (weight * away.square()).mean(), _mean_and_spread(y, weight)[1]
    share = left / spread.square() if bool(spread > 0) else left
    return Candidate(name, numbers, float(share), library_function(name).complexity)


def _mean_and_spread(
    y: Float[Tensor, " n"], weight: Float[Tensor, " n"] | float
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """The mean of the values, and the standard deviation from it, by weights of mean one."""
    mean = (weight * y).mean()
    return mean, (weight * (y - mean).square()).mean().sqrt()


def _scan(name: str, known: EdgeSamples) -> Float[Tensor, "_ 4"]:
    """The best starts of one function that are not neighbors, with their c and d."""
    u, v, share = known.x, known.y, known.weight / known.weight.sum()
    pairs = torch.from_numpy(library_function(name).starts()).to(u)
    values = activation(name)(pairs[:, :1] * u + pairs[:, 1:], 0)[0]
    means = values @ share
    centered, level = values - means.unsqueeze(1), v - v @ share
    square = centered.square() @ share
    c = centered @ (share * level) / square
    r2 = c.square() * square / (level.square() @ share)
    good = r2.isfinite() & (square > 1e-12 * (values.square() @ share))
    order = torch.where(good, r2, -1.0).argsort(descending=True)
    picked: list[int] = []
    for row in order[: 40 * _STARTS].tolist():
        far = 0.3 * (1 + pairs[row].abs().sum()).clamp_max(3.0)
        apart = all(bool((pairs[row] - pairs[other]).abs().sum() > far) for other in picked)
        if bool(good[row]) and apart:
            picked.append(row)
        if len(picked) == _STARTS:
            break
    d = v @ share - c * means
    return torch.cat([pairs, c.unsqueeze(1), d.unsqueeze(1)], dim=1)[picked]


def refine(search: CandidateRows, known: EdgeSamples) -> CandidateRows:
    """All rows after steps of damped Gauss-Newton, each with a damping of its own.

    Source: Madsen, Nielsen, Tingleff 2004, Methods for Non-Linear Least Squares Problems,
    Section 3.2.
    """
    numbers = search.numbers
    damping = torch.full_like(numbers[:, 0], 1e-3)
    residual, slope = _linearize(search.names, numbers, known)
    loss = residual.square().sum(dim=1)
    for _ in range(_STEPS):
        lengths = torch.linalg.vector_norm(slope, dim=1).clamp_min(1e-30)
        step = -damped_least_squares(slope / lengths.unsqueeze(1), residual, damping) / lengths
        tried = numbers + step
        new_residual, new_slope = _linearize(search.names, tried, known)
        new_loss = new_residual.square().sum(dim=1)
        better = new_loss < loss
        done = ~better | (new_loss > (1 - 1e-6) * loss)
        numbers = torch.where(better.unsqueeze(1), tried, numbers)
        residual = torch.where(better.unsqueeze(1), new_residual, residual)
        slope = torch.where(better[:, None, None], new_slope, slope)
        loss = torch.where(better, new_loss, loss)
        damping = torch.where(better, damping / 5, damping * 4).clamp(1e-14, 1e12)
        if bool(done.all()) and bool((damping > 1e3).all()):
            break
    return CandidateRows(search.names, numbers)


def _linearize(
    names: Sequence[str], numbers: Float[Tensor, "_ 4"], known: EdgeSamples
) -> tuple[Float[Tensor, "_ _"], Float[Tensor, "_ _ 4"]]:
    """What each row leaves of the values, and its derivatives; infinite where it is no number."""
    a, b, c, d = (column.unsqueeze(1) for column in numbers.unbind(dim=1))
    u, v, size = known.x, known.y, known.weight.sqrt()
    inner = a * u + b
    parts: list[Tensor] = []
    first = 0
    for last in range(1, len(names) + 1):
        if last == len(names) or names[last] != names[first]:
            parts.append(activation(names[first])(inner[first:last], 1))
            first = last
    value, slope = torch.cat(parts, dim=1).unbind()
    residual = size * (c * value + d - v)
    slopes = torch.stack([c * slope * u, c * slope, value, torch.ones_like(value)], dim=2)
    slopes = size.unsqueeze(1) * slopes
    bad = ~(residual.isfinite().all(dim=1) & slopes.isfinite().flatten(1).all(dim=1))
    return (
        torch.where(bad.unsqueeze(1), torch.inf, residual),
        torch.where(bad[:, None, None], 0.0, slopes),
    )
