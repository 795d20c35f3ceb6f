"""Every problem file is a case by being there; those that are quick reach their targets."""

from pathlib import Path

import numpy as np
import pytest

import pikan
from kans import target
from pikan.planning.planner import complete
from pikan.spec.formulas import problem
from pikan.spec.reader import read_spec
from tests.inconsistent import inconsistencies

FOLDER = Path(__file__).resolve().parents[2] / "problems"
FILES = sorted(f for f in FOLDER.rglob("*.yaml") if f.parent.name not in ("sweeps", "operators"))
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
    pytest.param("taylor_green", 0, 1e-7, marks=SLOW),
    pytest.param("kovasznay", 0, 1e-9, marks=LONG),
]
# Adam and L-BFGS alone, from a random start.
CLASSICAL = {"poisson": 1e-4, "heat": 1e-4, "burgers": 2e-2}


@pytest.mark.parametrize("file", FILES, ids=[str(f.relative_to(FOLDER)) for f in FILES])
def test_a_problem_file_is_sound(file):
    spec = read_spec(file)
    stated = problem(spec)
    assert inconsistencies(stated) == ()
    compared = stated.exact is not None or stated.observations
    assert compared or stated.parameters or stated.energy or stated.functionals
    assert stated.title
    assert stated.source
    assert spec.name == file.stem
    completed, reasons = complete(spec, stated)
    # The members of a family choose for themselves.
    assert completed.network is not None or stated.parameters
    assert completed.training or stated.parameters
    assert reasons or spec.training


@pytest.mark.parametrize(("name", "seed", "target"), TARGETS)
def test_a_problem_is_solved_to_its_target(name, seed, target):
    solution = pikan.solve(FOLDER / f"{name}.yaml", seed=seed)
    assert set(solution.errors) == set(solution.problem.unknowns)
    assert max(one.relative_l2 for one in solution.errors.values()) < target


@pytest.mark.slow
def test_the_constants_of_hares_and_lynxes_are_those_of_least_squares_with_an_ode_solver():
    from scipy.integrate import solve_ivp
    from scipy.optimize import least_squares

    solution = pikan.solve(FOLDER / "unknowns" / "hares_and_lynxes.yaml")
    hares, lynxes = solution.problem.observations
    noise = solution.report.data.noise

    def residuals(theta):
        a, b, c, d, *start = theta
        made = solve_ivp(
            lambda _, y: (a * y[0] - b * y[0] * y[1], c * y[0] * y[1] - d * y[1]),
            (1900, 1920), start, "DOP853", hares.points[:, 0], rtol=1e-10, atol=1e-10,
        )  # fmt: skip
        left = (made.y[0] - hares.values) / noise["data x"]
        return np.concatenate([left, (made.y[1] - lynxes.values) / noise["data y"]])

    assert solution.outcome.kind == "converged"
    values = [one.value for one in solution.found.values()]
    fitted = least_squares(residuals, [*values, *solution(t=1900.0)], x_scale="jac")
    errors = np.sqrt(np.diag(np.linalg.inv(fitted.jac.T @ fitted.jac)))
    for value, other, error in zip(values, fitted.x, errors, strict=False):
        assert abs(value - other) < 0.1 * error
    for one, error in zip(solution.found.values(), errors, strict=False):
        assert one.standard_error == pytest.approx(error, rel=0.1)


def test_a_march_goes_on_until_it_has_the_accuracy_asked_for():
    # Without a word of it, a march aims at less, 1e-6.
    solution = pikan.solve(FOLDER / "klein_gordon.yaml", accuracy=1e-10)
    assert solution.outcome.kind == "converged"
    assert solution.errors["u"].relative_l2 < 1e-10


def test_a_deep_kan_solves_poisson_by_its_recipe_alone():
    # As problems/kan/poisson_chebyshev.yaml says, with fewer steps and points.
    stages = [{"gauss_newton": {"steps": 30, "damping": 1e-2, "geodesic": True, "memory": 0.95}}]
    solution = pikan.solve(
        FOLDER / "kan" / "poisson_chebyshev.yaml",
        network={"kind": "kan", "width": [2, 8, 8, 1], "basis": "chebyshev", "degree": 5,
                 "start": "decaying", "conditions": "built_in"},
        sampling={"interior": {"method": "sobol", "points": 1200}},
        training=stages,
    )  # fmt: skip
    assert solution.errors["u"].relative_l2 < 1e-3


@pytest.mark.long
@pytest.mark.parametrize(
    "file",
    [file for file in FILES if file.parent.name == "kan" and not file.stem.endswith("_mlp")],
    ids=lambda file: file.stem,
)
def test_a_deep_kan_reaches_its_target(file):
    solution = pikan.solve(file)
    assert solution.report.network.kind == "kan"
    assert solution.report.network.parameters <= 1500
    assert solution.errors["u"].relative_l2 < target(file.stem).error


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
