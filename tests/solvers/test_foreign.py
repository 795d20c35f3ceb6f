"""Problems like nothing that the engine was made with are solved as well."""

import pytest

from pikan.run import solve_to_end
from tests.stated import spec

FOREIGN = {
    "a clamped plate": """
domain: {x: [-1, 1], y: [-1, 1]}
unknowns: [w]
equations: [w_xxxx + 2*w_xxyy + w_yyyy = 4*pi^4*cos(pi*x)*cos(pi*y)]
conditions:
  - {where: [x = -1, x = 1], that: w = -cos(pi*y)}
  - {where: [x = -1, x = 1], that: w_n = 0}
  - {where: [y = -1, y = 1], that: w = -cos(pi*x)}
  - {where: [y = -1, y = 1], that: w_n = 0}
exact: {w: cos(pi*x)*cos(pi*y)}
""",
    "a layer of a thousandth": """
domain: {x: [0, 1]}
constants: {eps: 0.001}
unknowns: [u]
equations: [eps*u_xx + u_x = 0]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 1}]
exact: {u: (1 - exp(-x/eps))/(1 - exp(-1/eps))}
""",
    "an oscillator that speeds up": """
domain: {x: [0, 4]}
unknowns: [u]
equations: [u_xx + 4*x^2*u = 2*cos(x^2)]
conditions: [{where: x = 0, that: u = 0}, {where: x = 0, that: u_x = 0}]
exact: {u: sin(x^2)}
""",
    "Lane and Emden's star of index 5": """
domain: {x: [0, 2]}
unknowns: [u]
equations: [x*u_xx + 2*u_x + x*u^5 = 0]
conditions: [{where: x = 0, that: u = 1}, {where: x = 0, that: u_x = 0}]
exact: {u: 1/sqrt(1 + x^2/3)}
""",
    "Robin's condition on a long box": """
domain: {x: [0, 10], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions:
  - {where: x = 0, that: u = cos(y)}
  - {where: x = 10, that: u_n + u = 0}
  - {where: y = 0, that: u_n = 0}
  - {where: y = 1, that: u_n + u = (cos(1) - sin(1))*exp(-x)}
exact: {u: exp(-x)*cos(y)}
""",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_foreign_problems_are_solved_and_their_estimates_hold(text):
    solution = solve_to_end(spec(text, accuracy=1e-8))
    assert solution.outcome.kind == "converged"
    error = max(one.relative_l2 for one in solution.errors.values())
    assert error <= 1e-8
    assert error <= 10 * solution.report.estimate.relative_l2
