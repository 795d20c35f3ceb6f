"""Least squares of rows that come in pieces, by QR of all columns at once or front by front."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.linalg.dense import column_lengths, damped_triangle, solve_triangle, triangular_factor
from pikan.linalg.frontal import EliminatedRows, Front, back_substitute, eliminate


class RowPiece(NamedTuple):
    """Rows and their residual; entry k of row i stands in column columns[i, k].

    Entries of one column add up. Where `columns` is None a row has an entry for every column.
    """

    residual: Float[Tensor, " r"]
    entries: Float[Tensor, "r _"]
    columns: Int[Tensor, "r _"] | None = None

    def dense(self, size: int) -> Float[Tensor, "r p"]:
        """The rows with all their zeros."""
        if self.columns is None:
            return self.entries
        zeros = self.entries.new_zeros(len(self.entries), size)
        return zeros.scatter_add_(1, self.columns, self.entries)

    def weigh(self, deviations: Float[Tensor, " r"]) -> "RowPiece":
        """The same rows, each over its standard deviation."""
        return self._replace(
            residual=self.residual / deviations, entries=self.entries / deviations[:, None]
        )


class RowFactor(ABC):
    """The upper triangular R of J = Q R for the rows J of some pieces, and Qᵀr of their residual.

    RᵀR is the information that the rows have of their columns.
    """

    @abstractmethod
    def solution(self) -> Float[Tensor, " p"]:
        """The x of least |J x - r|² + damping |D x|², D the lengths of columns."""

    @abstractmethod
    def transposed_solve(self, right: Float[Tensor, "p k"]) -> Float[Tensor, "p k"]:
        """The Z with RᵀZ = right, so that ZᵀZ = rightᵀ (RᵀR)⁻¹ right; its rows as R's are."""


@final
@dataclass(frozen=True)
class DenseRowFactor(RowFactor):
    """R of columns of length one, and their `lengths`."""

    triangle: Float[Tensor, "p p"]
    right: Float[Tensor, " p"]
    lengths: Float[Tensor, " p"]

    def solution(self) -> Float[Tensor, " p"]:
        """By back substitution."""
        return solve_triangle(self.triangle, self.right) / self.lengths

    def transposed_solve(self, right: Float[Tensor, "p k"]) -> Float[Tensor, "p k"]:
        """By forward substitution."""
        return solve_triangle(self.triangle, right / self.lengths[:, None], transposed=True)


@final
@dataclass(frozen=True)
class FrontalRowFactor(RowFactor):
    """The rows of R that every step of a frontal elimination leaves."""

    steps: tuple[Front, ...]
    done: tuple[EliminatedRows, ...]
    lengths: Float[Tensor, " p"]

    def solution(self) -> Float[Tensor, " p"]:
        """From the last columns to the first."""
        return back_substitute(self.steps, self.done, self.lengths) / self.lengths

    def transposed_solve(self, right: Float[Tensor, "p k"]) -> Float[Tensor, "p k"]:
        """From the first columns to the last."""
        rest = right / self.lengths[:, None]
        found: list[Float[Tensor, "_ k"]] = []
        for front, rows in zip(self.steps, self.done, strict=True):
            own, later = front.columns[: front.eliminated], front.columns[front.eliminated :]
            found.append(solve_triangle(rows.triangle, rest[own], transposed=True))
            rest[later] -= rows.beside.mT @ found[-1]
        return torch.cat(found)


def factorize(
    pieces: Sequence[RowPiece], size: int, steps: tuple[Front, ...] | None, damping: float = 0.0
) -> RowFactor:
    """R of rows in pieces of `size` columns: by fronts along `steps`, else of all at once."""
    if steps is None:
        jacobian = torch.cat([one.dense(size) for one in pieces])
        lengths = column_lengths(jacobian)
        residual = torch.cat([one.residual for one in pieces])
        if damping > 0.0:
            made = damped_triangle(jacobian / lengths, residual, damping)
            return DenseRowFactor(made.triangle, made.right, lengths)
        beside = torch.cat([jacobian / lengths, residual[:, None]], dim=1)
        factor = triangular_factor(beside)
        return DenseRowFactor(factor[:size, :size], factor[:size, size], lengths)
    squares = pieces[0].entries.new_zeros(size)
    every = torch.arange(size, device=squares.device)
    places = [
        every.expand(len(one.entries), -1) if one.columns is None else one.columns for one in pieces
    ]
    for one, columns in zip(pieces, places, strict=True):
        squares.index_add_(0, columns.flatten(), one.entries.square().flatten())
    lengths = torch.where(squares > 0.0, squares.sqrt(), torch.ones_like(squares))
    values = [one.entries / lengths[columns] for one, columns in zip(pieces, places, strict=True)]
    done = eliminate(steps, values, [one.residual for one in pieces], damping)
    return FrontalRowFactor(steps, tuple(done), lengths)
