"""A run is a function of its problem file, and leaves the process that it runs in as it was."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
import torch

import pikan
from pikan.network.parameters import digest

ROD = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [u_xx + u^2 = sin(3*x)]
conditions: [{where: boundary, that: u = 0}]
"""
PULSE = """
domain: {x: [0, 1], t: [0, 0.02]}
unknowns: [u]
equations: [u_t + u*u_x = 0.1*u_xx]
conditions: [{where: t = 0, that: u = sin(pi*x)}, {where: [x = 0, x = 1], that: u = 0}]
"""
FILES = {
    "climb": ROD,
    "march": f"{PULSE}\naccuracy: 1e-3\n",
    "kan": f"""{PULSE}
network: {{kind: kan, width: [2, 4, 1], grid: 4}}
sampling: {{interior: {{points: 64}}, faces: {{points: 16}}}}
training:
  - adam: {{steps: 20, weights: causal}}
  - resample: {{points: 80}}
  - refine: {{grid: 8, adapt: true}}
  - lbfgs: {{steps: 5}}
  - ssbroyden: {{steps: 5}}
  - gauss_newton: {{steps: 2}}
""",
    "windows": f"""{PULSE}
network: {{kind: product, rank: 3, degree: 5, windows: 2}}
sampling: {{interior: {{method: latin_hypercube, points: 64}}, faces: {{method: halton}}}}
training: [{{gauss_newton: {{steps: 4}}}}]
""",
    "mlp": f"""{ROD}
network: {{kind: mlp, width: [1, 6, 1]}}
training: [{{adam: {{steps: 10, weights: balance}}}}]
memory: 10 MB
""",
}
# On cells, in the plane too; by steps in time; with constants from data.
CELLS = {
    "line": """
domain: {x: [0, 1.3]}
unknowns: [u]
equations: [u_xx = abs(x - 0.4)]
conditions: [{where: boundary, that: u = 0}]
training: [elements]
accuracy: 1e-6
""",
    "plane": """
domain: {x: [0, 1.1], y: [0, 1.3]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions: [{where: x = 1.1, that: u = 2}, {where: [x = 0, y = 0, y = 1.3], that: u = 0}]
accuracy: 1e-3
""",
    "steps": """
domain: {x: [0, 1.1], t: [0, 0.3]}
unknowns: [u]
equations: [u_t = u_xx]
conditions: [{where: [t = 0, x = 1.1], that: u = 0}, {where: x = 0, that: u = 1}]
accuracy: 1e-3
""",
}
RUN = """
import json, sys
import pikan
print(json.dumps({file: pikan.solve(file).report.hashes.weights for file in sys.argv[1:]}))
"""


@pytest.fixture
def files(tmp_path):
    """The problem files by name."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return {name: tmp_path / f"{name}.yaml" for name in FILES}


def hashes(*paths: Path) -> dict[str, str]:
    """The hashes of what a fresh process finds."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, paths)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_two_processes_find_the_same_bits(files):
    assert hashes(*files.values()) == hashes(*reversed(files.values()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["poisson", "heat", "beam", "advection", "kovasznay"])
def test_two_processes_find_the_same_bits_of_a_shipped_problem(name, root):
    file = root / "problems" / f"{name}.yaml"
    assert hashes(file) == hashes(file)


@pytest.mark.slow
def test_two_threads_find_what_each_finds_alone(files):
    alone = {name: pikan.solve(file).report.hashes for name, file in files.items()}
    with ThreadPoolExecutor(len(files)) as pool:
        together = dict(zip(files, pool.map(pikan.solve, files.values()), strict=True))
    assert {name: found.report.hashes for name, found in together.items()} == alone
    assert len({found.weights for found in alone.values()}) == len(files)


def test_the_report_records_what_ran_on_what(files):
    solution = pikan.solve(files["climb"])
    report = solution.report
    assert report.hashes.problem == sha256(solution.spec.encode()).hexdigest()
    assert report.hashes.weights == digest(solution.network)
    assert (report.threads, report.device) == (torch.get_num_threads(), "cpu")
    assert report.versions.torch.partition("+")[0] == torch.__version__.partition("+")[0]


@pytest.mark.slow
def test_what_a_process_has_one_of_is_left_as_it_was(tmp_path, root):
    """In a process of its own: checks of types at run time draw from Python's generator."""
    words = [sys.executable, "-m", "tests.untouched", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=root)
    changed = json.loads(done.stdout)
    assert changed == {name: [] for name in ("solve", "keep", "plot", "fit", "sweep")}


@pytest.mark.parametrize("name", FILES | CELLS)
def test_the_default_dtype_of_the_caller_does_not_matter(name, tmp_path):
    file = tmp_path / f"{name}.yaml"
    file.write_text((FILES | CELLS)[name], encoding="utf-8")
    usual = pikan.solve(file).report.hashes.weights
    torch.set_default_dtype(torch.float16)
    try:
        assert pikan.solve(file).report.hashes.weights == usual
    finally:
        torch.set_default_dtype(torch.float32)
