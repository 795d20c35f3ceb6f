"""Neural operators: what their layers compute, what they learn, how they are kept."""

import numpy as np
import pytest
import torch

import pikan
from pikan.network.parameters import parameter_vector
from pikan.operators.neural import (
    DeepONet,
    FourierNeuralOperator,
    OperatorArchitecture,
    neural_operator,
    random_operator,
)
from pikan.operators.operator import Operator, OperatorError
from pikan.operators.training import train
from pikan.storage.serialize import deserialize, serialize

KINDS = [
    ("fno", 120),
    pytest.param("fno_kan", 80, marks=pytest.mark.slow),
    pytest.param("deeponet", 600, marks=pytest.mark.long),
    pytest.param("deepokan", 400, marks=pytest.mark.long),
]
X = np.linspace(0.0, 1.0, 16, endpoint=False)


def squares(count, seed=0):
    """Random periodic functions of three modes, and their squares: no linear operator."""
    weights = np.random.default_rng(seed).normal(size=(count, 3))
    waves = np.stack([np.ones(16), np.cos(2 * np.pi * X), np.sin(2 * np.pi * X)])
    a = weights @ waves
    return a, a**2 + 1.0


@pytest.mark.parametrize(("kind", "steps"), KINDS)
def test_a_neural_operator_learns_what_no_matrix_can(kind, steps):
    a, u = squares(260)
    made = pikan.operator.fit(a[:200], u[:200], method=kind, steps=steps)
    report = made.report
    assert report.steps == steps
    assert set(report.held_out) == {"linear", kind}
    assert report.held_out[kind] < report.held_out["linear"] / 3
    test = made.test(a[200:], u[200:])
    assert report.floor < test.mean < 2 * report.held_out[kind]
    again = deserialize(serialize(made), Operator, torch.device("cpu"))
    assert np.array_equal(again(a), made(a))


def test_training_is_a_function_of_its_seed():
    a, u = (torch.from_numpy(one) for one in squares(30))
    made = OperatorArchitecture("fno", (16,), (16,), (0,))
    one, same, other = (train(made, a, u, 5, seed).theta for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other, atol=1e-3)


def test_a_fourier_layer_weighs_low_modes_and_leaves_out_the_others():
    network = neural_operator(OperatorArchitecture("fno", (12, 16), (12, 16), (0, 1)))
    assert isinstance(network, FourierNeuralOperator)
    x, y = torch.meshgrid(torch.arange(12) / 12, torch.arange(16) / 16, indexing="ij")
    weights = torch.zeros_like(network.weights[0])
    # From channel 0 to channel 1: 2i times modes (1, 3), and 5 times modes (-2, 1).
    weights[0, 0, 1, 1, 3, 1] = 2.0
    weights[1, 0, 1, -2, 1, 0] = 5.0
    channels = weights.shape[1]
    angles = 2 * torch.pi * (x + 3 * y), 2 * torch.pi * (y - 2 * x), 2 * torch.pi * 5 * x
    waves = torch.stack([angles[0].cos(), angles[1].cos(), angles[2].cos()]).double()
    values = torch.zeros(3, 12, 16, channels, dtype=torch.float64)
    values[..., 0] = waves
    found = network._convolution(values, weights)
    wanted = torch.stack([-2 * angles[0].sin(), 5 * angles[1].cos(), 0 * x]).double()
    assert torch.allclose(found[..., 1], wanted, atol=1e-5)
    assert found[..., 0].abs().max() < 1e-12


def test_a_deeponet_sums_products_of_branch_and_trunk():
    made = OperatorArchitecture("deepokan", (5,), (3, 4), ())
    network = random_operator(made, torch.Generator().manual_seed(0))
    assert isinstance(network, DeepONet)
    given = torch.randn(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    place = torch.tensor([[1.0, -1.0 / 3.0]], dtype=torch.float64)
    wanted = (network.branch(given) * network.trunk(place)).sum(dim=1) / 128**0.5
    assert torch.allclose(network(given).view(2, 3, 4)[:, 2, 1], wanted + network.bias)


def test_an_input_enters_along_the_axis_it_is_a_function_of():
    made = OperatorArchitecture("fno", (9,), (4, 5), (1,))
    network = random_operator(made, torch.Generator().manual_seed(0)).double()
    assert len(parameter_vector(network)) == sum(one.numel() for one in network.parameters())
    seen = []
    network.lift.register_forward_hook(lambda _, given, __: seen.append(given[0]))
    network(torch.linspace(0, 1, 9, dtype=torch.float64).view(1, 9))
    # A straight line stays one between any points; beside it are the coordinates.
    line = torch.linspace(0, 1, 5, dtype=torch.float64).expand(4, 5)
    assert torch.allclose(seen[0][0, ..., 0], line)
    assert torch.allclose(seen[0][0, ..., 2], 2 * line - 1)


@pytest.mark.parametrize(
    ("a", "u", "axes", "message"),
    [
        ((20, 2, 2), (20, 4), None, "got inputs of 2 axes and axes [0, 1], and fno needs"),
        ((20, 3), (20, 4), [1], "one of the 1 axes of an output"),
        ((20, 3), (20, 2, 2, 2, 2), None, "got outputs of 4 axes, and fno needs 3 or fewer"),
    ],
)
def test_functions_that_a_fourier_operator_is_not_for_are_refused(a, u, axes, message):
    with pytest.raises(OperatorError) as caught:
        pikan.operator.fit(np.ones(a), np.ones(u), method="fno", axes=axes)
    assert message in str(caught.value)
