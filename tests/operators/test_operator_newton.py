"""Newton's method from what an operator gives, and solves that start from those of others."""

import numpy as np
import pytest
import torch

import pikan
from pikan.operator_files.pairs import random_field, with_field
from pikan.operator_files.solves import solve_input, way_of
from pikan.operators.operator import OperatorError
from pikan.problem.statement import with_constants
from pikan.spec.operators import read_operator

CUBIC = """
domain: {x: [0, 1]}
unknowns: [u]
equations: [-0.1*u_xx + u + amount*u^3 = v]
conditions: [{where: boundary, that: u = 0}]
constants: {amount: 2}
operator: {input: v, output: u}
inputs: {v: {gaussian: {length: 0.4, amplitude: 2}, samples: 12, test: 3}}
"""


@pytest.fixture(scope="module")
def cubic(tmp_path_factory):
    """A file of a nonlinear law, and what is learned from it with a change."""
    file = tmp_path_factory.mktemp("cubic") / "cubic.yaml"
    file.write_text(CUBIC)
    return file, pikan.learn(file, {"constants.amount": "1"})


@pytest.mark.long
def test_each_of_newtons_steps_about_squares_the_error(cubic, tmp_path):
    _, run = cubic
    a, u = run.pairs.a[12:], run.pairs.u[12:]
    sizes = np.linalg.norm(u, axis=1)
    before = np.linalg.norm(run.operator(a) - u, axis=1) / sizes
    assert before.max() > 1e-3
    once, twice = (run.operator.correct(a, steps) for steps in (1, 2))
    errors = [np.linalg.norm(one.outputs - u, axis=1) / sizes for one in (once, twice)]
    assert (errors[0] < before**2).all()
    assert (errors[1] < np.maximum(errors[0] ** 2, 1e-11)).all()
    assert run.report.corrected.worst == pytest.approx(errors[0].max(), rel=1e-6)
    assert once.residuals.shape == (3, 2)
    assert (once.residuals[:, 1] < once.residuals[:, 0] / 10).all()
    # An archive knows the equations with the changes to the file.
    run.save(tmp_path / "left")
    again = pikan.load(tmp_path / "left").correct(a[0])
    assert again.outputs == pytest.approx(once.outputs[0], abs=1e-9)


@pytest.mark.long
def test_a_solve_that_starts_from_another_input_ends_where_one_by_itself_does(cubic):
    file, run = cubic
    stated = read_operator(file, {"constants.amount": "1"})
    field = random_field(stated)
    problem = with_field(stated.problem, "v", field)
    drawn = torch.randn(
        15, len(field.names), generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    own = with_constants(problem, dict(zip(field.names, drawn[7].tolist(), strict=True)))
    alone = solve_input(stated, own, way_of(stated, own), None, 0)
    with torch.no_grad():
        values = alone.network(torch.linspace(0, 1, 101, dtype=torch.float64)[:, None])[:, 0]
    assert alone.outcome.kind == "converged"
    assert run.pairs.u[7] == pytest.approx(values.numpy(), abs=1e-9)
    assert run.report.pairs.estimate < 1e-8


@pytest.mark.long
def test_an_input_that_the_law_cannot_give_is_refused(cubic):
    _, run = cubic
    jump = np.where(np.arange(101) < 50, 0.0, 1.0)
    with pytest.raises(OperatorError, match="input 0 is no sum of the modes of its law"):
        run.operator.correct(jump)
    with pytest.raises(OperatorError, match="steps: got 0, needs at least 1"):
        run.operator.correct(jump, steps=0)


def test_an_operator_of_arrays_has_no_equations_to_correct_by():
    a = np.random.default_rng(0).normal(size=(20, 4))
    made = pikan.operator.fit(a, 2 * a, method="linear")
    with pytest.raises(OperatorError, match=r"knows no equations.*take pikan\.learn"):
        made.correct(a)
