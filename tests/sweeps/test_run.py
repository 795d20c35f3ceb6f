"""A sweep ends in the same table, whatever is killed on the way."""

import json
import os
import signal
import subprocess
import sys
from multiprocessing import active_children
from pathlib import Path
from time import monotonic, sleep

import pytest

from pikan.sweeps import folder as folders
from pikan.sweeps.executor import JobEvent
from pikan.sweeps.folder import FolderError
from pikan.sweeps.plan import read_plan
from pikan.sweeps.pool import processes
from pikan.sweeps.record import FAILED, KILLED, LATE, UNWRITTEN, Measures, Result
from pikan.sweeps.run import run_sweep
from tests.stated import finish


def endless(rod):
    """A base problem whose training would take days."""
    kept = [line for line in rod.splitlines() if not line.startswith(("network", "training"))]
    own = ["network: {kind: mlp, width: [1, 4, 1]}", "training: [adam: {steps: 1e7}]"]
    return "\n".join([*kept, *own])


def measured(value):
    return Result("converged", "", Measures(parameters=value, relative_l2=1.0 / value))


def backwards(tasks):
    """An executor that makes nothing, in the opposite order."""
    for task in reversed(tasks):
        yield JobEvent(task.run, None, 1)
        yield JobEvent(task.run, measured(1.0 + task.run), 1)


def stopping(count):
    """An executor whose sweep is killed after so many runs."""

    def made(tasks):
        for task in tasks[:count]:
            yield JobEvent(task.run, measured(1.0 + task.run), 1)
        raise SystemExit

    return made


def lasting(text):
    """A CSV table without its times."""
    lines = [line.split(",") for line in text.splitlines()]
    kept = [k for k, name in enumerate(lines[0]) if "seconds" not in name]
    return [[line[k] for k in kept] for line in lines]


def test_rows_have_the_order_of_the_plan_whatever_ends_first(written, tmp_path):
    states, ending = finish(run_sweep(read_plan(written()), tmp_path / "out", backwards))
    assert [row.run for row in ending.table.rows] == list(range(8))
    assert [state.done for state in states][-1] == 8
    table = (tmp_path / "out" / "table.csv").read_text()
    assert table.startswith("run,network.degree,seed,outcome")
    assert table.splitlines()[4].startswith("3,6,1,")


@pytest.mark.parametrize("count", [0, 1, 5, 7])
def test_a_sweep_that_was_killed_makes_only_what_is_missing(written, tmp_path, count):
    plan = read_plan(written())
    finish(run_sweep(plan, tmp_path / "whole", backwards))
    with pytest.raises(SystemExit):
        finish(run_sweep(plan, tmp_path / "out", stopping(count)))
    asked = []

    def rest(tasks):
        asked.extend(task.run for task in tasks)
        yield from backwards(tasks)

    finish(run_sweep(plan, tmp_path / "out", rest))
    assert asked == list(range(count, 8))
    for name in ("table.csv", "law.json"):
        again, once = ((tmp_path / place / name).read_bytes() for place in ("out", "whole"))
        assert again == once


def test_a_row_that_was_half_written_is_made_again(written, tmp_path):
    plan = read_plan(written())
    finish(run_sweep(plan, tmp_path / "out", backwards))
    (tmp_path / "out" / "runs" / "0003" / "row.json").write_text('{"run": 3, "val')
    assert set(range(8)) - set(folders.done(tmp_path / "out", plan)) == {3}


def test_failed_runs_are_rows_and_are_made_again_only_if_asked(written, tmp_path):
    plan = read_plan(written())

    def failing(tasks):
        for task in tasks:
            bad = Result(FAILED, "ValueError: no")
            yield JobEvent(task.run, bad if task.run == 2 else measured(2.0), 1)

    _, ending = finish(run_sweep(plan, tmp_path / "out", failing))
    assert ending.table.failures == 1
    (group,) = json.loads((tmp_path / "out" / "law.json").read_text())["laws"][0]["groups"]
    assert (group["runs"], group["failed"]) == (7, 1)
    assert finish(run_sweep(plan, tmp_path / "out", backwards))[1].table.failures == 1
    assert finish(run_sweep(plan, tmp_path / "out", backwards, again=True))[1].table.failures == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[4, 6, 8, 10]", "[4, 6, 8, 10, 12]", "2 runs are new (12 0, 12 1)"),
        ("seed: [0, 1]", "seed: [0]", "4 runs are gone (10 1, 4 1, 6 1, ...)"),
        ("seed: [0, 1]", "dtype: [float32]", "its changed keys are network.degree and seed, those"),
        ("[4, 6,", "[6, 4,", "the same runs are in another order"),
        ("crossed:", "settings: {weights: {equation: 2}}\ncrossed:", "8 runs are changed ("),
    ],
)
def test_a_changed_sweep_is_explained_and_never_mixed(written, sweep, tmp_path, old, new, told):
    out = tmp_path / "out"
    finish(run_sweep(read_plan(written()), out, backwards))
    before = (out / "table.csv").read_bytes()
    with pytest.raises(FolderError) as caught:
        finish(run_sweep(read_plan(written(sweep.replace(old, new))), out, backwards))
    assert told in str(caught.value)
    assert (out / "table.csv").read_bytes() == before


