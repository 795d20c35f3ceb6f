"""Layers, pulses, materials and folds in one coordinate, against formulas and other solvers."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_bvp

from pikan.run import solve_to_end
from pikan.solvers.spectral_elements.collocation import steady_collocation
from pikan.solvers.spectral_elements.newton import newton
from pikan.solvers.spectral_elements.space import Space, zero
from tests.stated import spec, stated

LAYER = """
domain: {{x: [0, 1]}}
constants: {{d: {width}}}
unknowns: [u]
equations: [-d*u_xx + u_x = 1]
conditions: [{{where: boundary, that: u = 0}}]
"""
PULSE = """
domain: {{t: [0, 10]}}
constants: {{w: {width}, c: 6.1}}
unknowns: [u]
equations: ["u_t = -u*(1 + exp(-((t - c)/w)^2)/w)"]
conditions: [{{where: t = 0, that: u = 1}}]
"""
MATERIALS = """
domain: {x: [0, 2]}
unknowns: [u, q]
equations:
  - q = -(step(0.7 - x) + 100*step(x - 0.7))*u_x
  - q_x = 0
conditions: [{where: x = 0, that: u = 1}, {where: x = 2, that: u = 0}]
"""
BLASIUS = """
domain: {x: [0, 60]}
unknowns: [f]
equations: [f_xxx + f*f_xx = 0]
conditions:
  - {where: x = 0, that: f = 0}
  - {where: x = 0, that: f_x = 0}
  - {where: x = 60, that: f_x = 1}
training: [elements]
"""
INTERIOR = """
domain: {x: [0, 1]}
unknowns: [u]
equations: ["0.002*u_xx + u*u_x = u"]
conditions: [{where: x = 0, that: u = -7/6}, {where: x = 1, that: u = 3/2}]
training: [elements]
"""
BRATU = """
domain: {{x: [0, 1]}}
unknowns: [u]
equations: [u_xx + {constant}*exp(u) = 0]
conditions: [{{where: boundary, that: u = 0}}]
training: [elements]
"""


def layer(x, width):
    return x - (np.exp((x - 1) / width) - np.exp(-1 / width)) / (1 - np.exp(-1 / width))


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("width", [1e-2, 1e-5, 1e-8])
def test_a_layer_at_the_outflow_is_resolved_whatever_its_width(width):
    solution = solve_to_end(spec(LAYER.format(width=width)))
    assert solution.outcome.kind == "converged"
    x = np.concatenate([np.linspace(0, 1, 100), 1 - width * np.geomspace(0.01, 10, 100)])
    assert relative(solution(x=x), layer(x, width)) < 1e-10


@pytest.mark.parametrize("width", [1e-2, 1e-6])
def test_a_pulse_in_a_coefficient_is_seen_whatever_its_width(width):
    solution = solve_to_end(spec(PULSE.format(width=width)))
    assert solution.outcome.kind == "converged"
    t = np.concatenate([np.linspace(0, 10, 101), 6.1 + width * np.linspace(-3, 3, 50)])
    from scipy.special import erf

    exact = np.exp(-t - np.sqrt(np.pi) / 2 * (erf((t - 6.1) / width) + 1))
    assert relative(solution(t=t), exact) < 1e-10
    assert solution.report.estimate.relative_l2 < 1e-10


def test_value_and_flux_are_continuous_where_two_materials_meet():
    solution = solve_to_end(spec(MATERIALS))
    flux = 1 / (0.7 + 1.3 / 100)
    x = np.array([0.1, 0.69999, 0.7, 0.70001, 1.5])
    found = np.asarray(solution(x=x))
    expected = np.where(x < 0.7, 1 - flux * x, flux / 100 * (2 - x))
    np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found[:, 1], flux, rtol=1e-13)


def test_collocation_at_gauss_points_is_superconvergent_at_edges():
    # Of order 2 n with n points, where splines of that degree have n + 2 inside.
    errors = []
    for cells in (4, 8, 16):
        problem = stated(LAYER.format(width=0.3))
        edges = torch.linspace(0, 1, cells + 1, dtype=torch.float64)
        space = Space(edges, (2,), 2)
        found = newton(steady_collocation(problem, space), zero(space), affine=True)
        at_edges = found.coefficients[0][0, 1:, 0].numpy()
        errors.append(np.abs(at_edges - layer(edges[1:-1].numpy(), 0.3)).max())
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert (np.abs(orders - 4) < 0.3).all()


def test_a_long_boundary_layer_starts_from_stronger_derivatives():
    solution = solve_to_end(spec(BLASIUS))
    assert solution.outcome.kind == "converged"
    # The wall shear of Blasius; Boyd 2008, doi 10.1137/070681594.
    assert abs(solution.partial("f_xx", x=0.0) / 0.469599988361 - 1) < 1e-9


def test_an_interior_layer_of_unknown_place_is_that_of_another_solver():
    solution = solve_to_end(spec(INTERIOR))
    assert solution.outcome.kind == "converged"
    x = np.linspace(0, 1, 41)
    guess = np.stack([np.asarray(solution(x=x)), np.asarray(solution.partial("u_x", x=x))])
    twin = solve_bvp(
        lambda _, y: np.stack([y[1], (y[0] - y[0] * y[1]) / 0.002]),
        lambda left, right: np.array([left[0] + 7 / 6, right[0] - 1.5]),
        x,
        guess,
        tol=1e-9,
        max_nodes=20000,
    )
    assert twin.success
    np.testing.assert_allclose(solution(x=x), twin.sol(x)[0], rtol=0, atol=1e-7)


def test_beyond_a_fold_there_is_no_solution_and_the_factor_is_named():
    # Solutions end at 3.513830719: 4 over that is 1.138.
    solution = solve_to_end(spec(BRATU.format(constant=4)))
    assert solution.outcome.kind == "stalled"
    assert "multiplied by 1.14 " in solution.outcome.message
    assert solution.report.estimate is None


def test_cells_take_over_where_one_polynomial_fails():
    solution = solve_to_end(spec(LAYER.format(width=1e-5)))
    assert "cells" in solution.outcome.message
    solution = solve_to_end(spec(LAYER.format(width=1)))
    assert "levels" in solution.outcome.message


def homogeneous(equation, left="u = 0", right="u = 0", more=""):
    return f"""
