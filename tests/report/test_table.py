"""The table at the end says everything and fits where it is shown."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pikan.report.report import Errors, NetworkFacts, Report, Seconds, StageFacts, Versions
from pikan.report.table import show

MESSAGE = "The loss fell by less than a millionth in 100 steps; " * 3
REPORT = Report(
    problem="burgers",
    outcome="stalled",
    message=MESSAGE,
    errors={"u": Errors(1.23456789e-9, 3e-9, 7e-10, "exact", 26896)},
    estimate=None,
    residuals={"equation": 1.0e-8, "[x] = -1": 0.0},
    network=NetworkFacts("kan", 744, 0.01),
    seed=0,
    dtype="float64",
    device="cpu",
    threads=2,
    seconds=Seconds(9.1, 7.0),
    stages=(StageFacts("gauss_newton", 12, 5.0, 1e-20),),
    versions=Versions("0.1.0", "2.13.0", "3.11.9"),
)


def shown(width=80, **settings) -> str:
    stream = StringIO()
    console = Console(file=stream, width=width, **settings)
    show(console, REPORT, "Burgers", [Path("results/run.h5")])
    return stream.getvalue()


def test_in_a_pipe_there_are_no_colors_and_sentences_are_whole():
    text = shown()
    assert "\x1b" not in text
    assert f"stalled: {MESSAGE}" in text


def test_numbers_have_two_digits():
    assert "1.2e-9" in shown()
    assert "1.23" not in shown()


def test_all_is_there_and_labels_are_not_markup():
    text = shown()
    for part in ("Burgers", "equation", "[x] = -1", "744 parameters", "1 %", "results/run.h5"):
        assert part in text


def test_on_a_terminal_lines_fit():
    lines = shown(force_terminal=True, color_system=None).splitlines()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("width", [8, 12, 20, 40, 50, 55])
def test_no_number_is_cut_however_narrow_the_place(width, terminal):
    text = shown(width, force_terminal=terminal, color_system=None)
    for number in ("1.2e-9", "3e-9", "7e-10", "26896", "1e-8", "-1:", "0"):
        assert number in text.replace(",", " ").replace("-1 ", "-1: ").split()
    assert "\u2026" not in text
