"""Each kind of fault has a sentence of its own."""

import pytest

from pikan.causes import cause
from pikan.residuals.relative_residual import RelativeResidual
from pikan.run import solve_to_end
from tests.stated import spec, stated

LINE = "{x: [0, 1]}"
SQUARE = "{x: [0, 1], y: [0, 1]}"
HEAT = "{x: [0, 1], t: [0, 1]}"
EVERYWHERE = "[{where: boundary, that: u = 0}]"


def text(domain, equation, conditions):
    return f"domain: {domain}\nunknowns: [u]\nequations: ['{equation}']\nconditions: {conditions}\n"


CASES = {
    "has no value at x = 0.5": text(LINE, "u_xx = 1/(x - 0.5)", EVERYWHERE),
    "u jumps at 'x = 0, y = 1'": text(
        SQUARE,
        "laplacian(u) = 0",
        "[{where: y = 1, that: u = 1}, {where: [x = 0, x = 1, y = 0], that: u = 0}]",
    ),
    "a slope of u jumps at 'x = 0, t = 0'": text(
        HEAT, "u_t = u_xx", "[{where: t = 0, that: u = 1}, {where: boundary, that: u_n = -u}]"
    ),
    "sources and fluxes on the boundary do not balance": text(
        SQUARE, "laplacian(u) = 1", "[{where: boundary, that: u_n = 0}]"
    ),
    "'abs(x - 0.3)' has a kink at x = 0.3": text(LINE, "u_xx = -abs(x - 0.3)", EVERYWHERE),
    "'step(x - 0.3)' has a jump at x = 0.3": text(LINE, "u_xx = step(x - 0.3)", EVERYWHERE),
    "oblique": text(SQUARE, "laplacian(u) = abs(x - y)", EVERYWHERE),
    "'step(u - 0.5)' has a jump where the solution decides": text(
        LINE, "u_xx = step(u - 0.5)", EVERYWHERE
    ),
    "contradict each other": text(
        LINE, "u_x = 1", "[{where: x = 0, that: u = 0}, {where: x = 1, that: u = 2}]"
    ),
    "minimum of the residual": text(LINE, "u_xx + 5*exp(u) = 0", EVERYWHERE),
}


@pytest.mark.parametrize("said", CASES)
def test_the_cause_is_named(said):
    assert said in cause(stated(CASES[said]), RelativeResidual("equation", 0.3), stalled=True)


@pytest.mark.parametrize("said", CASES)
def test_only_one_cause_is_named_and_none_where_all_holds(said):
    problem = stated(CASES[said])
    others = [
        one
        for one in CASES
        if one in cause(problem, RelativeResidual("equation", 0.3), stalled=True)
    ]
    assert said in others
    assert all(one in said or said in one for one in others)
    assert cause(problem, RelativeResidual("equation", 1e-9), stalled=True) is None


@pytest.mark.parametrize(
    "said", ["u jumps at 'x = 0, y = 1'", "a slope of u jumps at", "contradict each other"]
)
def test_a_run_that_stalls_ends_with_its_cause_and_without_an_estimate(said):
    (case,) = [one for one in CASES if said in one]
    # Cells would solve some of them.
    solution = solve_to_end(spec(f"{CASES[case]}\ntraining: [climb]\n"))
    assert solution.outcome.kind == "stalled"
    assert said in solution.outcome.message
    assert solution.report.estimate is None


def test_levels_that_only_ran_out_of_time_accuse_no_equation():
    for said in ("contradict each other", "minimum of the residual"):
        assert cause(stated(CASES[said]), RelativeResidual("equation", 0.3), stalled=False) is None


@pytest.mark.parametrize(
    ("equation", "said"),
    [
        ("u_t + (1 + x)*u_x = 0", True),
        ("u_t + u*u_x = 0", True),
        ("u_t + u_x = 0", False),
        ("u_t + u_x = u_xx", False),
    ],
)
def test_jumps_along_characteristics_that_no_cells_follow_are_named(equation, said):
    text = f"""
domain: {{x: [0, 1], t: [0, 1]}}
unknowns: [u]
equations: ['{equation}']
conditions:
  - {{where: t = 0, that: u = step(x - 0.3)}}
  - {{where: x = 0, that: u = 0}}
  {"- {where: x = 1, that: u_x = 0}" if "u_xx" in equation else ""}
"""
    found = cause(stated(text), RelativeResidual("equation", 0.3), stalled=True)
    assert ("of one constant speed alone" in found) is said
