"""Jacobi, Hermite, Fourier and Gaussians against SciPy, NumPy and many digits; words for all."""

from math import factorial

import mpmath
import numpy as np
import pytest
import torch
from numpy import polynomial
from scipy import special

from pikan.bases.basis import Basis
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.fourier import Fourier
from pikan.bases.from_word import basis_from_word, on_interval, word
from pikan.bases.hermite import Hermite
from pikan.bases.jacobi import Jacobi
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.bases.rbf import RBF
from pikan.bases.registry import FAMILIES, format_word, parse

INTERVAL = torch.tensor([[-1.0, 1.0], [-2.0, 0.5], [3.0, 40.0]], dtype=torch.float64)
UNIT = INTERVAL[:1]


def places(count=31):
    """Points across each interval."""
    share = torch.linspace(0.0, 1.0, count, dtype=torch.float64)[:, None]
    return INTERVAL[:, 0] + share * (INTERVAL[:, 1] - INTERVAL[:, 0])


def assert_near(got, expected, steps, magnitude=None):
    """Equal to a few roundings for each step, relative to the largest value."""
    scale = max(np.abs(expected).max() if magnitude is None else magnitude, 1e-300)
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-14 * steps * scale)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (0.5, -0.5), (0.0, 2.0), (-0.3, 4.0)])
def test_jacobi_polynomials_and_their_derivatives_are_scipys(alpha, beta):
    x = places()
    values = Jacobi(INTERVAL, 12, alpha, beta).derivatives(x, 4)
    for node, (lower, upper) in enumerate(INTERVAL.tolist()):
        z = (2 * x[:, node].numpy() - lower - upper) / (upper - lower)
        for j in range(13):
            for order in range(5):
                # DLMF 18.9.15
                lead = special.poch(j + alpha + beta + 1, order) / 2**order if order <= j else 0
                lead /= special.binom(j + max(alpha, beta), j)
                twin = special.eval_jacobi(max(j - order, 0), alpha + order, beta + order, z)
                expected = lead * twin * (2 / (upper - lower)) ** order
                assert_near(values[order, :, node, j], expected, j + 1)


def test_jacobi_polynomials_without_weights_are_legendres():
    x = places()
    torch.testing.assert_close(
        Jacobi(INTERVAL, 20, 0.0, 0.0).derivatives(x, 2),
        Legendre(INTERVAL, 20).derivatives(x, 2),
        rtol=0,
        atol=1e-12 * float(Legendre(INTERVAL, 20).derivatives(x, 2).abs().max()),
    )


def test_jacobi_polynomials_of_minus_one_half_are_chebyshevs():
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    ours = Jacobi(UNIT, 20, -0.5, -0.5).derivatives(x, 0)
    torch.testing.assert_close(ours, Chebyshev(UNIT, 20).derivatives(x, 0), rtol=0, atol=1e-13)


def test_hermite_polynomials_and_their_derivatives_are_numpys():
    x = places()
    values = Hermite(INTERVAL, 12).derivatives(x, 4)
    for node, (lower, upper) in enumerate(INTERVAL.tolist()):
        for j in range(13):
            twin = polynomial.HermiteE.basis(j, domain=[lower, upper], window=[-2, 2])
            for order in range(5):
                expected = (twin.deriv(order) if order else twin)(x[:, node].numpy())
                assert_near(values[order, :, node, j], expected / factorial(j) ** 0.5, j + 1)


def test_hermite_polynomials_are_orthonormal_for_normal_values():
    nodes, weights = polynomial.hermite_e.hermegauss(20)
    basis = Hermite(torch.tensor([[-2.0, 2.0]], dtype=torch.float64), 15)
    # By the formula alone: most of these nodes are beyond the interval.
    values = basis.within(torch.from_numpy(nodes)[None], basis.knots, 0)[0, 0].numpy()
    products = values @ (weights[:, None] * values.T) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(products, np.eye(16), rtol=0, atol=1e-12)


