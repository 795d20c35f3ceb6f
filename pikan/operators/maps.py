"""Maps between the components of inputs and of outputs: a matrix, an additive KAN, a kernel."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.chebyshev import Chebyshev
from pikan.linalg.dense import inverse, solve_semidefinite, svd

Matrix = Float[Tensor, "_ _"]


class OperatorMap(ABC):
    """What takes the values of inputs to those of outputs, a row a function."""

    @abstractmethod
    def __call__(self, inputs: Matrix) -> Matrix:
        """The values of the outputs."""


class ComponentMap(ABC):
    """What takes the components of inputs to those of outputs, a row a pair."""

    @abstractmethod
    def __call__(self, inputs: Matrix) -> Matrix:
        """The components of the outputs."""


@final
@dataclass(frozen=True)
class LinearMap(ComponentMap):
    """A matrix on the first components."""

    weights: Matrix

    def __call__(self, inputs: Matrix) -> Matrix:
        """The product with the matrix."""
        return inputs[:, : len(self.weights)] @ self.weights


@final
@dataclass(frozen=True)
class AdditiveKan(ComponentMap):
    """A KAN of one layer: the sum of a function of each component, Chebyshev polynomials.

    `reach` is the largest size of each component, `degree` that of the polynomials.
    """

    reach: Float[Tensor, " _"]
    degree: int
    weights: Matrix

    def __call__(self, inputs: Matrix) -> Matrix:
        """The sums of the edges."""
        return _edges(inputs, self.reach, self.degree) @ self.weights


@final
@dataclass(frozen=True)
class KernelMap(ComponentMap):
    """An affine map and a sum of kernels about the pairs.

    `unit` divides the components of the affine map, `scale` those of the `middles`; `width` is the
    length of the kernel, Gaussian where it is `smooth` and Matern's else.
    """

    unit: Float[Tensor, " _"]
    matrix: Matrix
    scale: Float[Tensor, " _"]
    middles: Matrix
    width: float
    smooth: bool
    weights: Matrix

    def __call__(self, inputs: Matrix) -> Matrix:
        """The affine map and the kernels together."""
        correlation = _gaussian if self.smooth else _matern
        near = correlation(inputs / self.scale, self.middles, self.width)
        return _affine(inputs, self.unit) @ self.matrix + near @ self.weights


@final
class Components(NamedTuple):
    """The mean of functions, and orthonormal ones that span the rest."""

    mean: Float[Tensor, " _"]
    functions: Matrix

    def of(self, values: Matrix) -> Matrix:
        """The components of functions."""
        return (values - self.mean) @ self.functions.mT

    def back(self, numbers: Matrix) -> Matrix:
        """The functions with these components."""
        return self.mean + numbers @ self.functions


@final
@dataclass(frozen=True)
class ReducedMap(OperatorMap):
    """The components of inputs, a map to those of outputs, and the outputs with these."""

    components: tuple[Components, Components]
    between: ComponentMap

    def __call__(self, inputs: Matrix) -> Matrix:
        """The outputs for some inputs."""
        entering, leaving = self.components
        return leaving.back(self.between(entering.of(inputs)))


def components(values: Matrix, cut: float) -> Components:
    """The principal components of functions, a row each, down to a part of the first."""
    mean = values.mean(dim=0)
    _, sizes, functions = svd(values - mean)
    kept = int((sizes > cut * sizes[0]).sum()) if float(sizes[0]) > 0 else 1
    return Components(mean, functions[: max(kept, 1)])


def linear_map(x: Matrix, y: Matrix, count: int, ridge: float) -> LinearMap:
    """A matrix, by ridge regression on the first components."""
    return LinearMap(_ridge(x[:, :count], y, ridge))


def _ridge(features: Matrix, y: Matrix, ridge: float) -> Matrix:
    left, sizes, right = svd(features)
    damped = sizes / (sizes**2 + ridge * sizes[0] ** 2)
    return right.mT @ (damped[:, None] * (left.mT @ y))


def additive_kan(x: Matrix, y: Matrix, count: int, degree: int, ridge: float) -> AdditiveKan:
    """The sum of a function of each of the first components, by ridge regression."""
    reach = x[:, :count].abs().amax(dim=0).clamp_min(1e-300)
    return AdditiveKan(reach, degree, _ridge(_edges(x, reach, degree), y, ridge))


def _edges(inputs: Matrix, reach: Float[Tensor, " _"], degree: int) -> Matrix:
    """A one, and the polynomials of each component but their constants."""
    basis = Chebyshev(inputs.new_tensor([[-1.0, 1.0]]).repeat(len(reach), 1), degree)
    edges = basis.derivatives(inputs[:, : len(reach)] / reach, 0)[0, :, :, 1:].flatten(1)
    return torch.cat([torch.ones_like(inputs[:, :1]), edges], dim=1)


def kernel_map(
    x: Matrix, y: Matrix, smooth: bool, power: float, length: float, nugget: float
) -> KernelMap:
    """An affine map and a kernel together: universal kriging.

    Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, section 2.7.
    """
    deviations = x.std(dim=0)
    scale = deviations.clamp_min(1e-12 * float(deviations[0])) ** power
    scaled = x / scale
    width = length * float(torch.cdist(scaled[:200], scaled[:200]).median()) or 1.0
    correlation = _gaussian if smooth else _matern
    count = min(x.shape[1], len(x) // 4)
    unit = deviations[:count].clamp_min(1e-300)
    gram = correlation(scaled, scaled, width)
    trend = _affine(x, unit)
    gram.diagonal().add_(nugget)
    solved = solve_semidefinite(gram, torch.cat([y, trend], dim=1))
    alone, by_trend = solved[:, : y.shape[1]], solved[:, y.shape[1] :]
    matrix = inverse(trend.mT @ by_trend) @ (trend.mT @ alone)
    weights = alone - by_trend @ matrix
    return KernelMap(unit, matrix, scale, scaled, width, smooth, weights)


def _affine(inputs: Matrix, unit: Float[Tensor, " _"]) -> Matrix:
    """A one, and the first components in their units."""
    return torch.cat([torch.ones_like(inputs[:, :1]), inputs[:, : len(unit)] / unit], dim=1)


def _gaussian(one: Matrix, other: Matrix, width: float) -> Matrix:
    """exp(-r^2/2), r the distance over the length."""
    return (-(torch.cdist(one, other) / width).square() / 2.0).exp()


def _matern(one: Matrix, other: Matrix, width: float) -> Matrix:
    """(1 + s + s^2/3) exp(-s), s the square root of 5 times the distance over the length.

    Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, equation (4.17).
    """
    s = 5.0**0.5 * torch.cdist(one, other) / width
    return (1.0 + s + s.square() / 3.0) * (-s).exp()
