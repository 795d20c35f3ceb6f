"""`pikan solve` loses nothing that is in its folder, and says what became of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pikan.cli.main import app
from pikan.files.atomic import write_together

LINE = """\
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx = 0]
conditions: [{where: x = 0, that: u = 0}, {where: x = 1, that: u = 1}]
network: {kind: kan, width: [1, 1], basis: chebyshev, degree: 3}
training: [least_squares]
"""


@pytest.fixture
def solve(tmp_path, monkeypatch):
    """Solves a line in an empty folder, with more words of the command."""
    monkeypatch.chdir(tmp_path)
    Path("line.yaml").write_text(LINE, encoding="utf-8")

    def command(*words, file="line.yaml"):
        result = CliRunner().invoke(app, ["solve", file, "--quiet", *words])
        assert "Traceback" not in result.output
        return result

    return command


def state(folder):
    """All files below a folder, but for the problem file of the test."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "line.yaml"
    }


def seed(folder):
    return json.loads((folder / "report.json").read_text())["seed"]


def test_the_same_problem_again_takes_the_place_of_its_result_in_silence(solve, tmp_path):
    assert solve().exit_code == 0
    before = (tmp_path / "results" / "line" / "run.h5").stat().st_ino
    again = solve()
    assert (again.exit_code, again.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["line"]
    assert (tmp_path / "results" / "line" / "run.h5").stat().st_ino != before


@pytest.mark.parametrize(
    "words", [("--seed", "1"), ("--accuracy", "0.1"), ("--set", "network.degree=4")]
)
def test_a_result_of_other_settings_is_set_aside_and_that_is_said(solve, tmp_path, words):
    solve()
    first = state(tmp_path / "results" / "line")
    said = solve(*words)
    assert said.exit_code == 0
    assert said.stderr == (
        "results/line: a result of another problem or of other settings was here, which is now "
        "results/line.1\n"
    )
    assert state(tmp_path / "results" / "line.1") == first
    assert solve("--seed", "2").exit_code == 0
    assert state(tmp_path / "results" / "line.1") == first
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"line", "line.1", "line.2"}


def test_another_problem_with_the_same_out_sets_the_first_aside(solve, tmp_path):
    Path("other.yaml").write_text(LINE.replace("u = 1", "u = 2"), encoding="utf-8")
    solve("--out", "there/")
    first = state(tmp_path / "there")
    said = solve("--out", "there/", file="other.yaml")
    assert "which is now there.1" in said.stderr
    assert state(tmp_path / "there.1") == first


