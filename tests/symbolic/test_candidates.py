"""Formulas are found again from their values."""

from math import pi

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pikan.network.elementary import ELEMENTARY
from pikan.symbolic.candidates import candidates
from pikan.symbolic.library import LIBRARY, REAL_POWER, USUAL, Numbers

X = torch.linspace(-1, 1, 200, dtype=torch.float64)

# Where each function is itself on [-1, 1]: the ends of a, and those of b for it.
RANGES = {
    "sin": ((0.5, 30.0), (-3.0, 3.0)),
    "exp": ((-5.0, -0.3), (-1.0, 1.0)),
    "tanh": ((1.0, 8.0), (-1.5, 1.5)),
    "gaussian": ((0.7, 5.0), (-1.0, 1.0)),
    "x^2": ((0.5, 3.0), (-3.0, 3.0)),
    "x^3": ((0.5, 3.0), (-1.0, 1.0)),
    "1/x": ((0.3, 0.9), (1.1, 3.0)),
    "sqrt": ((-0.9, -0.3), (1.1, 3.0)),
    "log": ((0.3, 0.9), (1.1, 3.0)),
    "arctan": ((1.0, 8.0), (-1.5, 1.5)),
    "abs": ((1.0, 3.0), (-0.7, 0.7)),
    "log(cosh)": ((2.0, 5.0), (-1.0, 1.0)),
    "log(cos)": ((0.7, 1.1), (-0.3, 0.3)),
    "arcsin(exp(-x))": ((0.5, 0.9), (1.0, 1.2)),
    "log(1+1/x)": ((0.5, 0.9), (1.0, 1.3)),
    "log(sinc)": ((1.0, 1.8), (-0.8, 0.8)),
}


@settings(max_examples=settings.default.max_examples // 5)
@given(
    st.sampled_from(sorted(RANGES)),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.1, 10),
    st.floats(-10, 10),
)
# Valleys that are flat for long.
@example("sin", 0.0, 0.375, 1.0, 0.0)
@example("log(1+1/x)", 0.0, 0.597, 10.0, 0.0)
@example("log(1+1/x)", 0.1875, 1.0, 0.7265409538353327, -10.0)
def test_known_numbers_are_found_again(name, share_a, share_b, c, d):
    (low_a, high_a), (low_b, high_b) = RANGES[name]
    a, b = low_a + share_a * (high_a - low_a), low_b + share_b * (high_b - low_b)
    y = c * ELEMENTARY[name](a * X + b, 0)[0] + d
    (found,) = candidates(X, y, [name])
    # The square root of this, 1e-8, is nearer than any other function comes.
    assert found.left < 1e-16
    wanted = LIBRARY[name].canonical(Numbers(a, b, c, d))
    if name not in ("sin", "abs"):
        assert tuple(found.numbers) == pytest.approx(tuple(wanted), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", sorted(RANGES))
def test_the_function_itself_scores_best_of_all(name):
    (low_a, high_a), (low_b, high_b) = RANGES[name]
    y = 2 * ELEMENTARY[name](0.4 * (low_a + high_a) * X + 0.6 * low_b + 0.4 * high_b, 0)[0] - 1
    found = candidates(X, y, USUAL)
    best = min(found, key=lambda each: each.score(0.8))
    assert best.name in ({"sin", "cos"} if name == "sin" else {name})


def test_a_straight_line_is_a_straight_line():
    best = min(candidates(X, 3 * X - 2, USUAL), key=lambda each: each.score(0.8))
    assert best.name == "x"
    assert tuple(best.numbers) == pytest.approx((1.0, 0.0, 3.0, -2.0), abs=1e-12)


def test_what_is_constant_is_constant():
    (only,) = candidates(X, torch.full_like(X, pi), USUAL)
    assert (only.name, only.numbers.d) == ("0", pytest.approx(pi))


def test_frequencies_need_no_range_to_be_searched():
    (found,) = candidates(5 + 100 * X, torch.sin(0.4 * (5 + 100 * X) + 1), ["sin"])
    assert found.numbers.a == pytest.approx(0.4)


def test_a_parabola_is_no_slow_wave():
    found = candidates(X, X**2 + 1e-4 * torch.sin(9 * X), ["sin", "cosh", "x^2"])
    assert found[0].name == "x^2"


def test_points_that_weigh_nothing_do_not_count():
    counts = X < 0.5
    y = torch.where(counts, torch.exp(2 * X), torch.zeros_like(X))
    (found,) = candidates(X, y, ["exp"], counts.to(X))
    assert found.numbers.a == pytest.approx(2.0)
    assert found.left < 1e-12


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("1/(1+x^2)", lambda x: 3 / (1 + x.square())),
        ("x*log(x)", lambda x: 2 * x * torch.log(x) - 1),
        ("relu", lambda x: torch.relu(2 * x - 4)),
    ],
)
def test_functions_of_their_own_are_found_exactly(name, function):
    x = torch.linspace(0.2, 5.0, 200, dtype=torch.float64)
    best = candidates(x, function(x), ["x", "x^2", "sqrt", "log", "arctan", "abs", name])[0]
    assert best.name == name
    assert best.left < 1e-20


@pytest.mark.parametrize(
    ("name", "y"),
    [
        ("x^0.7", 3 * (X + 2) ** 0.7 - 1),
        ("x^(1/3)", (X + 1.2) ** (1 / 3)),
        ("x^-1.3", (3 - X) ** -1.3),
        ("x^2.25", (X + 1.5) ** 2.25),
    ],
)
def test_a_real_power_is_found_with_its_exponent(name, y):
    best = min(candidates(X, y, [*USUAL[:12], REAL_POWER]), key=lambda each: each.score(0.8))
    assert best.name == name
    assert best.left < 1e-20


def test_a_step_is_found_between_the_points_where_it_is():
    best = min(
        candidates(X, 3 * (X > 0.3).double() - 1, ["x", "tanh", "step"]), key=lambda e: e.left
    )
    assert best.name == "step"
    assert best.left < 1e-28
    assert (-best.numbers.b, best.numbers.c, best.numbers.d) == pytest.approx(
        (0.3, 3, -1), abs=0.02
    )
