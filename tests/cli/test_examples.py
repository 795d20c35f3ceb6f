"""Examples come along, runs are listed, and programs are answered in JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pikan.cli.main import app

ROOT = Path(__file__).parents[2]


def run(*words):
    return CliRunner().invoke(app, list(words))


def test_every_problem_file_is_an_example():
    shown = run("examples").output
    named_networks_and_others = {"classical", "kan", "operators", "sweeps"}
    for file in (ROOT / "problems").rglob("*.yaml"):
        assert f"{file.stem} " in shown or file.parent.name in named_networks_and_others


@pytest.mark.parametrize("start", ["burgers", "allen_cahn", "electrodes", "yeast"])
def test_a_new_file_may_start_from_an_example_and_has_its_data(tmp_path, monkeypatch, start):
    monkeypatch.chdir(tmp_path)
    assert run("new", "mine", "--from", start).exit_code == 0
    checked = run("check", "mine.yaml", "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.output)["problem"] == "mine"


def test_a_strange_example_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run("new", "mine", "--from", "burger")
    assert ended.exit_code == 2
    assert "did you mean 'burgers'" in ended.output
    assert list(tmp_path.iterdir()) == []


def test_faults_are_told_in_json(tmp_path):
    file = tmp_path / "faulty.yaml"
    file.write_text("domain: {x: [0, 1]}\nunknowns: [u]\nequations: [du/dx = 1]\nconditions: []\n")
    ended = run("check", str(file), "--json")
    assert ended.exit_code == 2
    faults = json.loads(ended.output)["faults"]
    assert any("u_x" in fault["message"] and fault["line"] == 3 for fault in faults)


@pytest.mark.parametrize("command", ["solve", "check", "report", "list", "export", "new", "sweep"])
def test_every_help_has_an_example_and_exit_codes(command):
    shown = " ".join(run(command, "-h").output.split())
    assert "Example: pikan" in shown
    assert "Exit codes: 0" in shown


def test_runs_are_listed_and_solved_with_json(tmp_path):
    folder = tmp_path / "results" / "beam"
    solved = run("solve", str(ROOT / "problems/beam.yaml"), "--out", str(folder), "--json")
    assert json.loads(solved.output)["outcome"] == "converged"
    (listed,) = json.loads(run("list", str(tmp_path), "--json").output)
    assert listed["problem"] == "beam"
    assert listed["command"].startswith("pikan")
    assert listed["reasons"]
    assert json.loads(run("report", str(folder), "--json").output)["problem"] == "beam"
    assert "converged" in run("list", str(tmp_path)).output
