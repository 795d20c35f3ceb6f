"""Jumps in corners, narrow sources and layers in the plane, against series and formulas."""

import numpy as np
import pytest

from pikan.problem.separable import separate
from pikan.run import solve_to_end
from tests.stated import spec, stated

LID = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions:
  - {where: x = 1, that: u = 2}
  - {where: [x = 0, y = 0, y = 1], that: u = 0}
accuracy: 1e-3
"""
SOURCE = """
domain: {x: [0, 2], y: [0, 1]}
constants: {w: 0.01, a: 1.3, b: 0.6}
unknowns: [u]
equations:
  - 2*u_xx + u_yy - u =
      (4*(2*(x - a)^2 + (y - b)^2)/w^4 - 6/w^2 - 1)*exp(-((x - a)^2 + (y - b)^2)/w^2)
conditions: [{where: boundary, that: u = 0}]
"""
LAYER = """
domain: {x: [0, 1], y: [0, 1]}
constants: {d: 1e-3}
unknowns: [u]
equations: ["-d*u_xx + u_x - u_yy + u = (pi^2 + 1)*sin(pi*y)*(1 - exp((x - 1)/d))"]
conditions:
  - {where: x = 0, that: u = sin(pi*y)*(1 - exp(-1/d))}
  - {where: x = 1, that: u = 0}
  - {where: y = 0, that: u = 0}
  - {where: y = 1, that: u_n + u = -pi*(1 - exp((x - 1)/d))}
training: [elements]
accuracy: 1e-7
"""


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def grid(count):
    line = (np.arange(count) + 0.5) / count
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)


def test_a_hot_side_beside_cold_ones_is_its_series_away_from_the_corners():
    solution = solve_to_end(spec(LID))
    assert solution.outcome.kind == "converged"
    x, y = grid(20).T
    k = np.arange(1, 400, 2)[:, None] * np.pi
    shape = np.exp(-k * (1 - x)) * (1 - np.exp(-2 * k * x)) / (1 - np.exp(-2 * k))
    exact = (8 / k * np.sin(k * y) * shape).sum(axis=0)
    assert relative(solution(grid(20)), exact) < 1e-4
    assert abs(solution(x=0.5, y=0.5) - 0.5) < 1e-10


def test_a_narrow_source_in_the_plane_is_seen():
    solution = solve_to_end(spec(SOURCE, accuracy=1e-7))
    assert solution.outcome.kind == "converged"
    points = 0.03 * (grid(20) - 0.5) + [1.3, 0.6]
    exact = np.exp(-((points - [1.3, 0.6]) ** 2).sum(axis=1) / 1e-4)
    assert relative(solution(points), exact) < 1e-6


def test_a_layer_and_a_slope_on_a_side_are_solved_on_cells():
    solution = solve_to_end(spec(LAYER))
    assert solution.outcome.kind == "converged"
    points = grid(20)
    points[::2, 0] = 1 - 1e-3 * points[::2, 0]
    x, y = points.T
    exact = np.sin(np.pi * y) * (1 - np.exp((x - 1) / 1e-3))
    assert relative(solution(points), exact) < 1e-6


@pytest.mark.parametrize(
    "equation",
    ["u_xx + u_yy + x*y*u = 1", "u_xx + u_xy + u_yy = 1", "u_xx + u_yy = u^2", "u_xx + u_y = 1"],
)
def test_what_does_not_separate_is_told(equation):
    assert separate(stated(LID.replace("laplacian(u) = 0", equation))) is None


def test_an_equation_that_separates_is_cut_into_two_operators():
    found = separate(stated(LID.replace("laplacian(u) = 0", "x*u_xx - u_yy + u_y + 2*u = y")))
    assert [sorted(one) for one in found.operators] == [[0, 2], [1, 2]]
    assert [[c.end for c in side] for side in found.conditions] == [[0, 1], [0, 1]]
