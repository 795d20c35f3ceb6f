"""Neural operators: DeepONets of perceptrons or KANs, and Fourier neural operators."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod, sqrt
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn.functional import gelu, interpolate
from torch.nn.utils import skip_init

from pikan.bases.from_word import on_interval
from pikan.jets.jet import MultiIndex
from pikan.network.activation import silu, tanh
from pikan.network.base import Network
from pikan.network.initialization import random_start
from pikan.network.kan import KANNetwork
from pikan.network.mlp import MLP
from pikan.network.partials import partials

NeuralMethod = Literal["deeponet", "deepokan", "fno", "fno_kan"]
# Hidden layers of perceptrons and of KANs, and how many products of branch and trunk are summed.
_PERCEPTRON, _KAN, _PRODUCTS = (128, 128, 128), (64,), 128
# Edges of KANs: Gaussians on so many cells, of values up to this many standard deviations.
_BASIS, _CELLS, _DEGREE, _REACH = "rbf", 5, 1, 3.0
# Channels and modes along each axis of a Fourier neural operator, by the number of axes; its
# layers, and the hidden nodes that its outputs are made from.
_CHANNELS, _MODES = {1: 32, 2: 24, 3: 12}, {1: 16, 2: 10, 3: 6}
_LAYERS, _LAST = 4, 128


@final
@dataclass(frozen=True)
class OperatorArchitecture:
    """A neural operator but for its numbers.

    `entering` and `leaving` are the shapes of an input and an output, `axes` those axes of the
    output along which the input is a function, in its order.
    """

    kind: NeuralMethod
    entering: tuple[int, ...]
    leaving: tuple[int, ...]
    axes: tuple[int, ...]


class NeuralOperator(nn.Module, ABC):
    """A trained map of functions, from and to values of mean zero and size one.

    Its parameters have no values before `random_operator` or `set_parameters`.
    """

    @abstractmethod
    def forward(self, inputs: Float[Tensor, "n _"]) -> Float[Tensor, "n _"]:
        """The outputs, a row each."""


def neural_operator(made: OperatorArchitecture) -> NeuralOperator:
    """The network of an architecture."""
    with_kan = made.kind in ("deepokan", "fno_kan")
    if made.kind in ("deeponet", "deepokan"):
        return DeepONet(made, with_kan)
    return FourierNeuralOperator(made, with_kan)


@final
class DeepONet(NeuralOperator):
    """Sums of products of a network of the input's values and one of the output's coordinates.

    Source: Lu, Jin, Pang, Zhang and Karniadakis 2021, doi 10.1038/s42256-021-00302-5, Eq. (2);
    with KANs: Abueidda, Pantidis and Mobasher 2025, doi 10.1016/j.cma.2024.117699.
    """

    places: Float[Tensor, "_ _"]

    def __init__(self, made: OperatorArchitecture, with_kan: bool) -> None:
        super().__init__()
        self.branch = _network(prod(made.entering), _PRODUCTS, _REACH, with_kan)
        self.trunk = _network(len(made.leaving), _PRODUCTS, 1.0, with_kan)
        self.bias = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.register_buffer("places", _places(made.leaving).flatten(0, -2))

    def forward(self, inputs: Float[Tensor, "n _"]) -> Float[Tensor, "n _"]:
        """The sums of products, and one number everywhere."""
        products = self.branch(inputs) @ self.trunk(self.places).mT
        return products / sqrt(_PRODUCTS) + self.bias

    def partials(
        self,
        inputs: Float[Tensor, "n _"],
        places: Float[Tensor, "k d"],
        wanted: Collection[MultiIndex],
    ) -> dict[MultiIndex, Float[Tensor, "n k"]]:
        """Partial derivatives of the outputs by coordinates from -1 to 1, at any places."""
        weights, found = self.branch(inputs), dict[MultiIndex, Tensor]()
        for index, values in partials(self.trunk, places, wanted).items():
            products = weights @ values.mT / sqrt(_PRODUCTS)
            found[index] = products if any(index) else products + self.bias
        return found


@final
class FourierNeuralOperator(NeuralOperator):
    """Layers of a convolution, as a product with weights of low Fourier modes, and a local map.

    The local map is affine, or one layer of a KAN. The input, extended constantly along the other
    axes of the output, and the coordinates are lifted to channels first.

    Source: Li et al. 2021, arXiv 2010.08895, Eqs. (2) to (5) and figure 2.
    """

    places: Float[Tensor, "..."]

    def __init__(self, made: OperatorArchitecture, with_kan: bool) -> None:
        super().__init__()
        self.made, count = made, len(made.leaving)
        width = _CHANNELS[count]
        half = [*made.leaving[:-1], made.leaving[-1] + 1]
        self.modes = tuple(min(_MODES[count], size // 2) for size in half)
        self.lift = _affine(1 + count, width)
        self.local = nn.ModuleList(
            _kan([width, width], _REACH) if with_kan else _affine(width, width)
            for _ in range(_LAYERS)
        )
        shape = 2 ** (count - 1), width, width, *self.modes, 2
        self.weights = nn.ParameterList(
            torch.zeros(shape, dtype=torch.float64) for _ in range(_LAYERS)
        )
        self.last, self.out = _affine(width, _LAST), _affine(_LAST, 1)
        self.register_buffer("places", _places(made.leaving))

    def forward(self, inputs: Float[Tensor, "n _"]) -> Float[Tensor, "n _"]:
        """The last layer's values, through one hidden layer."""
        given = _extend(inputs, self.made).unsqueeze(-1)
        beside = self.places.expand(len(given), *self.places.shape)
        values = self.lift(torch.cat([given, beside], dim=-1))
        for number, (local, weights) in enumerate(zip(self.local, self.weights, strict=True)):
            rows = local(values.flatten(0, -2)).view(values.shape)
            values = rows + self._convolution(values, weights)
            values = gelu(values) if number < _LAYERS - 1 else values
        return self.out(gelu(self.last(values))).flatten(1)

    def _convolution(self, values: Tensor, weights: Tensor) -> Tensor:
        """The lowest modes along each axis, of both signs but along the last, times weights."""
        axes = list(range(1, values.ndim - 1))
        before = torch.fft.rfftn(values, dim=axes)
        after = torch.zeros_like(before)
        complex_weights = torch.view_as_complex(weights)
        ends = product((False, True), repeat=len(axes) - 1)
        for weight, negative in zip(complex_weights, ends, strict=True):
            low = [
                slice(-count, None) if below else slice(count)
                for count, below in zip(self.modes, (*negative, False), strict=True)
            ]
            place = (slice(None), *low)
            after[place] = torch.einsum("n...i,io...->n...o", before[place], weight)
        return torch.fft.irfftn(after, s=list(values.shape[1:-1]), dim=axes)


