import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given

from pikan.expression.error import FormulaError
from pikan.expression.evaluate import IMPLEMENTATIONS, evaluate, value
from pikan.expression.functions import FUNCTIONS, OF_DERIVATIVES
from pikan.expression.parse import parse
from tests.expression.formulas import trees

ORACLES = {
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "abs": abs,
    "sign": mpmath.sign,
    "bessel_j0": lambda x: mpmath.besselj(0, x),
    "bessel_j1": lambda x: mpmath.besselj(1, x),
    "step": lambda x: mpmath.mpf(x >= 0),
    "minimum": min,
    "maximum": max,
}


def test_every_function_has_a_value():
    assert set(IMPLEMENTATIONS) == {*FUNCTIONS, *OF_DERIVATIVES}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("library", [np, torch])
def test_functions_agree_with_high_precision(name, library):
    x = np.array([-0.9, -0.3, 0.0, 0.2, 0.7]) + (1.0 if name in {"log", "sqrt"} else 0.0)
    names = "x, t"[: 3 * FUNCTIONS[name] - 2]
    oracle = ORACLES.get(name) or getattr(mpmath, name)
    given = (x, x[::-1].copy())[: FUNCTIONS[name]]
    expected = [float(oracle(*map(mpmath.mpf, row))) for row in zip(*given, strict=True)]
    arrays = dict(zip("xt", given, strict=False))
    if library is torch:
        arrays = {key: torch.tensor(array) for key, array in arrays.items()}
    found = evaluate(parse(f"{name}({names})"), arrays, library)
    # A few units in the last place, of the value or of 1.
    np.testing.assert_allclose(np.asarray(found), expected, rtol=2e-15, atol=2e-16)


@given(trees)
def test_numpy_torch_and_floats_agree(tree):
    point = {"x": 0.3, "t": -0.7, "nu": 1.25, "u": 2.0, "u_xx": -3.5}
    alone = evaluate(tree, point, np)
    assert isinstance(alone, float)
    arrays = evaluate(tree, {name: np.array([x]) for name, x in point.items()}, np)
    tensors = {name: torch.tensor([x], dtype=torch.float64) for name, x in point.items()}
    found = evaluate(tree, tensors, torch)
    # Powers and functions differ by some rounding, which differences and large numbers enlarge.
    if math.isfinite(alone) and 1e-3 < abs(alone) < 1e3 and _tame(tree, point):
        assert float(np.ravel(arrays)[0]) == pytest.approx(alone, rel=1e-9)
        assert float(found) == pytest.approx(alone, rel=1e-9)


def _tame(tree, point):
    """Whether the value hardly changes when every name is moved by a few roundings."""
    near = [evaluate(tree, {k: v * (1 + s) for k, v in point.items()}, np) for s in (1e-14, -1e-14)]
    return near[0] == pytest.approx(near[1], rel=1e-11)


def test_a_formula_of_constants_is_a_float():
    assert evaluate(parse("2*pi"), {"x": np.ones(3)}, np) == 2.0 * math.pi
    assert value(parse("0.01/pi"), {}) == 0.01 / math.pi


def test_values_come_before_constants():
    assert evaluate(parse("e + pi"), {"e": 1.0}, np) == 1.0 + math.pi


def test_float32_stays_float32():
    x = torch.linspace(0.0, 1.0, 3, dtype=torch.float32)
    formula = parse("minimum(x, 0.5) + 2*maximum(0.1, x)^3/3 + step(x)*sech(x) - 1/(1 + x)")
    assert evaluate(formula, {"x": x}, torch).dtype == torch.float32


def test_torch_differentiates_through_a_formula():
    x = torch.tensor([0.3, 0.6], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(evaluate(parse("x^3 + sech(x)"), {"x": x}, torch).sum(), x)
    expected = 3.0 * x**2 - torch.tanh(x) / torch.cosh(x)
    torch.testing.assert_close(slope, expected.detach(), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("formula", ["1/0", "log(0)", "sqrt(-1)", "(-8)^(1/3)", "exp(1000)", "0/0"])
def test_a_constant_without_a_finite_value_is_refused(formula):
    assert not math.isfinite(evaluate(parse(formula), {}, np))
    with pytest.raises(FormulaError, match="it needs a finite one"):
        value(parse(formula), {})


def test_infinities_in_arrays_come_back_in_silence():
    found = evaluate(parse("1/x + log(x)"), {"x": np.array([0.0, 1.0])}, np)
    assert not np.isfinite(found[0])
    assert found[1] == 1.0


def test_large_arguments_of_sech_do_not_overflow():
    x = np.array([-1e4, -710.0, 710.0, 1e4])
    assert (evaluate(parse("sech(x)"), {"x": x}, np) < 1e-300).all()


def test_a_name_without_a_value_is_refused():
    with pytest.raises(FormulaError, match="the name 'y' has no value; known are e, pi, x"):
        evaluate(parse("x + y"), {"x": 1.0}, np)


def test_the_laplacian_has_no_value_before_it_is_expanded():
    with pytest.raises(FormulaError, match="needs to be expanded"):
        evaluate(parse("laplacian(u)"), {"u": 1.0}, np)
