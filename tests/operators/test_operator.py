"""Operators are fitted to pairs of functions, and say how well."""

import numpy as np
import pytest

import pikan
from pikan.operators.operator import OperatorError

X = np.linspace(0.0, 1.0, 41)


def waves(count, seed=0):
    """Random sums of five cosines, and their integrals from zero."""
    weights = np.random.default_rng(seed).normal(size=(count, 5)) / np.arange(1, 6)
    rates = np.arange(1, 6)[:, None]
    return weights @ np.cos(rates * X), weights @ (np.sin(rates * X) / rates)


def test_a_linear_operator_is_found_to_rounding():
    a, u = waves(120)
    made = pikan.operator.fit(a[:60], u[:60])
    # Components of outputs below 1e-9 are left out.
    assert made.test(a[60:], u[60:]).worst < 1e-8
    assert made.report.inputs == made.report.outputs == 5
    assert made(a[60]) == pytest.approx(made(a[60:61])[0], rel=1e-12)


def test_an_operator_shows_itself_on_one_line():
    a, u = waves(60)
    shown = repr(pikan.operator.fit(a, u, method="linear"))
    assert shown.startswith("Operator(linear, [41] to [41], held-out relative L2 ")
    assert len(shown) < 80


def test_a_nonlinear_operator_takes_more_than_a_matrix():
    a, u = waves(260)
    u = np.sin(u) + u**2 * X
    made = pikan.operator.fit(a[:200], u[:200])
    report = made.report
    assert report.method != "linear"
    assert report.held_out[report.method] < report.held_out["linear"] / 3
    test = made.test(a[200:], u[200:])
    assert report.floor <= test.mean < 5 * report.held_out[report.method]
    counts = list(report.by_pairs)
    assert report.by_pairs[counts[-1]] < report.by_pairs[counts[0]]


def test_sums_of_functions_of_components_are_those_of_a_kan():
    weights = np.random.default_rng(1).uniform(-1, 1, size=(300, 3))
    functions = np.linalg.qr(np.random.default_rng(2).normal(size=(41, 3)))[0].T
    numbers = weights @ np.diag([3.0, 2.0, 1.0])
    a = numbers @ functions
    # The components of the inputs are these functions only about, so that products come in.
    u = (numbers[:, :1] ** 3 + numbers[:, 1:2]) * functions[0]
    made = pikan.operator.fit(a, u, method="kan")
    linear = pikan.operator.fit(a, u, method="linear")
    assert made.report.held_out["kan"] < linear.report.held_out["linear"] / 2


def test_functions_of_several_coordinates_keep_their_shape():
    a, u = waves(40)
    made = pikan.operator.fit(a, np.stack([u, 2 * u], axis=2), method="linear")
    assert made(a[:3]).shape == (3, 41, 2)
    assert made(a[:3])[..., 1] == pytest.approx(2 * made(a[:3])[..., 0], abs=1e-8)


@pytest.mark.parametrize(
    ("a", "u", "message"),
    [
        (np.zeros((20, 4)), np.zeros((21, 4)), "same number of pairs"),
        (np.zeros(20), np.zeros((20, 4)), "same number of pairs"),
        (np.zeros((3, 4)), np.zeros((3, 4)), "got 3 pairs, needs at least 10"),
        (np.zeros((20, 4)), np.full((20, 4), np.nan), "u: pair 0 holds a value that is not finite"),
    ],
)
def test_arrays_that_are_no_pairs_are_refused_in_a_sentence(a, u, message):
    with pytest.raises(OperatorError, match=message):
        pikan.operator.fit(a, u)


def test_inputs_of_another_shape_are_refused():
    a, u = waves(40)
    made = pikan.operator.fit(a, u, method="linear")
    with pytest.raises(OperatorError, match=r"got inputs of shape \(2, 7\), needs \(n, 41\)"):
        made(np.zeros((2, 7)))
