"""Power-law fit: a straight line in log space, with its confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float

_DRAWS = 2000
_LEVEL = 0.95
# Fewer points than this say nothing of how far a law is from them.
FEWEST = 3
# A floor adds to the error: where the law is ten times the floor, it changes a logarithm by 0.1.
_CLEAR = math.log(10.0)
# A tail that falls at less than this part of the law's pace is no part of the law.
_FLAT = 0.25


@final
@dataclass(frozen=True)
class PowerLaw:
    """`y = factor * x^-exponent`, or `y = factor * exp(-exponent*x)`.

    `interval` holds the exponent in 95 of 100 such experiments. `plateau` is where y ends its fall,
    None if it never does; `kept` are the points on the law, all others are near the plateau.
    """

    exponent: float
    interval: tuple[float, float]
    factor: float
    plateau: float | None
    kept: tuple[bool, ...]

    def predict(self, x: float, power: bool) -> float:
        """The y of the law at an x."""
        return self.factor * math.exp(-self.exponent * (math.log(x) if power else x))


def law(
    x: Sequence[float], y: Sequence[float], power: bool, generator: np.random.Generator
) -> PowerLaw | None:
    """The law through points with positive y, and positive x for a power; None for too few.

    Least squares in log space. What a plateau hides is left out.
    """
    u = np.array([math.log(value) if power else value for value in x], dtype=np.float64)
    v = np.log(np.array(y, dtype=np.float64))
    if len(u) < FEWEST or len(np.unique(u)) < 2:
        return None
    kept, plateau = _above_plateau(u, v)
    slope, intercept = _line(u[kept], v[kept])
    low, high = _interval(u[kept], v[kept], generator)
    return PowerLaw(-slope, (-high, -low), math.exp(intercept), plateau, tuple(map(bool, kept)))


def _line(u: Float[np.ndarray, " n"], v: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Slope and intercept of least squares."""
    centered = u - u.mean()
    slope = float(centered @ v / (centered @ centered))
    return slope, float(v.mean() - slope * u.mean())


def _interval(
    u: Float[np.ndarray, " n"], v: Float[np.ndarray, " n"], generator: np.random.Generator
) -> tuple[float, float]:
    """A confidence interval of the slope by the bootstrap-t over the distances from the line.

    These are what seeds do to runs. They are redrawn among all runs: a handful of seeds by
    themselves would know too little of their own spread, and give intervals that are too short.

    Source: Efron, Tibshirani 1993, An Introduction to the Bootstrap, sections 9.4 and 12.5; the
    leverages as in Davison, Hinkley 1997, section 6.2.3.
    """
    slope, intercept = _line(u, v)
    count, centered = len(u), u - u.mean()
    spread = float(centered @ centered)
    left = v - intercept - slope * u
    leverage = 1.0 / count + centered**2 / spread
    scaled = left / np.sqrt(np.maximum(1.0 - leverage, 1.0 / count))
    drawn = generator.choice(scaled - scaled.mean(), size=(_DRAWS, count))
    shifts = drawn @ centered / spread
    rests = drawn - drawn.mean(axis=1, keepdims=True) - shifts[:, None] * centered
    errors = np.sqrt((rests**2).sum(axis=1) / (count - 2) / spread)
    error = math.sqrt(float(left @ left) / (count - 2) / spread)
    # A draw of equal distances has no error of its own, and says nothing.
    told = errors > 1e-9 * max(float(errors.max()), 1e-300)
    if not told.any():
        return slope, slope
    tails = np.quantile(shifts[told] / errors[told], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return slope - float(tails[1]) * error, slope - float(tails[0]) * error


def _above_plateau(
    u: Float[np.ndarray, " n"], v: Float[np.ndarray, " n"]
) -> tuple[Bool[np.ndarray, " n"], float | None]:
    """Which points are on the law, and the height of the plateau after it; None without one.

    Of all ways to end the line early the best by the Bayesian information criterion is taken, if
    what follows is nearly flat. Decided on the medians at each x, which one wild seed cannot move.
    """
    places = np.unique(u)
    if len(places) <= FEWEST:
        return np.ones(len(u), dtype=bool), None
    middles = np.array([np.median(v[u == place]) for place in places])
    best, end = _criterion(_rest(places, middles), len(places), 2), len(places)
    for count in range(FEWEST, len(places)):
        head, tail = slice(0, count), slice(count, None)
        falls, begins = _line(places[head], middles[head])
        # A single place falls from the last one on the law.
        ends = slice(min(count, len(places) - 2), None)
        if falls >= 0 or _line(places[ends], middles[ends])[0] < _FLAT * falls:
            continue
        # It may be a wild one, if it is not far above the law.
        above = float(middles[-1] - begins - falls * places[-1])
        if count == len(places) - 1 and above < _CLEAR:
            continue
        rest = _rest(places[head], middles[head]) + _rest(places[tail], middles[tail])
        # Two lines, and where the one ends.
        found = _criterion(rest, len(places), 5)
        if found < best:
            best, end = found, count
    if end == len(places):
        return np.ones(len(u), dtype=bool), None
    floor = float(np.median(middles[end:]))
    clear = [place for place, middle in zip(places[:end], middles, strict=False)
             if middle > floor + _CLEAR]  # fmt: skip
    last = max([*clear, places[FEWEST - 1]])
    return u <= last, math.exp(floor)


def _rest(u: Float[np.ndarray, " n"], v: Float[np.ndarray, " n"]) -> float:
    """The sum of squares that a line leaves; that of a constant for two points or one."""
    if len(u) <= 2:
        return float(((v - v.mean()) ** 2).sum())
    slope, intercept = _line(u, v)
    return float(((v - intercept - slope * u) ** 2).sum())


def _criterion(rest: float, count: int, parameters: int) -> float:
    """The Bayesian information criterion of normal errors; a percent counts as no error at all.

    Source: Schwarz 1978, The Annals of Statistics 6, 461.
    """
    return count * math.log(rest / count + 1e-4) + parameters * math.log(count)
