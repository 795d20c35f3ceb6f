"""Evolutions in the plane whose starts do not fit their sides, against products and formulas."""

import numpy as np
import pytest

from pikan.problem.separable import separate_evolution
from pikan.run import solve_to_end
from tests.stated import spec, stated

PLATE = """
domain: {x: [0, 1], y: [0, 2], t: [0, 0.2]}
unknowns: [u]
equations: [2*u_t = laplacian(u)]
conditions:
  - {where: t = 0, that: u = 1}
  - {where: boundary, that: u = 0}
accuracy: 1e-3
"""
CARRIED = """
domain: {t: [0, 1], x: [0, 1], y: [-1, 1]}
constants: {w: 0.02}
unknowns: [u]
equations:
  - u_t - (1 + x)*u_xx - u_yy + 3*u_y + y*u = exp(-t)*((y - 1)*y^2 - 2 + 6*y
      + (y - 1 - (1 + x)*(4*(x - 0.3)^2/w^4 - 2/w^2))*exp(-((x - 0.3)/w)^2))
conditions:
  - {where: t = 0, that: u = y^2 + exp(-((x - 0.3)/w)^2)}
  - {where: x = 0, that: u = exp(-t)*y^2}
  - {where: x = 1, that: u_x = 0}
  - {where: y = -1, that: u_n + u = exp(-t)*(3 + exp(-((x - 0.3)/w)^2))}
  - {where: y = 1, that: u = exp(-t)*(1 + exp(-((x - 0.3)/w)^2))}
accuracy: 1e-4
training: [elements]
"""


def points(text, count=400):
    box = spec(text).domain
    lower, upper = np.array([box[name] for name in box]).astype(float).T
    return lower + (upper - lower) * np.random.default_rng(0).random((count, 3))


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def cooled(x, t):
    k = np.arange(1, 400, 2)[:, None] * np.pi
    return (4 / k * np.sin(k * x) * np.exp(-(k**2) * t)).sum(axis=0)


@pytest.mark.slow
def test_a_plate_with_cold_sides_is_a_product_of_two_rods():
    solution = solve_to_end(spec(PLATE))
    assert solution.outcome.kind == "converged"
    x, y, t = (places := points(PLATE)).T
    exact = cooled(x, t / 2) * cooled(y / 2, t / 8)
    assert relative(solution(places), exact) < solution.report.estimate.relative_l2 < 1e-3


@pytest.mark.slow
def test_what_is_carried_and_fed_from_its_sides_is_its_formula():
    solution = solve_to_end(spec(CARRIED))
    assert solution.outcome.kind == "converged"
    t, x, y = (places := points(CARRIED)).T
    exact = np.exp(-t) * (y**2 + np.exp(-(((x - 0.3) / 0.02) ** 2)))
    assert relative(solution(places), exact) < 1e-4


def test_what_changes_in_time_or_couples_coordinates_does_not_separate():
    for old, new in (
        ("laplacian(u)", "(1 + t)*laplacian(u)"),
        ("laplacian(u)", "x*y*laplacian(u)"),
        ("laplacian(u)", "laplacian(u) - u^2"),
        ("2*u_t", "x*u_t"),
        ("boundary, that: u = 0", "boundary, that: u_n + t*u = 0"),
    ):
        assert separate_evolution(stated(PLATE.replace(old, new))) is None
    assert separate_evolution(stated(PLATE)).rate == 2.0
