"""A smooth periodic function as its Fourier series, with its antiderivative in closed form."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from pikan.expression.error import FormulaError
from pikan.expression.evaluate import evaluate_on
from pikan.expression.tree import Expression, text

SAMPLES = 2048
# Coefficients below this part of the largest value are rounding of the transform.
NOISE = 1e-15


@final
@dataclass(frozen=True)
class FourierSeries:
    """f(x) = mean + sum_k cosines_k cos(w_k x) + sines_k sin(w_k x), frequencies w_k > 0.

    `waves(x) @ shift(s)` is (f - mean)(x - s) for all pairs of x and s, and `shift_integral`
    does the same for the antiderivative of f - mean.
    """

    mean: float
    frequencies: Float[np.ndarray, " _"]
    cosines: Float[np.ndarray, " _"]
    sines: Float[np.ndarray, " _"]

    def values(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The function itself."""
        return self.mean + self.waves(x) @ self.shift(np.zeros(1))[:, 0]

    def waves(self, x: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n _"]:
        """cos(w_k x) for all k, then sin(w_k x) for all k."""
        phases = x[:, None] * self.frequencies
        return np.concatenate([np.cos(phases), np.sin(phases)], axis=1)

    def shift(self, s: Float[np.ndarray, " n"]) -> Float[np.ndarray, "_ n"]:
        """The coefficients of f - mean at x - s in the waves of x."""
        return _rotate(self.frequencies, self.cosines, self.sines, s)

    def shift_integral(self, s: Float[np.ndarray, " n"]) -> Float[np.ndarray, "_ n"]:
        """The coefficients of F at x - s in the waves of x, where F' = f - mean."""
        over = self.frequencies
        return _rotate(over, -self.sines / over, self.cosines / over, s)

    def derivative(self) -> "FourierSeries":
        """f'."""
        over = self.frequencies
        return FourierSeries(0.0, over, over * self.sines, -over * self.cosines)

    @property
    def largest(self) -> float:
        """A bound of |f - mean|."""
        return float(self._amplitudes.sum())

    @property
    def range(self) -> float:
        """A bound of |F(x) - F(y)|."""
        return float(2.0 * (self._amplitudes / self.frequencies).sum())

    def growth(self, a: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """log(1 + bound of |f(x + ia) - f(x)| / largest) for imaginary parts a."""
        return np.log1p(_rise(self.frequencies, self._amplitudes, a) / max(self.largest, 1e-300))

    def integral_growth(self, a: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """A bound of Re(F(x) - F(x + ia)) for imaginary parts a."""
        return _rise(self.frequencies, self._amplitudes / self.frequencies, a)

    @property
    def _amplitudes(self) -> Float[np.ndarray, " _"]:
        return np.hypot(self.cosines, self.sines)


def fourier(formula: Expression, coordinate: str, lower: float, upper: float) -> FourierSeries:
    """The series of a formula's continuation with the period upper - lower.

    FormulaError where the formula is not finite, or its continuation is not smooth: where some
    2,000 samples do not pin it down to rounding.
    """
    period = upper - lower
    x = lower + period * np.arange(SAMPLES) / SAMPLES
    samples = evaluate_on(formula, {coordinate: x}, x.shape)
    if not np.isfinite(samples).all():
        place = x[np.argmin(np.isfinite(samples))]
        raise FormulaError(f"{text(formula)!r} is not finite at {coordinate} = {place:.6g}")
    coefficients = np.fft.rfft(samples) / SAMPLES
    scale = np.abs(samples).max()
    if np.abs(coefficients[SAMPLES // 4 :]).max() > 10.0 * NOISE * scale:
        raise FormulaError(
            f"{text(formula)!r} continued with the period {period:.6g} of {coordinate} is not"
            " smooth; the Cole-Hopf solution needs a start whose derivatives agree at both ends"
        )
    kept = np.flatnonzero(np.abs(coefficients[1 : SAMPLES // 4]) > NOISE * scale) + 1
    frequencies = 2.0 * np.pi * kept / period
    turned = 2.0 * coefficients[kept] * np.exp(-1j * frequencies * lower)
    return FourierSeries(float(coefficients[0].real), frequencies, turned.real, -turned.imag)


def _rotate(
    frequencies: Float[np.ndarray, " _"],
    cosines: Float[np.ndarray, " _"],
    sines: Float[np.ndarray, " _"],
    s: Float[np.ndarray, " n"],
) -> Float[np.ndarray, "_ n"]:
    # cos(w (x - s)) and sin(w (x - s)) by the addition theorems.
    phases = frequencies[:, None] * s
    cosine, sine = np.cos(phases), np.sin(phases)
    a, b = cosines[:, None], sines[:, None]
    return np.concatenate([a * cosine - b * sine, a * sine + b * cosine])


def _rise(
    frequencies: Float[np.ndarray, " _"],
    amplitudes: Float[np.ndarray, " _"],
    a: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    return (np.cosh(np.multiply.outer(a, frequencies)) - 1.0) @ amplitudes
