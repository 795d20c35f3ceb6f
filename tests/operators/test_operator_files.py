"""Operator files: pairs are drawn and solved for, or read; operators come back from folders."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import pikan
from pikan.cli.main import app
from pikan.expression.evaluate import evaluate
from pikan.expression.parse import parse
from pikan.operator_files.kept import holds_pairs, kept_pairs, resumable_pairs
from pikan.operator_files.pairs import random_field
from pikan.spec.faults import SpecError
from pikan.spec.operators import read_operator
from tests.stated import finish

PROBLEMS = Path(__file__).parents[2] / "problems" / "operators"
INTEGRAL = """
domain: {x: [0, 2]}
unknowns: [u]
equations: [u_x = v]
conditions: [{where: x = 0, that: u = 0}]
operator: {input: v, output: u}
inputs: {v: {gaussian: {length: 1.5, amplitude: 3}, samples: 40, test: 10}}
"""
PAIRS = """
operator: {input: a, output: u}
data: {file: pairs.npz, input: a, output: u, train: 30, test: 10}
"""


def written(folder, text, name="made.yaml"):
    """A file with this text."""
    (folder / name).write_text(text)
    return folder / name


def arrays():
    """Sums of two waves and their doubles."""
    weights = np.random.default_rng(0).normal(size=(40, 2))
    a = weights @ np.stack([np.ones(6), np.linspace(0, 1, 6)])
    return a, 2 * a[:, ::-1]


@pytest.mark.parametrize("file", sorted(PROBLEMS.glob("*.yaml")), ids=lambda file: file.stem)
def test_an_operator_file_is_sound(file):
    stated = read_operator(file)
    assert stated.settings.title
    assert stated.settings.source
    assert stated.settings.name == file.stem


def test_a_random_field_has_the_covariance_of_its_law(tmp_path):
    field = random_field(read_operator(written(tmp_path, INTEGRAL)))
    places = {"x": np.array([0.25, 1.75])}
    values = [np.zeros(2) + evaluate(parse(one), places, np) for one in field.functions]
    covariance = np.stack(values, axis=1) @ np.stack(values)
    # exp(-12.5) of an image a period away, and modes below 1e-6.
    wanted = 9.0 * np.array([[1, np.exp(-0.5)], [np.exp(-0.5), 1]])
    assert covariance == pytest.approx(wanted, abs=9 * 2e-5)


@pytest.mark.slow
def test_a_linear_operator_is_superposed_from_few_solves(tmp_path):
    made = pikan.learn(written(tmp_path, INTEGRAL))
    pairs, facts = made.pairs, made.report.pairs
    assert facts.affine
    assert facts.solved == facts.modes + 1 < 50
    # The trapezoidal rule on 100 cells, for all of the inputs, those of no solve among them.
    steps = (pairs.a[:, 1:] + pairs.a[:, :-1]) * 0.01
    integrals = np.concatenate([np.zeros((50, 1)), np.cumsum(steps, axis=1)], axis=1)
    assert pairs.u == pytest.approx(integrals, abs=1e-3)
    assert made.report.fit.method == "linear"
    assert made.report.test.worst < 1e-6


@pytest.mark.long
def test_an_interrupted_operator_goes_on_with_the_problems_that_were_solved(tmp_path):
    text = INTEGRAL.replace("u_x = v", "u_x = v - 0.1*sin(u)").replace("samples: 40", "samples: 10")
    stated = read_operator(written(tmp_path, text.replace("test: 10", "test: 2")))
    _, whole = finish(resumable_pairs(stated, None, 60.0))
    steps = resumable_pairs(stated, tmp_path / "left", 60.0)
    assert [next(steps) for _ in range(5)][-1] == (5, 12)
    steps.close()
    assert holds_pairs(tmp_path / "left")
    shown, again = finish(resumable_pairs(stated, tmp_path / "left", 60.0))
    assert shown[0] == (6, 12)
    assert np.array_equal(again.u, whole.u)
    # Those of another file are none of its own.
    assert kept_pairs(tmp_path / "left", read_operator(written(tmp_path, text))) is None


def test_operators_of_pairs_in_any_format_come_back_from_their_folders(tmp_path):
    a, u = arrays()
    np.savez(tmp_path / "pairs.npz", a=a, u=u)
    names = [f"{name}{k}" for name in "au" for k in range(6)]
    table = np.concatenate([a, u], axis=1)
    np.savetxt(tmp_path / "pairs.csv", table, "%.17g", ",", header=",".join(names), comments="")
    made = pikan.learn(written(tmp_path, PAIRS))
    other = pikan.learn(written(tmp_path, PAIRS.replace(".npz", ".csv")))
    assert made.report.test.worst < 1e-8
    assert np.array_equal(made.operator(a), other.operator(a))
    made.save(tmp_path / "left")
    again = pikan.load(tmp_path / "left")
    # Arrays lie otherwise in memory then, and sums are rounded otherwise.
    assert again(a) == pytest.approx(made.operator(a), rel=1e-12, abs=1e-12)
    assert again.report == made.operator.report


def test_an_operator_file_is_checked_and_solved_on_the_command_line(tmp_path):
    a, u = arrays()
    np.savez(tmp_path / "pairs.npz", a=a, u=u)
    file, folder = str(written(tmp_path, PAIRS)), tmp_path / "left"
    checked = CliRunner().invoke(app, ["check", file])
    assert "30 pairs of pairs.npz are fitted, 10 others compared" in checked.output
    solved = CliRunner().invoke(app, ["solve", file, "--out", str(folder)])
    assert solved.exit_code == 0
    assert "test error of 10 pairs" in solved.output
    assert sorted(one.name for one in folder.iterdir()) == [
        "problem.yaml", "report.json", "run.h5", "solution.png",
    ]  # fmt: skip
    again = CliRunner().invoke(app, ["report", str(folder)])
    assert again.exit_code == 2
    assert "this is an operator, no solution" in again.output


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("output: u}", "output: w}", "operator.output: 'w' is no unknown; there are u"),
        ("input: v,", "input: q,", "operator.input: 'q' has no law"),
        ("length: 1.5", "length: -1", "inputs.v.gaussian.length: got -1"),
        ("test: 10", "test: 10, over: y", "inputs.v.over: 'y' is no coordinate; there are x"),
        ("u_x = v", "u_x = vv", "equations.0: unknown name 'vv'"),
        ("u_x = v", "-div(v*grad(u)) = 1", "equations.0: 'v' is given by its values, and div(...)"),
        ("equations: [u_x = v]", "energy: 0.5*v*u_x^2 - u", "energy: its equations hold deriv"),
        ("samples: 40", "samples: 4", "inputs.v.samples: got 4, needs at least 10"),
    ],
)
def test_a_fault_of_an_operator_file_is_said_in_a_sentence(tmp_path, old, new, message):
    with pytest.raises(SpecError) as caught:
        read_operator(written(tmp_path, INTEGRAL.replace(old, new)))
    assert message in str(caught.value)


def test_a_file_with_too_few_pairs_is_refused(tmp_path):
    a, u = arrays()
    np.savez(tmp_path / "pairs.npz", a=a, u=u)
    with pytest.raises(SpecError, match=r"shape \(40, 6\), needs train \+ test = 100 rows"):
        pikan.learn(written(tmp_path, PAIRS.replace("train: 30", "train: 90")))
