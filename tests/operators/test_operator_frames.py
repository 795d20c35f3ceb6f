"""Frames of evolutions: what is taken out is a symmetry, and learning gains by it."""

import numpy as np
import pytest
import torch

import operators
import pikan
from pikan.operators.frames import Frame
from pikan.operators.operator import Evolution, Operator, OperatorError
from pikan.problem.symmetries import symmetries
from pikan.spec.faults import SpecError
from pikan.spec.operators import read_operator
from pikan.storage.serialize import deserialize, serialize

EQUATION = "u_t + u*u_x = 0.1*u_xx"


def states(count, seed=0):
    """Smooth states on a period, and those of Burgers' equation a time of one later."""
    return operators.burgers(count, 0.1, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("equation", "translation", "speed", "mirror"),
    [
        ("u_t + u*u_x = 0.01*u_xx", True, 1.0, -1),
        ("u_t + 6*u*u_x + u_xxx = 0", True, 6.0, 0),
        ("u_t = 0.1*u_xx", True, 0.0, 1),
        ("u_t + u_x = u_xx", True, 0.0, 0),
        ("u_t = u_xx + u - u^3", True, None, 1),
        ("u_t + u^2*u_x = u_xx", True, None, 0),
        ("u_t + u*u_x = exp(-t)*u_xx", True, 1.0, -1),
        ("u_t = (1 + x^2)*u_xx", False, None, 1),
        ("u_t = x*u_xx + u^2", False, None, 0),
    ],
)
def test_symmetries_are_those_of_the_textbook(equation, translation, speed, mirror):
    found = symmetries(equation)
    assert (found.translation, found.mirror) == (translation, mirror)
    assert found.speed == (None if speed is None else pytest.approx(speed, abs=1e-9))


def test_later_states_follow_into_the_frames_of_the_first_ones():
    a = torch.from_numpy(states(6)[0])
    u = torch.from_numpy(operators.burgers_later(a.numpy(), 0.1))
    frame = Frame(symmetries(EQUATION), 1.0)
    moves = frame.moves(a)
    inside, later = frame.enter(a, moves), frame.follow(u, moves)
    assert inside.mean(dim=1).abs().max() < 1e-12
    assert torch.fft.rfft(inside)[:, 1].angle().abs().max() < 1e-9
    assert torch.allclose(frame.back(later, moves), u, atol=1e-12)
    # States of the same frame that were moved and lifted come to the same later states in it.
    moved = operators.burgers_later(np.roll(a.numpy(), 16, axis=1) + 0.7, 0.1)
    away = torch.from_numpy(np.roll(a.numpy(), 16, axis=1) + 0.7)
    other = frame.follow(torch.from_numpy(moved), frame.moves(away))
    assert torch.allclose(other, later, atol=1e-9)
    images = operators.burgers_later(frame.images(a).numpy(), 0.1)
    assert torch.allclose(torch.from_numpy(images), frame.images(u), atol=1e-9)


@pytest.mark.parametrize("method", ["kernel", "fno"])
def test_symmetries_of_the_equation_make_learning_more_exact(method):
    a, u = states(160)
    told = Evolution(EQUATION)
    without, within = (
        pikan.operator.fit(a[:120], u[:120], method=method, steps=60, evolution=one)
        for one in (None, told)
    )
    errors = [one.test(a[120:], u[120:]).mean for one in (without, within)]
    assert errors[1] < errors[0] / 5
    assert within.report.symmetries == "translation, shift of values at speed 1, mirror -u(-x)"
    assert "symmetries of the equation: translation" in str(within.report)
    assert within.report.floor < 1e-6
    # What is moved and lifted is answered alike, whatever was learned.
    away = np.roll(a[120:124], 16, axis=1) + 0.5
    drift = pikan.operator.fit(a[:120], u[:120], method=method, steps=60, evolution=told)
    assert np.array_equal(drift(away), within(away))
    expected = np.roll(within(a[120:124]), 16 + 64, axis=1) + 0.5
    assert within(away) == pytest.approx(expected, abs=1e-6)
    again = deserialize(serialize(within), Operator, torch.device("cpu"))
    assert again(away) == pytest.approx(within(away), abs=1e-12)


@pytest.mark.parametrize(
    ("evolution", "shape", "message"),
    [
        (Evolution("u_t = k*u_xx"), (20, 8), "evolution: unknown name 'k'"),
        (Evolution("u_t - u_xx"), (20, 8), "evolution: .* has no '='"),
        (Evolution("u_t = u_xx", time=0.0), (20, 8), "got period 1 and time 0, needs positive"),
        (Evolution("u_t = u_xx"), (20, 8, 8), "got inputs of 2 axes and outputs of 2"),
    ],
)
def test_an_evolution_that_does_not_fit_is_refused_in_a_sentence(evolution, shape, message):
    with pytest.raises(OperatorError, match=message):
        pikan.operator.fit(np.ones(shape), np.ones(shape), evolution=evolution)


FILE = """
operator: {input: a, output: u}
data: {file: pairs.npz, input: a, output: u, train: 60, test: 10}
evolution: {equation: u_t + u*u_x = 0.1*u_xx, time: 1}
"""


def test_a_file_of_pairs_names_its_evolution(tmp_path):
    a, u = states(70)
    np.savez(tmp_path / "pairs.npz", a=a, u=u)
    file = tmp_path / "made.yaml"
    file.write_text(FILE)
    made = pikan.learn(file, {"method": "kernel"})
    assert made.report.fit.symmetries.startswith("translation")
    file.write_text(FILE.replace("0.1*u_xx", "k*u_xx"))
    with pytest.raises(SpecError, match=r"evolution\.equation: unknown name 'k'"):
        read_operator(file)
