"""Corners: singular functions are found from angles and conditions, and put beside polynomials."""

from pathlib import Path

import numpy as np
import pytest
import torch

import pikan
from pikan.network.singular import SingularFunctions
from pikan.problem.corner_singularities import singular_points
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec

SHAPES = Path(__file__).resolve().parents[2] / "problems" / "shapes"
L_SHAPE = """
region: {polygon: [[-1, -1], [0, -1], [0, 0], [1, 0], [1, 1], [-1, 1]]}
unknowns: [u]
equations: [-laplacian(u) = 1]
conditions:
  - {where: boundary, that: u = 0}
"""
LIGHTNING = """
domain: {x: [0, 2], y: [0, 2]}
without: {box: {x: [1, 2], y: [1, 2]}, name: cut}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions:
  - {where: boundary, that: u = x^2}
"""
MOTZ = """
domain: {x: [-1, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions:
  - {where: y = 0, for: x < 0, that: u = 0}
  - {where: y = 0, for: x > 0, that: u_n = 0}
  - {where: [x = -1, y = 1], that: u_n = 0}
  - {where: x = 1, that: u = 500}
"""


def stated(text):
    return problem(parse_spec(text, "corner.yaml", Path()))


def test_exponents_of_a_corner_follow_from_its_angle():
    found = {one.point: one for one in singular_points(stated(L_SHAPE))}
    assert len(found) == 6
    inner = found[0.0, 0.0]
    assert inner.angle == pytest.approx(1.5 * np.pi)
    assert inner.direction == pytest.approx(0.75 * np.pi)
    assert inner.exponents == pytest.approx((2 / 3, 4 / 3, 0.0))
    assert all(one.exponents == (0.0,) for at, one in found.items() if at != (0.0, 0.0))


def test_a_change_of_conditions_along_a_side_is_a_corner_and_constants_that_fit_are_none():
    (found,) = singular_points(stated(MOTZ))
    assert found.point == pytest.approx((0.0, 0.0))
    assert found.angle == pytest.approx(np.pi)
    assert found.exponents == pytest.approx((0.5,))


def test_where_shapes_meet_there_are_corners():
    found = singular_points(stated(LIGHTNING))
    places = {tuple(round(x, 6) for x in one.point) for one in found}
    assert places == {(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)}


def test_smooth_regions_have_no_corners():
    disc = "region: {disc: {center: [0, 0], radius: 1}}\n" + L_SHAPE.partition("]]}\n")[2]
    assert singular_points(stated(disc)) == ()


@pytest.mark.parametrize("cut", [0.4, np.inf])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 2 / 3, 1.0, 2.0])
def test_derivatives_of_singular_functions_are_those_of_autograd(exponent, cut):
    numbers = torch.tensor([exponent], dtype=torch.float64)
    at = torch.tensor([[0.1, -0.2]], dtype=torch.float64)
    made = SingularFunctions(
        at, numbers * 0 + 0.4, numbers, numbers * 0 + 1.5, numbers * 0 + cut, 3
    )
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(20, 2, dtype=torch.float64, generator=generator) + 0.2
    indices = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    found = made.derivatives(points, indices)

    def values(moved):
        return made.derivatives(moved, [(0, 0)])[0].sum(dim=1)

    for k in range(made.size):
        x = points.clone().requires_grad_()
        first = torch.autograd.grad(values(x)[k], x, create_graph=True)[0]
        second = torch.stack(
            [torch.autograd.grad(first[:, i].sum(), x, retain_graph=True)[0] for i in (0, 1)]
        )
        wanted = [None, first[:, 0], first[:, 1], second[0, :, 0], second[0, :, 1], second[1, :, 1]]
        for made_by_hand, by_autograd in zip(found[1:], wanted[1:], strict=True):
            assert torch.allclose(made_by_hand[k], by_autograd.detach(), atol=1e-9, rtol=1e-9)


@pytest.fixture(scope="module")
def crack():
    return pikan.solve(SHAPES / "crack.yaml", accuracy=1e-8)


@pytest.mark.slow
def test_the_crack_is_solved_to_its_target(crack):
    assert crack.outcome.kind == "converged"
    assert crack.errors["u"].relative_l2 < 1e-8
    assert any("r^0.5 at x = 0" in reason for reason in crack.report.reasons)


@pytest.mark.slow
def test_a_solution_with_singular_functions_is_kept(crack, tmp_path):
    crack.save(tmp_path / "crack")
    again = pikan.load(tmp_path / "crack")
    points = np.random.default_rng(0).uniform([-1, 0], [1, 1], (50, 2))
    assert np.array_equal(again(points), crack(points))
    assert again.partial("u_x", points) == pytest.approx(crack.partial("u_x", points))


@pytest.mark.slow
def test_without_singular_functions_the_crack_is_not_said_to_be_solved():
    text = (SHAPES / "crack.yaml").read_text() + "singular: none\naccuracy: 1e-8\n"
    solution = pikan.solve(text + "training: [climb: {largest: 300}]\n")
    assert solution.outcome.kind != "converged"


@pytest.mark.slow
def test_the_l_shape_has_its_known_values():
    solution = pikan.solve(L_SHAPE)
    assert solution.outcome.kind == "converged"
    values = solution([[-0.5, 0.5], [-0.05, 0.05], [-0.01, 0.01]])
    known = [0.131052962031, 0.065604330712, 0.023345963054]
    assert np.abs(values - known).max() < 1e-9


@pytest.mark.slow
def test_the_lightning_challenge_has_its_ten_digits():
    """Source: Trefethen 2018, the value to ten digits."""
    solution = pikan.solve(LIGHTNING)
    assert abs(solution(x=0.99, y=0.99) - 1.0267919261073) < 1e-9


@pytest.mark.slow
def test_motz_has_its_known_coefficients():
    solution = pikan.solve(MOTZ)
    angles = np.pi * (np.arange(400) + 0.5) / 400
    values = solution(0.6 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    known = [401.1624537452, 87.6559201951, 17.2379150794]
    for i, coefficient in enumerate(known):
        found = np.mean(2 * values * np.cos((i + 0.5) * angles)) / 0.6 ** (i + 0.5)
        assert found == pytest.approx(coefficient, rel=1e-7)


@pytest.mark.slow
def test_a_corner_of_two_sides_without_values_has_no_source():
    text = (
        L_SHAPE.partition("conditions:")[0]
        + """
conditions:
  - {where: [polygon side 1, polygon side 2, polygon side 3, polygon side 4], that: u = 0}
  - {where: [polygon side 5, polygon side 6], that: u_n = 0}
"""
    )
    found = pikan.solve(text)
    assert found.outcome.kind == "converged"
    # By the cross of which this is a quarter, which has values on all sides: two levels of
    # degrees 28 and 31 agree to 1.8e-12.
    assert found(x=[-0.5], y=[0.5])[0] == pytest.approx(0.65477030683808, abs=1e-9)
