"""A basis, a sampling method and a stage are added as `docs/extending.md` says, and are used."""

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


@pytest.fixture
def extended(root, tmp_path):
    """A copy of the package with all that the page adds."""
    shutil.copytree(
        root / "pikan", tmp_path / "pikan", ignore=shutil.ignore_patterns("__pycache__")
    )
    page = (root / "docs" / "extending.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"```python\n# (pikan/\S+\.py)\n(.*?)```", page, re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    for name, change in re.findall(r"```diff\n (pikan/\S+\.py)\n(.*?)```", page, re.DOTALL):
        file = tmp_path / name
        before = re.sub(r"(?m)^\+.*\n", "", change)
        text = re.sub(r"(?m)^.", "", before), re.sub(r"(?m)^.", "", change)
        assert text[0] in file.read_text(encoding="utf-8"), name
        file.write_text(file.read_text(encoding="utf-8").replace(*text, 1), encoding="utf-8")
    return tmp_path


def test_what_the_page_adds_solves_a_problem(extended):
    (extended / "new.yaml").write_text(PROBLEM, encoding="utf-8")
    words = [sys.executable, "-m", "pikan", "solve", "new.yaml"]
    ran = subprocess.run(words, cwd=extended, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    error = float(re.search(r"u to (\S+);", ran.stdout)[1])
    assert error < 1e-6
    assert "heavy_ball" in (extended / "results" / "new" / "report.json").read_text()