def test_force_replaces_a_result_of_other_settings(solve, tmp_path):
    solve()
    said = solve("--seed", "1", "--force")
    assert (said.exit_code, said.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["line"]
    assert seed(tmp_path / "results" / "line") == 1


def test_what_else_is_in_the_folder_of_a_result_stays_beside_it(solve, tmp_path):
    solve()
    (tmp_path / "results" / "line" / "notes.txt").write_text("mine")
    first = state(tmp_path / "results" / "line")
    said = solve("--force", "--seed", "1")
    assert said.stderr == "results/line: what it held before is now results/line.1\n"
    assert state(tmp_path / "results" / "line.1") == first


@pytest.mark.parametrize("name", ["notes.txt", "report.json", "problem.yaml", ".git", "run.h5/a"])
def test_a_folder_of_somebody_else_is_refused_before_any_training(solve, tmp_path, name):
    write_together({tmp_path / "there" / name: b"mine"})
    before = state(tmp_path)
    refused = solve("--out", "there")
    assert refused.exit_code == 2
    first = name.partition("/")[0]
    assert refused.stderr == (
        f"there: holds what is no result of pikan's ({first}); take another folder with --out, or "
        "write into this one with --force\n"
    )
    assert state(tmp_path) == before


def test_force_writes_into_a_folder_of_somebody_else_beside_what_is_there(solve, tmp_path):
    write_together({tmp_path / "there" / "notes.txt": b"mine"})
    assert solve("--out", "there", "--force").exit_code == 0
    assert {"notes.txt", "run.h5", "report.json"} < set(state(tmp_path / "there"))
    assert (tmp_path / "there" / "notes.txt").read_bytes() == b"mine"


@pytest.mark.parametrize("words", [(), ("--force",)])
def test_a_file_in_the_place_of_the_folder_is_refused(solve, tmp_path, words):
    (tmp_path / "there").write_text("mine")
    refused = solve("--out", "there", *words)
    assert (refused.exit_code, refused.stderr) == (
        2,
        "there: this is a file; name a folder for the results\n",
    )
    assert (tmp_path / "there").read_text() == "mine"


def test_the_folder_that_the_command_runs_in_is_not_renamed(solve, tmp_path, monkeypatch):
    solve("--out", "there")
    monkeypatch.chdir(tmp_path / "there")
    before = state(tmp_path)
    assert solve("--out", ".", file="../line.yaml").exit_code == 0
    refused = solve("--out", ".", "--seed", "1", file="../line.yaml")
    assert refused.exit_code == 2
    assert "cannot be set aside (it is the folder that this command runs in)" in refused.stderr
    assert state(tmp_path).keys() == before.keys()
    assert solve("--out", ".", "--seed", "1", "--force", file="../line.yaml").exit_code == 0
    assert seed(tmp_path / "there") == 1


@pytest.mark.parametrize("words", [(), ("--seed", "1"), ("--seed", "1", "--force")])
def test_a_run_that_leaves_nothing_leaves_what_was_there(solve, tmp_path, monkeypatch, words):
    solve()
    before = state(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device", "results/line/run.h5")

    monkeypatch.setattr("pikan.storage.file.write_together", full)
    failed = solve(*words)
    assert failed.exit_code == 4
    assert failed.stderr.endswith(
        "results/line/run.h5: No space left on device; make room there, or take another folder\n"
    )
    assert state(tmp_path) == before


def test_an_early_interrupt_of_the_same_run_keeps_its_result(solve, tmp_path, monkeypatch):
    solve()
    before = state(tmp_path / "results" / "line")

    def stop(steps, show, asked):
        next(steps)
        try:
            steps.throw(KeyboardInterrupt)
        except StopIteration as end:
            return end.value

    monkeypatch.setattr("pikan.cli.finish.drive", stop)
    stopped = solve()
    assert stopped.exit_code == 130
    assert "results/line: what it held before is now results/line.1" in stopped.stderr
    assert state(tmp_path / "results" / "line.1") == before


def test_a_place_where_nothing_can_be_written_is_no_fault_of_the_input(solve, tmp_path):
    (tmp_path / "results").write_text("a file")
    refused = solve()
    assert refused.exit_code == 4
    assert refused.stderr.startswith("results/line: Not a directory; see to that, or take another")
    assert (tmp_path / "results").read_text() == "a file"


def test_a_folder_that_takes_no_byte_is_told_before_any_training(solve, tmp_path, monkeypatch):
    def train(*_):
        raise AssertionError("this is too late")

    def refuse(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("pikan.run.solve", train)
    monkeypatch.setattr("pikan.files.atomic.TemporaryFile", refuse)
    refused = solve()
    assert (refused.exit_code, refused.stderr.count("\n")) == (4, 1)
    assert refused.stderr.startswith("results/line: Read-only file system; ")
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_runs_that_start_at_the_same_moment_lose_nothing(solve, tmp_path):
    solve()
    first = state(tmp_path / "results" / "line")
    command = [sys.executable, "-m", "pikan", "solve", "line.yaml", "--quiet", "--seed"]
    runs = [subprocess.Popen([*command, str(i)], stderr=subprocess.PIPE) for i in (1, 2, 3)]
    codes = [run.communicate() and run.returncode for run in runs]
    assert set(codes) <= {0, 2}
    assert 0 in codes
    found = [folder for folder in (tmp_path / "results").iterdir() if any(folder.iterdir())]
    seeds = sorted(seed(folder) for folder in found)
    assert seeds == [0, *(i for i, code in zip((1, 2, 3), codes, strict=True) if code == 0)]
    assert [state(folder) for folder in found if seed(folder) == 0] == [first]
