"""Constants found from data, and how far they can be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from pikan.files.json_text import Real


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
class Identification:
    """Constants found from data, with all that tells how far they can be trusted.

    `data` and `agreement` are None where there was nothing to be found.

    `correlation` has a row for each constant, in the order of `found`.
    """

    found: Mapping[str, FoundConstant]
    correlation: tuple[tuple[Real, ...], ...]
    data: DataFit | None
    agreement: Agreement | None


NOTHING = Identification({}, (), None, None)
"""Of a problem that has no constants to be found."""
