"""A basis, a sampling method, a stage and a network are added as the pages say, and are used."""

import re
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROBLEM = """
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = -2*pi^2*sin(pi*x)*sin(pi*y)]
conditions: [{where: boundary, that: u = 0}]
exact: {u: sin(pi*x)*sin(pi*y)}
network: {kind: product, rank: full, basis: [sine, chebyshev], degree: 9}
sampling: {interior: {method: r2, points: 400}, faces: {method: r2, points: 60}}
training: [least_squares, {heavy_ball: {steps: 5, lr: 1e-9}}]
"""
FEATURES = PROBLEM.partition("network:")[0] + "network: {kind: random_features}\n"


@pytest.fixture
def extended(root, tmp_path):
    """A copy of the package with all that the pages add."""
    shutil.copytree(
        root / "pikan", tmp_path / "pikan", ignore=shutil.ignore_patterns("__pycache__")
    )
    pages = [root / "docs" / "extending.md", root / "docs" / "extend" / "network.md"]
    page = "\n".join(one.read_text(encoding="utf-8") for one in pages)
    for name, content in re.findall(r"```python\n# (pikan/\S+\.py)\n(.*?)```", page, re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name, change in re.findall(r"```diff\n (pikan/\S+\.py)\n(.*?)```", page, re.DOTALL):
        file = tmp_path / name
        before, after = (re.sub(rf"(?m)^\{sign}.*\n", "", change) for sign in "+-")
        text = re.sub(r"(?m)^.", "", before), re.sub(r"(?m)^.", "", after)
        assert text[0] in file.read_text(encoding="utf-8"), name
        file.write_text(file.read_text(encoding="utf-8").replace(*text, 1), encoding="utf-8")
    return tmp_path


def solved(folder, problem):
    """The error of a problem solved by the package in a folder."""
    (folder / "new.yaml").write_text(problem, encoding="utf-8")
    words = [sys.executable, "-m", "pikan", "solve", "new.yaml"]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return float(re.search(r"u to (\S+);", ran.stdout)[1])


def test_what_the_page_adds_solves_a_problem(extended):
    assert solved(extended, PROBLEM) < 1e-6
    assert "heavy_ball" in (extended / "results" / "new" / "report.json").read_text()


def test_a_network_that_was_added_solves_a_problem_and_is_read_again(extended):
    error = solved(extended, FEATURES)
    assert error < 1e-4
    words = [sys.executable, "-m", "pikan", "report", "results/new"]
    again = subprocess.run(words, cwd=extended, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert float(re.search(r"(?m)^u +(\S+)", again.stdout)[1]) == error


def test_a_format_that_was_added_is_read(extended):
    # The process that reads files of strangers knows the installed package alone, not this copy.
    (extended / "seen.txt").write_text("# x u\n0.25 1.5\n0.75 -2\n", encoding="utf-8")
    code = """
from importlib import import_module
from pathlib import Path
from pikan.files.arrays import FORMATS
made = import_module("pikan.files.formats." + FORMATS[".txt"]).contents(Path("seen.txt"))
print(made.names, *(one.tolist() for one in made.load(["u", "x"])))
"""
    words = [sys.executable, "-c", code]
    ran = subprocess.run(words, cwd=extended, capture_output=True, text=True, check=False)
    assert ran.stdout == "['x', 'u'] [1.5, -2.0] [0.25, 0.75]\n", ran.stderr


def test_a_term_of_ones_own_takes_the_place_of_a_condition(root):
    page = (root / "docs" / "extending.md").read_text(encoding="utf-8")
    (code,) = [one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "odd" in one]
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "converged True\n", ran.stderr
