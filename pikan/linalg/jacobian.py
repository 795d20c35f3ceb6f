"""Jacobian operators and the damped least-squares models that they make."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import DampedTriangle, damped_triangle, smallest_singular_value


class DampedSteps(NamedTuple):
    """The triangle of a model with damping, in the span of `basis`, None for all columns."""

    triangle: DampedTriangle
    basis: Float[Tensor, "p _"] | None = None

    def step(self) -> Float[Tensor, " p"]:
        """The y of least |J D⁻¹ y + r|² + damping |y|²."""
        return self._widen(self.triangle.solution())

    def step_against(self, gradient: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """The same for another residual, of which the gradient D⁻¹ Jᵀ r is known."""
        inside = gradient if self.basis is None else self.basis.mT @ gradient
        return self._widen(self.triangle.normal_solution(-inside))

    def _widen(self, inside: Float[Tensor, " _"]) -> Float[Tensor, " p"]:
        return inside if self.basis is None else self.basis @ inside


class LeastSquaresModel(ABC):
    """The linear model at a point, |J D⁻¹ y + r|², in columns measured by D."""

    @abstractmethod
    def step(self, damping: float) -> Float[Tensor, " p"]:
        """The y of least |J D⁻¹ y + r|² + damping |y|², stable for any damping above ε²."""

    @abstractmethod
    def damped_steps(self, damping: float) -> "DampedSteps | None":
        """The step, and the steps for other residuals; None where these would cost as much."""

    @abstractmethod
    def image_norm(self, y: Float[Tensor, " p"]) -> float:
        """|J D⁻¹ y|: by how much a step changes r."""

    @abstractmethod
    def projection_norm(self) -> float:
        """The length of the part of r that steps can change: r's projection on J's columns."""


class Jacobian(ABC):
    """The Jacobian J at a point."""

    @abstractmethod
    def row_lengths(self) -> Float[Tensor, " r"]:
        """The Euclidean length of every row."""

    @abstractmethod
    def column_lengths(self) -> Float[Tensor, " p"]:
        """The Euclidean length of every column."""

    @abstractmethod
    def model(self, residual: Float[Tensor, " r"], scale: Float[Tensor, " p"]) -> LeastSquaresModel:
        """The linear model with this residual and D = diag(scale)."""


@final
@dataclass(frozen=True)
class DenseJacobian(Jacobian):
    """A Jacobian with all its entries."""

    jacobian: Float[Tensor, "r p"]

    def row_lengths(self) -> Float[Tensor, " r"]:
        """The Euclidean length of every row."""
        return torch.linalg.vector_norm(self.jacobian, dim=1)

    def column_lengths(self) -> Float[Tensor, " p"]:
        """The Euclidean length of every column."""
        return torch.linalg.vector_norm(self.jacobian, dim=0)

    def system(self, residual: Float[Tensor, " r"]) -> tuple[Tensor, Float[Tensor, " _"]]:
        """A and b with the |A s + b| of |J s + r| for every s: J and r."""
        return self.jacobian, residual

    def model(self, residual: Float[Tensor, " r"], scale: Float[Tensor, " p"]) -> LeastSquaresModel:
        """By QR of the scaled columns with the residual beside them, 2 r p²; see `WideModel`."""
        rows, columns = self.jacobian.shape
        if rows < columns:
            Q, upper = torch.linalg.qr((self.jacobian / scale).mT)
            return WideModel(upper.mT, residual, Q)
        beside = torch.cat([self.jacobian / scale, residual[:, None]], dim=1)
        R = torch.linalg.qr(beside, mode="r").R
        return DenseModel(R[:columns, :columns], R[:columns, columns])


@final
@dataclass(frozen=True)
class DenseModel(LeastSquaresModel):
    """The model |triangle · y + right|² up to a constant."""

    triangle: Float[Tensor, "_ p"]
    right: Float[Tensor, " _"]

    def step(self, damping: float) -> Float[Tensor, " p"]:
        """By substitution where damping cannot be felt, p², else by QR, 3 p³."""
        return self.damped_steps(damping).step()

    def damped_steps(self, damping: float) -> DampedSteps:
        """The triangle itself where damping cannot be felt, else by QR, 3 p³."""
        unfelt = torch.finfo(self.right.dtype).eps ** 0.5
        if damping <= unfelt * smallest_singular_value(self.triangle) ** 2:
            return DampedSteps(DampedTriangle(self.triangle, -self.right))
        return DampedSteps(damped_triangle(self.triangle, -self.right, damping))

    def image_norm(self, y: Float[Tensor, " p"]) -> float:
        """|J D⁻¹ y|, from the triangle alone."""
        return float(torch.linalg.vector_norm(self.triangle @ y))

    def projection_norm(self) -> float:
        """The length of the part of r that steps can change."""
        return float(torch.linalg.vector_norm(self.right))


@final
@dataclass(frozen=True)
class WideModel(LeastSquaresModel):
    """The model |A y + r|² where parameters outnumber rows: A = L Qᵀ with orthonormal columns in Q.

    The step lies in the span of A's rows, so y = Q z with the z of least |L z + r|² + damping |z|²:
    the y of `DenseModel` to rounding. The same step is -Aᵀ (A Aᵀ + damping)⁻¹ r, by the identity
    of Woodbury, but A Aᵀ squares the condition of A, and its rounding would hide damping below
    ε|A|². QR of Aᵀ does neither.

    Source: Golub and Van Loan 2013, Matrix Computations, section 5.6.2 (least norm by QR);
    Müller and Zeinhofer 2023, arXiv 2302.13163, on why there are such steps at all.
    """

    matrix: Float[Tensor, "r r"]
    right: Float[Tensor, " r"]
    basis: Float[Tensor, "p r"]

    def step(self, damping: float) -> Float[Tensor, " p"]:
        """By QR in as many unknowns as there are rows, 3 r³."""
        return self.damped_steps(damping).step()

    def damped_steps(self, damping: float) -> DampedSteps:
        """The triangle in the span of the rows."""
        return DampedSteps(damped_triangle(self.matrix, -self.right, damping), self.basis)

    def image_norm(self, y: Float[Tensor, " p"]) -> float:
        """|A y|, from what of y lies in the span of the rows."""
        return float(torch.linalg.vector_norm(self.matrix @ (self.basis.mT @ y)))

    def projection_norm(self) -> float:
        """The length of r: with independent rows steps can change all of it."""
        return float(torch.linalg.vector_norm(self.right))
