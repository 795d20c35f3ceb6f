"""Holes: Laurent series about them are found from the shapes, and put beside polynomials."""

from pathlib import Path

import numpy as np
import pytest
import torch

import pikan
from pikan.geometry.holes import holes
from pikan.network.laurent import LaurentDegrees, LaurentFunctions
from pikan.problem.corner_singularities import singular_points
from pikan.spec.formulas import problem
from pikan.spec.reader import parse_spec

SHAPES = Path(__file__).resolve().parents[2] / "problems" / "shapes"
REST = """
unknowns: [u]
equations: [laplacian(u) = 0]
conditions:
  - {where: boundary, that: u = 0}
"""


def holes_in(region):
    stated = problem(parse_spec(region + REST, "holes.yaml", Path()))
    assert stated.region is not None
    return holes(stated.region)


def series(degrees):
    centers = torch.tensor([[0.3, 0.2], [-0.4, 0.1]], dtype=torch.float64)
    axes = torch.tensor([[0.1, 0.1], [0.2, 0.05]], dtype=torch.float64)
    angles = torch.tensor([0.0, 0.4], dtype=torch.float64)
    middle, halves = torch.tensor([[0.0, 0.1], [1.0, 0.7]], dtype=torch.float64)
    return LaurentFunctions(centers, axes, angles, middle, halves, degrees)


POINTS = torch.tensor([[0.7, 0.3], [-0.1, -0.5], [-0.4, 0.6]], dtype=torch.float64)


def test_a_hole_is_what_a_shape_encloses_outside_of_the_region():
    disc = "{disc: {center: [0, 0], radius: 2}, without: [%s]}"
    (hole,) = holes_in("region: " + disc % "{ellipse: {center: [1, 0], axes: [0.2, 0.4]}}")
    assert hole.center == (1.0, 0.0)
    assert hole.axes == (0.4, 0.2)
    assert hole.angle == pytest.approx(np.pi / 2)
    (square,) = holes_in("region: " + disc % "{box: {x: [0, 1], y: [0, 1]}}")
    assert square.center == pytest.approx((0.5, 0.5))
    assert (
        holes_in("region: {annulus: {center: [0, 0], inner: 0.5, outer: 1}}")[0].axes == (0.5,) * 2
    )
    assert holes_in("region: {annulus: {center: [0, 0], inner: 0.5, outer: 1}}")[0].clearance == (
        pytest.approx(2.0)
    )
    # What cuts through the boundary is none.
    assert holes_in("region: " + disc % "{disc: {center: [2, 0], radius: 0.5}}") == ()


@pytest.mark.parametrize("degrees", [LaurentDegrees(4, 0, 3, 7), LaurentDegrees(4, 2, 3, 7)])
def test_derivatives_of_laurent_series_are_those_of_differences(degrees):
    made, step = series(degrees), 1e-5
    for index, lower, axis in (((1, 0), (0, 0), 0), ((1, 1), (1, 0), 1), ((1, 2), (1, 1), 1)):
        (found,) = made.derivatives(POINTS, [index])
        by = step * torch.eye(2, dtype=torch.float64)[axis]
        ends = [made.derivatives(POINTS + sign * by, [lower])[0] for sign in (1.0, -1.0)]
        # Differences of second order: step^2 times the third derivative, and rounding / step.
        torch.testing.assert_close(found, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-6)
    assert len(made.derivatives(POINTS, [(0, 0)])[0]) == made.size == len(made.shares())


def test_without_powers_of_the_conjugate_all_are_harmonic():
    second = series(LaurentDegrees(5, 0, 3, 9)).derivatives(POINTS, [(2, 0), (0, 2), (0, 0)])
    size = second[0].abs().amax()
    assert (second[0] + second[1]).abs().max() < 1e-13 * size


def test_functions_of_a_corner_in_a_hole_are_smooth_beyond_it():
    square = "[[-0.3, -0.3], [0.3, -0.3], [0.3, 0.3], [-0.3, 0.3]]"
    text = f"domain: {{x: [-1, 1], y: [-1, 1]}}\nwithout: {{polygon: {square}}}" + REST
    found = singular_points(problem(parse_spec(text, "holes.yaml", Path())))
    # Half of the diagonal: the branch cut ends in the middle of the hole.
    assert [one.cut for one in found] == pytest.approx([0.3 * np.sqrt(2)] * 4, rel=1e-2)


@pytest.fixture(scope="module")
def electrodes():
    return pikan.solve(SHAPES / "electrodes.yaml", accuracy=1e-8)


def test_poisson_with_four_holes_is_solved_to_its_reference(electrodes):
    """Its 14 digits are of features that satisfy the equation, by the maximum principle."""
    assert electrodes.outcome.kind == "converged"
    points = [[0.0, 0.0], [0.45, 0.0], [0.1, 0.2]]
    reference = np.array([0.23358492231082, 0.80965591900755, 0.22091573942099])
    found = np.asarray(electrodes(points)).ravel()
    assert np.abs(found / reference - 1).max() < 1e-8
    along = np.stack([np.linspace(-0.5, 0.5, 101), np.zeros(101)], axis=1)
    size = np.sqrt(np.mean(np.asarray(electrodes(along)) ** 2))
    assert np.abs(found - reference).max() / size <= electrodes.report.estimate.relative_l2
    assert any("poles in the hole 'electrodes'" in reason for reason in electrodes.report.reasons)


def test_a_solution_with_laurent_series_is_kept(electrodes, tmp_path):
    electrodes.save(tmp_path / "run")
    points = [[0.0, 0.0], [0.4, 0.1]]
    assert np.array_equal(pikan.load(tmp_path / "run")(points), electrodes(points))


def test_without_its_series_the_same_is_not_said_to_be_solved():
    text = (SHAPES / "electrodes.yaml").read_text() + "singular: none\naccuracy: 1e-8\n"
    text += "training: [climb: {largest: 500}]\n"
    solution = pikan.solve(text)
    assert solution.outcome.kind != "converged"
    assert not any("poles" in reason for reason in solution.report.reasons)


@pytest.mark.slow
def test_equations_with_lower_terms_are_solved_about_holes():
    solution = pikan.solve(SHAPES / "two_holes.yaml", accuracy=1e-7)
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-7
    assert solution.errors["u"].relative_l2 <= solution.report.estimate.relative_l2
