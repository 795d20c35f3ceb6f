"""Constants found from data, and how far they can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, isfinite, log10
from typing import final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from pikan.files.json_text import Real, Words
from pikan.solvers.product_interpolant import product_interpolant


@final
@dataclass(frozen=True)
class FoundConstant:
    """A constant found from data, with its interval at `level`.

    `prior_ratio` is its standard error over the one it had before any data; `identified` says
    that the data have told it.
    """

    value: Real
    standard_error: Real
    interval: tuple[Real, Real]
    level: Real
    identified: bool
    prior_ratio: Real


def draw_constants(
    found: Mapping[str, FoundConstant],
    correlation: Sequence[Sequence[float]],
    count: int,
    seed: int,
) -> Mapping[str, Float[np.ndarray, " n"]]:
    """Draws of constants, as likely as the data make them: Gaussian, with their correlation."""
    errors = np.array([one.standard_error for one in found.values()])
    values = np.array([one.value for one in found.values()])
    covariance = errors[:, None] * np.array(correlation) * errors
    generator = np.random.default_rng(seed)
    drawn = generator.multivariate_normal(values, covariance, count, check_valid="ignore")
    return dict(zip(found, drawn.T, strict=True))


@final
@dataclass(frozen=True)
class DataFit:
    """How a fit stands to the data.

    `noise` is the standard deviation of the values by label, where `estimated` says so; `chi2` is
    the sum of the squared standardized residuals and `freedom` their degrees of freedom;
    `autocorrelation` that of residuals next to each other, and `worst` the largest of them.
    `used` points lay in the domain, `outside` did not, `missing` had no value.
    """

    noise: Mapping[str, Real]
    estimated: bool
    chi2: Real
    freedom: Real
    autocorrelation: Real
    worst: Real
    used: int
    outside: int
    missing: int


@final
@dataclass(frozen=True)
class Agreement:
    """How far the constants of two bases and of two tolerances are apart, in standard errors."""

    basis: Real
    tolerance: Real


@final
@dataclass(frozen=True)
class AlternativeTerms:
    """Other terms of an equation that explain the data as well, by names of their coefficients.

    `criterion` is how much larger their information criterion is than that of the terms taken.
    """

    terms: tuple[Words, ...]
    criterion: Real


@final
@dataclass(frozen=True)
class DiscoveredEquation:
    """An equation discovered from data: `left` is the sum of `terms` by their coefficients.

    `correlation` has a row for each coefficient, as the weak form leaves it. `votes` is the share
    of the widths of test functions that agree on the terms, `reduced` the χ² per row of the weak
    form, `unexplained` the part of the left side that the terms leave.
    """

    left: Words
    equation: Words
    terms: Mapping[str, FoundConstant]
    correlation: tuple[tuple[Real, ...], ...]
    votes: Real
    reduced: Real
    unexplained: Real
    alternatives: tuple[AlternativeTerms, ...]


def equation_text(left: str, terms: Mapping[str, FoundConstant]) -> str:
    """An equation with the digits of its coefficients that are known.

    >>> one = FoundConstant(-5.9983412, 1e-3, (-6.0, -5.99), 0.95, True, 0.0)
    >>> equation_text("u_t", {"u*u_x": one})
    'u_t = -5.99834*u*u_x'
    """
    parts: list[str] = []
    for name, one in terms.items():
        term = name.removeprefix(f"{left}: ")
        term = f"({term})" if set("+-") & set(term) else term
        size = known_digits(abs(one.value), one.standard_error)
        sign = "-" if one.value < 0.0 else ("+" if parts else "")
        gap = " " if parts else ""
        parts.append(f"{gap}{sign}{gap}{size}*{term}")
    return f"{left} = {''.join(parts)}"


def known_digits(value: float, error: float) -> str:
    """A number to the digits that a standard error leaves, and two more.

    >>> known_digits(0.0031831234, 1e-5), known_digits(10.0, 1e-12), known_digits(1234.5, 20.0)
    ('0.0031831', '10', '1234')
    """
    if not (error > 0.0 and isfinite(error) and isfinite(value)):
        return f"{value:.6g}"
    digits = 3 + floor(log10(max(abs(value), error) / error))
    return f"{value:.{min(max(digits, 2), 12)}g}"


@final
@dataclass(frozen=True)
class FoundFunction:
    """A function found from data: its values on the product of `axes`, and its band at `level`.

    The last argument runs fastest. An axis goes over the domain, or as far as an unknown was
    measured: nothing is known of the function beyond. `coefficients` are those of a function of
    unknowns by name; `formula` is the sum of its `terms` by their coefficients, empty where none
    was looked for or no short one describes it.
    """

    arguments: tuple[Words, ...]
    axes: tuple[tuple[Real, ...], ...]
    values: tuple[Real, ...]
    standard_errors: tuple[Real, ...]
    lower: tuple[Real, ...]
    upper: tuple[Real, ...]
    level: Real
    coefficients: Mapping[str, Real]
    terms: Mapping[str, FoundConstant]
    formula: Words

    def __call__(self, *arguments: ArrayLike) -> Float[np.ndarray, "*n"]:
        """The function at values of its arguments; NaN beyond what is known of it."""
        return self._at(self.values, arguments)

    def band(
        self, *arguments: ArrayLike
    ) -> tuple[Float[np.ndarray, "*n"], Float[np.ndarray, "*n"]]:
        """The lower and the upper end of its interval there."""
        return self._at(self.lower, arguments), self._at(self.upper, arguments)

    def _at(
        self, values: tuple[float, ...], arguments: tuple[ArrayLike, ...]
    ) -> Float[np.ndarray, "*n"]:
        if len(arguments) != len(self.axes):
            raise ValueError(f"needs {', '.join(self.arguments)}; got {len(arguments)} of them")
        places = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in arguments))
        return product_interpolant(self.axes, values, np.stack(places, axis=-1))


@final
@dataclass(frozen=True)
class Identification:
    """Constants found from data, with all that tells how far they can be trusted.

    `data` and `agreement` are None where there was nothing to be found.

    `correlation` has a row for each constant, in the order of `found`; `functions` stand by their
    names; `discovered` has the
    equations whose terms were to be found, `forecast` the unknowns after the data.
    """

    found: Mapping[str, FoundConstant]
    correlation: tuple[tuple[Real, ...], ...]
    data: DataFit | None
    agreement: Agreement | None
    discovered: tuple[DiscoveredEquation, ...] = ()
    functions: Mapping[str, FoundFunction] = field(default_factory=dict[str, FoundFunction])
    forecast: Mapping[str, FoundFunction] = field(default_factory=dict[str, FoundFunction])

    @property
    def inverse(self) -> bool:
        """Whether anything was found from data."""
        return bool(self.found or self.functions)


NOTHING = Identification({}, (), None, None)
"""Of a problem that has no constants to be found."""