def test_another_law_needs_no_new_runs(written, sweep, tmp_path):
    finish(run_sweep(read_plan(written()), tmp_path / "out", backwards))
    plan = read_plan(written(sweep.replace("exponential", "power")))
    states, ending = finish(run_sweep(plan, tmp_path / "out", backwards))
    assert states == []
    assert ending.missing == 0


def test_two_sweeps_never_share_a_folder(written, tmp_path):
    plan = read_plan(written())
    steps = run_sweep(plan, tmp_path / "out", backwards)
    next(steps)
    with pytest.raises(BlockingIOError, match="a run is at work in it"):
        finish(run_sweep(plan, tmp_path / "out", backwards))
    steps.close()
    finish(run_sweep(plan, tmp_path / "out", backwards))


def test_an_interrupted_sweep_keeps_its_table(written, tmp_path):
    steps = run_sweep(read_plan(written()), tmp_path / "out", backwards)
    next(step for step in steps if step.ended is not None)
    with pytest.raises(StopIteration) as end:
        steps.throw(KeyboardInterrupt())
    assert end.value.value.missing == 7
    assert len((tmp_path / "out" / "table.csv").read_text().splitlines()) == 2


@pytest.mark.slow
def test_processes_make_the_runs_and_a_bad_one_is_a_row(written, tmp_path):
    text = "problem: rod.yaml\nlisted: [{network.degree: 8}, {device: 'cuda:99'}]"
    _, ending = finish(run_sweep(read_plan(written(text)), tmp_path / "out", processes(1)))
    good, bad = ending.table.rows
    assert good.result.measures.relative_l2 < 1e-4
    assert good.attempts == 1
    assert (bad.result.outcome, bad.attempts) == (FAILED, 2)
    assert "cuda:99" in bad.result.message
    assert {"run.h5", "report.json", "problem.yaml", "row.json"} == {
        path.name for path in (tmp_path / "out" / "runs" / "0000").iterdir()
    }
    assert not active_children()


@pytest.mark.slow
def test_a_killed_worker_is_noticed_and_its_run_made_once_more(written, tmp_path, rod):
    path = written("problem: rod.yaml\ncrossed: {seed: [0]}", endless(rod))
    steps = run_sweep(read_plan(path), tmp_path / "out", processes(1))
    kills = 0
    for state in steps:
        if state.ended is not None:
            break
        # The first is killed while it imports, the second too.
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)
            kills += 1
    assert (state.ended.result.outcome, state.ended.attempts) == (KILLED, 2)
    assert "SIGKILL" in state.ended.result.message
    assert kills >= 2


@pytest.mark.slow
def test_a_run_beyond_its_budget_is_ended(written, tmp_path, rod):
    text = "problem: rod.yaml\ncrossed: {seed: [0]}\nbudget: {run: 0.5}"
    plan = read_plan(written(text, endless(rod)))
    _, ending = finish(run_sweep(plan, tmp_path / "out", processes(1, limit=plan.budget.run)))
    assert ending.table.rows[0].result.outcome == LATE


@pytest.mark.slow
def test_a_sweep_killed_with_its_workers_at_work_goes_on_to_the_same_table(written, tmp_path):
    path = written()
    command = [sys.executable, "-m", "pikan", "sweep", str(path), "--workers", "1", "--out"]
    killed = subprocess.Popen([*command, "out"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    until(lambda: len(list((tmp_path / "out").glob("runs/*/row.json"))) >= 3)
    killed.kill()
    killed.wait()
    done = {row: row.stat().st_mtime_ns for row in (tmp_path / "out").glob("runs/*/row.json")}
    assert len(done) < 8
    for place in ("out", "whole"):
        ended = subprocess.run([*command, place], cwd=tmp_path, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
    assert all(row.stat().st_mtime_ns == when for row, when in done.items())
    again, once = (Path(tmp_path, place, "table.csv").read_text() for place in ("out", "whole"))
    assert lasting(again) == lasting(once)


def until(there, seconds=300.0):
    end = monotonic() + seconds
    while not there():
        assert monotonic() < end
        sleep(0.05)


def test_a_run_that_finds_no_room_on_the_disk_is_missing_and_has_not_failed(written, tmp_path):
    def cramped(tasks):
        yield JobEvent(tasks[0].run, measured(1.0), 1)
        yield JobEvent(tasks[1].run, Result(UNWRITTEN, "run.h5: No space left on device"), 1)

    plan = read_plan(written())
    with pytest.raises(OSError, match=r"run\.h5: No space left on device"):
        finish(run_sweep(plan, tmp_path / "out", cramped))
    assert set(folders.done(tmp_path / "out", plan)) == {0}
    _, ending = finish(run_sweep(plan, tmp_path / "out", backwards))
    assert ending.table.failures == 0