domain: {{x: [0, 1]}}
unknowns: [u]
equations: ["{equation}"]
conditions: [{{where: x = 0, that: "{left}"}}, {{where: x = 1, that: "{right}"}}]
{more}
"""


CELLS = "training: [elements: {}]"
# sin(k pi x) and, with tan(k) = -k, sin(k x) satisfy these with any factor.
FREE = {
    "one half-wave": homogeneous("u_xx + pi^2*u = 0"),
    "one half-wave on cells": homogeneous("u_xx + pi^2*u = 0", more=CELLS),
    "two half-waves": homogeneous("u_xx + 4*pi^2*u = 0"),
    "thirty half-waves": homogeneous("u_xx + 900*pi^2*u = 0"),
    "a cooled end": homogeneous("u_xx + 4.115858365694522*u = 0", right="u_x + u = 0"),
    "a source that no wave feels": homogeneous("u_xx + pi^2*u = sin(2*pi*x)", more=CELLS),
}


@pytest.mark.parametrize("text", FREE.values(), ids=FREE)
def test_where_zero_data_have_other_solutions_nothing_is_claimed(text):
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "stalled"
    assert "not unique" in solution.outcome.message
    assert solution.report.estimate is None


@pytest.mark.parametrize(
    "equation", ["u_xx + 9.8*u = 0", "u_xx + x*u = 0", "1e-6*u_xx + x*u_x = 0"]
)
@pytest.mark.parametrize("more", ["", CELLS])
def test_zero_is_the_solution_where_it_is_the_only_one(equation, more):
    solution = solve_to_end(spec(homogeneous(equation, more=more)))
    assert solution.outcome.kind == "converged"
    assert float(solution(x=0.3)) == 0.0


@pytest.mark.slow
def test_on_cells_too_the_least_bent_solution_is_taken_and_others_are_named():
    text = """
domain: {x: [0, 10]}
unknowns: [f]
equations: ["f_xxx + f*f_xx - 0.18*(1 - f_x^2) = 0"]
conditions:
  - {where: x = 0, that: f = 0}
  - {where: x = 0, that: f_x = 0}
  - {where: x = 10, that: f_x = 1}
training: [elements: {}]
"""
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    # By shooting; the flow that is reversed at the wall has -0.0977 there.
    assert float(solution.partial("f_xx", x=0.0)) == pytest.approx(0.1286362, abs=1e-6)
    assert solution.report.alternatives


@pytest.mark.slow
def test_a_spike_that_polynomials_do_not_show_is_solved_on_cells():
    text = homogeneous("u_xx = 20*sinh(20*u)", right="u = 1")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    assert "cells" in solution.outcome.message
    # Troesch's problem with 20, of the literature.
    assert float(solution.partial("u_x", x=0.0)) == pytest.approx(1.648773183e-8, rel=1e-8)
