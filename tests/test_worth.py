"""What a run claims is borne out on points that nothing was trained on, or it is not claimed."""

import pytest

from pikan.run import solved
from tests.stated import spec

# Of each kind of feature one that polynomials in all of the domain do not resolve.
UNSEEN = {
    "a source whose factors cancel": """
domain: {x: [0, 1]}
unknowns: [u]
equations: ["u_xx - u = ((2*((x - 0.23)/2e-4)/2e-4)^2 - 2/2e-4^2)*exp(-((x - 0.23)/2e-4)^2)"]
conditions: [{where: boundary, that: u = 0}]
""",
    "a source in x": """
domain: {x: [0, 10]}
unknowns: [u]
equations: ["u_xx = u - 1e3*exp(-((x - 4.3)/1e-3)^2)"]
conditions: [{where: boundary, that: u = 0}]
""",
    "a coefficient": """
domain: {x: [0, 10]}
unknowns: [u]
equations: ["u_xx = (1 + 1e4*sech((x - 4.3)/1e-4))*u - 1"]
conditions: [{where: boundary, that: u = 0}]
""",
    "a source in two coordinates": """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: ["laplacian(u) = exp(-((x - 0.37)^2 + (y - 0.61)^2)/1e-6)*1e6"]
conditions: [{where: boundary, that: u = 0}]
""",
    "a start": """
domain: {x: [0, 1], t: [0, 1]}
unknowns: [u]
equations: [u_t = 0.01*u_xx]
conditions:
  - {where: t = 0, that: "u = sin(pi*x) + 1e2*exp(-((x - 0.4)/1e-4)^2)"}
  - {where: boundary, that: u = 0}
""",
    "a window": """
domain: {x: [0, 10]}
unknowns: [u]
equations: ["u_xx = u - 1e4*step(x - 4)*step(4.0001 - x)"]
conditions: [{where: boundary, that: u = 0}]
""",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_what_no_even_point_sees_is_not_called_converged(text):
    report = solved(spec(text + "training: [climb: {largest: 300}]")).report
    assert report.outcome in ("stalled", "out of budget")
    assert "is not resolved" in report.message
