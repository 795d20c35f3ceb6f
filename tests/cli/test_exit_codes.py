"""The exit code and the last line tell of the same end."""

from pathlib import Path

import pytest

from pikan.cli.exit_codes import closing, exit_code
from pikan.report.report import Errors, Estimate, NetworkFacts, Report, Seconds, Versions
from tests.stated import spec

CURVE = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_x = 1]
conditions: [{where: x = 0, that: u = 0}]
"""


def report(outcome, estimate=None, error=None, against="exact"):
    return Report(
        problem="curve",
        outcome=outcome,
        message="do something else",
        errors={} if error is None else {"u": Errors(error, 1.0, 1.0, against, 9)},
        estimate=None if estimate is None else Estimate(estimate, "by looking"),
        residuals={"equation": 1.0},
        network=NetworkFacts("kan", 9),
        seed=0,
        dtype="float64",
        device="cpu",
        threads=1,
        seconds=Seconds(total=3.0, training=2.0),
        stages=(),
        versions=Versions("0", "0", "0"),
    )


@pytest.mark.parametrize("kind", ["stalled", "diverged"])
def test_what_stalled_or_diverged_is_never_solved(kind):
    assert exit_code(report(kind, estimate=1e-16), spec(CURVE)) == 3


def test_a_schedule_by_hand_has_only_to_come_to_its_end():
    for kind in ("finished", "out of budget"):
        assert exit_code(report(kind), spec(CURVE)) == 0
        assert exit_code(report(kind), spec(CURVE, time_limit=10)) == 0


def test_a_time_limit_that_cut_a_run_is_no_end():
    assert exit_code(report("out of budget"), spec(CURVE, time_limit=1)) == 3
    assert exit_code(report("converged"), spec(CURVE, time_limit=1)) == 0


@pytest.mark.parametrize("kind", ["converged", "finished"])
def test_an_accuracy_is_reached_by_the_true_error_or_else_by_the_estimate(kind):
    asked = spec(CURVE, accuracy=1e-6)
    assert exit_code(report(kind), asked) == 3
    assert exit_code(report(kind, estimate=1e-7), asked) == 0
    assert exit_code(report(kind, estimate=1e-5), asked) == 3
    assert exit_code(report(kind, estimate=1e-7, error=1e-5), asked) == 3
    assert exit_code(report(kind, estimate=1e-5, error=1e-7), asked) == 0
    assert exit_code(report(kind, estimate=1e-7, error=float("nan")), asked) == 3


def test_cells_that_aim_at_less_than_one_polynomial_are_measured_by_their_own_accuracy():
    training = "[{climb: {}}, {elements: {accuracy: 1e-10}}]"
    asked = spec(CURVE, accuracy=1e-12, training=training)
    assert exit_code(report("converged", estimate=1e-11), asked) == 0
    assert exit_code(report("converged", estimate=1e-9), asked) == 3


def test_what_ran_out_of_budget_before_the_accuracy_is_not_solved():
    # What was reached is called converged; the rest may have no value in a part of the domain.
    asked = spec(CURVE, accuracy=1e-6)
    assert exit_code(report("out of budget", estimate=1e-7), asked) == 3


def test_a_data_file_has_an_error_of_its_own():
    measured = report("converged", estimate=1e-7, error=1e-3, against="reference")
    assert exit_code(measured, spec(CURVE, accuracy=1e-6)) == 0


def test_an_interrupted_run_says_so():
    assert exit_code(report("interrupted", estimate=1e-16), spec(CURVE)) == 130


def test_the_last_line_says_what_to_change_where_something_is_to_be_changed():
    solved, missed = report("converged", estimate=1e-7), report("stalled", estimate=0.5)
    assert closing(solved, 0, Path("here")) == "curve: converged, estimated error 1e-7; see here"
    assert closing(missed, 3, Path("here")) == (
        "curve: stalled, estimated error 0.5 (do something else); see here"
    )
