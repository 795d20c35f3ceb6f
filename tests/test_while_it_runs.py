"""A run can be watched and ended, and a problem be stated in any of its forms."""

import numpy as np
import pytest

import pikan
from pikan.spec.faults import SpecError

PROBLEM = {
    "domain": {"x": [0, 1]},
    "unknowns": ["u"],
    "equations": ["u_xx = -1"],
    "conditions": [{"where": "x = 0", "that": "u = 0"}, {"where": "x = 1", "that": "u = 0"}],
    "exact": {"u": "x*(1 - x)/2"},
}
TEXT = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = -1]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 0}]
"""
SLOW = {"network": {"kind": "kan", "width": [1, 3, 1]}, "training": [{"adam": {"steps": 500}}]}


@pytest.mark.parametrize("given", [PROBLEM, TEXT])
def test_a_mapping_and_a_text_are_problems(given):
    solution = pikan.solve(given, accuracy=np.float64(1e-10))
    assert float(solution(x=0.5)) == pytest.approx(0.125, abs=1e-12)
    assert solution.report.reasons


def test_faults_of_a_mapping_are_told():
    with pytest.raises(SpecError, match=r"du/dx is written u_x"):
        pikan.solve({**PROBLEM, "equations": ["du/dx = 1"]})


def test_a_callback_sees_every_step_and_false_ends_the_run():
    seen = []

    def watch(progress):
        seen.append(progress)
        return len(seen) < 5

    solution = pikan.solve(PROBLEM, callback=watch, **SLOW)
    assert solution.outcome.kind == "interrupted"
    assert [each.step for each in seen] == [0, 1, 2, 3, 4]


def test_progress_is_one_line_that_goes_away(capsys):
    pikan.solve(PROBLEM, progress=True, training=[{"adam": {"steps": 5}}], network=SLOW["network"])
    shown = capsys.readouterr().err
    assert "adam  step 0/5" in shown
    assert shown.endswith("\r")
    assert "\n" not in shown
