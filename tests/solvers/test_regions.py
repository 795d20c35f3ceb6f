"""Problems in regions: polynomials of one total degree on points of the region."""

from pathlib import Path

import numpy as np
import pytest
import torch

import pikan
from pikan.bases.chebyshev import Chebyshev
from pikan.network.product import FullProduct, degree_shares
from pikan.solvers.spectral.graded_basis import graded_decay

SHAPES = Path(__file__).resolve().parents[2] / "problems" / "shapes"
MIXED = """
domain: {x: [0, 2], y: [0, 1]}
without: [{disc: {center: [0, 0], radius: 0.5}, name: bite}]
unknowns: [u, v]
equations:
  - u_x + v_y = 3*x
  - u_y - v_x = 1 - y
conditions:
  - {where: [y = 0, y = 1], that: v = x*y}
  - {where: x = 2, for: y < 0.5, that: u = 4 + y}
  - {where: x = 2, for: y > 0.5, that: u = 4 + y}
  - {where: x = 0, that: u = y}
  - {where: bite, that: n_x*u + n_y*v = n_x*(x^2 + y) + n_y*x*y}
exact: {u: x^2 + y, v: x*y}
"""


@pytest.mark.parametrize(
    "name",
    [
        *("disc", "ellipse", "pentagon", "annulus", "squircle", "cubic_disc"),
        pytest.param("star", marks=pytest.mark.slow),
    ],
)
def test_smooth_solutions_in_regions_are_found_to_rounding(name):
    solution = pikan.solve(SHAPES / f"{name}.yaml")
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-12
    assert solution.errors["u"].relative_l2 < solution.report.estimate.relative_l2 < 1e-11


def test_the_fold_of_bratus_equation_in_a_disc_is_approached():
    solution = pikan.solve(SHAPES / "bratu_disc.yaml")
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-11


@pytest.mark.slow
def test_a_ball_is_a_region():
    solution = pikan.solve(SHAPES / "ball.yaml")
    assert solution.errors["u"].relative_l2 < 1e-11


def test_a_system_in_a_box_with_a_bite_takes_components_of_the_normal():
    solution = pikan.solve(MIXED)
    assert solution.outcome.kind == "converged"
    assert max(one.relative_l2 for one in solution.errors.values()) < 1e-12


@pytest.mark.parametrize(
    ("region", "value"),
    [
        ("{disc: {center: [0, 0], radius: 1}}", "1000*exp(-((x - 0.6)^2 + (y - 0.8)^2)*1e8)"),
        ("{disc: {center: [0, 0], radius: 1}}", "step(0.0005 - abs(x - 0.6))"),
        ("{polygon: [[0, 0], [1, 0], [1, 1], [0, 1.5]]}", "exp(-((x - 0.337)/1e-5)^2)"),
        pytest.param(
            "{ball: {center: [0, 0, 0], radius: 1}}",
            "exp(-((x - 0.6)^2 + (y - 0.8)^2 + z^2)*1e8)",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_condition_that_is_narrow_on_the_boundary_is_seen(region, value):
    solution = pikan.solve(f"""
region: {region}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions: [{{where: boundary, that: "u = 1 + {value}"}}]
training: [{{climb: {{largest: 60}}}}]
""")
    assert solution.outcome.kind != "converged"
    assert solution.outcome.message.count("is not resolved") == 1
    assert solution.report.estimate is None


def test_a_condition_that_is_narrow_elsewhere_hides_nothing():
    solution = pikan.solve("""
region: {disc: {center: [0, 0], radius: 1}}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions: [{where: boundary, that: "u = x + exp(-(x^2 + y^2)*1e8)"}]
""")
    assert solution.outcome.kind == "converged"


def test_values_outside_of_a_region_are_nan_with_a_warning():
    solution = pikan.solve(SHAPES / "annulus.yaml", accuracy=1e-6)
    with pytest.warns(UserWarning, match="2 of 4 points lie outside"):
        values = solution([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [1.0, 0.1]])
    assert np.isnan(values).tolist() == [True, False, False, True]


def test_a_solution_that_the_degrees_do_not_reach_is_not_said_to_have_converged():
    """u = 0 around a star with f = 1 is singular a little way behind the concave boundary."""
    text = (SHAPES / "star.yaml").read_text()
    text = text.replace("= -25*sin(4*x - 3*y)", "= -1").replace("u = sin(4*x - 3*y)", "u = 0")
    text = text.partition("exact")[0] + "training: [climb: {largest: 400}]\n"
    solution = pikan.solve(text)
    assert solution.outcome.kind == "out of budget"
    estimate = solution.report.estimate
    assert estimate is None or estimate.relative_l2 > 1e-2


def test_a_total_degree_keeps_the_polynomials_of_that_degree():
    shares = degree_shares([4, 4, 4])
    assert int((shares <= 1.0).sum()) == 35
    # A polynomial of degree 4 in three coordinates is one of them.
    knots = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    network = FullProduct([Chebyshev(knots, 4)] * 3, 1, [-1.0] * 3, [1.0] * 3, total=True).double()
    points = torch.rand(100, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    whole = torch.zeros(125, 1, dtype=torch.float64)
    whole[network.chosen] = torch.arange(1.0, 36.0, dtype=torch.float64)[:, None]
    full = FullProduct([Chebyshev(knots, 4)] * 3, 1, [-1.0] * 3, [1.0] * 3).double()
    with torch.no_grad():
        network.coefficients.copy_(whole[network.chosen])
        full.coefficients.copy_(whole)
        assert (network(points) - full(points)).abs().max() < 1e-12


def test_the_graded_basis_shows_the_degree_of_a_polynomial_on_a_region():
    """Of degree 12, on a quarter of the box: no coefficient of a higher degree is left."""
    knots = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    network = FullProduct([Chebyshev(knots, 20)] * 2, 1, [-1.0] * 2, [1.0] * 2, total=True).double()
    points = torch.rand(700, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    shares = degree_shares([20, 20])[network.chosen]
    with torch.no_grad():
        network.coefficients[shares <= 0.6] = 1.0
    (decay, _), last = graded_decay(network, points)
    assert decay[12] > 1e-8
    assert decay[13:].max() < 1e-13
    assert last < 1e-13
