"""Training of neural operators: Adam on pairs drawn anew for each step."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from pikan.jets.jet import MultiIndex
from pikan.network.parameters import parameter_dict, parameter_vector, set_parameters
from pikan.operators.maps import Matrix, OperatorMap
from pikan.operators.neural import (
    DeepONet,
    NeuralOperator,
    OperatorArchitecture,
    neural_operator,
    random_operator,
)
from pikan.operators.physics import OfInputs, OutputPartials, Physics, PhysicsBatch
from pikan.optimize.adam import Adam
from pikan.optimize.learning_rates import warmup_cosine
from pikan.optimize.mini_batches import MiniBatches
from pikan.optimize.objective import Block, LeastSquares
from pikan.solvers.level import run_quietly

# Training is stochastic to many more digits than this precision has, which is twice as fast.
_PRECISION = torch.float32
# Pairs of a step and learning rates, of Fourier neural operators and of DeepONets.
_FOURIER, _PRODUCTS = (20, 2e-3), (50, 3e-3)
# So many pairs are answered at once.
_AT_ONCE = 100


@final
@dataclass(frozen=True)
class NeuralMap(OperatorMap):
    """A trained neural operator between functions that are moved and scaled to size one.

    `entering` and `leaving` are offset and scale of inputs and outputs; an output's offset is a
    function.
    """

    architecture: OperatorArchitecture
    theta: Float[Tensor, " p"]
    entering: tuple[float, float]
    leaving: tuple[Float[Tensor, " _"], float]

    @cached_property
    def network(self) -> NeuralOperator:
        """The network with its parameters."""
        made = neural_operator(self.architecture).to(self.theta.dtype)
        set_parameters(made, self.theta)
        return made

    def __call__(self, inputs: Matrix) -> Matrix:
        """The outputs, in double precision."""
        scaled = ((inputs - self.entering[0]) / self.entering[1]).to(self.theta.dtype)
        with torch.no_grad():
            found = torch.cat([self.network(some) for some in scaled.split(_AT_ONCE)])
        return self.leaving[0] + self.leaving[1] * found.to(inputs)


def train(
    made: OperatorArchitecture,
    inputs: Matrix,
    outputs: Matrix,
    steps: int,
    seed: int,
    physics: Physics | None = None,
) -> NeuralMap:
    """A neural operator after so many steps of Adam on the mean squared relative L2 error.

    The learning rate rises over a twentieth of the steps and falls as a cosine over the others.
    With `physics` mean squared residuals of a DeepONet are added, or stand in its place.

    Source: Wang, Wang and Perdikaris 2021, doi 10.1126/sciadv.abi8605, for the residuals.
    """
    entering = float(inputs.mean()), float(inputs.std()) or 1.0
    # Derivatives are those of the network alone: the mean of outputs is known on their grid.
    mean = outputs.mean(dim=0) if physics is None else torch.zeros_like(outputs[0])
    spread = float((outputs - mean).square().mean().sqrt()) or 1.0
    x = ((inputs - entering[0]) / entering[1]).to(_PRECISION)
    y = ((outputs - mean) / spread).to(_PRECISION)
    lengths = outputs.norm(dim=1) / spread
    sizes = torch.where(lengths > 0, lengths, 1.0).to(_PRECISION)
    generator = torch.Generator().manual_seed(seed)
    network = random_operator(made, generator).to(_PRECISION)
    count, lr = _FOURIER if made.kind in ("fno", "fno_kan") else _PRODUCTS

    def on(some: Int[Tensor, " _"]) -> LeastSquares:
        pairs = _relative_errors(network, x[some], y[some], sizes[some])
        if physics is None:
            return pairs
        assert isinstance(network, DeepONet)
        batch = physics.draw(generator, spread)
        given = ((batch.inputs - entering[0]) / entering[1]).to(_PRECISION)
        known = _ScaledOperator(_Partials(network), given, physics, spread)
        return _with_residuals(None if physics.alone else pairs, known, batch)

    every = torch.arange(len(x))
    objective = MiniBatches(
        on(every), lambda: on(torch.randperm(len(x), generator=generator)[:count])
    )
    stage = Adam(steps, lr, schedule=warmup_cosine, best=False)
    theta = run_quietly(stage, objective, parameter_vector(network)).theta
    return NeuralMap(made, theta, entering, (mean, spread))


@final
class _Partials(nn.Module):
    """Partial derivatives of a DeepONet, as a module that parameters may be given to."""

    def __init__(self, operator: DeepONet) -> None:
        super().__init__()
        self.operator = operator

    def forward(
        self, inputs: Matrix, places: Matrix, wanted: tuple[MultiIndex, ...]
    ) -> dict[MultiIndex, Matrix]:
        """The partial derivatives that are wanted."""
        return self.operator.partials(inputs, places, wanted)


@final
class _ScaledOperator(NamedTuple):
    """A DeepONet for scaled inputs, with what makes outputs and coordinates of its own."""

    module: _Partials
    inputs: Matrix
    physics: Physics
    spread: float


@final
@dataclass(frozen=True)
class _Outputs(OutputPartials):
    """The outputs of a DeepONet with some parameters."""

    known: _ScaledOperator
    theta: Float[Tensor, " p"]

    def at(self, points: Float[Tensor, "n d"], wanted: Collection[MultiIndex]) -> OfInputs:
        """Those at the points, in double precision."""
        physics, module = self.known.physics, self.known.module
        low, high = points.new_tensor(physics.lower), points.new_tensor(physics.upper)
        places = ((2.0 * points - low - high) / (high - low)).to(self.theta)
        named = parameter_dict(module, self.theta)
        found = functional_call(module, named, (self.known.inputs, places, tuple(wanted)))
        rates = 2.0 / (high - low)
        return {
            index: values.double()
            * float(self.known.spread * (rates ** low.new_tensor(index)).prod())
            for index, values in found.items()
        }


def _with_residuals(
    pairs: LeastSquares | None, known: _ScaledOperator, batch: PhysicsBatch
) -> LeastSquares:
    """The errors of pairs, if any, and the residuals of equations and conditions below them."""

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        left = batch.rows(_Outputs(known, theta)).to(theta)
        return left if pairs is None else torch.cat([left, pairs.residual(theta)])

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return jacrev(residual)(theta)

    count = sum(len(term.points[0]) for term, _ in batch.parts)
    blocks = (Block("equations", slice(count)),)
    if pairs is not None:
        blocks = (*blocks, Block("pairs", slice(count, None)))
    return LeastSquares(residual, jacobian, blocks)


def _relative_errors(
    network: NeuralOperator, x: Matrix, y: Matrix, sizes: Float[Tensor, " n"]
) -> LeastSquares:
    """The objective whose rows' squares add up to the mean squared relative error of pairs."""
    weights = 1.0 / (sizes * len(x) ** 0.5)

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        found = functional_call(network, parameter_dict(network, theta), (x,))
        return ((found - y) * weights[:, None]).flatten()

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return jacrev(residual)(theta)

    return LeastSquares(residual, jacobian, (Block("pairs", slice(None)),))
