"""Problems that the automatic choice once failed on, and those that have no solution."""

import pytest

from pikan.run import solve_to_end
from tests.stated import spec

# An upper bound of what rounding and conditioning leave of sixteen digits.
ROUNDED = 1e-10


def found(text, **settings):
    return solve_to_end(spec(text, **settings))


def worst_error(solution):
    return max(one.relative_l2 for one in solution.errors.values())


SOLVABLE = {
    # The first levels see nothing of thirty waves; that they differ says nothing of rounding.
    "an oscillator over sixteen periods": """
domain: {t: [0, 100]}
unknowns: [u]
equations: [u_tt + u = 0]
conditions: [{where: t = 0, that: u = 0}, {where: t = 0, that: u_t = 1}]
exact: {u: sin(t)}
""",
    # What is not resolved across the layer must not raise the degree along it.
    "a thin layer": """
domain: {x: [0, 1], y: [0, 1]}
constants: {eps: 0.01}
unknowns: [u]
equations:
  - '-eps*laplacian(u) + u_x
    = (eps*pi^2*(x - (exp((x-1)/eps) - exp(-1/eps))/(1 - exp(-1/eps))) + 1)*sin(pi*y)'
conditions: [{where: boundary, that: u = 0}]
exact: {u: '(x - (exp((x-1)/eps) - exp(-1/eps))/(1 - exp(-1/eps)))*sin(pi*y)'}
""",
    "one unknown that is zero": """
domain: {x: [0, 1]}
unknowns: [u, v]
equations: [u_x = u + v, v_x = v]
conditions: [{where: x = 0, that: u = 1}, {where: x = 0, that: v = 0}]
exact: {u: exp(x), v: '0'}
""",
}


@pytest.mark.parametrize("text", SOLVABLE.values(), ids=SOLVABLE)
def test_what_has_a_solution_is_solved(text):
    solution = found(text)
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < ROUNDED


def test_least_squares_does_not_end_beside_the_blasius_solution():
    solution = found("""
domain: {x: [0, 10]}
unknowns: [f]
equations: [f_xxx + 0.5*f*f_xx = 0]
conditions:
  - {where: x = 0, that: f = 0}
  - {where: x = 0, that: f_x = 0}
  - {where: x = 10, that: f_x = 1}
""")
    assert solution.outcome.kind == "converged"
    # f(10) = 10 - 1.720788, the displacement thickness (Boyd 2008, doi 10.1137/070681594).
    assert float(solution(x=10.0)) == pytest.approx(10 - 1.720788, abs=1e-5)


def test_a_last_window_that_is_refused_becomes_shorter():
    solution = found("""
domain: {t: [0, 20]}
unknowns: [a, b]
equations: [a_t = a - 0.5*a*b, b_t = 0.5*a*b - b]
conditions: [{where: t = 0, that: a = 2}, {where: t = 0, that: b = 1}]
""")
    assert solution.outcome.kind == "converged"


OPEN = {
    "no start": """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = u_xx]
conditions: [{where: boundary, that: u = 0}]
""",
    "slopes alone": """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: ['laplacian(u) = -5*pi^2*cos(pi*x)*cos(2*pi*y)']
conditions: [{where: boundary, that: u_n = 0}]
""",
}


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_a_missing_condition_is_named(text):
    outcome = found(text).outcome
    assert outcome.kind == "stalled"
    assert "a condition is missing" in outcome.message


def test_contradicting_conditions_are_named():
    outcome = found("""
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_x = 1]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 3}]
""").outcome
    assert outcome.kind == "stalled"
    assert "'equation' is left with a residual" in outcome.message


MANY = {
    "a sum": ("a^2 + exp(b) + sin(c) + d", "2 + exp(b) - sin(c)"),
    "a product": ("exp(a)*exp(b)*cos(c)*cos(d)", "0"),
    "pairs": ("a*b + c*d", "0"),
}


@pytest.mark.parametrize(("exact", "source"), MANY.values(), ids=MANY)
def test_sums_and_products_in_four_coordinates_are_found(exact, source):
    solution = found(f"""
domain: {{a: [0, 1], b: [0, 1], c: [0, 1], d: [0, 1]}}
unknowns: [u]
equations: [laplacian(u) = {source}]
conditions: [{{where: boundary, that: 'u = {exact}'}}]
exact: {{u: '{exact}'}}
""")
    assert solution.outcome.kind == "converged"
    assert worst_error(solution) < ROUNDED


def test_values_alone_are_approximated():
    text = "domain: {x: [0, 1]}\nunknowns: [u]\nequations: [u = exp(x)]\nconditions: []\n"
    solution = solve_to_end(spec(text + "exact: {u: exp(x)}\n"))
    assert solution.errors["u"].relative_l2 < 1e-14
