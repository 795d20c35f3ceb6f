"""Windows in time reach the end with the accuracy asked for, or say where they stopped."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from pikan.network.partials import partials
from pikan.network.time_slabs import TimeSlabs
from pikan.problem.features import features
from pikan.run import solve_to_end
from pikan.solvers.time_marching import march
from tests.stated import spec, stated

DECAY = """
domain: {t: [0, 4]}
unknowns: [y]
equations: [y_t = -y^2]
conditions: [{where: t = 0, that: y = 1}]
exact: {y: 1/(1 + t)}
"""
FISHER = """
domain: {x: [-10, 10], t: [1, 2]}
unknowns: [u]
equations: [u_t = u_xx + u*(1 - u)]
conditions:
  - {where: t = 1, that: u = (1 + exp((x - 5/sqrt(6))/sqrt(6)))^(-2)}
  - {where: boundary, that: u = (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)}
exact: {u: (1 + exp((x - 5*t/sqrt(6))/sqrt(6)))^(-2)}
accuracy: 1e-4
"""
KINK = """
domain: {x: [-5, 5], t: [0, 1]}
constants: {c: 0.5}
unknowns: [u]
equations: [u_tt = u_xx - sin(u)]
conditions:
  - {where: t = 0, that: u = 4*atan(exp(x/sqrt(1 - c^2)))}
  - {where: t = 0, that: u_t = -2*c/sqrt(1 - c^2)/cosh(x/sqrt(1 - c^2))}
  - {where: boundary, that: u = 4*atan(exp((x - c*t)/sqrt(1 - c^2)))}
exact: {u: 4*atan(exp((x - c*t)/sqrt(1 - c^2)))}
accuracy: 1e-4
"""
BURGERS = """
domain: {x: [-1, 1], t: [0, 1]}
constants: {nu: 0.05}
unknowns: [u]
equations: [u_t + u*u_x = nu*u_xx]
conditions: [{where: t = 0, that: u = -sin(pi*x)}, {where: boundary, that: u = 0}]
exact: {burgers_cole_hopf: {nu: nu, initial: -sin(pi*x)}}
accuracy: 1e-4
"""
PLANE = """
domain: {x: [-1, 1], y: [-1, 1], t: [0, 0.5]}
unknowns: [u]
equations: [u_t = laplacian(u) - u^3 + (cos(x)*cos(y))^3*exp(-6*t)]
conditions:
  - {where: t = 0, that: u = cos(x)*cos(y)}
  - {where: boundary, that: u = exp(-2*t)*cos(x)*cos(y)}
exact: {u: exp(-2*t)*cos(x)*cos(y)}
accuracy: 1e-4
training: [march]
"""
SOLITON = """
domain: {x: [-10, 10], t: [0, 1]}
constants: {k: 0.8}
unknowns: [u]
equations: [u_t + 6*u*u_x + u_xxx = 0]
conditions:
  - {where: t = 0, that: u = 2*k^2/cosh(k*x)^2}
  - {where: boundary, that: u = 2*k^2/cosh(k*(x - 4*k^2*t))^2}
  - {where: x = 10, that: u_x = -4*k^3*tanh(k*(x - 4*k^2*t))/cosh(k*(x - 4*k^2*t))^2}
exact: {u: 2*k^2/cosh(k*(x - 4*k^2*t))^2}
accuracy: 1e-4
"""
SCHROEDINGER = """
domain: {x: [-6, 6], t: [0, 1]}
unknowns: [u, v]
equations: [u_t = -v_xx/2 - (u^2 + v^2)*v, v_t = u_xx/2 + (u^2 + v^2)*u]
conditions:
  - {where: t = 0, that: u = cos(x)/cosh(x)}
  - {where: t = 0, that: v = sin(x)/cosh(x)}
  - {where: boundary, that: u = cos(x)/cosh(x - t)}
  - {where: boundary, that: v = sin(x)/cosh(x - t)}
