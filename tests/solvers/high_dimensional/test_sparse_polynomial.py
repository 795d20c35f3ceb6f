"""Polynomials in many coordinates: those that the solution asks for are found, others left out."""

import pytest
import torch

from pikan import factory
from pikan.planning.planner import complete
from pikan.solvers.high_dimensional.sparse_polynomial import sparse_polynomial_levels
from pikan.spec import formulas
from tests.stated import finish, spec

FOUR = "domain: {a: [0, 1], b: [0, 1], c: [0, 1], d: [0, 1]}"


def climbed(text, largest=600):
    asked = spec(text)
    problem = formulas.problem(asked)
    completed, _ = complete(asked, problem)
    (stage,) = completed.training
    growth = factory.search_settings(completed, problem, stage.climb)
    _, found = finish(sparse_polynomial_levels(problem, growth, largest, None, torch.Generator()))
    points = growth.samples.points.numpy()
    truth = torch.from_numpy(problem.exact.values(points))
    error = float((found.values - truth).norm() / truth.norm())
    return found, error, growth.accuracy


def poisson(exact, source):
    return f"""
{FOUR}
unknowns: [u]
equations: ['laplacian(u) = {source}']
conditions: [{{where: boundary, that: 'u = {exact}'}}]
exact: {{u: '{exact}'}}
"""


def test_a_polynomial_of_few_terms_is_found_and_nothing_else_kept():
    found, error, accuracy = climbed(poisson("a*b*c + d^2", "2"))
    assert found.reaches(accuracy)
    assert error < 1e-13
    # One product of three, and what is left: functions of one or two coordinates.
    assert len(found.network.coefficients) < 20


def test_high_degrees_are_reached_in_few_coordinates():
    found, error, accuracy = climbed(
        poisson("cos(pi*a) + exp(b*c)", "EXPRESSION").replace(
            "EXPRESSION", "-pi^2*cos(pi*a) + (b^2 + c^2)*exp(b*c)"
        )
    )
    assert found.reaches(accuracy)
    assert error <= 10 * found.estimate
    assert found.network.axes()[0].degree > 8


def test_two_unknowns_have_terms_of_their_own():
    found, error, accuracy = climbed(
        f"""
{FOUR}
unknowns: [u, v]
equations: [u_a + v_b = 2*a + 1, v_a - u_b = 0, u_c = 0, u_d = b, v_c + v_d = a]
conditions:
  - {{where: a = 0, that: 'u = d*b'}}
  - {{where: a = 0, that: v = b}}
exact: {{u: a^2 + d*b, v: b + a*d}}
"""
    )
    assert found.reaches(accuracy)
    assert error < 1e-12


def test_no_level_is_larger_than_allowed():
    exact = "1/(1 + a + b + c + d)"
    found, error, accuracy = climbed(poisson(exact, "8/(1 + a + b + c + d)^3"), largest=200)
    assert not found.reaches(accuracy)
    assert len(found.network.coefficients) <= 200
    assert error <= 10 * found.estimate
    assert found.estimate <= 100 * error


@pytest.mark.parametrize("wanted", ["1e-4", "1e-8"])
def test_less_is_kept_for_less_accuracy(wanted):
    text = poisson("exp(a)", "exp(a)") + f"accuracy: {wanted}\n"
    found, error, accuracy = climbed(text)
    assert found.reaches(accuracy)
    assert error <= accuracy
