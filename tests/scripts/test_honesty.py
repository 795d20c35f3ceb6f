"""The random problems have the solutions they name, and a run is counted as what it is."""

import sys
from collections import Counter
from pathlib import Path

import pytest

import honesty
from drawn.kinds import KINDS, SHARES
from drawn.narrow import narrow
from drawn.problems import manufactured
from drawn.rough import rough
from honesty import doubtful, summary
from pikan.spec import formulas, reader
from tests.inconsistent import inconsistencies


def stated(number, seed=0):
    drawn = manufactured(seed, number, limit=20.0)
    return drawn, formulas.problem(reader.parse_spec(drawn.text, drawn.name, Path()))


@pytest.mark.parametrize("number", range(42))
def test_the_solution_that_was_drawn_solves_the_problem(number):
    _, problem = stated(number)
    assert inconsistencies(problem) == ()


def test_the_same_number_of_the_same_seed_is_the_same_problem():
    first, second, other = stated(5)[0], stated(5)[0], stated(5, seed=1)[0]
    assert first == second
    assert first.text != other.text


def test_every_kind_is_among_as_many_problems_as_there_are_cards():
    dealt = Counter(manufactured(3, number, limit=20.0).kind for number in range(sum(SHARES)))
    assert dealt == dict(zip(KINDS, SHARES, strict=True))


def row(**changes):
    return {
        "name": "one", "kind": "wave", "character": "smooth", "accuracy": 1e-6,
        "outcome": "converged", "error": 1e-8, "against": "exact", "estimate": 1e-8,
        "parameters": 100, "seconds": 1.0, "message": "", **changes,
    }  # fmt: skip


def test_shares_count_estimates_that_are_too_low_and_too_high():
    rows = [row(), row(estimate=1e-10), row(estimate=2e-6), row(estimate=9e-7)]
    said = summary(rows)
    assert "error below 10 x estimate: 75.0%" in said
    assert "estimate below 100 x error: 75.0%" in said


def test_converged_runs_that_are_not_as_accurate_as_asked_are_named():
    rows = [row(), row(name="wrong", error=1e-5, estimate=1e-5)]
    assert "converged, and as accurate as asked: 50.0% of 2" in summary(rows)
    (line,) = doubtful(rows)
    assert line.startswith("not as accurate as asked: wrong (smooth) asked 1.0e-06 error 1.0e-05")


def test_data_that_are_not_exact_accuse_no_estimate():
    rows = [row(against="reference", error=1e-3)]
    assert "0 with an estimate and an exact solution" in summary(rows)
    assert list(doubtful(rows)) == []


def test_an_exception_is_counted_with_its_message(monkeypatch):
    def broken(spec):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(honesty.pikan, "solve", broken, raising=False)
    task = next(honesty.generated(0, 1, limit=20.0))
    found = honesty.run(task)
    assert (found["outcome"], found["message"]) == ("exception", "RuntimeError: no such thing")


def test_a_run_that_is_there_is_not_done_again(monkeypatch, tmp_path, capsys):
    done = []

    def counted(task):
        done.append(task.name)
        return row(name=task.name)

    monkeypatch.setattr(honesty, "run", counted)
    into = tmp_path / "honesty.json"
    for count in (2, 3):
        monkeypatch.setattr(sys, "argv", ["honesty.py", "--count", str(count), "--into", str(into)])
        honesty.main()
    assert len(done) == len(set(done)) == 3
    assert into.with_suffix(".png").exists()
    assert "3 runs: 3 converged" in capsys.readouterr().out


@pytest.mark.parametrize("number", range(12))
def test_narrow_problems_are_problem_files_that_their_solution_solves(number):
    drawn_problem = narrow(0, number, 5.0)
    posed = formulas.problem(reader.parse_spec(drawn_problem.text, "case.yaml", Path()))
    assert inconsistencies(posed) == ()


def test_pikan_is_not_told_the_solution(monkeypatch):
    drawn_problem = narrow(0, 2, 5.0)
    told = []

    def seen(spec):
        told.append(spec.exact)
        raise KeyboardInterrupt

    monkeypatch.setattr(honesty.pikan, "solve", seen, raising=False)
    spec = reader.parse_spec(drawn_problem.text, "case.yaml", Path())
    with pytest.raises(KeyboardInterrupt):
        honesty.run(honesty.Task("", "", "", spec))
    assert told == [None]


@pytest.mark.parametrize("number", range(24))
def test_the_solutions_of_rough_problems_solve_them(number):
    drawn = rough(0, number, limit=20.0)
    assert drawn == rough(0, number, limit=20.0)
    problem = formulas.problem(reader.parse_spec(drawn.text, drawn.name, Path()))
    # The derivatives of what jumps at a corner are too large there to cancel to rounding.
    if drawn.kind not in ("jump", "kinked start", "corner"):
        assert inconsistencies(problem) == ()
