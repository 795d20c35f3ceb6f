"""What makes a problem unsolvable is a fault; what may be missing is a note."""

import pytest

from pikan.spec.faults import SpecError
from tests.stated import spec

ROD = """
domain: {x: [-1, 1], t: [0, 1]}
constants: {k: 2}
unknowns: [u]
equations: [EQUATION]
conditions: [{where: boundary, that: u = 0}MORE]
"""


def rod(equation="u_t = u_xx", *conditions):
    more = "".join(f", {{{condition}}}" for condition in conditions)
    return ROD.replace("EQUATION", equation).replace("MORE", more)


def told(text, **settings):
    with pytest.raises(SpecError) as caught:
        spec(text, **settings)
    return str(caught.value)


def test_different_values_at_one_place_are_a_fault():
    said = told(rod("u_t = u_xx", "where: x = 1, that: 2*u = t"))
    assert "conditions.1: gives another value at 'x = 1' than the condition 'boundary'" in said


@pytest.mark.parametrize("same", ["2*u = 0", "u = sin(0)*x", "u_n = 1", "u^2 = 1", "u + u_x = 3"])
def test_what_does_not_contradict_is_none(same):
    spec(rod("u_t = u_xx", f"where: x = 1, that: {same}"))


@pytest.mark.parametrize("part", ["log(x)", "sqrt(x)", "1/(k - 2)"])
def test_a_formula_without_a_value_in_the_domain_is_a_fault(part):
    said = told(rod(f"u_t = u_xx + u*{part}"))
    assert "equations.0: '" in said
    assert "' has no value at x = " in said


def test_a_value_that_is_missing_at_one_point_is_no_fault():
    spec(rod("u_t = u_xx + u_x/x + sqrt(u)"))


def test_causal_weights_need_time():
    line = "domain: {x: [0, 1]}\nunknowns: [u]\nequations: [u_x = 1]\n"
    line += "conditions: [{where: x = 0, that: u = 0}]\n"
    assert "0.adam.weights: causal" in told(line, training="[adam: {weights: causal}]")


def test_an_accuracy_is_less_than_one():
    assert "accuracy: got 2, needs less than 1" in told(rod(), accuracy=2)


def test_a_constant_that_the_file_does_not_have_is_a_fault():
    assert "the file has no constant 'kk'; the constant is k; did you mean 'k'?" in told(
        rod(), constants__kk=3
    )
