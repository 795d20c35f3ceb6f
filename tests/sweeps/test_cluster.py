"""Runs go through a real scheduler to real workers, which may die."""

import json
import subprocess
import sys

import pytest

from pikan.sweeps.cluster import SchedulerError, cluster
from pikan.sweeps.plan import read_plan
from pikan.sweeps.record import FAILED, LATE
from pikan.sweeps.run import run_sweep
from tests.stated import finish
from tests.sweeps.test_run import backwards, endless, until

ADDRESS = "tcp://127.0.0.1:1"


def test_without_dask_one_sentence_says_what_to_install(written, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError, match=r"needs Dask; install it with: pip install 'pikan\["):
        finish(run_sweep(read_plan(written()), tmp_path / "out", cluster(ADDRESS, 1, None)))


@pytest.mark.slow
@pytest.mark.parametrize("address", [ADDRESS, "nonsense://x"])
def test_where_no_scheduler_answers_one_sentence_says_so(written, tmp_path, address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("pikan.sweeps.cluster._PATIENCE", 1)
    with pytest.raises(SchedulerError, match="no scheduler answers there; start one with") as said:
        finish(run_sweep(read_plan(written()), tmp_path / "out", cluster(address, 1, None)))
    assert "\n" not in str(said.value)


class Dask:
    """A scheduler with workers, all of them processes of their own."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "scheduler.json"
        self.workers = []
        self.scheduler = self.started("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(self.file.exists)

    def started(self, kind, *options):
        command = [sys.executable, "-m", "dask", kind, "--scheduler-file", str(self.file)]
        return subprocess.Popen(
            [*command, "--no-dashboard", *options], cwd=self.folder, stderr=subprocess.DEVNULL
        )

    def hire(self):
        self.workers.append(self.started("worker", "--no-nanny", "--nthreads", "1"))

    @property
    def address(self):
        return json.loads(self.file.read_text())["address"]

    def close(self):
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "dask").mkdir()
    dask = Dask(tmp_path / "dask")
    yield dask
    dask.close()


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_leaves_no_trace_in_the_table(
    written, sweep, tmp_path, dask
):
    path = written(sweep.replace("[0, 1]", "[0, 1, 2, 3, 4, 5]"))
    dask.hire()
    steps = run_sweep(read_plan(path), tmp_path / "out", cluster(dask.address, 1, None))
    first = next(step for step in steps if step.ended is not None)
    dask.workers[0].kill()
    dask.hire()
    rest, ending = finish(steps)
    assert first.done < 24
    assert [row.result.outcome for row in ending.table.rows] == ["finished"] * 24
    assert any(step.running for step in rest)
    for row in ending.table.rows:
        kept = tmp_path / "out" / "runs" / f"{row.run:04d}"
        assert {"run.h5", "row.json", "report.json"} <= {file.name for file in kept.iterdir()}
    lines = (tmp_path / "out" / "table.csv").read_text().splitlines()
    assert [int(line.partition(",")[0]) for line in lines[1:]] == list(range(24))


@pytest.mark.slow
def test_bad_and_endless_runs_are_rows(written, tmp_path, dask, rod):
    dask.hire()
    text = "problem: rod.yaml\nlisted: [{seed: 1}, {device: 'cuda:99'}]"
    plan = read_plan(written(text, endless(rod)))
    _, ending = finish(run_sweep(plan, tmp_path / "out", cluster(dask.address, 1, 1.0)))
    slow, bad = ending.table.rows
    assert (slow.result.outcome, bad.result.outcome, bad.attempts) == (LATE, FAILED, 2)
    assert "cuda:99" in bad.result.message


@pytest.mark.slow
def test_a_scheduler_that_goes_is_told_and_what_is_done_stays(written, tmp_path, dask):
    plan = read_plan(written())
    dask.hire()
    steps = run_sweep(plan, tmp_path / "out", cluster(dask.address, 1, None))
    next(step for step in steps if step.ended is not None)
    dask.close()
    with pytest.raises(SchedulerError, match="has gone"):
        finish(steps)
    asked = []

    def rest(tasks):
        asked.extend(tasks)
        yield from backwards(tasks)

    _, ending = finish(run_sweep(plan, tmp_path / "out", rest))
    assert 0 < len(asked) < 8
    assert ending.missing == 0
