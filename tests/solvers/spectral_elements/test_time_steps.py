"""Evolutions that start roughly, and stiff ones, against series, formulas and SciPy."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import erfc
from scipy.stats import norm

from pikan.run import solve_to_end
from tests.stated import spec

SUDDEN = """
domain: {x: [0, 2], t: [0, 0.7]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: t = 0, that: u = 0}
  - {where: x = 0, that: u = 3}
  - {where: x = 2, that: u = 0}
accuracy: 1e-6
"""
HAT = """
domain: {t: [0, 0.2], x: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: t = 0, that: "u = minimum(x/0.4, (1 - x)/0.6)"}
  - {where: boundary, that: u = 0}
accuracy: 1e-6
"""
DIGITAL = """
domain: {S: [0, 300], t: [0, 0.5]}
constants: {r: 0.03, sigma: 0.3}
unknowns: [V]
equations: [V_t = 0.5*sigma^2*S^2*V_SS + r*S*V_S - r*V]
conditions:
  - {where: t = 0, that: V = step(S - 80)}
  - {where: S = 0, that: V = 0}
  - {where: S = 300, that: V = exp(-r*t)}
accuracy: 1e-4
"""
ROBERTSON = """
domain: {t: [0, 1e4]}
unknowns: [a, b, c]
equations: [a_t = -0.04*a + 1e4*b*c, b_t = 0.04*a - 1e4*b*c - 3e7*b^2, c_t = 3e7*b^2]
conditions:
  - {where: t = 0, that: a = 1}
  - {where: t = 0, that: b = 0}
  - {where: t = 0, that: c = 0}
