"""The estimate on cells is the error of the higher of two degrees."""

import numpy as np
import pytest

from pikan.run import solve_to_end
from pikan.solvers.spectral_elements.refinement import error_on_cells
from tests.stated import spec


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.02])
def test_the_estimate_of_a_geometric_series_is_between_its_rest_and_the_difference(rate):
    lower, more = 6, 3
    coefficients = rate ** np.arange(40)
    sizes = coefficients * np.sqrt(2 / (2 * np.arange(40) + 1))
    apart = np.linalg.norm(sizes[lower : lower + more])
    rest = np.linalg.norm(sizes[lower + more :])
    before, after = coefficients[lower - 1], coefficients[lower + more - 1]
    assert rest < 3 * error_on_cells(apart, before, after) < 3 * rate**0.5 * apart


def test_where_no_coefficient_falls_the_estimate_is_the_difference():
    assert error_on_cells(1e-3, 1e-4, 1e-4) == 1e-3
    assert error_on_cells(1e-3, 1e-4, 1.0) == 1e-3
    assert error_on_cells(np.inf, 1.0, 1e-9) == np.inf


@pytest.mark.parametrize("place", [0.3, -0.41])
def test_the_place_of_a_layer_is_no_better_known_than_the_estimate_says(place):
    """Errors of the ends' values grow by exp(1/(2e)) in the place of the layer."""
    formula = f"-tanh((x - ({place}))/0.09)"
    left, right = (float(-np.tanh((x - place) / 0.09)) for x in (-1, 1))
    found = solve_to_end(
        spec(f"""
domain: {{x: [-1, 1]}}
unknowns: [u]
equations: [0.045*u_xx = u*u_x]
conditions: [{{where: x = -1, that: "u = {left!r}"}}, {{where: x = 1, that: "u = {right!r}"}}]
accuracy: 1e-7
training: [elements]
exact: {{u: "{formula}"}}
""")
    )
    estimate = found.report.estimate.relative_l2
    assert found.errors["u"].relative_l2 < 10 * estimate
    assert estimate < 1e-7
