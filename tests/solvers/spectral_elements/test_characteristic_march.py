"""Kinks and jumps that move along characteristics, against d'Alembert's formula."""

import numpy as np
import pytest

from pikan.run import solve_to_end
from tests.stated import spec

STRING = """
domain: {x: [0, 1], t: [0, 0.7]}
unknowns: [u]
equations: [u_tt = 4*u_xx]
conditions:
  - {where: t = 0, that: "u = minimum(x/0.3, (1 - x)/0.7)"}
  - {where: t = 0, that: u_t = 0}
  - {where: boundary, that: u = 0}
"""
BOX = """
domain: {t: [0, 0.8], x: [0, 1]}
unknowns: [u]
equations: [u_t = 0.7*u_x - u]
conditions:
  - {where: t = 0, that: u = step(x - 0.2)*step(0.4 - x)}
  - {periodic: x}
"""
SOUND = """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [p, v]
equations: [p_t + 4*v_x = 0, v_t + p_x = 0]
conditions:
  - {where: t = 0, that: p = step(x - 0.4)}
  - {where: t = 0, that: v = 0}
  - {where: boundary, that: v = 0}
"""


def reflected(start, x, sign):
    turned = np.mod(x + 1, 2) - 1
    return np.where(turned < 0, sign, 1.0) * start(np.abs(turned))


def hat(x):
    return np.minimum(x / 0.3, (1 - x) / 0.7)


def points(text, count=500):
    box = spec(text).domain
    lower, upper = np.array([box[name] for name in box]).astype(float).T
    return lower + (upper - lower) * np.random.default_rng(0).random((count, 2))


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.slow
@pytest.mark.parametrize(("condition", "sign"), [("that: u = 0", -1.0), ("that: u_n = 0", 1.0)])
def test_a_hat_goes_to_and_fro(condition, sign):
    text = STRING.replace("boundary, that: u = 0", f"boundary, {condition}")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    x, t = (places := points(text)).T
    exact = sum(reflected(hat, x + way * 2 * t, sign) for way in (-1, 1)) / 2
    assert relative(solution(places), exact) < 1e-13


def box(x):
    return ((x > 0.2) & (x < 0.45)) * 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("condition", "sign"), [("that: u = 0", -1.0), ("that: u_n = 0", 1.0)])
def test_a_string_that_jumps_itself_goes_to_and_fro(condition, sign):
    text = STRING.replace("boundary, that: u = 0", f"boundary, {condition}")
    text = text.replace("minimum(x/0.3, (1 - x)/0.7)", "step(x - 0.2)*step(0.45 - x)")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    x, t = (places := points(text)).T
    exact = sum(reflected(box, x + way * 2 * t, sign) for way in (-1, 1)) / 2
    assert relative(solution(places), exact) < 1e-13


def test_jumps_of_a_damped_wave_die_out():
    text = STRING.replace("u_tt = 4*u_xx", "u_tt + 2*u_t + u = 4*u_xx").replace("0.7]", "0.2]")
    text = text.replace("minimum(x/0.3, (1 - x)/0.7)", "step(x - 0.4)")
    text = text.replace("that: u_t = 0", 'that: "u_t = -step(x - 0.4)"')
    text = text.replace("boundary, that: u = 0", "boundary, that: u_n = 0")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    x, t = (places := points(text)).T
    exact = np.exp(-t) * sum(x + way * 2 * t > 0.4 for way in (-1, 1)) / 2
    assert relative(solution(places), exact) < 1e-12


def test_an_end_that_jumps_at_a_moment_sends_a_jump_that_a_wall_swallows():
    text = STRING.replace("minimum(x/0.3, (1 - x)/0.7)", "0").replace("4*u_xx", "u_xx")
    text = text.replace(
        "boundary, that: u = 0}",
        "x = 0, that: u = step(t - 0.1)}\n  - {where: x = 1, that: u_t + u_x = 0}",
    ).replace("0.7]", "1.3]")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    x, t = (places := points(text)).T
    assert relative(solution(places), (t - x > 0.1) * 1.0) < 1e-12


def test_a_box_on_a_ring_stays_a_box():
    solution = solve_to_end(spec(BOX))
    assert solution.outcome.kind == "converged"
    t, x = (places := points(BOX)).T
    moved = np.mod(x + 0.7 * t, 1)
    assert relative(solution(places), ((moved > 0.2) & (moved < 0.4)) * np.exp(-t)) < 1e-12


@pytest.mark.slow
def test_what_dies_by_its_square_is_followed_by_newton():
    text = BOX.replace("- u]", "- u^2]").replace("step(x - 0.2)*step(0.4 - x)", "1 + abs(x - 0.5)")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    t, x = (places := points(text)).T
    start = 1 + np.abs(np.mod(x + 0.7 * t, 1) - 0.5)
    assert relative(solution(places), start / (1 + t * start)) < 1e-10


def test_a_jump_of_pressure_is_two_waves():
    solution = solve_to_end(spec(SOUND))
    x, t = (places := points(SOUND)).T
    start = [reflected(lambda at: (at > 0.4) * 1.0, x + way * 2 * t, 1.0) for way in (-1, 1)]
    exact = np.stack([start[0] + start[1], (start[0] - start[1]) / 2], axis=1) / 2
    assert relative(solution(places), exact) < 1e-13


def test_a_start_that_does_not_fit_its_ends_bends_where_it_comes_back():
    text = STRING.replace("minimum(x/0.3, (1 - x)/0.7)", "x*(1 - x)")
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    x, t = (places := points(text)).T
    exact = sum(reflected(lambda at: at * (1 - at), x + way * 2 * t, -1.0) for way in (-1, 1)) / 2
    assert relative(solution(places), exact) < 1e-12


def test_a_force_that_begins_at_a_moment_ends_a_slab():
    text = STRING.replace("4*u_xx", "4*u_xx + step(t - 0.2)").replace(
        "minimum(x/0.3, (1 - x)/0.7)", "0"
    )
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    # Far from the ends the string falls freely until it hears of them.
    later = 0.2 + np.array([0.05, 0.1, 0.2])
    found = [solution(x=0.5, t=t) for t in later]
    np.testing.assert_allclose(found, (later - 0.2) ** 2 / 2, atol=1e-12)


@pytest.mark.slow
def test_cells_are_halved_until_the_equation_holds():
    bent = STRING.replace("minimum(x/0.3, (1 - x)/0.7)", "abs(sin(9*x))*(1 - x)")
    text = f"{bent}accuracy: 1e-9\n"
    solution = solve_to_end(spec(text))
    assert solution.outcome.kind == "converged"
    x, t = (places := points(text)).T
    exact = sum(
        reflected(lambda at: np.abs(np.sin(9 * at)) * (1 - at), x + way * 2 * t, -1.0)
        for way in (-1, 1)
    )
    error = relative(solution(places), exact / 2)
    assert error < solution.report.estimate.relative_l2 < 1e-9


def test_more_cells_than_are_allowed_are_out_of_budget():
    text = STRING.replace("minimum(x/0.3, (1 - x)/0.7)", "abs(sin(9*x))*(1 - x)")
    solution = solve_to_end(spec(text + "training: [elements: {largest: 3000}]\n"))
    assert solution.outcome.kind == "out of budget"
