"""Almost block diagonal systems: condensation cell by cell, then a sparse LU of what they share."""

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

# Each pass of iterative refinement takes off the rounding of the one before.
_CORRECTIONS = 1


class BorderRow(NamedTuple):
    """A row that holds unknowns of some cells, such as a condition at an end: each cell's part."""

    cells: tuple[int, ...]
    parts: Float[Tensor, "_ q"]


class Blocks(NamedTuple):
    """A system of cells in a row, each with e unknowns at its left edge and i inside.

    The rows of a cell are `left` times the former plus `inner` times the latter; the unknowns at
    its right edge, the next one's left, are `across` times the former plus `out` times the latter.
    The border rows close the system, as many as there are unknowns at an edge; their columns are
    those at the left edge, then those inside.
    """

    left: Float[Tensor, "c i e"]
    inner: Float[Tensor, "c i i"]
    across: Float[Tensor, "c e e"]
    out: Float[Tensor, "c e i"]
    border: tuple[BorderRow, ...]


class CellSolution(NamedTuple):
    """The unknowns at the left edge of every cell, and those inside."""

    left: Float[Tensor, "c e"]
    inner: Float[Tensor, "c i"]


@final
@dataclass(frozen=True)
class CondensedSystem:
    """Factored blocks: the unknowns inside are eliminated, all cells at once, then the edges'.

    Source: Ascher, Mattheij and Russell 1995, Numerical Solution of Boundary Value Problems for
    Ordinary Differential Equations, sections 5.5 and 7.2.
    """

    blocks: Blocks
    scale: Float[Tensor, "c i"]
    factored: Tensor
    pivots: Tensor
    condensed: Float[Tensor, "c i e"]
    edges: "_SparseLU | None"

    def solve(
        self,
        rows: Float[Tensor, "c i"],
        gaps: Float[Tensor, "_ e"],
        border: Float[Tensor, " _"],
    ) -> CellSolution:
        """The unknowns for right sides of the rows of cells, between them, and of the border."""
        blocks, cells = self.blocks, len(rows)
        known = self._inside((rows * self.scale).unsqueeze(-1)).squeeze(-1)
        if self.edges is None:
            return CellSolution(rows.new_zeros(cells, 0), known)
        size = blocks.left.shape[2]
        between = gaps + torch.einsum("cei,ci->ce", blocks.out[:-1], known[:-1])
        closing = border.clone()
        for number, (holders, parts) in enumerate(blocks.border):
            closing[number] -= (parts[:, size:] * known[list(holders)]).sum()
        left = self.edges.solve(torch.cat([between.flatten(), closing])).view(cells, size)
        return CellSolution(left, known - torch.einsum("cie,ce->ci", self.condensed, left))

    def _inside(self, right: Float[Tensor, "c i _"]) -> Float[Tensor, "c i _"]:
        return torch.linalg.lu_solve(self.factored, self.pivots, right)


def condense(blocks: Blocks) -> CondensedSystem:
    """The factored system; where it is singular, or not finite, solutions are not finite."""
    sizes = blocks.inner.abs().amax(dim=2)
    scale = torch.where(sizes > 0, sizes, torch.ones_like(sizes)).reciprocal()
    found = torch.linalg.lu_factor_ex(blocks.inner * scale.unsqueeze(-1))
    condensed = torch.linalg.lu_solve(found.LU, found.pivots, blocks.left * scale.unsqueeze(-1))
    edges = _edges(blocks, condensed) if blocks.left.shape[2] else None
    return CondensedSystem(blocks, scale, found.LU, found.pivots, condensed, edges)


def _edges(blocks: Blocks, condensed: Float[Tensor, "c i e"]) -> "_SparseLU":
    """The system of the unknowns at edges: each from the one before, and the border rows."""
    cells, _, size = condensed.shape
    onward = (blocks.across - blocks.out @ condensed)[:-1]
    entries = [-onward.numpy(force=True).ravel(), np.ones((cells - 1) * size)]
    rows = [
        np.repeat(np.arange((cells - 1) * size), size),
        np.arange((cells - 1) * size),
    ]
    across = np.arange(cells - 1)[:, None, None] * size + np.arange(size)
    columns = [
        np.broadcast_to(across, tuple(onward.shape)).ravel(),
        np.arange(size, cells * size),
    ]
    for number, (holders, parts) in enumerate(blocks.border):
        inside = torch.einsum("hi,hie->he", parts[:, size:], condensed[list(holders)])
        closing = (parts[:, :size] - inside).numpy(force=True)
        for cell, part in zip(holders, closing, strict=True):
            entries.append(part)
            rows.append(np.full(size, (cells - 1) * size + number))
            columns.append(cell * size + np.arange(size))
    places = np.concatenate(rows), np.concatenate(columns)
    return _sparse_lu(np.concatenate(entries), places, cells * size)


@final
@dataclass(frozen=True)
class _SparseLU:
    """The LU of a sparse matrix whose rows and columns have been scaled, by SuperLU."""

    # Any: SciPy says nothing of its types.
    matrix: Any
    factored: Any
    rows: Float[np.ndarray, " n"]
    columns: Float[np.ndarray, " n"]

    def solve(self, right: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """With iterative refinement; not finite where there is no solution."""
        if self.factored is None:
            return torch.full_like(right, torch.nan)
        wanted = self.rows * right.numpy(force=True)
        found = self.factored.solve(wanted)
        for _ in range(_CORRECTIONS):
            found = found + self.factored.solve(wanted - self.matrix @ found)
        return torch.from_numpy(self.columns * found).to(right)


def _sparse_lu(
    entries: Float[np.ndarray, " _"],
    places: tuple[np.ndarray, np.ndarray],
    count: int,
) -> _SparseLU:
    from scipy.sparse import csr_array, diags_array  # slow to import
    from scipy.sparse.linalg import splu

    matrix = csr_array((entries, places), shape=(count, count))
    rows = _reciprocal(abs(matrix).max(axis=1).toarray().ravel())
    matrix = diags_array(rows) @ matrix
    columns = _reciprocal(abs(matrix).max(axis=0).toarray().ravel())
    matrix = (matrix @ diags_array(columns)).tocsc()
    try:
        factored = splu(matrix) if np.isfinite(entries).all() else None
    except RuntimeError:  # exactly singular
        factored = None
    return _SparseLU(matrix, factored, rows, columns)


def _reciprocal(sizes: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return 1.0 / np.where(sizes > 0, sizes, 1.0)
