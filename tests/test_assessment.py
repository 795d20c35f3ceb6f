"""What a run claims is borne out on points that nothing was trained on, or it is not claimed."""

from math import inf

import pytest

from pikan.assessment import estimate_error
from pikan.optimize.outcome import Outcome
from pikan.residuals.relative_residual import RelativeResidual
from pikan.run import solve_to_end
from pikan.solvers.level import SolverResult
from tests.stated import product, spec, stated

NETWORK = product(
    stated("""
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_x = 1]
conditions: [{where: x = 0, that: u = 0}]
"""),
    4,
)


def told(estimate, level="converged", outcome=None, left=1e-9):
    ended = Outcome(level, "")
    found = estimate_error(
        SolverResult(NETWORK, ended, estimate, "by levels"),
        ended if outcome is None else Outcome(outcome, ""),
        RelativeResidual("equation", left),
    )
    return None if found is None else found.relative_l2


def test_the_estimate_of_a_level_is_given_whatever_is_left():
    assert told(1e-6) == told(1e-6, left=0.05) == 1e-6
    assert told(1e-6, level="out of budget") == 1e-6


def test_where_no_level_was_compared_what_is_left_tells_as_long_as_it_is_little():
    assert told(None, left=1e-6) == pytest.approx(3e-6)
    assert told(None, left=0.2) is None
    assert told(None, left=float("nan")) is None


@pytest.mark.parametrize("estimate", [None, 1e-6])
def test_a_run_that_diverged_has_no_estimate(estimate):
    assert told(estimate, level="diverged") is None


def test_a_run_that_stalled_has_none_but_what_its_levels_tell_of_rounding():
    assert told(None, level="stalled") is None
    assert told(1e-6, outcome="stalled") is None
    assert told(1e-6, level="stalled") == 1e-6


@pytest.mark.parametrize("estimate", [inf, 1.0, 7e7])
def test_an_error_of_everything_is_no_estimate(estimate):
    assert told(estimate) is None


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
    report = solve_to_end(spec(text + "training: [climb: {largest: 300}]")).report
    assert report.outcome in ("stalled", "out of budget")
    assert "is not resolved" in report.message
