"""Frontal QR: least squares with few entries a row, one front of columns after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pikan.linalg.dense import solve_triangle
from pikan.linalg.jacobian import Jacobian, LeastSquaresModel
from pikan.linalg.sparse_jacobian import SparseJacobian

# Columns eliminated at once, as a part of a row's entries: more is more work, fewer more calls.
_AT_ONCE = 3


class Entering(NamedTuple):
    """Rows of one piece that enter a front, and where in the front their entries belong."""

    piece: int
    rows: Int[Tensor, " _"]
    places: Int[Tensor, "_ _"]


class Front(NamedTuple):
    """One step of the elimination.

    `columns` are those with entries in the rows so far, the `eliminated` first ones of which have
    none in any later row; `carried` is where the columns left over by the step before are now.
    """

    columns: Int[Tensor, " _"]
    eliminated: int
    carried: Int[Tensor, " _"]
    entering: tuple[Entering, ...]


def fronts(
    pieces: Sequence[Int[Tensor, "_ _"]], order: Int[Tensor, " p"], at_once: int | None = None
) -> tuple[Front, ...]:
    """The steps that eliminate all columns in the order given, some neighbors at a time.

    `pieces` have the columns of each row's entries. A row enters with the first of them. Columns
    far apart that meet in a row, as those of a periodic problem's ends do, stay in the front all
    the way between. `at_once` columns are eliminated in a step; None is a part of the entries of
    the narrowest piece.
    """
    places = order.cpu().numpy()
    rank = np.argsort(places)
    ranks = [rank[columns.cpu().numpy()] for columns in pieces]
    step = at_once or max(1, min(piece.shape[1] for piece in ranks) // _AT_ONCE)
    firsts = [piece.min(axis=1) // step for piece in ranks]
    found: list[Front] = []
    left = np.empty(0, dtype=int)
    for number in range(-(-len(places) // step)):
        rows = [np.flatnonzero(first == number) for first in firsts]
        used = [piece[row].ravel() for piece, row in zip(ranks, rows, strict=True)]
        now = np.arange(number * step, min((number + 1) * step, len(places)))
        columns = np.unique(np.concatenate([now, left, *used]))
        entering = tuple(
            Entering(
                k,
                torch.from_numpy(row).to(order),
                torch.from_numpy(np.searchsorted(columns, piece[row])).to(order),
            )
            for k, (piece, row) in enumerate(zip(ranks, rows, strict=True))
            if len(row) > 0
        )
        carried = torch.from_numpy(np.searchsorted(columns, left)).to(order)
        own = torch.from_numpy(places[columns]).to(order)
        found.append(Front(own, len(now), carried, entering))
        left = columns[len(now) :]
    return tuple(found)


class EliminatedRows(NamedTuple):
    """Rows that are done: triangle · y at the first columns + beside · y at others = right."""

    triangle: Float[Tensor, "_ _"]
    beside: Float[Tensor, "_ _"]
    right: Float[Tensor, " _"]


def eliminate(
    steps: Sequence[Front],
    values: Sequence[Float[Tensor, "_ _"]],
    rights: Sequence[Float[Tensor, " _"]],
    damping: float,
) -> list[EliminatedRows]:
    """Householder QR of rows as they come, each column damped by a row √damping beside them.

    Entries of one row and column add up. As stable as QR of the whole matrix, at a cost of the
    number of columns times the square of a row's entries, about.

    Source: Björck 1996, Numerical Methods for Least Squares Problems, sections 6.2 (banded
    matrices) and 6.7.4 (Reid's sequential row order); Duff, Erisman and Reid 2017, Direct Methods
    for Sparse Matrices, chapter 11 (fronts).
    """
    done: list[EliminatedRows] = []
    left = values[0].new_zeros(0, 1)
    for front in steps:
        width, own = len(front.columns), front.eliminated
        heights = [len(left), *(len(some.rows) for some in front.entering), own]
        stacked = left.new_zeros(sum(heights), width + 1)
        carried, *blocks, damped = stacked.split(heights)
        carried[:, front.carried] = left[:, :-1]
        carried[:, -1] = left[:, -1]
        for block, (piece, rows, places) in zip(blocks, front.entering, strict=True):
            block.scatter_add_(1, places, values[piece][rows])
            block[:, -1] = rights[piece][rows]
        damped.diagonal().fill_(damping**0.5)
        R = torch.linalg.qr(stacked, mode="r").R
        done.append(EliminatedRows(R[:own, :own], R[:own, own:-1], R[:own, -1]))
        # The last row holds what no column can change.
        left = R[own:width, own:]
    return done


def back_substitute(
    steps: Sequence[Front], done: Sequence[EliminatedRows], like: Float[Tensor, " p"]
) -> Float[Tensor, " p"]:
    """The solution, from the last columns to the first."""
    solution = torch.zeros_like(like)
    for front, (triangle, beside, right) in zip(reversed(steps), reversed(done), strict=True):
        later = beside @ solution[front.columns[front.eliminated :]]
        solution[front.columns[: front.eliminated]] = solve_triangle(triangle, right - later)
    return solution


@final
@dataclass(frozen=True)
class FrontalJacobian(Jacobian):
    """A Jacobian by its entries: `values` beside the columns of `sparse`, piece by piece."""

    sparse: SparseJacobian
    steps: tuple[Front, ...]
    values: tuple[Float[Tensor, "_ _"], ...]

    def row_lengths(self) -> Float[Tensor, " r"]:
        """The Euclidean length of every row, from above where entries of one column add up."""
        return torch.cat([torch.linalg.vector_norm(some, dim=1) for some in self.values])

    def column_lengths(self) -> Float[Tensor, " p"]:
        """The Euclidean length of every column, about that where entries of one row add up."""
        squares = self.values[0].new_zeros(len(self.sparse.order))
        for columns, values in zip(self.sparse.columns, self.values, strict=True):
            squares.index_add_(0, columns.flatten(), values.square().flatten())
        return squares.sqrt()

    def model(self, residual: Float[Tensor, " r"], scale: Float[Tensor, " p"]) -> LeastSquaresModel:
        """Scaled entries; the work is in the steps."""
        pieces = zip(self.sparse.columns, self.values, strict=True)
        scaled = tuple(values / scale[columns] for columns, values in pieces)
        rights = residual.split([len(values) for values in self.values])
        return FrontalModel(self.sparse, self.steps, scaled, rights)


@final
@dataclass(frozen=True)
class FrontalModel(LeastSquaresModel):
    """The model |J D⁻¹ y + r|² by the entries of J D⁻¹ and the pieces of r."""

    sparse: SparseJacobian
    steps: tuple[Front, ...]
    values: tuple[Float[Tensor, "_ _"], ...]
    rights: tuple[Float[Tensor, " _"], ...]

    def step(self, damping: float) -> Float[Tensor, " p"]:
        """By one elimination."""
        done = eliminate(self.steps, self.values, [-right for right in self.rights], damping)
        return back_substitute(self.steps, done, self.values[0].new_zeros(len(self.sparse.order)))

    def damped_steps(self, damping: float) -> None:
        """None: every residual takes an elimination of its own."""

    def image_norm(self, y: Float[Tensor, " p"]) -> float:
        """|J D⁻¹ y|, row by row."""
        pieces = zip(self.sparse.columns, self.values, strict=True)
        changes = [(values * y[columns]).sum(dim=1) for columns, values in pieces]
        return float(torch.linalg.vector_norm(torch.cat(changes)))

    def projection_norm(self) -> float:
        """The length of the part of r that steps can change."""
        eps = torch.finfo(self.values[0].dtype).eps
        done = eliminate(self.steps, self.values, self.rights, eps**2)
        return float(torch.linalg.vector_norm(torch.cat([rows.right for rows in done])))
