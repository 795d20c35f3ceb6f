"""A solution is the function that its network is, whatever it is asked with."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from pikan.bases.chebyshev import Chebyshev
from pikan.evaluation import equation_residuals, evaluation
from pikan.expression.parse import parse
from pikan.files.json_text import from_json
from pikan.geometry.box import Box
from pikan.network.base import place
from pikan.network.product import FullProduct
from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Equation, Problem
from pikan.references.formula import FormulaSolution
from pikan.report.errors import errors
from pikan.report.report import NetworkFacts, Record, Report, Seconds, Versions
from pikan.solution import Solution
from pikan.storage.run_archive import network, read_run

LOWER, UPPER = (-1.0, 0.0), (1.0, 2.0)


def solved(formulas: dict[str, str]) -> Solution:
    """A solution of u_t = x**2 that is exactly u = x**2 t + 1, and others as given."""
    bases = [Chebyshev(torch.tensor([[-1.0, 1.0]], dtype=torch.float64), 3) for _ in range(2)]
    box = Box(("x", "t"), LOWER, UPPER)
    exact = FormulaSolution(box.coordinates, {name: parse(f) for name, f in formulas.items()}, {})
    network = FullProduct(bases, len(formulas), LOWER, UPPER).double()
    unit = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = 2 * unit - torch.tensor([1.0, 0.0])
    features = network.features(place(points)).values[0]
    found = torch.linalg.lstsq(features, torch.from_numpy(exact.values(points.numpy()))).solution
    with torch.no_grad():
        network.coefficients.copy_(found)
    problem = Problem(
        "line", "A line", box, tuple(formulas), {}, (Equation("equation", parse("u_t - x**2")),),
        (), (), exact, "",
    )  # fmt: skip
    report = Report(
        problem="line", outcome="converged", message="It is <solved>.",
        errors=errors(problem, evaluation(problem, network)), estimate=None,
        residuals={"equation": 0.0}, network=NetworkFacts("product", 16), seed=0, dtype="float64",
        device="cpu", threads=1, seconds=Seconds(1.0, 0.5), stages=(),
        versions=Versions("0", "2", "3"),
    )  # fmt: skip
    history = tuple(
        Record("adam", 0, i, float(i), 0.1**i, (("equation", 0.1**i),), None) for i in range(9)
    )
    return Solution(
        problem, network, "name: line\n", Outcome("converged", report.message), history, report
    )


@pytest.fixture
def solution() -> Solution:
    return solved({"u": "x**2*t + 1"})


def test_rows_and_named_coordinates_agree(solution):
    points = np.random.default_rng(0).random((50, 2))
    by_rows = solution(points)
    np.testing.assert_array_equal(by_rows, solution(x=points[:, 0], t=points[:, 1]))
    np.testing.assert_allclose(by_rows, points[:, 0] ** 2 * points[:, 1] + 1, rtol=1e-13)


def test_coordinates_are_spread_over_each_other(solution):
    np.testing.assert_allclose(solution(x=0.5, t=[0, 1]), [1.0, 1.25], rtol=1e-13)
    x, t = np.linspace(-1, 1, 5)[:, None], np.linspace(0, 2, 3)
    np.testing.assert_allclose(solution(x=x, t=t), x**2 * t + 1, rtol=1e-13)
    assert float(solution(x=0, t=0)) == pytest.approx(1.0)


def test_tensors_give_a_tensor_with_gradients(solution):
    t = torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)
    values = solution(x=0.5, t=t)
    assert isinstance(values, torch.Tensor)
    (slope,) = torch.autograd.grad(values.sum(), t)
    torch.testing.assert_close(slope, torch.full_like(slope, 0.25))


def test_arrays_give_an_array_that_holds_no_graph(solution):
    assert isinstance(solution(np.zeros((3, 2))), np.ndarray)


def test_at_no_points_there_are_no_values(solution):
    assert solution(x=np.zeros(0), t=1.0).shape == (0,)
    several = solved({"u": "x^2*t + 1", "v": "x"})
    assert several(x=np.zeros((0, 3)), t=1.0).shape == (0, 3, 2)


def test_partials_are_exact_for_a_polynomial(solution):
    points = np.random.default_rng(1).random((20, 2))
    np.testing.assert_allclose(solution.partial("u_xx", points), 2 * points[:, 1], atol=1e-11)
    np.testing.assert_allclose(solution.partial("u_xt", points), 2 * points[:, 0], atol=1e-11)
    np.testing.assert_allclose(solution.partial("u", x=0.5, t=2), 1.5, rtol=1e-12)


def test_several_unknowns_come_along_a_last_axis():
    pair = solved({"u": "x**2*t", "v": "x - t"})
    found = pair(x=[0.5, 1.0], t=1.0)
    np.testing.assert_allclose(found, [[0.25, -0.5], [1.0, 0.0]], atol=1e-13)
    np.testing.assert_allclose(pair.partial("v_t", x=[0.5, 1.0], t=1.0), -1.0, rtol=1e-12)


def test_the_exact_solution_leaves_no_residual(solution):
    points = np.random.default_rng(2).random((20, 2))
    left = equation_residuals(solution.problem, solution.network)(points)
    assert left.shape == (20, 1)
    assert np.abs(left).max() < 1e-12


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s(),
        lambda s: s(x=1.0),
        lambda s: s(x=1.0, y=1.0),
        lambda s: s(np.zeros((4, 3))),
        lambda s: s(np.zeros((4, 2)), x=1.0),
        lambda s: s.partial("u_y", np.zeros((4, 2))),
        lambda s: s.partial("w", np.zeros((4, 2))),
    ],
)
def test_a_wrong_question_is_answered_with_what_would_do(solution, ask):
    with pytest.raises(ValueError, match=r"x.*t"):
        ask(solution)


def test_it_shows_itself_without_markup_from_outside(solution):
    assert repr(solution).startswith("Solution of line: converged, u to ")
    assert "It is &lt;solved&gt;." in solution._repr_html_()
    assert solution.plot()._repr_png_().startswith(b"\x89PNG")
    assert solution.plot_history()._repr_png_().startswith(b"\x89PNG")


def test_what_it_saves_is_what_it_is(solution, tmp_path):
    paths = solution.save(tmp_path / "line")
    names = {"run.h5", "report.json", "report.html", "problem.yaml"}
    names |= {"solution.png", "history.png"}
    assert {path.name for path in paths} == names == {p.name for p in (tmp_path / "line").iterdir()}
    kept = read_run(tmp_path / "line" / "run.h5")
    assert kept.spec == solution.spec == (tmp_path / "line" / "problem.yaml").read_text()
    assert kept.report == solution.report
    assert from_json((tmp_path / "line" / "report.json").read_text(), Report) == solution.report
    assert kept.history == solution.history
    points = torch.rand(9, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert torch.equal(network(kept)(points), solution.network(points))


def test_saving_sets_another_run_aside_and_says_so(solution, tmp_path):
    folder = tmp_path / "there"
    solution.keep(folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    solution.keep(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    other = replace(solution, spec="name: another\n")
    with pytest.warns(UserWarning, match=r"there: held a result of other settings, .*there\.1$"):
        other.keep(folder)
    aside = tmp_path / "there.1"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == first
    solution.keep(folder, replace=True)
    assert {path.name for path in tmp_path.iterdir()} == {"there", "there.1"}


@pytest.mark.parametrize("name", ["problem.yaml", "report.json", "solution.png"])
def test_saving_never_writes_over_a_file_that_no_run_has_left(solution, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError, match=f"no run's file; take another folder: '.*{name}'"):
        solution.keep(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    solution.keep(tmp_path, replace=True)
    assert (tmp_path / "run.h5").exists()


def test_saving_goes_beside_files_of_other_names(solution, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    solution.keep(tmp_path)
    assert {"notes.txt", "run.h5"} < {path.name for path in tmp_path.iterdir()}


def test_figures_come_together_or_not_at_all(solution, tmp_path, monkeypatch):
    solution.draw(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.name for path in before} == {"solution.png", "history.png", "report.html"}
    calls = []

    def refuse(opened):
        calls.append(opened)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left on device"):
        replace(solution, history=solution.history[:3]).draw(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
