"""Runs are counted as what they are, and the yardsticks solve what they measure."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

import benchmark
from benchmarks.compare import NOTHING
from benchmarks.curves import drawn as curves_drawn
from benchmarks.figure import drawn
from benchmarks.known import CLASSICAL, KANS, NETWORKS, TARGETS
from benchmarks.process import ProcessError, answered
from benchmarks.rows import FAILED, failed, sources, stands
from benchmarks.table import classical_table, placed, readme, table
from benchmarks.timing import in_turns, timed
from benchmarks.yardsticks import burgers, heat, poisson
from peers.task import ALPHA, Clock, Task, error
from pikan.spec import formulas, reader

ROOT = Path(__file__).parents[2]


def row(problem="poisson", seed=0, **changes):
    ran = failed(problem, seed, "all is well", wall=2.0) | {
        "text": "text",
        "sources": "sources",
        "outcome": "converged",
        "error": 1e-15,
        "against": "exact",
        "estimate": 1e-15,
        "parameters": 100,
        "seconds": 0.5,
        "qr": 0.5,
        "memory": 300.0,
        "threads": 1,
        "versions": {"pikan": "0", "torch": "2"},
    }
    return ran | changes


def test_every_target_has_a_problem_file():
    files = {file.stem for file in (ROOT / "problems").glob("*.yaml")}
    classical = {file.stem for file in (ROOT / "problems" / "classical").glob("*.yaml")}
    assert set(TARGETS) <= files
    assert set(NETWORKS) | set(KANS) <= set(TARGETS)
    assert {name.rpartition("_")[0] for name in classical} == set(CLASSICAL)


def test_the_worst_seed_counts_and_a_missed_target_is_bold():
    rows = [row(), row(seed=1, error=3e-13), row(seed=2, seconds=1.5)]
    line = next(line for line in table(rows).splitlines() if line.startswith("| poisson"))
    assert "| **3.0e-13** |" in line
    assert "| **3** | 2 |" in line
    assert "arXiv 2302.13163" in line


def test_a_failure_stands_in_the_table_beside_what_succeeded():
    both = table([row(), failed("poisson", 1, "RuntimeError: no", 1.0)])
    assert "1.0e-15; **1 of 2 without**" in both
    alone = table([failed("heat", 1, "RuntimeError: no", 1.0)])
    assert "| heat |" in alone
    assert "**1 of 1 without**" in alone


def test_the_classical_table_holds_its_own_targets():
    rows = [row("heat_bspline", error=2e-4, parameters=3001, seconds=181.0)]
    assert "| 1e-04 | **2.0e-04** | **3001** | **181** |" in classical_table(rows)
    assert table(rows) == ""


def test_what_stands_below_a_table_tells_of_its_own_runs_only():
    rows = [row(), row("heat_bspline", seed=7, qr=9.0)]
    assert "Seeds 0:" in table(rows)
    assert "one QR: 0.5 s" in table(rows)
    assert "Seeds 7:" in classical_table(rows)
    assert "one QR: 9 s" in classical_table(rows)


def test_a_table_takes_the_place_between_its_markers_and_nothing_else(tmp_path):
    text = "before\n<!-- benchmark begins -->\nold\n<!-- benchmark ends -->\nafter\n"
    assert placed(text, "benchmark", "new") == text.replace("old", "new")
    file = tmp_path / "README.md"
    file.write_text(text, encoding="utf-8")
    readme(file, [row()])
    once = file.read_text(encoding="utf-8")
    readme(file, [row()])
    assert file.read_text(encoding="utf-8") == once
    assert once.startswith("before\n<!-- benchmark begins -->\n| problem |")
    with pytest.raises(ValueError, match="classical begins"):
        placed(text, "classical", "new")


def test_a_run_stands_until_the_problem_or_pikan_changes_or_if_it_failed():
    assert stands(row(), "text", "sources")
    assert not stands(row(), "other", "sources")
    assert not stands(row(), "text", "other")
    assert stands(row(), "text", None)
    assert not stands(row(outcome=FAILED), "text", "sources")


def test_sources_are_the_same_until_a_byte_of_them_changes(tmp_path):
    (tmp_path / "a.py").write_text("1", encoding="utf-8")
    first = sources(tmp_path)
    (tmp_path / "notes.txt").write_text("1", encoding="utf-8")
    assert sources(tmp_path) == first
    (tmp_path / "a.py").write_text("2", encoding="utf-8")
    assert sources(tmp_path) != first


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("print('hello')", "without an answer"),
        ("import time; time.sleep(60)", "took longer than 2 s"),
    ],
)
def test_a_process_without_an_answer_leaves_its_reason(code, complaint):
    with pytest.raises(ProcessError, match=complaint):
        answered([sys.executable, "-S", "-c", code], "row: ", 2.0, {}, ROOT)


def test_a_process_answers_on_its_last_such_line():
    code = "import os; print('row: 1'); print('row:', os.environ['SET']); print('end')"
    command = [sys.executable, "-S", "-c", code]
    assert answered(command, "row: ", 60.0, {"SET": "2"}, ROOT) == "2"


def test_a_run_that_fails_is_a_row_and_the_next_one_goes_on(monkeypatch, tmp_path, capsys):
    def broken(command, *_):
        raise ProcessError(f"seed {command[-1]} is out of order")

    monkeypatch.setattr(benchmark, "answered", broken)
    into = tmp_path / "rows.json"
    words = ["--problems", "poisson", "--seeds", "0", "1", "--into", str(into)]
    rows = benchmark.solve_missing(benchmark.parsed(words))
    assert [r["message"] for r in rows] == ["seed 0 is out of order", "seed 1 is out of order"]
    assert len(benchmark.read(into)) == 2
    assert "1 runs left" in capsys.readouterr().err


def test_the_time_left_is_that_of_the_same_problems():
    waiting = [benchmark.Run(Path(f"{name}.yaml"), 0) for name in ("poisson", "heat", "beam")]
    rows = [row("poisson", wall=60.0), row("heat", wall=180.0)]
    assert benchmark.left(rows, waiting) == "3 runs left, about 6 min"


def test_figures_are_drawn_with_failures_among_the_runs(tmp_path):
    drawn([row(), row(seed=1, error=0.0), failed("burgers", 0, "no", 1.0)], tmp_path / "a.png")
    known = {"budget": 60, "seed": 0, "key": "", "outcome": "ran", "message": "", "machine": ""}
    ran = NOTHING | known | {"trace": [(0.1, 1.0), (1.0, 1e-3)]}
    curves = [
        ran | {"problem": "poisson", "contender": "pikan"},
        NOTHING | known | {"problem": "heat", "contender": "PINA"},
    ]
    curves_drawn(curves, tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def task(problem, points, truth):
    return Task(problem, points, truth, seconds=60.0, seed=0)


def grid(left, below, count=21):
    x, y = np.meshgrid(np.linspace(left, 1, count), np.linspace(below, 1, count))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def test_the_clock_stands_still_while_the_error_is_taken(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: now[0])

    def slow(points):
        now[0] += 100.0
        return 2 * points[:, 0]

    points = grid(1, 1)
    clock = Clock(task("poisson", points, points[:, 0]))
    now[0] += 1.5
    assert not clock.look(slow)
    assert clock.trace == [(1.5, pytest.approx(1.0))]
    assert clock.seconds() == 1.5


def test_collocation_reaches_rounding_on_poisson_and_heat():
    square = grid(-1, -1)
    truth = np.sin(np.pi * square[:, 0]) * np.sin(np.pi * square[:, 1])
    assert error(poisson(22), task("poisson", square, truth)) < 1e-13
    rod = grid(0, 0)
    truth = np.exp(-ALPHA * np.pi**2 * rod[:, 1]) * np.sin(np.pi * rod[:, 0])
    assert error(heat(16), task("heat", rod, truth)) < 1e-13


def test_sine_modes_agree_with_the_cole_hopf_solution_of_burgers_equation():
    problem = formulas.problem(reader.read_spec(ROOT / "problems" / "burgers.yaml"))
    points = grid(-1, 0)
    judged = task("burgers", points, problem.exact.values(points)[:, 0])
    assert error(burgers(np.unique(points[:, 1]), 512, 1e-7), judged) < 1e-3


def test_a_clock_given_is_the_one_that_counts():
    ticks = iter([3.0, 10.0])
    assert timed(lambda: "result", clock=lambda: next(ticks)) == (7.0, "result")


def test_contenders_take_turns_and_their_first_round_does_not_count():
    order = []

    def measured(name):
        order.append(name)
        return float(len(order))

    found = in_turns({name: lambda name=name: measured(name) for name in "ab"}, 2)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert found == {"a": [3.0, 5.0], "b": [4.0, 6.0]}
