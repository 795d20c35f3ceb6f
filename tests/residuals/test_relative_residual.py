"""A relative residual is the root mean square of a residual over the size of its terms."""

from math import inf, isfinite

import numpy as np
import pytest
import torch

from pikan.network.parameters import with_parameters
from pikan.problem.features import Feature
from pikan.residuals.relative_residual import (
    RelativeResidual,
    largest_relative_residual,
    misfits,
)
from pikan.sampling.held_out import HeldOut, Inside
from tests.stated import evenly, fitted, product, stated

LINE = torch.linspace(1.0, 3.0, 41, dtype=torch.float64)[:, None]
SQUARE = torch.cartesian_prod(*[torch.linspace(0.0, 2.0, 9, dtype=torch.float64)] * 2)
# Derivatives count as no less than this part of what values and box make natural.
LEAST = 1e-3


def by_label(problem, network, points):
    found = list(misfits(problem, network, evenly(points)))
    return {one.label: one.relative for one in found}


def test_it_is_the_mean_over_the_points_over_the_largest_sum_of_the_sizes_of_terms():
    problem = stated("""
domain: {x: [1, 3]}
unknowns: [u]
equations: [u_xx - 3*x*u_x + u/2 = 7]
conditions: [{where: x = 1, that: u = 1}]
exact: {u: x^3 - 2*x}
""")
    x = LINE[:, 0]
    u, u_x, u_xx = x**3 - 2 * x, 3 * x**2 - 2, 6 * x
    left = (u_xx - 3 * x * u_x + u / 2 - 7).square().mean().sqrt()
    natural = LEAST * u.abs().max()
    # The half length of the points is one, so that derivatives are as large as values.
    sizes = (u_xx + natural) + 3 * x * (u_x + natural) + (u.abs() + natural) / 2 + 7
    found = by_label(problem, fitted(problem), LINE)
    assert found["equation"] == pytest.approx(float(left / sizes.max()), rel=1e-11)
    # On the face u is -1 and has to be 1, next to values of 21 inside.
    assert found["x = 1"] == pytest.approx(float(2 / (u.max() + natural + 1)), rel=1e-11)


@pytest.mark.parametrize("length", [0.5, 4.0])
def test_derivatives_count_as_no_less_than_a_thousandth_of_what_the_box_makes_natural(length):
    problem = stated(f"""
domain: {{x: [0, {length}]}}
unknowns: [u]
equations: [u_xx = 0]
conditions: [{{where: x = 0, that: u = 5}}]
exact: {{u: 5 + 1e-5*x^2}}
""")
    points = length * torch.linspace(0.0, 1.0, 11, dtype=torch.float64)[:, None]
    found = by_label(problem, fitted(problem), points)
    # u_xx is 2e-5 everywhere, where 5 over the square of the half length would be natural.
    natural = LEAST * (5 + 1e-5 * length**2) / (length / 2) ** 2
    assert found["equation"] == pytest.approx(2e-5 / (2e-5 + natural), rel=1e-6)


def test_terms_on_a_face_count_where_they_are_largest_on_it_or_inside():
    problem = stated("""
domain: {x: [0, 2], y: [0, 2]}
unknowns: [u]
equations: [u_x + u_y = 0]
conditions: [{where: x = 0, that: u = 0}, {where: y = 2, that: u = 0}]
exact: {u: 0.01 + x*y}
""")
    found = by_label(problem, fitted(problem), SQUARE)
    # Inside u is up to 4.01; its natural size is a thousandth of that.
    largest = 4.01 * (1 + LEAST)
    assert found["x = 0"] == pytest.approx(0.01 / largest, rel=1e-10)
    x = SQUARE[:60, 0]
    expected = (0.01 + 2 * x).square().mean().sqrt() / largest
    assert found["y = 2"] == pytest.approx(float(expected), rel=1e-10)


