"""Sums of exponentials are found from equally spaced values."""

import numpy as np
import pytest

from pikan.symbolic.exponentials import exponentials, shift_space

T = np.linspace(0, 4, 160)


@pytest.mark.parametrize(
    ("values", "exponents"),
    [
        (np.exp(-T / 5) * np.cos(2 * T + 0.5), [(-0.2, 2.0, 0)]),
        (np.exp(-T) - 3 * np.exp(-2 * T) + 1, [(-2.0, 0.0, 0), (-1.0, 0.0, 0), (0.0, 0.0, 0)]),
        (T * np.exp(-T), [(-1.0, 0.0, 0), (-1.0, 0.0, 1)]),
        (np.sin(T) + np.cos(3 * T), [(0.0, 1.0, 0), (0.0, 3.0, 0)]),
    ],
)
def test_exponents_of_sums_of_exponentials_are_found(values, exponents):
    space = shift_space(values[:, None], 1e-12, 6)
    found = sorted(exponentials(T[1] - T[0], space))
    # A double exponent is known to the root of rounding.
    assert np.array(found) == pytest.approx(np.array(sorted(exponents)), abs=1e-5)


def test_what_is_no_sum_of_few_exponentials_has_too_many_shifts():
    assert shift_space(np.exp(-(T**2))[:, None], 1e-12, 6) is None
