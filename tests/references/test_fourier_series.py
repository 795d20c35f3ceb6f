import numpy as np
import pytest

from pikan.expression.error import FormulaError
from pikan.expression.evaluate import evaluate
from pikan.expression.parse import parse
from pikan.references.fourier_series import fourier

SMOOTH = [
    ("-sin(pi*x)", -1.0, 1.0),
    ("exp(sin(2*pi*x)) - 1", 0.0, 1.0),
    ("0.3 + cos(x)^3 - sin(2*x)", 0.0, 2.0 * np.pi),
    ("exp(-50*x^2)", -1.0, 1.0),
    ("1/(1.1 + cos(2*pi*(x - 3)/5))", 3.0, 8.0),
    ("2", 0.0, 1.0),
    ("0*x", 0.0, 1.0),
]


@pytest.mark.parametrize(("formula", "lower", "upper"), SMOOTH)
def test_the_series_is_the_formula_and_its_continuation(formula, lower, upper):
    series = fourier(parse(formula), "x", lower, upper)
    x = np.random.default_rng(0).uniform(lower, upper, 200)
    expected = evaluate(parse(formula), {"x": x}, np)
    # Rounding of some hundred terms of a size up to the largest value.
    np.testing.assert_allclose(series.values(x), expected, atol=3e-13)
    np.testing.assert_allclose(series.values(x + 3.0 * (upper - lower)), expected, atol=3e-13)


@pytest.mark.parametrize(("formula", "lower", "upper"), SMOOTH)
def test_shifted_waves_are_the_function_and_its_antiderivative(formula, lower, upper):
    series = fourier(parse(formula), "x", lower, upper)
    x, s = np.linspace(lower, upper, 7), np.linspace(-0.5, 0.5, 5)
    waves = series.waves(x)
    for i, shift in enumerate(s):
        moved = series.values(x - shift) - series.mean
        np.testing.assert_allclose(waves @ series.shift(s)[:, i], moved, atol=3e-13)
    # The slope of the antiderivative, by a central difference of fourth order.
    h = 1e-3 * (upper - lower)
    steps = h * np.array([-2.0, -1.0, 1.0, 2.0])
    slope = waves @ series.shift_integral(-steps) @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    np.testing.assert_allclose(slope, series.values(x) - series.mean, atol=1e-5)


@pytest.mark.parametrize(("formula", "lower", "upper"), SMOOTH)
def test_bounds_hold_on_the_line_and_in_the_strip(formula, lower, upper):
    series = fourier(parse(formula), "x", lower, upper)
    x = np.linspace(lower, upper, 300)
    values = series.values(x) - series.mean
    integral = series.waves(x) @ series.shift_integral(np.zeros(1))[:, 0]
    assert np.abs(values).max() <= series.largest + 1e-12
    assert np.ptp(integral) <= series.range + 1e-12


@pytest.mark.parametrize(
    "formula", ["x", "abs(x)", "x^2", "exp(-10*x^2)", "step(x)", "x*(1 - x^2)"]
)
def test_a_start_with_a_kink_is_refused(formula):
    with pytest.raises(FormulaError, match="derivatives agree at both ends"):
        fourier(parse(formula), "x", -1.0, 1.0)


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(FormulaError, match="not finite at x = 0"):
        fourier(parse("1/x"), "x", -1.0, 1.0)
