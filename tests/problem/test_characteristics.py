"""Which evolutions have characteristics of constant speed, and what may move along them."""

import numpy as np
import pytest

from pikan.expression.evaluate import evaluate
from pikan.problem.characteristics import characteristics, follow_characteristics, wave_lines
from pikan.problem.features import features
from tests.stated import stated

STRING = """
domain: {x: [0, 2], t: [0, 1]}
constants: {c: 3}
unknowns: [u]
equations: [u_tt = c^2*u_xx - sin(u) - 0.1*u_t]
conditions:
  - {where: t = 0, that: "u = 1 - abs(x - 1)"}
  - {where: t = 0, that: u_t = 0}
  - {where: boundary, that: u = 0}
"""
SOUND = """
domain: {t: [0, 1], x: [0, 2]}
unknowns: [p, v]
equations: [p_t + 8*v_x = 0, v_t + p_x/2 = 0]
conditions:
  - {where: t = 0, that: p = step(x - 0.5)}
  - {where: t = 0, that: v = 0}
  - {where: boundary, that: v = 0}
"""


def follows(text):
    problem = stated(text)
    return follow_characteristics(problem, features(problem))


def test_a_wave_equation_has_the_root_of_its_coefficient_for_speed():
    found = characteristics(stated(STRING))
    assert (found.speed, found.order) == (3.0, 2)
    assert follows(STRING)


def test_left_eigenvectors_of_a_system_move_with_its_speeds():
    found = characteristics(stated(SOUND))
    assert found.speed == pytest.approx(2.0)
    forward, backward = found.forward[0], found.backward[0]
    matrix = np.array([[0.0, 8.0], [0.5, 0.0]])
    np.testing.assert_allclose(forward @ matrix, 2.0 * forward, atol=1e-14)
    np.testing.assert_allclose(backward @ matrix, -2.0 * backward, atol=1e-14)
    assert follows(SOUND)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c^2*u_xx", "(1 + x)*u_xx"),
        ("c^2*u_xx", "-u_xx"),
        ("c^2*u_xx", "u*u_xx"),
        ("c^2*u_xx", "u_xx + u_xt"),
        ("{where: boundary, that: u = 0}", "{where: x = 0, that: u = 0}"),
    ],
)
def test_other_equations_have_none(old, new):
    assert characteristics(stated(STRING.replace(old, new))) is None


def test_two_speeds_are_none():
    assert characteristics(stated(SOUND.replace("p_x/2", "p_x/2 + v_x"))) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- sin(u)", "- step(x - 0.5)"),
        ("- sin(u)", "- abs(x - t)"),
    ],
)
def test_what_stays_at_a_place_does_not_follow_them(old, new):
    assert not follows(STRING.replace(old, new))


def lines(text):
    problem = stated(text)
    return wave_lines(problem, features(problem))


def test_jumps_of_a_wave_decay_as_its_damping_says_and_come_back_from_its_ends():
    text = STRING.replace("1 - abs(x - 1)", "step(x - 1)").replace("- 0.1*u_t", "- 0.1*u_t + x*u_x")
    jumps = lines(text.replace("boundary, that: u = 0", "boundary, that: u_n + u_t + u = 0")).jumps
    first, second = (evaluate(one, {"x": 0.5, "c": 3.0}, np) for one in jumps.rates)
    assert (first, second) == (
        pytest.approx((-0.5 - 3 * 0.1) / 36),
        pytest.approx((-0.5 + 3 * 0.1) / 36),
    )
    assert jumps.reflected == (pytest.approx(-0.5), pytest.approx(-0.5))
    # A start that does not fit its ends jumps there.
    for start in ("step(x - 1)", "abs(x - 1)"):
        assert lines(STRING.replace("1 - abs(x - 1)", start)).jumps.reflected == (None, None)
    assert lines(STRING).jumps is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- 0.1*u_t", "- u*u_t"),
        ("boundary, that: u = 0", "boundary, that: u_n = u_t^2"),
        ("boundary, that: u = 0", "boundary, that: 3*u_n + u_t = 0"),
        ("boundary, that: u = 0", "boundary, that: 3*u_n - u_t = 0"),
    ],
)
def test_jumps_of_a_wave_whose_way_is_not_known_do_not_follow_them(old, new):
    text = STRING.replace("1 - abs(x - 1)", "step(x - 1)")
    assert follows(text)
    assert follows(text.replace(old, new)) is ("3*u_n + u_t" in new)


def test_steps_in_t_and_steps_that_leave_no_jump_follow_them():
    assert follows(STRING.replace("- sin(u)", "- step(t - 0.5)"))
    assert follows(STRING.replace("1 - abs(x - 1)", "step(1 - x)*x + step(x - 1)*(2 - x)"))
