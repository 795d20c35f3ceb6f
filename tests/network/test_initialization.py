"""Random starts: as large as they should be, and a function of the generator alone."""

from copy import deepcopy

import pytest
import torch

from pikan.bases.bspline import BSpline
from pikan.bases.chebyshev import Chebyshev
from pikan.bases.knots import even_knots
from pikan.bases.legendre import Legendre
from pikan.jets.jet import coordinates
from pikan.network.activation import silu, tanh
from pikan.network.characteristic import CharacteristicNetwork
from pikan.network.initialization import (
    glorot,
    glorot_tanh,
    noise,
    random_low_rank,
    random_start,
)
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.parameters import parameter_vector
from pikan.network.parametric import ParametricProduct
from pikan.network.product import FullProduct, LowRank


def interval(nodes: int) -> torch.Tensor:
    return torch.tensor([[-1.0, 1.0]] * nodes, dtype=torch.float64)


BASES = {
    "spline": lambda nodes: BSpline(even_knots(interval(nodes), 8), 3),
    "chebyshev": lambda nodes: Chebyshev(interval(nodes), 8),
    "legendre": lambda nodes: Legendre(interval(nodes), 8),
}


def deep(basis, base=None, width=16) -> KANNetwork:
    bases = [basis(2), basis(width), basis(width)]
    return KANNetwork([2, width, width, 1], bases, (-1.0, -1.0), (1.0, 1.0), base=base, squash=tanh)


def square(count: int = 400) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return 2 * torch.rand(count, 2, generator=generator, dtype=torch.float64) - 1


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("base", [None, silu])
def test_glorot_neither_lets_values_and_slopes_fade_nor_grow(name, base, generator):
    network = glorot(deep(BASES[name], base), generator)
    indices = ((0, 0), (1, 0))
    for jet in network.nodes(coordinates(square(), indices))[1:]:
        size = jet.values.square().mean(dim=(1, 2)).sqrt()
        assert 0.02 < size[0] < 1
        assert 0.02 < size[1] < 3


def test_glorot_gives_polynomials_of_high_degree_little_weight(generator):
    network = glorot(
        KANNetwork([64, 64], [Chebyshev(interval(64), 8)], [-1.0] * 64, [1.0] * 64), generator
    )
    size = network.last_weight().unflatten(0, (64, 9)).square().mean(dim=(0, 2)).sqrt()
    # E[T_j²] = 1/2 (1 - 1/(4j²-1)); E[T_j'²] from T_1' = 1 and T_2' = 4x: 1 and 16/3.
    expected = [2 / 27 / (64 * value) for value in (1, 1 / 3 + 1, 7 / 15 + 16 / 3)]
    for measured, variance in zip(size, expected, strict=False):
        assert measured.item() == pytest.approx(variance**0.5, rel=0.05)
    assert (size.diff() < 0).all()


def test_noise_has_its_size(generator):
    width, grid = 32, 8
    bases = [BASES["spline"](width)]
    empty = KANNetwork([width, width], bases, [-1.0] * width, [1.0] * width, base=silu)
    size = {
        start: started.last_weight()
        .unflatten(0, (width, grid + 4))
        .square()
        .mean(dim=(0, 2))
        .sqrt()
        for start, started in (("noise", noise(empty, generator)),)
    }
    assert size["noise"][0].item() == pytest.approx(0.12 * (1 / width) ** 0.5, rel=0.1)
    assert size["noise"][-1].item() == pytest.approx((1 / width) ** 0.5, rel=0.1)


def test_tanh_layers_start_with_their_published_size_and_without_bias(generator):
    network = glorot_tanh(MLP([2, 100, 50, 1], (-1.0, -1.0), (1.0, 1.0)), generator)
    weight = network.weights[1]
    assert weight[:-1].std().item() == pytest.approx((2 / 150) ** 0.5, rel=0.05)
    assert weight[-1].abs().max() == 0


def test_separated_factors_have_mean_square_one(generator):
    network = random_low_rank(
        LowRank([BASES["legendre"](1)] * 2, 4, 1, (-1.0, -1.0), (1.0, 1.0)), generator
    )
    features = network.features(coordinates(square(4000), ((0, 0),))).values[0]
    torch.testing.assert_close(
        features.square().mean(dim=0), torch.ones(4, dtype=torch.float64), rtol=0.2, atol=0
    )


def test_a_start_is_a_function_of_its_generator(network):
    starts = [random_start(network, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(parameter_vector(starts[0]), parameter_vector(starts[1]))
    if not isinstance(network, FullProduct | ParametricProduct | CharacteristicNetwork):
        assert not torch.equal(parameter_vector(starts[0]), parameter_vector(starts[2]))


def test_a_start_leaves_its_argument_and_the_global_generator_alone(network, generator):
    twin, state = deepcopy(network), torch.random.get_rng_state()
    random_start(network, generator)
    assert torch.equal(parameter_vector(network), parameter_vector(twin))
    assert torch.equal(torch.random.get_rng_state(), state)