@pytest.mark.parametrize("periods", [1.0, 2.0])
@pytest.mark.parametrize("degree", [1, 2, 7, 12])
def test_waves_and_their_derivatives_are_sines_moved_by_a_quarter(degree, periods):
    x = places()
    values = Fourier(INTERVAL, degree, periods).derivatives(x, 5)
    for node, (lower, upper) in enumerate(INTERVAL.tolist()):
        z = 2 * np.pi * (x[:, node].numpy() - (lower + upper) / 2) / (upper - lower) / periods
        for j in range(degree + 1):
            harmonic, kind = (j + 1) // 2, (0.0 if j % 2 else np.pi / 2)
            for order in range(6):
                rate = harmonic * 2 * np.pi / (upper - lower) / periods
                expected = rate**order * np.cos(harmonic * z - kind + order * np.pi / 2)
                if j == 0:
                    expected = np.full_like(z, float(order == 0))
                assert_near(values[order, :, node, j], expected, j + 1)


def test_waves_repeat_where_the_interval_does():
    x = places()
    basis = Fourier(INTERVAL, 9)
    length = INTERVAL[:, 1] - INTERVAL[:, 0]
    here, there = (basis.derivatives(each, 2) for each in (x, x + length))
    torch.testing.assert_close(here, there, rtol=0, atol=1e-13 * float(here.abs().max()))


@pytest.mark.parametrize("order", range(7))
def test_gaussians_and_their_derivatives_are_right_to_rounding(order):
    basis = RBF(even_knots(INTERVAL, 5), 3)
    x = places(9)
    values = basis.derivatives(x, order)[order]
    for node, (lower, upper) in enumerate(INTERVAL.tolist()):
        cell = (upper - lower) / 5
        width = cell * 2**0.5
        for j in range(8):
            center = lower + (j - 1) * cell

            def bell(t, center=center, width=width):
                return mpmath.exp(-(((t - center) / width) ** 2))

            with mpmath.workdps(40):
                expected = np.array(
                    [float(mpmath.diff(bell, t, order)) for t in x[:, node].tolist()]
                )
            # Derivative k of a Gaussian of width 1 is as large as 2^k at most here.
            assert_near(values[:, node, j], expected, 1, (2 / width) ** order * max(order, 1))


def test_gaussians_of_degree_one_are_those_of_fastkan():
    """exp(-((x - grid) / h)²) on an even grid with both ends, h its spacing."""
    grid = torch.linspace(-2, 2, 8, dtype=torch.float64)
    x = torch.linspace(-2, 2, 40, dtype=torch.float64)[:, None]
    expected = torch.exp(-(((x - grid) / (4 / 7)) ** 2))
    values = RBF(grid[None], 1).derivatives(x, 0)[0, :, 0]
    torch.testing.assert_close(values, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", [Jacobi, Hermite, Fourier])
def test_what_has_no_cells_has_no_grid_to_refine(kind):
    with pytest.raises(ValueError, match="grid: got 4"):
        kind(INTERVAL, 3).refine(grid=4)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_word_makes_a_basis_that_says_it_again(name):
    numbers = tuple(0.25 + place for place in range(len(FAMILIES[name].numbers)))
    for text in {name, format_word(name, numbers)}:
        basis = on_interval(text, INTERVAL, degree=4, grid=5)
        assert isinstance(basis, Basis)
        assert word(basis) == word(basis_from_word(word(basis), basis.knots, 4)) == text
        for other in (basis.refine(degree=6), basis.adapt(places())):
            assert word(other) == text
        pieces = 5 if FAMILIES[name].cells else 1
        assert basis.derivatives(places(), 0).shape[-1] == pieces + 4


@pytest.mark.parametrize("name", FAMILIES)
def test_every_file_of_a_basis_has_a_word(name):
    assert FAMILIES[name].module == f"pikan.bases.{name}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("furier", "did you mean 'fourier'?"),
        ("legendre(1)", "needs 'legendre' without parentheses"),
        ("jacobi(1)", "needs jacobi(alpha, beta) with numbers, alpha above -1 and beta above -1"),
        ("jacobi(1, -1)", "alpha above -1"),
        ("jacobi(1, nan)", "alpha above -1"),
        ("fourier(0)", "periods above 0"),
        ("fourier(2", "periods above 0"),
        ("fourier(2))", "periods above 0"),
        ("fourier()", "periods above 0"),
        ("fourier(1e999)", "periods above 0"),
        ("", "needs bspline"),
    ],
)
def test_a_word_that_names_nothing_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ValueError, match="got '") as refusal:
        parse(text)
    assert sentence in str(refusal.value)
