"""Every problem file is a case by being there; those that are quick reach their targets."""

from pathlib import Path

import pytest

import pikan
from pikan.planner import complete
from pikan.spec.formulas import problem
from pikan.spec.reader import read_spec
from tests.inconsistent import inconsistencies

FOLDER = Path(__file__).resolve().parents[2] / "problems"
FILES = sorted(f for f in FOLDER.rglob("*.yaml") if f.parent.name != "sweeps")
SLOW, LONG = pytest.mark.slow, pytest.mark.long

# The relative L2 error of the worst unknown, chosen automatically.
TARGETS = [
    *(("poisson", seed, 1e-13) for seed in (0, 1, 2)),
    *(("heat", seed, 1e-13) for seed in (0, 1, 2)),
    *(("diffusion", seed, 1e-13) for seed in (0, 1, 2)),
    ("beam", 0, 1e-13),
    ("helmholtz", 0, 1e-12),
    ("wave", 0, 1e-11),
    ("advection", 0, 1e-9),
    pytest.param("burgers", 0, 1e-3, marks=SLOW),
    pytest.param("kovasznay", 0, 1e-9, marks=LONG),
]
# Adam and L-BFGS alone, from a random start.
CLASSICAL = {"poisson": 1e-4, "heat": 1e-4, "burgers": 2e-2}


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(FOLDER)) for f in FILES])
def test_a_problem_file_is_sound(file):
    spec = read_spec(file)
    stated = problem(spec)
    assert inconsistencies(stated) == ()
    assert stated.exact is not None
    assert stated.title
    assert stated.source
    assert spec.name == file.stem
    completed, reasons = complete(spec, stated)
    assert completed.network is not None
    assert completed.training
    assert reasons or spec.training


@pytest.mark.parametrize(("name", "seed", "target"), TARGETS)
def test_a_problem_is_solved_to_its_target(name, seed, target):
    solution = pikan.solve(FOLDER / f"{name}.yaml", seed=seed)
    assert set(solution.errors) == set(solution.problem.unknowns)
    assert max(one.relative_l2 for one in solution.errors.values()) < target


def test_a_march_goes_on_until_it_has_the_accuracy_asked_for():
    # Without a word of it, a march aims at less, 1e-6.
    solution = pikan.solve(FOLDER / "klein_gordon.yaml", accuracy=1e-10)
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-10


@pytest.mark.long
@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file.parent.name == "classical"],
    ids=lambda file: file.stem,
)
def test_the_classical_schedule_reaches_its_target(file):
    name, _, basis = file.stem.rpartition("_")
    solution = pikan.solve(file)
    assert {next(iter(s.model_dump())) for s in read_spec(file).training} <= {
        "adam",
        "lbfgs",
        "refine",
    }
    assert solution.report.network.kind == "kan"
    assert basis in solution.spec
    assert solution.report.network.parameters <= 3000
    assert solution.errors["u"].relative_l2 < CLASSICAL[name]
