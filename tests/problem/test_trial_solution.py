"""Whatever field is put into a trial solution, the conditions that are built in hold."""

import numpy as np
import pytest

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.parse import parse
from pikan.expression.tree import ZERO, add, multiply, substitute
from pikan.geometry.face import Face
from pikan.problem.partials import partials
from pikan.problem.statement import residual_on
from pikan.problem.trial_solution import trial_solution
from pikan.problem.wellposed.compatibility import on
from tests.stated import stated

TEXT = """
domain: {{x: [-1, 2], t: [0.5, 1]}}
unknowns: [u]
equations: [{equation}]
conditions: [{conditions}]
"""
FIRST, SECOND = "u_t = u_xx", "u_tt = u_xx"
CASES = {
    "values": (
        FIRST,
        [
            "{where: boundary, that: u = 0}",
            "{where: t = 0.5, that: u = (x + 1)*(2 - x)}",
        ],
    ),
    "values of their own": (
        FIRST,
        [
            "{where: x = -1, that: u = t^2}",
            "{where: x = 2, that: u = exp(t)}",
            "{where: t = 0.5, that: u = (2 - x)/3*0.25 + (x + 1)/3*exp(0.5)}",
        ],
    ),
    "slopes": (
        FIRST,
        ["{where: boundary, that: u_n = 0}", "{where: t = 0.5, that: u = 1}"],
    ),
    "a value and a slope": (
        FIRST,
        ["{where: x = -1, that: u = 3}", "{where: x = 2, that: u_x = t}"],
    ),
    "mixtures": (
        FIRST,
        ["{where: x = -1, that: u_n + 2*u = sin(t)}", "{where: x = 2, that: 3*u_n - u = t}"],
    ),
    "a value and its slope": (
        SECOND,
        [
            "{where: t = 0.5, that: u = cos(x)}",
            "{where: t = 0.5, that: u_t = x^2}",
            "{where: x = 2, that: u = cos(2) + 4*(t - 0.5)}",
        ],
    ),
}
FIELD = "exp(0.3*x)*sin(2*t + x) + x*t^2"


def with_field(problem, found, unknown=0):
    """The trial solution with one field in it, as a formula."""
    whole = found.lifts[unknown]
    for orders, factor in found.factors[unknown].items():
        rate = parse(FIELD)
        for name, order in zip(problem.coordinates, orders, strict=True):
            for _ in range(order):
                rate = differentiate(rate, name)
        whole = add(whole, multiply(factor, rate))
    return whole


def left(problem, condition, face, whole):
    """What is left of a condition on one of its faces."""
    residual = residual_on(problem, condition, face)
    known = {}
    for name, one in partials(problem, residual).items():
        known[name] = whole
        for coordinate, order in zip(problem.coordinates, one.orders, strict=True):
            for _ in range(order):
                known[name] = differentiate(known[name], coordinate)
    return np.abs(on(problem, substitute(residual, known), face)).max()


@pytest.mark.parametrize("case", CASES)
def test_all_conditions_hold_for_any_field(case):
    equation, conditions = CASES[case]
    problem = stated(TEXT.format(equation=equation, conditions=", ".join(conditions)))
    found = trial_solution(problem)
    assert found.reasons == ()
    assert found.rest.conditions == ()
    whole = with_field(problem, found)
    for condition in problem.conditions:
        for face in condition.faces:
            assert left(problem, condition, face, whole) < 1e-12


@pytest.mark.parametrize("case", CASES)
def test_factors_vanish_nowhere_inside(case):
    equation, conditions = CASES[case]
    problem = stated(TEXT.format(equation=equation, conditions=", ".join(conditions)))
    inside = np.random.default_rng(0).random((200, 2)) * [2.9, 0.48] + [-0.95, 0.51]
    values = dict(zip(problem.coordinates, inside.T, strict=True))
    for factors in trial_solution(problem).factors:
        sizes = [np.broadcast_to(np.abs(evaluate(f, values, np)), 200) for f in factors.values()]
        assert np.sum(sizes, axis=0).min() > 1e-6


LEFT = {
    "{where: boundary, that: u = 1}, {where: t = 0.5, that: u = 0}": "does not fit",
    "{where: 'x = -1, t = 0.5', that: u = 1}": "an edge or a point",
    "{where: boundary, that: u_n = u^4}": "not linear",
    "{where: x = -1, that: u = 0}, {where: x = -1, that: u_xx = 0}": "one after the other",
    "{where: t = 0.5, that: u_x = 1}": "along the face",
    "{where: boundary, that: u_n + t*u = 0}": "vary along the face",
    "{where: x = -1, that: (x + 1)*u = 0}": "vanishes",
    "{periodic: x}, {where: t = 0.5, that: u = x}": "value does not repeat",
    "{periodic: x}, {where: t = 0.5, that: u = (x + 1)*(2 - x)}": "slope does not repeat",
}


@pytest.mark.parametrize("conditions", LEFT)
def test_what_cannot_be_built_in_is_left_with_its_reason(conditions):
    problem = stated(TEXT.format(equation=FIRST, conditions=conditions))
    found = trial_solution(problem)
    assert LEFT[conditions] in found.reasons[-1]
    assert found.rest.conditions == problem.conditions[-1:]


def test_conditions_that_mix_unknowns_are_left():
    problem = stated("""
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u, v]
equations: [u_x = v, v_x = u + t]
conditions: [{where: x = 0, that: u = 1}, {where: x = 1, that: u + v = 0}]
""")
    found = trial_solution(problem)
    assert "mixes unknowns" in found.reasons[0]
    assert found.lifts[1] == ZERO
    assert left(problem, problem.conditions[0], Face(((0, 0.0),)), with_field(problem, found)) == 0