exact: {u: cos(x)/cosh(x - t), v: sin(x)/cosh(x - t)}
accuracy: 1e-4
"""
CASES = {
    "Fisher": FISHER,
    "sine-Gordon": pytest.param(KINK, marks=pytest.mark.slow),
    "Burgers": BURGERS,
    "Korteweg-de Vries": pytest.param(SOLITON, marks=pytest.mark.slow),
    "Schrödinger": pytest.param(SCHROEDINGER, marks=pytest.mark.slow),
    "a plane": pytest.param(PLANE, marks=pytest.mark.slow),
}


@pytest.mark.parametrize("accuracy", [1e-6, 1e-10])
def test_a_decay_is_followed_to_its_end(accuracy):
    solution = solve_to_end(spec(DECAY, accuracy=accuracy))
    assert solution.outcome.kind == "converged"
    assert solution.errors["y"].relative_l2 < accuracy


LOTKA_VOLTERRA = """
domain: {t: [0, 3]}
unknowns: [prey, hunter]
equations: [prey_t = prey - prey*hunter, hunter_t = prey*hunter - hunter]
conditions: [{where: t = 0, that: prey = 1.5}, {where: t = 0, that: hunter = 1}]
accuracy: 1e-10
"""
PENDULUM = """
domain: {t: [0, 5]}
unknowns: [y]
equations: [y_tt + sin(y) = 0]
conditions: [{where: t = 0, that: y = 2}, {where: t = 0, that: y_t = 0}]
accuracy: 1e-10
"""


def test_predators_and_prey_are_where_an_integrator_finds_them():
    solution = solve_to_end(spec(LOTKA_VOLTERRA))
    times = np.linspace(0, 3, 61)
    found = solve_ivp(
        lambda _, y: [y[0] - y[0] * y[1], y[0] * y[1] - y[1]],
        (0, 3), [1.5, 1.0], method="DOP853", t_eval=times, rtol=1e-13, atol=1e-13,
    )  # fmt: skip
    assert solution.outcome.kind == "converged"
    np.testing.assert_allclose(solution(t=times), found.y.T, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("equation", "first", "exact"),
    [
        ("h_t = -sqrt(h)", "1", "(1 - t/2)^2"),
        ("h_t = -h*log(h)", "exp(-3)", "exp(-3*exp(-t))"),
        ("h_t = 1/h", "0.5", "sqrt(0.25 + 2*t)"),
        ("h_t = h^0.6", "2", "(2^0.4 + 0.4*t)^2.5"),
    ],
)
def test_formulas_without_a_value_at_zero_evolve(equation, first, exact):
    solution = solve_to_end(
        spec(f"""
domain: {{t: [0, 1]}}
unknowns: [h]
equations: [{equation}]
conditions: [{{where: t = 0, that: h = {first}}}]
exact: {{h: "{exact}"}}
""")
    )
    assert solution.outcome.kind == "converged"
    assert solution.errors["h"].relative_l2 < 1e-7


def test_a_pendulum_keeps_its_energy_and_is_where_an_integrator_finds_it():
    solution = solve_to_end(spec(PENDULUM))
    times = np.linspace(0, 5, 101)
    found = solve_ivp(
        lambda _, y: [y[1], -np.sin(y[0])],
        (0, 5), [2.0, 0.0], method="DOP853", t_eval=times, rtol=1e-13, atol=1e-13,
    )  # fmt: skip
    np.testing.assert_allclose(solution(t=times), found.y[0], rtol=0, atol=1e-9)
    speed = solution.partial("y_t", t=times)
    energy = speed**2 / 2 - np.cos(solution(t=times))
    np.testing.assert_allclose(energy, -np.cos(2.0), rtol=0, atol=1e-9)


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def marched(request):
    return solve_to_end(spec(request.param))


def test_the_error_is_below_the_estimate_and_the_estimate_below_the_accuracy(marched):
    assert marched.outcome.kind == "converged"
    estimate = marched.report.estimate.relative_l2
    assert marched.errors["u"].relative_l2 <= estimate <= 1e-4


def test_windows_meet_in_every_derivative_that_the_equation_needs(marched):
    network = marched.network
    assert isinstance(network, TimeSlabs)
    axis = network.axis
    orders = 2 if "u_tt" in marched.spec else 1
    generator = torch.Generator().manual_seed(0)
    unit = 2 * torch.rand(50, len(network.center), generator=generator, dtype=torch.float64) - 1
    points = network.center + network.scale * unit
    wanted = [tuple(k if i == axis else 0 for i in range(points.shape[1])) for k in range(orders)]
    for (before, after), edge in zip(pairwise(network.slabs()), network.edges[1:-1], strict=True):
        points[:, axis] = edge
        one, other = (partials(part, points, wanted) for part in (before, after))
        for index in wanted:
            size = float(one[index].detach().abs().max())
            torch.testing.assert_close(one[index], other[index], rtol=0, atol=1e-4 * size)


def test_the_windows_follow_each_other_from_the_first_moment_to_the_last(marched):
    box = marched.problem.box
    edges = marched.network.edges
    assert (edges.diff() > 0).all()
    assert (float(edges[0]), float(edges[-1])) == (box.lower[box.time], box.upper[box.time])


@pytest.mark.slow
def test_coordinates_may_change_places():
    # A small part of the front, which a coarse grid will do for.
    front = FISHER.replace("x: [-10, 10], t: [1, 2]", "x: [-1, 1], t: [1, 2]")
    swapped = FISHER.replace("x: [-10, 10], t: [1, 2]", "t: [1, 2], x: [-1, 1]")
    one, other = solve_to_end(spec(front)), solve_to_end(spec(swapped))
    x, t = np.random.default_rng(0).random((2, 50))
    np.testing.assert_allclose(one(x=x, t=1 + t), other(x=x, t=1 + t), rtol=0, atol=1e-5)


def test_a_solution_that_ends_is_not_said_to_reach_the_end():
    solution = solve_to_end(
        spec("""
