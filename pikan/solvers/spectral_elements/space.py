"""Piecewise polynomials of one coordinate, cell by cell from the left edge."""

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import legendre
from torch import Tensor

from pikan.bases.elements import Elements, elements, integrate_legendre

Coefficients = tuple[Float[Tensor, "s c _"], ...]
"""For each unknown the coefficients of every cell, at every stage."""
Function = Callable[[int, int, Float[Tensor, " n"]], Float[Tensor, "s n"]]
"""Derivative of an order of an unknown at places: `function(unknown, order, places)`."""


@final
@dataclass(frozen=True)
class Space:
    """Piecewise polynomials, of degree `points` + joined[k] - 1 in unknown k.

    On a cell an unknown is its Taylor polynomial of its first joined[k] derivatives, the value
    among them, at the left edge, and its next derivative, in lengths of half the cell, a sum of
    Legendre polynomials: it is integrated, never differentiated, so that slopes stay exact however
    small a cell is. As many points in each cell as that has terms determine it from the left edge.
    """

    edges: Float[Tensor, " _"]
    joined: tuple[int, ...]
    points: int

    @property
    def cells(self) -> int:
        """How many there are."""
        return len(self.edges) - 1

    @property
    def half(self) -> Float[Tensor, "c 1"]:
        """Half the width of each cell."""
        return self.edges.diff()[:, None] / 2

    def width(self, unknown: int) -> int:
        """How many functions a cell has."""
        return self.points + self.joined[unknown]

    def places(self, unit: Float[Tensor, " n"]) -> Float[Tensor, "c n"]:
        """The same places of every cell, from -1 to 1."""
        return self.edges[:-1, None] + self.half * (unit + 1)

    def functions(
        self, unknown: int, unit: Float[Tensor, " n"], order: int
    ) -> Float[Tensor, "k c n w"]:
        """The functions of each cell at places of it, and their derivatives 0 to `order`."""
        return cell_functions(unit[None], self.half, self.joined[unknown], self.points, order)

    def values(
        self, coefficients: Coefficients, unit: Float[Tensor, " n"]
    ) -> Float[Tensor, "m s c n"]:
        """The unknowns at places of every cell."""
        return torch.stack(
            [
                torch.einsum("cnw,scw->scn", self.functions(k, unit, 0)[0], own)
                for k, own in enumerate(coefficients)
            ]
        )

    def legendre(
        self, unknown: int, coefficients: Float[Tensor, "s c w"]
    ) -> Float[Tensor, "s c w"]:
        """The Legendre coefficients of an unknown on every cell."""
        unit, weights = gauss(self.width(unknown))
        degrees = torch.arange(self.width(unknown))
        table = torch.from_numpy(legendre.legvander(unit.numpy(), len(unit) - 1))
        projection = table * (weights[:, None] * (2 * degrees + 1) / 2)
        made = self.functions(unknown, unit, 0)[0]
        return torch.einsum("cnw,scw->scn", made, coefficients) @ projection

    def interpolate(self, function: Function) -> Coefficients:
        """The piecewise polynomials with a function's derivatives at left edges.

        The next derivative is that of the function at Gauss points; a function of the space is met.
        """
        unit, weights = gauss(self.points)
        degrees = torch.arange(self.points)
        table = torch.from_numpy(legendre.legvander(unit.numpy(), self.points - 1))
        projection = table * (weights[:, None] * (2 * degrees + 1) / 2)
        found: list[Float[Tensor, "s c w"]] = []
        for k, joined in enumerate(self.joined):
            left = [function(k, order, self.edges[:-1]) for order in range(joined)]
            next_one = function(k, joined, self.places(unit).flatten()).unflatten(
                -1, (self.cells, -1)
            )
            inner = (next_one @ projection) * self.half**joined
            found.append(torch.cat([*(one.unsqueeze(-1) for one in left), inner], dim=-1))
        return tuple(found)

    def function(self, coefficients: Coefficients) -> Function:
        """Piecewise polynomials as a function of places, on edges that of the right cell."""

        def function(unknown: int, order: int, x: Float[Tensor, " n"]) -> Float[Tensor, "s n"]:
            cell = torch.searchsorted(self.edges[1:-1].contiguous(), x.contiguous(), right=True)
            half = self.half[cell]
            z = (x - self.edges[cell])[:, None] / half - 1
            made = cell_functions(z, half, self.joined[unknown], self.points, order)[order, :, 0]
            return torch.einsum("nw,snw->sn", made, coefficients[unknown][:, cell])

        return function

    def end(self, unknown: int, own: Float[Tensor, "s c w"]) -> Float[Tensor, "s c e"]:
        """The derivatives that are joined, at the right edge of every cell."""
        return torch.einsum("ckw,scw->sck", self.end_functions(unknown), own)

    def end_functions(self, unknown: int) -> Float[Tensor, "c e w"]:
        """The derivatives of a cell's functions that are joined, at its right edge."""
        joined = self.joined[unknown]
        made = self.functions(unknown, torch.ones(1).to(self.edges), max(joined - 1, 0))
        return made[:joined, :, 0].transpose(0, 1)

    def basis(
        self, coefficients: Coefficients, lower: float, upper: float
    ) -> tuple[Elements, Float[Tensor, "s b m"]]:
        """The same on [-1, 1] as a basis that all unknowns share, with coefficients of it.

        It is as smooth as the least smooth of the unknowns.
        """
        joined, width = min(self.joined), max(map(self.width, range(len(self.joined))))
        common = Space(self.edges, (joined,) * len(self.joined), width - joined)
        if common.joined != self.joined:
            coefficients = common.interpolate(self.function(coefficients))
        center, scale = (upper + lower) / 2, (upper - lower) / 2
        made = elements((self.edges - center) / scale, width - 1, joined)
        rows = [common._shared_form(k, own, scale) for k, own in enumerate(coefficients)]
        return made, torch.stack(rows, dim=-1)

    def _shared_form(
        self, unknown: int, own: Float[Tensor, "s c w"], scale: float
    ) -> Float[Tensor, "s b"]:
        """Coefficients of the functions that cells share at their edges, and of those inside."""
        joined = self.joined[unknown]
        powers = scale ** torch.arange(joined).to(own)
        rows = own[:, :, : self.points].clone()
        rows[:, :, :joined] = own[:, :, :joined] * powers
        rows[:, :, joined:] = own[:, :, 2 * joined :]
        last = self.end(unknown, own)[:, -1] * powers
        return torch.cat([rows.flatten(1), last], dim=1)


