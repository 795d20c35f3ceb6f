"""Solutions in many coordinates are found whatever kind of sum they are, or said to be missing."""

import pytest

from pikan.run import solve_to_end
from tests.stated import spec


def found(names, equation, exact, conditions="- {where: boundary, that: 'u = EXACT'}"):
    domain = ", ".join(f"{name}: [0, 1]" for name in names)
    return solve_to_end(
        spec(
            f"""
domain: {{{domain}}}
unknowns: [u]
equations: ['{equation}']
conditions:
  {conditions.replace("EXACT", exact)}
exact: {{u: '{exact}'}}
"""
        )
    )


PRODUCTS = {
    "heat": (
        ("x", "y", "z", "t"),
        "u_t = 0.1*laplacian(u)",
        "exp(-0.3*pi^2*t)*sin(pi*x)*sin(pi*y)*sin(pi*z)",
    ),
    "nonlinear": (
        ("a", "b", "c", "d"),
        "laplacian(u) - u^3 = 4*u - exp(3*(a + b + c + d))",
        "exp(a + b + c + d)",
    ),
    "an oscillation": (
        ("a", "b", "c", "d"),
        "laplacian(u) = -36*pi^2*sin(3*pi*a)*sin(3*pi*b)*sin(3*pi*c)*sin(3*pi*d)",
        "sin(3*pi*a)*sin(3*pi*b)*sin(3*pi*c)*sin(3*pi*d)",
    ),
    "sums and a product": (
        ("a", "b", "c", "d"),
        "laplacian(u) = 4*exp(a + b + c + d) - pi^2*cos(pi*a)",
        "exp(a + b + c + d) + cos(pi*a)",
    ),
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=() if name == "nonlinear" else pytest.mark.slow)
        for name, case in PRODUCTS.items()
    ],
)
def test_products_are_found_with_an_honest_estimate(case):
    names, equation, exact = case
    where = "[boundary, t = 0]" if "t" in names else "boundary"
    solution = found(names, equation, exact, f"- {{where: {where}, that: 'u = EXACT'}}")
    error = solution.errors["u"].relative_l2
    assert solution.outcome.kind == "converged"
    assert error < 1e-10
    assert error < 10 * solution.report.estimate.relative_l2


def test_a_slope_may_be_given_on_a_face():
    conditions = """- {where: a = 1, that: u_n = 0}
  - {where: [a = 0, b = 0, b = 1, c = 0, c = 1, d = 0, d = 1], that: 'u = EXACT'}"""
    exact = "cos(pi*a) + b^2 + exp(c) + d"
    solution = found("abcd", "laplacian(u) = -pi^2*cos(pi*a) + 2 + exp(c)", exact, conditions)
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-10


@pytest.mark.slow
def test_contradicting_conditions_are_said_to_fit_nothing():
    outcome = solve_to_end(
        spec("""
domain: {a: [0, 1], b: [0, 1], c: [0, 1], d: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions: [{where: boundary, that: u = a}, {where: a = 0, that: u_a = 5}]
training: [climb: {steps: 5, largest: 200}]
""")
    ).outcome
    assert outcome.kind == "stalled"
    assert "of the terms of" in outcome.message
