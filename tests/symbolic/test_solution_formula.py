"""Solutions of differential equations as formulas, and none where there is none."""

from math import pi

import numpy as np
import pytest
import sympy
import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.geometry.box import Box
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.problem.statement import Problem
from pikan.symbolic.refit import ConstantSamples, refit_constants
from pikan.symbolic.separation_of_variables import SampledBox, separate_variables
from pikan.symbolic.solution_formula import formula

X, Y = sympy.symbols("x y", real=True)


def known(function, lower, upper, noise=1e-9):
    """A function that is known to so much, relative to one."""

    def noisy(points):
        return function(*points.T) + noise * np.cos(17 * points.sum(axis=1))

    symbols = (X, Y)[: len(lower)]
    return noisy, SampledBox(np.array(lower), np.array(upper), symbols, noise)


def found(function, place):
    expression = separate_variables(function, place)
    assert expression is not None
    points = place.random_points(500, seed=3)
    return refit_constants(
        expression, ConstantSamples(place.symbols, points, function(points)[:, None])
    )


def test_the_solution_of_poisson_is_sin_times_sin():
    truth = known(lambda x, y: np.sin(pi * x) * np.sin(pi * y), (-1.0, -1.0), (1.0, 1.0))
    assert found(*truth) == sympy.sin(sympy.pi * X) * sympy.sin(sympy.pi * Y)


@pytest.mark.slow
def test_the_solution_of_heat_decays_with_a_tenth_of_pi_squared():
    truth = known(
        lambda x, t: np.exp(-0.1 * pi**2 * t) * np.sin(pi * x), (0.0, 0.0), (1.0, 1.0), 1e-7
    )
    assert found(*truth) == sympy.exp(-(sympy.pi**2) * Y / 10) * sympy.sin(sympy.pi * X)


@pytest.mark.slow
def test_sums_of_two_modes_are_told_apart():
    truth = known(
        lambda x, t: np.sin(pi * x) * np.exp(-t) + 0.5 * np.sin(3 * pi * x) * np.exp(-9 * t),
        (0.0, 0.0),
        (1.0, 1.0),
    )
    expected = (
        sympy.exp(-Y) * sympy.sin(sympy.pi * X)
        + sympy.exp(-9 * Y) * sympy.sin(3 * sympy.pi * X) / 2
    )
    assert sympy.simplify(found(*truth) - expected) == 0


def test_polynomials_have_their_rational_coefficients():
    truth = known(lambda x: x**2 * (6 - 4 * x + x**2) / 24, (0.0,), (1.0,))
    assert found(*truth) == X**4 / 24 - X**3 / 6 + X**2 / 4


def test_what_is_no_short_sum_of_products_is_none():
    truth = known(lambda x, y: 1 / (1.1 + np.sin(x * y)), (0.0, 0.0), (3.0, 3.0))
    assert separate_variables(*truth) is None


def problem(lower=(-1.0, -1.0), upper=(1.0, 1.0)) -> Problem:
    box = Box(("x", "y"), lower, upper)
    return Problem(
        name="none",
        title="",
        box=box,
        unknowns=("u",),
        constants={},
        equations=(),
        conditions=(),
        periodic=(),
        exact=None,
        source="",
    )


@pytest.mark.slow
def test_a_kan_is_read_through_its_edges():
    interval = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [Chebyshev(interval.repeat(2, 1), 14), Chebyshev(2.2 * interval, 14)]
    kan = KANNetwork([2, 1, 1], bases, [-1.0, -1.0], [1.0, 1.0])
    first, last = bases
    t = torch.linspace(-1, 1, 200, dtype=torch.float64)[:, None]
    with torch.no_grad():
        columns = first.derivatives(t.expand(-1, 2), 0)[0]
        for node, target in enumerate((t**2, torch.sin(3 * t))):
            solved = torch.linalg.lstsq(columns[:, node], target).solution
            kan.layers()[0].weight[15 * node : 15 * (node + 1)] = solved
        values = last.derivatives(2.2 * t, 0)[0][:, 0]
        kan.last_weight()[:] = torch.linalg.lstsq(values, torch.exp(2.2 * t)).solution

    def evaluate(points):
        with torch.no_grad():
            return kan(torch.from_numpy(points)).numpy()

    result = formula(problem(), kan, evaluate, 1e-8, 1e-4)
    assert result["u"] == sympy.exp(X**2 + sympy.sin(3 * Y))
    assert result.found
    assert result.unknowns["u"].error < 1e-6


def test_where_there_is_no_formula_it_says_so():
    network = MLP([2, 8, 1], [-1.0, -1.0], [1.0, 1.0])

    def evaluate(points):
        return np.sin(9 * points[:, :1] * points[:, 1:] + points[:, :1] ** 3)

    result = formula(problem(), network, evaluate, 1e-6, 1e-4)
    assert not result.found
    assert result["u"] is None
    assert repr(result).startswith("u: no short formula comes within 0.0001")


@pytest.mark.slow
def test_errors_are_those_against_the_solution():
    network = MLP([2, 8, 1], [-1.0, -1.0], [1.0, 1.0])
    size = 1e-5

    def evaluate(points):
        x, y = points.T
        return (np.exp(x) * np.sin(2 * y) + size * np.cos(20 * x + 31 * y))[:, None]

    result = formula(problem(), network, evaluate, 1e-5, 1e-3)
    assert result["u"] == sympy.exp(X) * sympy.sin(2 * Y)
    norm = float(np.sqrt(np.sinh(2) / 2 * (1 - np.sin(4) / 4) / 2))
    assert result.unknowns["u"].error == pytest.approx(size / np.sqrt(2) / norm, rel=0.1)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda t: np.exp(-t / 5) * np.cos(2 * t), sympy.exp(-X / 5) * sympy.cos(2 * X)),
        (lambda t: t * np.exp(-t), X * sympy.exp(-X)),
        (lambda t: 1 + np.exp(-t) - np.exp(-3 * t), 1 + sympy.exp(-X) - sympy.exp(-3 * X)),
    ],
)
def test_damped_waves_and_sums_of_exponentials_are_read(function, expected):
    assert found(*known(function, (0.0,), (6.0,), 1e-10)) == expected


@pytest.mark.slow
def test_modes_that_swing_and_decay_are_told_apart():
    truth = known(
        lambda x, t: (
            np.sin(pi * x) * np.exp(-t / 2) * np.cos(3 * t) + np.sin(2 * pi * x) * np.exp(-t)
        ),
        (0.0, 0.0),
        (1.0, 4.0),
        1e-10,
    )
    decay, swing = sympy.exp(-Y), sympy.exp(-Y / 2) * sympy.cos(3 * Y)
    modes = sympy.sin(sympy.pi * X), sympy.sin(2 * sympy.pi * X)
    assert sympy.expand(found(*truth) - modes[0] * swing - modes[1] * decay) == 0