def test_both_ends_of_a_period_are_compared_in_parts_of_both():
    problem = stated("""
domain: {x: [0, 2], y: [0, 2]}
unknowns: [u]
equations: [u_x + u_y = 0]
conditions: [{periodic: x}, {where: y = 0, that: u = 1}]
exact: {u: 1 + x/10}
""")
    found = by_label(problem, fitted(problem), SQUARE)
    assert found["periodic x"] == pytest.approx(0.2 / (2 * 1.2 * (1 + LEAST)), rel=1e-10)


def test_where_nothing_is_left_it_is_zero_whatever_the_terms_are():
    problem = stated("""
domain: {x: [1, 3]}
unknowns: [u]
equations: [u_x = 0]
conditions: [{where: x = 1, that: u = 0}]
""")
    assert by_label(problem, product(problem, 2), LINE) == {"equation": 0.0, "x = 1": 0.0}


def test_of_a_solution_that_is_not_finite_the_relative_residual_is_not_either():
    problem = stated("""
domain: {x: [1, 3]}
unknowns: [u]
equations: [u_x = u]
conditions: [{where: x = 1, that: u = 1}]
""")
    zero = product(problem, 2)
    lost = with_parameters(zero, torch.full((3,), torch.nan, dtype=torch.float64))
    found = by_label(problem, lost, LINE)
    assert not any(isfinite(value) for value in found.values())


PULSE = stated("""
domain: {x: [0, 2], y: [0, 2]}
unknowns: [u, v]
equations: [u_x = 0, v_y = 2]
conditions: [{where: x = 0, that: u = 0}, {where: y = 0, that: v = 0}]
exact: {u: x^2, v: y}
""")


def pulse(label, at):
    """Held-out points with some of one feature at x = at."""
    cells = np.array([[at, 0.0]])
    feature = Feature(label, "exp(-x)", "x = 0.5", 1e-4, cells, cells + 1e-4)
    inside = torch.tensor([[at, 0.3], [at, 1.7]], dtype=torch.float64)
    return HeldOut(SQUARE, torch.ones_like(SQUARE[:, 0]), (Inside(feature, inside),)), feature


def test_a_feature_is_judged_by_itself_inside_its_cells_by_the_equation_that_has_it():
    held_out, feature = pulse("equation 1", 0.5)
    found = list(misfits(PULSE, fitted(PULSE), held_out))
    assert [(one.label, one.feature) for one in found if one.feature is not None] == [
        ("equation 1", feature.words())
    ]
    # There u_x = 1 is the one term; inside the cells nothing else is looked at.
    (there,) = (one.relative for one in found if one.feature is not None)
    assert there == pytest.approx(1.0 / (1.0 + LEAST * 4.0), rel=1e-10)


def test_the_largest_of_all_is_told_with_its_label_and_feature():
    held_out, feature = pulse("equation 1", 1.75)
    worst = largest_relative_residual(PULSE, fitted(PULSE), held_out)
    assert (worst.label, worst.feature) == ("equation 1", feature.words())
    assert worst.relative > max(
        one.relative for one in misfits(PULSE, fitted(PULSE), evenly(SQUARE))
    )
    without = largest_relative_residual(PULSE, fitted(PULSE), evenly(SQUARE))
    assert without.feature is None
    assert without.relative < inf


def test_the_sentence_names_the_equation_and_the_feature():
    _, feature = pulse("equation 1", 0.5)
    plain = RelativeResidual("equation", 0.25).sentence()
    assert "'equation'" in plain
    assert "2.5e-01" in plain
    told = RelativeResidual("equation", 0.25, feature.words()).sentence()
    assert all(part in told for part in ("exp(-x)", "x = 0.5", "1.0e-04", "'equation'", "2.5e-01"))


def test_an_unknown_that_is_zero_but_for_rounding_leaves_nothing():
    problem = stated("""
domain: {x: [1, 3]}
unknowns: [u, v]
equations: [u_xx = 0, v_xx + v*u_x = 0]
conditions: [{where: boundary, that: u = x}, {where: boundary, that: v = 0}]
exact: {u: x, v: 0}
""")
    network = fitted(problem)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        noise = torch.randn(network.coefficients.shape, generator=generator)
        network.coefficients[:, 1] = 1e-17 * noise[:, 1]
    assert max(by_label(problem, network, LINE).values()) < 1e-10
