"""The command `pikan sweep`: what it says and how it ends."""

import pytest
from typer.testing import CliRunner

from pikan.cli.main import app
from pikan.cli.sweep import closing
from pikan.cli.sweep_progress import line, summary
from pikan.sweeps.plan import read_plan
from pikan.sweeps.record import Measures, Result, RunRecord
from pikan.sweeps.result import SweepResult
from pikan.sweeps.run import SweepProgress
from pikan.sweeps.table import Table

SWEEP = "function: {inputs: {x: [0, 1]}, formula: exp(x)}\ncrossed: {seed: [0, 1, 2]}\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exp.yaml").write_text(SWEEP)
    return tmp_path / "exp.yaml"


def row(run, outcome="converged", message=""):
    return RunRecord(
        run, (str(run),), 1, Result(outcome, message, Measures(relative_l2=1e-3, seconds=2.0))
    )


def test_faults_come_together_and_nothing_is_written(file, tmp_path):
    file.write_text(SWEEP.replace("seed", "sed") + "fit: {x: sed, y: rms}\n")
    result = CliRunner().invoke(app, ["sweep", "exp.yaml"])
    assert result.exit_code == 2
    assert "exp.yaml:2: crossed.sed.0: unknown key; did you mean 'seed'?" in result.stderr
    assert "exp.yaml:3: fit.y: there is no column 'rms'" in result.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_of_something_else_is_left_alone(file, tmp_path):
    (tmp_path / "results" / "exp" / "runs").mkdir(parents=True)
    result = CliRunner().invoke(app, ["sweep", "exp.yaml"])
    assert result.exit_code == 2
    assert "holds what is no sweep of pikan's (runs); take another folder" in result.stderr


def test_the_last_line_tells_what_failed_and_what_is_missing(file, tmp_path):
    plan = read_plan(file)
    rows = (row(0), row(1, "killed", "the process was ended by SIGKILL"))
    ending = SweepResult("exp", Table(plan.keys, rows), (), (), 1, "interrupted")
    assert closing(plan, ending, tmp_path) == (
        "exp: 2 of 3 runs, 1 of them failed, 1 missing (interrupted; the same command goes on); "
        f"see {tmp_path}"
    )


def test_progress_is_counts_the_time_left_and_the_run_that_ended(file):
    now = SweepProgress(3, 2, 1, 0, (2,), row(1), 4.0, 2.0)
    assert summary(now) == "2 of 3 done, 1 failed, 1 running, 2.0 s left"
    assert (
        line(read_plan(file), row(0)) == "run 0: seed=0: converged, relative L2 error 0.001, 2.0 s"
    )
    assert line(read_plan(file), row(1, "killed", "SIGKILL")) == "run 1: seed=1: killed: SIGKILL"


def test_workers_of_two_kinds_are_one_too_many(file, tmp_path):
    asked = ["sweep", "exp.yaml", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 2
    assert result.stderr.startswith("--workers are processes of this machine; with --scheduler")
    assert list(tmp_path.iterdir()) == [file]
