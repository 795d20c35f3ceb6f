"""A KAN solution of a problem enters the face of models, and returns."""

import numpy as np
import pytest
import torch

import pikan
from pikan.kan.arguments import ModelError

FILE = """
domain: {x: [0, 2]}
unknowns: [u]
equations: [u_xx = -sin(x)]
conditions: [{where: x = 0, that: u = 0}, {where: x = 2, that: u = sin(2)}]
exact: {u: sin(x)}
network: {kind: kan, width: [1, 2, 1], basis: chebyshev, degree: 5}
training: [{gauss_newton: {steps: 30}}]
sampling: {interior: {points: 30}}
"""
X = np.linspace(0.1, 1.9, 11)[:, None]


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    file = tmp_path_factory.mktemp("problem") / "sine.yaml"
    file.write_text(FILE)
    return pikan.solve(file)


def test_the_model_is_the_solution(solution):
    model = pikan.KAN.from_solution(solution)
    with torch.no_grad():
        values = model(torch.from_numpy(X))[:, 0].numpy()
    np.testing.assert_allclose(values, solution(X), rtol=0, atol=1e-14)
    points = model.get_act()[0].nodes
    assert float(points.min()) >= -1.0
    assert float(points.max()) <= 1.0


def test_a_changed_model_returns_with_the_errors_that_it_has(solution, tmp_path):
    model = pikan.KAN.from_solution(solution).remove_edge(0, 0, 1)
    back = model.to_solution(solution)
    with torch.no_grad():
        values = model(torch.from_numpy(X))[:, 0].numpy()
    np.testing.assert_allclose(back(X), values, rtol=0, atol=1e-14)
    assert back.outcome.kind == "finished"
    assert back.report.estimate is None
    grid = np.linspace(0, 2, 400)[:, None]
    error = np.linalg.norm(back(grid) - np.sin(grid[:, 0])) / np.linalg.norm(np.sin(grid[:, 0]))
    assert back.errors["u"].relative_l2 == pytest.approx(error, rel=0.1)
    assert back.report.residuals != solution.report.residuals
    step = 1e-5
    slope = (back(X + step) - back(X - step)) / (2 * step)
    np.testing.assert_allclose(back.partial("u_x", X), slope, rtol=1e-6, atol=1e-8)
    back.save(tmp_path / "changed")
    assert np.array_equal(pikan.load(tmp_path / "changed")(X), back(X))


def test_a_solution_with_formulas_on_its_edges_has_their_derivatives(solution):
    model = pikan.KAN.from_solution(solution)
    model = model.fix_symbolic(0, 0, 0, "sin").fix_symbolic(1, 1, 0, "x^2")
    back = model.to_solution(solution)
    step = 1e-4
    curve = (back(X + step) - 2 * back(X) + back(X - step)) / step**2
    np.testing.assert_allclose(back.partial("u_xx", X), curve, rtol=1e-5, atol=1e-5)


def test_what_is_no_kan_does_not_enter(tmp_path):
    file = tmp_path / "sine.yaml"
    file.write_text("\n".join(FILE.splitlines()[:6]))
    product = pikan.solve(file)
    with pytest.raises(ModelError, match="got a solution by product, needs one by a KAN"):
        pikan.KAN.from_solution(product)
    with pytest.raises(ModelError, match="got 2 inputs and 1 outputs, needs 1 and 1"):
        pikan.KAN([2, 1]).to_solution(product)


def test_a_deep_kan_with_conditions_built_in_enters_models_and_returns_with_them(tmp_path):
    file = tmp_path / "sine.yaml"
    file.write_text(
        FILE.replace("[1, 2, 1]", "[1, 2, 2, 1]").replace(
            "degree: 5}", "degree: 5, conditions: built_in}"
        )
    )
    solution = pikan.solve(file)
    assert solution.errors["u"].relative_l2 < 1e-4
    model = pikan.KAN.from_solution(solution)
    assert len(model.get_act()) == 3
    back = model.to_solution(solution)
    np.testing.assert_allclose(back(X), solution(X), rtol=0, atol=1e-14)
    changed = model.remove_edge(0, 0, 1).to_solution(solution)
    ends = np.array([[0.0], [2.0]])
    np.testing.assert_allclose(changed(ends), np.sin(ends[:, 0]), rtol=0, atol=1e-14)
    assert np.abs(changed(X) - solution(X)).max() > 1e-6
    changed.save(tmp_path / "kept")
    assert np.array_equal(pikan.load(tmp_path / "kept")(X), changed(X))
