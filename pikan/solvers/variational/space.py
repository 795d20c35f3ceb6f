"""Products of polynomials on cells, with Gauss points inside and on faces."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse import csr_array, kron

from pikan.bases.elements import elements
from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.solvers.interpolation import interpolate

_JOINED = 1


@final
class Quadrature(NamedTuple):
    """Gauss points with their weights, and the tables of values and first derivatives there.

    The tables are those of the value, then of the derivative along each coordinate.
    """

    points: Float[np.ndarray, "n d"]
    weights: Float[np.ndarray, " n"]
    tables: tuple[csr_array, ...]


@final
class ProductSpace:
    """Continuous functions that are polynomials of one degree on each of the products of cells."""

    def __init__(self, box: Box, edges: Sequence[Float[np.ndarray, " _"]], degree: int) -> None:
        """`edges` are those of the cells along each coordinate, from -1 to 1."""
        self.box, self.degree = box, degree
        self.bases = tuple(elements(torch.from_numpy(one), degree, _JOINED) for one in edges)
        self.sizes = tuple(basis.size for basis in self.bases)
        self.size = int(np.prod(self.sizes))
        self._edges = tuple(edges)

    def quadrature(self, points: int, face: Face | None = None) -> Quadrature:
        """So many Gauss points in each cell and along each coordinate, inside or on a face."""
        fixed = {} if face is None else dict(face.fixed)
        nodes, weights = np.polynomial.legendre.leggauss(points)
        lines: list[Float[np.ndarray, " n"]] = []
        parts: list[Float[np.ndarray, " n"]] = []
        tables: list[tuple[csr_array, csr_array]] = []
        for axis, (basis, edges) in enumerate(zip(self.bases, self._edges, strict=True)):
            middle, half = self._interval(axis)
            if axis in fixed:
                at, part = np.array([(fixed[axis] - middle) / half]), np.ones(1)
            else:
                widths = np.diff(edges)[:, None] / 2
                at = (edges[:-1, None] + widths * (nodes + 1)).ravel()
                part = (widths * weights).ravel() * half
            made = basis.derivatives(torch.from_numpy(at)[:, None], 1)[:, :, 0].numpy()
            lines.append(middle + half * at)
            parts.append(part)
            tables.append((csr_array(made[0]), csr_array(made[1] / half)))
        grid = np.stack([g.ravel() for g in np.meshgrid(*lines, indexing="ij")], axis=1)
        slopes = list[csr_array]()
        for axis in range(-1, self.box.dimension):
            factors = [pair[int(k == axis)] for k, pair in enumerate(tables)]
            slopes.append(csr_array(reduce(lambda a, b: kron(a, b, format="csr"), factors)))
        return Quadrature(grid, reduce(np.multiply.outer, parts).ravel(), tuple(slopes))

    def trace(
        self, face: Face, function: Callable[[Float[np.ndarray, "n d"]], Float[np.ndarray, " n"]]
    ) -> tuple[np.ndarray, Float[np.ndarray, " _"]]:
        """Where the coefficients are that say the values on a face, and those of a function."""
        ((axis, value),) = face.fixed
        place = 0 if value == self.box.lower[axis] else self.sizes[axis] - 1
        index = np.arange(self.size).reshape(self.sizes).take(place, axis=axis).ravel()
        others = [k for k in range(self.box.dimension) if k != axis]
        if not others:
            return index, function(np.array([[value]]))

        def along(unit: torch.Tensor) -> torch.Tensor:
            points = np.empty((len(unit), self.box.dimension))
            points[:, axis] = value
            for column, k in enumerate(others):
                middle, half = self._interval(k)
                points[:, k] = middle + half * unit[:, column].numpy()
            return torch.from_numpy(function(points))[:, None]

        found = interpolate([self.bases[k] for k in others], along)
        return index, found.flatten().numpy()

    def nodes(self) -> Float[np.ndarray, "n d"]:
        """The corners of the cells, where coefficients of degree one are values."""
        lines = [
            self._interval(axis)[0] + self._interval(axis)[1] * edges
            for axis, edges in enumerate(self._edges)
        ]
        return np.stack([g.ravel() for g in np.meshgrid(*lines, indexing="ij")], axis=1)

    def _interval(self, axis: int) -> tuple[float, float]:
        """The middle and half the length of a coordinate's interval."""
        low, high = self.box.lower[axis], self.box.upper[axis]
        return (low + high) / 2, (high - low) / 2