def random_operator(made: OperatorArchitecture, generator: Generator) -> NeuralOperator:
    """A network with Glorot's start, Fourier weights N(0, 1/width^2) and biases of zero."""
    network = neural_operator(made)
    for part in network.modules():
        if isinstance(part, Network):
            part.load_state_dict(random_start(part, generator).state_dict())
        elif isinstance(part, nn.Linear):
            spread = sqrt(2.0 / (part.in_features + part.out_features))
            nn.init.normal_(part.weight, 0.0, spread, generator)
            nn.init.zeros_(part.bias)
        elif isinstance(part, FourierNeuralOperator):
            for weights in part.weights:
                nn.init.normal_(weights, 0.0, 1.0 / weights.shape[1], generator)
    return network


def _network(count: int, outputs: int, reach: float, with_kan: bool) -> Network:
    """A network of values up to a size: a perceptron, or a KAN."""
    if with_kan:
        return _kan([count, *_KAN, outputs], reach)
    return MLP([count, *_PERCEPTRON, outputs], [-reach] * count, [reach] * count)


def _kan(widths: Sequence[int], reach: float) -> KANNetwork:
    ends = torch.tensor([[-1.0, 1.0]], dtype=torch.float64)
    bases = [on_interval(_BASIS, ends.repeat(n, 1), _DEGREE, _CELLS) for n in widths[:-1]]
    sides = [-reach] * widths[0], [reach] * widths[0]
    return KANNetwork(widths, bases, *sides, base=silu, squash=tanh)


def _affine(count: int, outputs: int) -> nn.Linear:
    # Without torch's own start, which would be drawn from its global generator.
    made = skip_init(nn.Linear, count, outputs, dtype=torch.float64)
    assert isinstance(made, nn.Linear)
    return made


def _places(shape: tuple[int, ...]) -> Float[Tensor, "..."]:
    """The coordinates of equally spaced points of [-1, 1]^d, along the last axis."""
    lines = [torch.linspace(-1.0, 1.0, size, dtype=torch.float64) for size in shape]
    return torch.stack(torch.meshgrid(*lines, indexing="ij"), dim=-1)


def _extend(inputs: Float[Tensor, "n _"], made: OperatorArchitecture) -> Float[Tensor, "..."]:
    """Inputs on the grid of the outputs: linear between points, constant along other axes."""
    values = inputs.view(-1, 1, *made.entering)
    sizes = [made.leaving[axis] for axis in made.axes]
    if list(made.entering) != sizes:
        mode = ("linear", "bilinear", "trilinear")[len(sizes) - 1]
        values = interpolate(values, sizes, mode=mode, align_corners=True)
    shape = [n if axis in made.axes else 1 for axis, n in enumerate(made.leaving)]
    return values.view(-1, *shape).expand(-1, *made.leaving)
