"""A solution that misses what it is compared with is told from a wrong formula and wrong data."""

import numpy as np
import pytest

from pikan.cli.exit_codes import exit_code
from pikan.optimize.outcome import Outcome
from pikan.planning.planner import complete
from pikan.report.report import Errors, Estimate
from pikan.residuals.relative_residual import RelativeResidual
from pikan.run import solve_to_end
from pikan.spec import formulas, reader
from pikan.validation import validate
from tests.stated import spec, stated

CONVERGED = Outcome("converged", "two levels agree")
SINE = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = -pi^2*sin(pi*x)]
conditions: [{where: boundary, that: u = 0}]
"""
# The second solution of Bratu's problem; theta solves theta = sqrt(2) cosh(theta / 4).
UPPER = """
domain: {x: [0, 1]}
constants: {theta: 10.938702772122106}
unknowns: [u]
equations: [u_xx + exp(u) = 0]
conditions: [{where: boundary, that: u = 0}]
exact: {u: -2*log(cosh((x - 1/2)*theta/2)/cosh(theta/4))}
"""


def code(solution, text, folder=None):
    asked = spec(text) if folder is None else reader.read_spec(folder / "case.yaml", {})
    completed, _ = complete(asked, formulas.problem(asked))
    return exit_code(solution.report, completed)


def end(problem, error, estimate, left, accuracy, against="exact"):
    errors = {"u": Errors(error, 1.0, 1.0, against, 9)}
    told = None if estimate is None else Estimate(estimate, "by looking")
    return validate(CONVERGED, problem, errors, told, RelativeResidual("equation", left), accuracy)


def test_another_solution_than_the_exact_one_has_not_converged_and_is_said_to_be_another():
    solution = solve_to_end(spec(UPPER))
    assert solution.outcome.kind == "stalled"
    assert "two solutions" in solution.outcome.message
    assert code(solution, UPPER) == 3


@pytest.mark.parametrize(
    ("factor", "kind", "expected", "word"),
    [
        (1.0, "converged", 0, "agree"),
        (1.001, "converged", 0, "data are likely"),
        (1.5, "stalled", 3, "data are likely"),
    ],
)
def test_data_that_a_solution_misses_are_named_and_beyond_a_hundredth_it_has_not_converged(
    factor, kind, expected, word, tmp_path
):
    x = np.linspace(0.0, 1.0, 30)
    np.savez(tmp_path / "data.npz", x=x, u=factor * np.sin(np.pi * x))
    source = "reference: {file: data.npz, coordinates: {x: x}, unknowns: {u: u}}\n"
    (tmp_path / "case.yaml").write_text(SINE + source)
    solution = solve_to_end(tmp_path / "case.yaml")
    assert solution.outcome.kind == kind
    assert word in solution.outcome.message
    assert code(solution, SINE, tmp_path) == expected


PROBLEM = stated(SINE + "exact: {u: sin(pi*x)}\n")


def test_a_residual_tells_whether_the_solution_or_the_formula_is_wrong():
    bad = end(PROBLEM, 0.5, 1e-8, 1e-3, 1e-6)
    assert bad.kind == "stalled"
    assert "the solution found is likely to be wrong" in bad.message
    good = end(PROBLEM, 0.5, 1e-8, 1e-9, 1e-6)
    assert good.kind == "stalled"
    assert "two solutions" in good.message


def test_a_residual_tells_whether_the_solution_or_the_data_are_wrong():
    bad = end(PROBLEM, 0.5, 1e-8, 1e-3, 1e-6, "reference")
    assert "the solution found is likely to be wrong" in bad.message
    assert "data are likely" in end(PROBLEM, 0.5, 1e-8, 1e-9, 1e-6, "reference").message


def test_an_error_below_the_accuracy_needs_no_word_and_one_slightly_above_needs_one():
    assert end(PROBLEM, 1e-7, 1e-8, 1e-9, 1e-6) == CONVERGED
    slight = end(PROBLEM, 2e-6, 1e-8, 1e-9, 1e-6)
    assert slight.kind == "converged"
    assert "2.0e-06" in slight.message
    assert end(PROBLEM, 5e-6, 1e-8, 1e-9, 1e-6, "reference") == CONVERGED


def test_an_error_that_is_no_number_is_no_agreement():
    assert end(PROBLEM, float("nan"), 1e-8, 1e-9, 1e-6).kind == "stalled"


def test_what_has_not_converged_anyway_is_left_as_it_is():
    stalled = Outcome("stalled", "something else")
    errors = {"u": Errors(0.5, 1.0, 1.0, "exact", 9)}
    assert (
        validate(stalled, PROBLEM, errors, None, RelativeResidual("equation", 1.0), 1e-6) == stalled
    )
