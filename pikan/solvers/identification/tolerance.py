"""The tolerance of the equations in a joint fit, lowered until the constants stay.

Where it is too large the equations do not bind and noise in the fields pulls constants to zero;
where it is too small for the basis, constants bend to what the basis cannot satisfy while their
standard errors shrink. In between nothing depends on it.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from math import inf, log
from typing import NamedTuple

import torch
from jaxtyping import Float
from scipy.special import fdtri
from torch import Tensor

from pikan.linalg.row_pieces import RowPiece
from pikan.network.base import Network
from pikan.optimize.stage import StageProgress
from pikan.solvers.identification.joint_fit import JointFit, joint_fit
from pikan.solvers.identification.rows import JointSystem
from pikan.solvers.replay import Event, Events

# From the size of the equations' terms to rounding.
_FIRST, _LAST, _FALL = 1.0, 1e-13, 0.1
# Constants that move by less than this many standard errors stay; standard errors, by this part.
STAYS, _SAME = 0.1, 0.1
# Functions, whose bands are wide and whose smoothness moves with the tolerance, count by this part.
_BAND = 0.3
# The rounding of constants in a fit of rows that weigh 1e13.
ROUNDING = 1e-11
# Rounds of fit and noise at one tolerance, and how near two of them must come.
_ROUNDS, _AGREED = 4, 0.02
# Equations that hold to this part of their terms bind functions to the data: before, the evidence
# says that noise of the fields is smooth.
_BINDING = 1e-2
# How near, by a factor of e to this power, two strengths of smoothness must come.
_AGREED_STRENGTH = 0.3
# Noise is not less than this part of the largest value, which is rounding of the values.
_LEAST_NOISE = 1e-14
# More than this share of fits leave less of the data by chance.
_CHANCE = 0.999
# Vectors of random signs that the trace of a hat matrix is a mean of.
_SIGNS = 100
# With less than this share of the values left over, noise cannot be told from the field.
_LEFT_OVER = 0.1


class Left(NamedTuple):
    """The squared residuals of some values, and the degrees of freedom left over."""

    squares: float
    freedom: float

    def mean_square(self) -> float:
        """The variance that they show."""
        return self.squares / max(self.freedom, 1e-3)


class ToleranceFit(NamedTuple):
    """A joint fit at one tolerance: constants, their covariance, and what it left of the data.

    After the constants stand the values of functions at points, in parts of `lengths`; `strengths`
    are those of their smoothness. `uncertainty` is the covariance of the parameters of
    constants. `noise` is the standard deviation of the values by label, where it was estimated;
    `left` what the fit leaves of them by label. `equation` is the root mean square of the equations
    in parts of their terms. `shift` is how far the constants are from those of the tolerance
    before, in standard errors; `refused` says that a smaller tolerance left more of the data than
    chance does, `tried` is θ there.
    """

    theta: Float[Tensor, " p"]
    uncertainty: Float[Tensor, "k k"]
    tolerance: float
    constants: Float[Tensor, " c"]
    covariance: Float[Tensor, "c c"]
    noise: Mapping[str, float]
    left: Mapping[str, Left]
    equation: float
    lengths: tuple[int, ...] = ()
    strengths: Mapping[str, float] = {}
    shift: float = inf
    refused: bool = False
    tried: Float[Tensor, " p"] | None = None


def standard_errors(fit: ToleranceFit) -> Float[Tensor, " c"]:
    """The standard errors of the constants."""
    return fit.covariance.diagonal().sqrt()


def shift_in_deviations(one: ToleranceFit, other: ToleranceFit) -> float:
    """How far the constants of two fits are apart, in standard errors or in parts of rounding.

    Functions are apart by the root mean square over their points.
    """
    spread = torch.maximum(standard_errors(one), ROUNDING / STAYS * one.constants.abs()).clamp_min(
        1e-300
    )
    return _largest((one.constants - other.constants).abs() / spread, one.lengths)


def fit_tolerances(
    system: JointSystem,
    scales: Sequence[float],
    theta: Float[Tensor, " p"],
    noise: Mapping[str, float],
    first: float,
    steps: int,
    level: str,
) -> Events[list[ToleranceFit]]:
    """The fits at falling tolerances, until the constants and their standard errors stay.

    Where a tolerance leaves more of the data than chance allows beside any before, the basis is too
    coarse for it, and the fit before is the last.
    """
    fits: list[ToleranceFit] = []
    tolerance, damping = first, 1e-3
    while tolerance >= _LAST:
        found = yield from _fit_at(system, scales, theta, noise, tolerance, steps, damping, level)
        if fits:
            found = found._replace(shift=shift_in_deviations(found, fits[-1]))
        if any(_leaves_more(found, earlier) for earlier in fits):
            fits[-1] = fits[-1]._replace(refused=True, tried=found.theta)
            break
        fits.append(found)
        theta, noise, damping = found.theta, found.noise, 0.0
        system = replace(system, strengths=found.strengths)
        if len(fits) > 1 and found.shift < STAYS and _same_errors(*fits[-2:]):
            break
        tolerance *= _FALL
    return fits


def _leaves_more(now: ToleranceFit, before: ToleranceFit) -> bool:
    """Whether the data of some label are left noisier than an F-test takes for the same noise.

    Where less than one degree of freedom is left over, nothing is known of the noise.
    """
    pairs = [(left, before.left[label]) for label, left in now.left.items()]
    return any(
        left.mean_square() > earlier.mean_square() * fdtri(left.freedom, earlier.freedom, _CHANCE)
        for left, earlier in pairs
        if min(left.freedom, earlier.freedom) >= 1.0 and earlier.mean_square() > 0.0
    )


def _same_errors(one: ToleranceFit, other: ToleranceFit) -> bool:
    before, after = standard_errors(one), standard_errors(other)
    rounding = ROUNDING * other.constants.abs()
    changes = (before - after).abs() / (after + rounding).clamp_min(1e-300)
    return _largest(changes, one.lengths) <= _SAME


def _largest(changes: Float[Tensor, " c"], lengths: Sequence[int]) -> float:
    """The largest change of a constant, or of a function by the root mean square at its points."""
    parts = changes.split(list(lengths))
    sizes = [float(one.square().mean().sqrt()) * (_BAND if len(one) > 1 else 1.0) for one in parts]
    return max(sizes)


def _fit_at(
    system: JointSystem,
    scales: Sequence[float],
    theta: Float[Tensor, " p"],
    noise: Mapping[str, float],
    tolerance: float,
    steps: int,
    damping: float,
    level: str,
) -> Events[ToleranceFit]:
    """Fit and noise in turns at one tolerance."""
    rounds, functions = 0, {one.known.name: one for one in system.functions}
    while True:
        deviations = row_deviations(system, scales, noise, tolerance)
        fit = yield from _with_events(
            joint_fit(system, theta, deviations, steps, damping),
            system,
            f"{level}, tolerance {tolerance:.0e}",
        )
        left = _weighted_residuals(system, fit, deviations)
        before, noise = noise, _estimate_noise(system, left, noise)
        theta, damping, rounds = fit.theta, 0.0, rounds + 1
        near = all(abs(noise[k] - before[k]) <= _AGREED * before[k] for k in noise)
        found = _summary(system, scales, fit, left, noise, tolerance)
        strengths = system.strengths
        if found.equation < _BINDING:
            strengths = {
                name: one.evident_strength(theta, fit.factor, strengths[name])
                for name, one in functions.items()
            }
        apart = [abs(log(strengths[k] / system.strengths[k])) for k in strengths]
        if (near and max(apart, default=0.0) <= _AGREED_STRENGTH) or rounds == _ROUNDS:
            return found
        system = replace(system, strengths=strengths)


def _with_events(
    run: Generator[StageProgress, None, JointFit], system: JointSystem, level: str
) -> Events[JointFit]:
    """The progress of a joint fit as events."""
    while True:
        try:
            progress = next(run)
        except StopIteration as end:
            return end.value
        coefficients = progress.theta[: system.fields]

        def best(now: Float[Tensor, " p"] = coefficients) -> Network:
            return system.fields_at(now)

        yield Event(level, progress, best)


def row_deviations(
    system: JointSystem, scales: Sequence[float], noise: Mapping[str, float], tolerance: float
) -> list[Float[Tensor, " _"]]:
    """The standard deviation of every row: known, estimated, or what the tolerance allows."""
    found: list[Float[Tensor, " _"]] = []
    for group, scale in zip(system.groups, scales, strict=True):
        rows = group.term.points[0][:, 0]
        if group.kind == "equation":
            found.append(torch.full_like(rows, tolerance * scale * len(rows) ** 0.5))
        elif group.noise is not None:
            found.append(group.noise)
        else:
            found.append(torch.full_like(rows, noise[group.term.label]))
    return found


def _weighted_residuals(
    system: JointSystem, fit: JointFit, deviations: Sequence[Float[Tensor, " _"]]
) -> Mapping[str, Left]:
    """What a fit leaves of the values of each label, over their noise where that is known.

    Their degrees of freedom are their number less the trace of their part of the hat matrix.
    """
    left: dict[str, Left] = {}
    for group, spread in zip(system.groups, deviations, strict=True):
        if group.kind == "observation":
            rows = system.rows(group, fit.theta)
            squares, freedom = left.get(group.term.label, Left(0.0, 0.0))
            units = 1.0 if group.noise is None else spread
            told = system.information_rows(group, fit.theta)
            told = told.weigh(spread[: len(told.residual)])
            left[group.term.label] = Left(
                squares + float((rows.residual / units).square().sum()),
                freedom + len(spread) - _trace(told, fit),
            )
    return left


def _trace(rows: RowPiece, fit: JointFit) -> float:
    """The trace of the part of the hat matrix that belongs to some rows of a fit.

    Of many rows with few entries it is a mean over vectors of random signs.

    Source: Hutchinson 1990, doi 10.1080/03610919008812866.
    """
    count, size = len(rows.residual), len(fit.theta)
    if rows.columns is None or count <= _SIGNS:
        right = rows.dense(size).mT
        return float(fit.factor.transposed_solve(right).square().sum())
    generator = torch.Generator().manual_seed(count)
    signs = torch.randint(2, (_SIGNS, count), generator=generator).to(rows.entries) * 2.0 - 1.0
    right = rows.entries.new_zeros(size, _SIGNS)
    for column, entries in zip(rows.columns.unbind(1), rows.entries.unbind(1), strict=True):
        right.index_add_(0, column, (signs * entries).mT)
    return float(fit.factor.transposed_solve(right).square().sum()) / _SIGNS


def _estimate_noise(
    system: JointSystem, left: Mapping[str, Left], noise: Mapping[str, float]
) -> dict[str, float]:
    """The noise of each label from what a fit leaves of its values, as long as that tells it."""
    counts: dict[str, int] = dict.fromkeys(noise, 0)
    for group in system.groups:
        if group.term.label in counts and group.kind == "observation":
            counts[group.term.label] += len(group.term.points[0])
    least = _LEAST_NOISE * system.size
    return {
        label: max(left[label].mean_square() ** 0.5, least)
        if left[label].freedom > _LEFT_OVER * counts[label]
        else sigma
        for label, sigma in noise.items()
    }


def _summary(
    system: JointSystem,
    scales: Sequence[float],
    fit: JointFit,
    left: Mapping[str, Left],
    noise: Mapping[str, float],
    tolerance: float,
) -> ToleranceFit:
    equations = [
        system.rows(group, fit.theta).residual / scale
        for group, scale in zip(system.groups, scales, strict=True)
        if group.kind == "equation"
    ]
    told = system.quantities(fit.theta)
    spread = fit.factor.transposed_solve(told.jacobian.mT)
    parameters = torch.eye(len(fit.theta)).to(fit.theta)[:, system.fields :]
    uncertain = fit.factor.transposed_solve(parameters)
    worst = max(float(one.square().mean().sqrt()) for one in equations)
    lengths = *(1 for _ in system.constants), *(len(one.columns) for one in system.functions)
    return ToleranceFit(
        fit.theta,
        uncertain.mT @ uncertain,
        tolerance,
        told.values,
        spread.mT @ spread,
        noise,
        left,
        worst,
        lengths,
        system.strengths,
    )