accuracy: 1e-7
"""
DOSE = """
domain: {t: [0, 6]}
unknowns: [u]
equations: ["u_t = -u^2 + 40*step(t - 2)*step(2.03 - t)"]
conditions: [{where: t = 0, that: u = 1}]
"""


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def grid(first, second):
    return np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)


def test_a_rod_whose_end_is_suddenly_hot_is_solved_to_its_accuracy():
    solution = solve_to_end(spec(SUDDEN, accuracy=1e-4))
    assert solution.outcome.kind == "converged"
    points = grid(np.linspace(0, 2, 41), np.geomspace(1e-5, 0.7, 30))
    x, t = points.T
    images = [
        3 * (erfc((4 * n + x) / np.sqrt(4 * t)) - erfc((4 * n + 4 - x) / np.sqrt(4 * t)))
        for n in range(4)
    ]
    assert relative(solution(points), sum(images)) < 1e-4
    assert solution.report.estimate.relative_l2 < 1e-4


def test_steps_and_cells_are_graded_toward_the_corner_with_the_jump():
    solution = solve_to_end(spec(SUDDEN, accuracy=1e-4))
    edges = solution.network.edges.diff()
    assert float(edges[0]) < 1e-4 * float(edges.sum())
    assert (edges[1:] > edges[:-1] / 4.1).all()
    cells = solution.network.slabs()[0].axes()[0].edges()[0].diff()
    assert float(cells[0]) < 0.1 * float(cells[-1])


def test_heat_from_a_hat_is_its_fourier_series_whichever_coordinate_comes_first():
    solution = solve_to_end(spec(HAT, accuracy=1e-4))
    assert solution.outcome.kind == "converged"
    points = grid(np.linspace(0.002, 0.2, 20), np.linspace(0, 1, 31))
    t, x = points.T
    k = np.arange(1, 200)[:, None]
    waves = 2 * np.sin(0.4 * np.pi * k) / (0.24 * (np.pi * k) ** 2) * np.sin(np.pi * k * x)
    exact = (waves * np.exp(-((np.pi * k) ** 2) * t)).sum(axis=0)
    assert relative(solution(points), exact) < 1e-4


def test_a_digital_option_is_its_formula_although_its_payoff_jumps():
    solution = solve_to_end(spec(DIGITAL))
    assert solution.outcome.kind == "converged"
    points = grid(np.linspace(20, 200, 61), np.linspace(0.05, 0.5, 10))
    price, t = points.T
    depth = (np.log(price / 80) + (0.03 - 0.045) * t) / (0.3 * np.sqrt(t))
    assert relative(solution(points), np.exp(-0.03 * t) * norm.cdf(depth)) < 1e-4


@pytest.mark.slow
def test_a_stiff_reaction_is_that_of_another_solver():
    solution = solve_to_end(spec(ROBERTSON))
    assert solution.outcome.kind == "converged"
    t = np.concatenate([np.geomspace(1e-4, 1e4, 60)])

    def slopes(_, y):
        slow, fast = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
        return np.array([-slow, slow - fast, fast])

    twin = solve_ivp(slopes, (0, 1e4), [1, 0, 0], "Radau", t, rtol=1e-11, atol=1e-14)
    for found, expected in zip(np.asarray(solution(t=t)).T, twin.y, strict=True):
        assert relative(found, expected) < 1e-7


def test_steps_end_where_a_source_jumps():
    solution = solve_to_end(spec(DOSE))
    assert solution.outcome.kind == "converged"
    (basis,) = solution.network.axes()
    edges = 3 + 3 * basis.edges()[0].numpy()
    assert np.abs(edges - 2).min() < 1e-14
    assert np.abs(edges - 2.03).min() < 1e-14
    # u = a tanh(a (t - 2) + b) with a = sqrt(40) during the dose, 1 / (t + c) before and after.
    size = np.sqrt(40)
    top = size * np.tanh(0.03 * size + np.arctanh(1 / 3 / size))
    t = np.array([1.0, 2.01, 2.03, 5.0])
    exact = [
        1 / 2,
        size * np.tanh(0.01 * size + np.arctanh(1 / 3 / size)),
        top,
        1 / (1 / top + 2.97),
    ]
    np.testing.assert_allclose(solution(t=t), exact, rtol=1e-8)


@pytest.mark.slow
def test_a_solution_that_ends_before_the_time_is_up_is_told():
    text = DOSE.replace("-u^2 + 40*step(t - 2)*step(2.03 - t)", "u^2 + step(t - 0.5)")
    solution = solve_to_end(spec(text, accuracy=1e-4))
    assert solution.outcome.kind == "stalled"
    assert "the solution may end there" in solution.outcome.message


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [1e-4, 1e-6, 1e-8])
def test_the_error_is_below_the_accuracy_whatever_that_is(accuracy):
    solution = solve_to_end(spec(HAT, accuracy=accuracy))
    points = grid(np.linspace(0.002, 0.2, 20), np.linspace(0, 1, 31))
    t, x = points.T
    k = np.arange(1, 200)[:, None]
    waves = 2 * np.sin(0.4 * np.pi * k) / (0.24 * (np.pi * k) ** 2) * np.sin(np.pi * k * x)
    exact = (waves * np.exp(-((np.pi * k) ** 2) * t)).sum(axis=0)
    assert relative(solution(points), exact) < accuracy


COOLED = """
domain: {x: [0, 3], t: [0, 0.5]}
unknowns: [u]
equations: [u_t = u_xx]
conditions:
  - {where: t = 0, that: u = 1}
  - {where: x = 0, that: u_x = 1.5*u}
  - {where: x = 3, that: u_x = 0.5}
accuracy: 1e-5
"""


@pytest.mark.slow
def test_a_wall_cooled_at_one_end_and_heated_at_the_other_is_that_of_two_half_lines():
    solution = solve_to_end(spec(COOLED))
    assert solution.outcome.kind == "converged"
    points = grid(np.linspace(0, 3, 31), np.linspace(0.005, 0.1, 20))
    x, t = points.T
    root, far = 2 * np.sqrt(t), 3 - x
    # Carslaw and Jaeger 1959, sections 2.7 and 2.9; neither end feels the other by then.
    cooled = erfc(x / root) - np.exp(1.5 * x + 2.25 * t) * erfc(x / root + 0.75 * root)
    heated = root * np.exp(-((far / root) ** 2)) / np.sqrt(np.pi) - far * erfc(far / root)
    assert relative(solution(points), 1 - cooled + 0.5 * heated) < 1e-5
