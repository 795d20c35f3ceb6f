"""The first step of training in a loop of one's own lays a new model where its points are."""

from statistics import median

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

import pikan


def far_points(count: int, inputs: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return 200 + 30 * torch.randn(count, inputs, generator=generator)


@pytest.mark.parametrize("basis", ["bspline", "chebyshev", "fourier"])
@pytest.mark.parametrize("width", [[3, 4, 4, 1], [100, 16, 10], [2, [2, 2], 1]])
def test_a_first_step_begins_at_values_of_size_one_wherever_its_points_are(width, basis):
    model, x = pikan.KAN(width, basis=basis), far_points(300, width[0])
    values = model(x).detach()
    torch.testing.assert_close(values.std(dim=0), torch.ones(width[-1]), rtol=0.05, atol=0)
    torch.testing.assert_close(values, model(x).detach(), rtol=0, atol=0)
    assert not bool(model.network.layers()[0].edges.out_of_grid(x).any())


def test_layers_among_other_modules_are_laid_by_what_reaches_them():
    x = far_points(200, 5)
    values = nn.Sequential(nn.Linear(5, 6), pikan.KANLayer(6, 4), pikan.KANLayer(4, 2))(x)
    torch.testing.assert_close(values.std(dim=0), torch.ones(2), rtol=0.05, atol=0)


@pytest.mark.parametrize(
    "look",
    [
        lambda model, x: model.eval()(x),
        lambda model, x: model(x[:3]),
        lambda model, x: model(x[:1].expand(50, -1)),
        lambda model, x: torch.no_grad()(model)(x),
        lambda model, x: torch.export.export(model, (x,)),
    ],
)
def test_looking_at_a_model_does_not_change_it(look):
    model, same, x = pikan.KAN([2, 3, 1]), pikan.KAN([2, 3, 1]), far_points(50, 2)
    look(model, x)
    with torch.no_grad():
        torch.testing.assert_close(model(x), same(x), rtol=0, atol=0)


def test_what_was_trained_or_loaded_or_derived_stays_as_it_is():
    x, trained = far_points(50, 2), pikan.KAN([2, 3, 1])
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.mul_(0.5)
    loaded = pikan.KAN([2, 3, 1], seed=5)
    loaded.load_state_dict(trained.state_dict())
    with torch.no_grad():
        known = trained(x)
    for model in (trained, loaded, trained.refine(5)):
        torch.testing.assert_close(model(x).detach(), known)


def test_a_fit_begins_as_if_nobody_had_called_the_model_before():
    x = far_points(100, 2)
    labels = torch.sin(x[:, [0]] / 30)
    dataset = dict.fromkeys(("train_input", "test_input"), x)
    dataset |= dict.fromkeys(("train_label", "test_label"), labels)
    model, other = pikan.KAN([2, 3, 1]), pikan.KAN([2, 3, 1])
    model(x[:40])
    found, expected = (each.fit(dataset, steps=3, quiet=True) for each in (model, other))
    assert found["train_loss"] == expected["train_loss"]


def test_gradients_by_torch_func_are_taken_of_the_model_as_it_is():
    model, x = pikan.KAN([2, 3, 1]), far_points(80, 2).unflatten(0, (4, 20)) / 200
    named = dict(model.named_parameters())

    def loss(weights, rows):
        return functional_call(model, weights, (rows,)).square().mean()

    for_each = vmap(grad(loss), in_dims=(None, 0))(named, x)
    model.is_new = False
    for rows, *slopes in zip(x, *for_each.values(), strict=True):
        expected = torch.autograd.grad(model(rows).square().mean(), list(named.values()))
        torch.testing.assert_close(tuple(slopes), expected)


def loss_of_a_loop(model: nn.Module, seed: int) -> float:
    x = torch.randn(1000, 2, generator=torch.Generator().manual_seed(seed))
    y = torch.sin(x[:, [0]]) * torch.exp(-(x[:, [1]] ** 2)) + torch.cos(x[:, [0]] * x[:, [1]])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(500):
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    return float((model(x) - y).detach().square().mean())


@pytest.mark.slow
def test_adam_on_normal_inputs_ends_lower_than_with_a_perceptron_of_twice_the_parameters():
    kans, perceptrons = [], []
    for seed in range(5):
        torch.manual_seed(seed)
        kan = pikan.KAN([2, 5, 1], seed=seed)
        layers = [nn.Linear(2, 15), nn.Tanh(), nn.Linear(15, 15), nn.Tanh(), nn.Linear(15, 1)]
        perceptron = nn.Sequential(*layers)
        sizes = [sum(p.numel() for p in each.parameters()) for each in (kan, perceptron)]
        assert 2 * sizes[0] <= sizes[1]
        kans.append(loss_of_a_loop(kan, seed))
        perceptrons.append(loss_of_a_loop(perceptron, seed))
    assert median(kans) < median(perceptrons)
