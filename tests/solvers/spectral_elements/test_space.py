"""Piecewise polynomials: what they hold, and how they become a basis."""

import pytest
import torch

from pikan.network.product import FullProduct
from pikan.solvers.spectral_elements.space import Space, gauss

EDGES = torch.tensor([0.0, 0.3, 0.30001, 1.0, 3.0], dtype=torch.float64)


def wave(unknown, order, x):
    """The derivatives of sin(x + unknown)."""
    return torch.sin(x + unknown + order * torch.pi / 2)[None]


@pytest.mark.parametrize("joined", [(0,), (1,), (2,), (3, 1)])
def test_interpolation_approaches_a_smooth_function_with_the_points(joined):
    errors = []
    for points in (4, 6, 8):
        space = Space(EDGES, joined, points)
        function = space.function(space.interpolate(wave))
        x = torch.linspace(0, 3, 301, dtype=torch.float64)
        left = [function(k, 0, x) - wave(k, 0, x) for k in range(len(joined))]
        errors.append(float(torch.stack(left).abs().max()))
    assert errors[0] > 50 * errors[1] > 2500 * errors[2]


@pytest.mark.parametrize("joined", [(1,), (2,), (4,)])
def test_a_function_of_the_space_is_met(joined):
    space = Space(EDGES, joined, 6)
    made = space.interpolate(wave)
    (again,) = space.interpolate(space.function(made))
    torch.testing.assert_close(again, made[0], rtol=1e-11, atol=1e-13)


def test_slopes_stay_exact_in_small_cells():
    edges = torch.tensor([0.0, 1.0, 1.0 + 1e-11, 2.0], dtype=torch.float64)
    space = Space(edges, (2,), 8)
    function = space.function(space.interpolate(wave))
    x = edges[1] + 0.5e-11 * torch.ones(1, dtype=torch.float64)
    torch.testing.assert_close(function(0, 1, x), wave(0, 1, x), rtol=1e-13, atol=0)


def test_legendre_coefficients_are_those_of_the_polynomials():
    space = Space(EDGES, (2,), 6)
    made = space.interpolate(wave)
    unit, _ = gauss(9)
    series = space.legendre(0, made[0])[0].numpy()
    values = space.values(made, unit)[0, 0]
    from numpy.polynomial.legendre import legval

    expected = torch.from_numpy(legval(unit.numpy(), series.T))
    torch.testing.assert_close(values, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("joined", [(2,), (1, 1), (2, 1)])
def test_the_basis_of_a_space_has_the_same_values(joined):
    space = Space(EDGES, joined, 8)
    made = space.interpolate(wave)
    basis, coefficients = space.basis(made, 0.0, 3.0)
    network = FullProduct([basis], len(joined), [0.0], [3.0])
    with torch.no_grad():
        network.coefficients.copy_(coefficients[0])
    x = torch.linspace(0, 3, 101, dtype=torch.float64)
    function = space.function(made)
    expected = torch.stack([function(k, 0, x)[0] for k in range(len(joined))], dim=1)
    torch.testing.assert_close(network(x[:, None]).detach(), expected, rtol=0, atol=1e-9)