domain: {t: [0, 2]}
unknowns: [y]
equations: [y_t = y^2]
conditions: [{where: t = 0, that: y = 1}]
""")
    )
    assert solution.outcome.kind in ("stalled", "diverged")
    # 1 / (1 - t) is infinite at t = 1.
    assert "after t = 0.99" in solution.outcome.message or "t = 1" in solution.outcome.message
    times = np.linspace(0, 0.9, 50)
    np.testing.assert_allclose(solution(t=times), 1 / (1 - times), rtol=1e-3)


def test_a_last_window_that_is_refused_is_tried_shorter():
    # The last window of the first march wants to be a sixth shorter, which is still near the end.
    solution = solve_to_end(
        spec("""
domain: {x: [-1, 1], t: [0, 1]}
unknowns: [u, v]
equations: [u_t = u_xx + u*v, v_t = v_xx - u^2]
conditions:
  - {where: t = 0, that: u = sin(pi*x)}
  - {where: t = 0, that: v = cos(pi*x)}
  - {periodic: x}
accuracy: 1e-4
time_limit: 60
""")
    )
    assert solution.outcome.kind == "converged"


PULSES = """
domain: {t: [0, 10]}
unknowns: [u]
equations: ["u_t = -u + exp(-((t - 4.3)/1e-4)^2)/1e-4 + step(t - 7)*step(7.05 - t)"]
conditions: [{where: t = 0, that: u = 1}]
"""


@pytest.mark.parametrize("start", [0.0, 3.0, 4.29, 4.3, 6.9, 7.0, 7.01])
def test_no_window_holds_a_jump_or_cells_much_narrower_than_itself(start):
    found = features(stated(PULSES))
    end = march._cut(start, 10.0, found, 0)
    assert start < end <= 10.0
    assert not any(start < one.value < end for one in found.places)
    edges = found.edges[0]
    inside = np.diff(edges)[(edges[1:] > start) & (edges[:-1] < end)]
    assert end - start <= march._CELLS * inside.min() * (1 + 1e-12)


@pytest.mark.parametrize(
    ("height", "width", "place"), [(5e3, 2e-4, 4.3), (50, 2e-2, 8.77), (3e5, 1e-6, 0.913)]
)
def test_a_pulse_that_no_even_point_sees_is_solved_for(height, width, place):
    text = PULSES.replace(
        "exp(-((t - 4.3)/1e-4)^2)/1e-4", f"{height}*exp(-((t - {place})/{width})^2)"
    )
    solution = solve_to_end(spec(text.replace(" + step(t - 7)*step(7.05 - t)", "")))
    # u = exp(-t) (1 + the integral of height exp(s) exp(-((s - place)/width)^2)).
    mass = height * width * math.sqrt(math.pi) * math.exp(place + width**2 / 4)
    assert solution.report.outcome == "converged"
    assert solution(t=10.0) == pytest.approx(math.exp(-10) * (1 + mass), rel=1e-6)