def cell_functions(
    z: Float[Tensor, "#c n"], half: Float[Tensor, "c 1"], joined: int, points: int, order: int
) -> Float[Tensor, "k c n w"]:
    """Powers of the distance from the left edge over factorials, then integrals of Legendre's.

    The latter integrated `joined` times from the left edge, in lengths of half the cell, and their
    derivatives 0 to `order`, at z from -1 to 1.
    """
    degree = points + joined - 1
    table = torch.from_numpy(legendre.legvander(z.numpy(), max(degree, 0)))
    distance = half * (z + 1)
    made = z.new_zeros(order + 1, *distance.shape, points + joined)
    for derivative in range(order + 1):
        for power in range(derivative, joined):
            exponent = power - derivative
            made[derivative, :, :, power] = distance**exponent / factorial(exponent)
        integrals = table @ torch.from_numpy(_integrals(points, joined - derivative, degree))
        made[derivative, :, :, joined:] = integrals / half.unsqueeze(-1) ** derivative
    return made


def _integrals(points: int, times: int, degree: int) -> Float[np.ndarray, "_ n"]:
    """Legendre polynomials integrated so many times from -1, or differentiated, by columns."""
    found = np.eye(degree + 1, points)
    for _ in range(times):
        found = integrate_legendre(found)
    if times < 0:
        found[: len(found) + times] = legendre.legder(found, -times, axis=0)
        found[len(found) + times :] = 0.0
    return found


def gauss(points: int) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Gauss-Legendre points and weights on [-1, 1]."""
    nodes, weights = legendre.leggauss(points)
    return torch.from_numpy(nodes), torch.from_numpy(weights)


def legendre_projection(points: int) -> Float[Tensor, "j n"]:
    """From values at Gauss points to as many Legendre coefficients."""
    unit, weights = gauss(points)
    degrees = torch.arange(points)
    table = torch.from_numpy(legendre.legvander(unit.numpy(), points - 1))
    return (table * (weights[:, None] * (2 * degrees + 1) / 2)).mT


def zero(space: Space, stages: int = 1) -> Coefficients:
    """All coefficients zero."""
    return tuple(
        space.edges.new_zeros(stages, space.cells, space.width(k)) for k in range(len(space.joined))
    )
