"""Cells between characteristics: where lines x - ct and x + ct run through a time slab."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import legendre
from torch import Tensor

Side = Literal["start", "lower", "upper", "forward", "backward"]
_Corners = Float[np.ndarray, "_ 2"]

# Lengths below this part of the interval are rounding.
_SAME = 1e-11


class CharacteristicCell(NamedTuple):
    """One cell as far as it lies in a slab: its numbers along ξ and η, and points (ξ, η).

    `inside` are points with `weights` that integrate over it, `sides` those on the start, on the
    ends of the interval, and on the edges that it shares with the cells before it: ξ is greater
    beyond the `forward` one, η smaller beyond the `backward` one.
    """

    place: tuple[int, int]
    inside: Float[Tensor, "n 2"]
    weights: Float[Tensor, " n"]
    sides: tuple[tuple[Side, Float[Tensor, "_ 2"]], ...]


@final
@dataclass(frozen=True)
class CharacteristicMesh:
    """Edges of ξ = x - c s and η = x + c s, with s from 0 to `height` in a slab.

    x goes from `lower` to `upper`; where it repeats, cells beside the interval are those of the
    whole line, which needs no conditions at ends.
    """

    edges: tuple[Float[Tensor, " _"], Float[Tensor, " _"]]
    speed: float
    lower: float
    upper: float
    height: float
    periodic: bool

    @property
    def reach(self) -> float:
        """How far anything moves in the slab."""
        return self.speed * self.height

    def cells(self, points: int) -> Iterator[CharacteristicCell]:
        """The cells that meet the slab, those before others first, with Gauss points in each."""
        counts = [len(own) - 1 for own in self.edges]
        places = [(i, j) for i in range(counts[0]) for j in range(counts[1])]
        middles = [(own[1:] + own[:-1]) / 2 for own in self.edges]
        for i, j in sorted(places, key=lambda at: float(middles[1][at[1]] - middles[0][at[0]])):
            polygon = self._polygon(i, j)
            if len(polygon) > 2:
                yield _cell((i, j), polygon, points, self._sides(i, j, polygon))

    def _polygon(self, i: int, j: int) -> _Corners:
        """The corners of what a cell has in the slab."""
        (a, b), (c, d) = self.edges[0][i : i + 2].tolist(), self.edges[1][j : j + 2].tolist()
        corners = np.array([[a, c], [b, c], [b, d], [a, d]])
        slack = _SAME * (self.upper - self.lower)
        for across, bound in self._bounds():
            corners = _clip(corners, np.array(across), bound, slack)
        # Corners that coincide are one.
        kept = np.abs(corners - np.roll(corners, 1, axis=0)).max(axis=1, initial=0.0) > slack
        return corners[kept]

    def _bounds(self) -> list[tuple[tuple[float, float], float]]:
        """Half planes n · (ξ, η) >= b that make up the slab."""
        bounds = [((-1.0, 1.0), 0.0), ((1.0, -1.0), -2 * self.reach)]
        if self.periodic:
            return [
                *bounds,
                ((1.0, 0.0), self.lower - self.reach),
                ((0.0, -1.0), -self.upper - self.reach),
            ]
        return [*bounds, ((1.0, 1.0), 2 * self.lower), ((-1.0, -1.0), -2 * self.upper)]

    def _sides(self, i: int, j: int, polygon: _Corners) -> list[tuple[Side, _Corners]]:
        """The sides of a polygon where something comes in."""
        lines: list[tuple[Side, tuple[float, float], float]] = [("start", (-1.0, 1.0), 0.0)]
        if not self.periodic:
            lines.append(("lower", (1.0, 1.0), 2 * self.lower))
            lines.append(("upper", (1.0, 1.0), 2 * self.upper))
        if i + 2 < len(self.edges[0]):
            lines.append(("forward", (1.0, 0.0), float(self.edges[0][i + 1])))
        if j:
            lines.append(("backward", (0.0, 1.0), float(self.edges[1][j])))
        found: list[tuple[Side, _Corners]] = []
        slack = 2 * _SAME * (self.upper - self.lower)
        for ends in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            side = np.stack(ends)
            for name, across, bound in lines:
                if np.abs(side @ np.array(across) - bound).max() <= slack:
                    found.append((name, side))
                    break
        return found


def _clip(
    corners: _Corners, across: Float[np.ndarray, " 2"], bound: float, slack: float
) -> _Corners:
    """The part of a convex polygon in a half plane.

    Source: Sutherland and Hodgman 1974, doi 10.1145/360767.360802.
    """
    heights = corners @ across - bound
    kept = list[Float[np.ndarray, " 2"]]()
    for k, height in enumerate(heights):
        before = heights[k - 1]
        if (height > slack and before < -slack) or (height < -slack and before > slack):
            kept.append(corners[k - 1] + (corners[k] - corners[k - 1]) * before / (before - height))
        if height >= -slack:
            kept.append(corners[k])
    return np.array(kept).reshape(-1, 2)


def _cell(
    place: tuple[int, int], polygon: _Corners, points: int, sides: Iterable[tuple[Side, _Corners]]
) -> CharacteristicCell:
    """Gauss points of the triangles between a corner and the sides that do not meet it."""
    nodes, weights = legendre.leggauss(points)
    share, weights = (nodes + 1) / 2, weights / 2
    inside, areas = list[_Corners](), list[Float[np.ndarray, " _"]]()
    first = polygon[0]
    for second, third in pairwise(polygon[1:]):
        along = second + share[:, None] * (third - second)
        inside.append((first + share[:, None, None] * (along - first)).reshape(-1, 2))
        (a, b), (c, d) = second - first, third - first
        areas.append((abs(a * d - b * c) * (share * weights)[:, None] * weights).ravel())
    on_sides: list[tuple[Side, Float[Tensor, "_ 2"]]] = []
    for name, side in sides:
        on_sides.append((name, torch.from_numpy(side[0] + share[:, None] * (side[1] - side[0]))))
    made = torch.from_numpy(np.concatenate(inside)), torch.from_numpy(np.concatenate(areas))
    return CharacteristicCell(place, *made, tuple(on_sides))


def characteristic_edges(
    places: Float[np.ndarray, " _"], lower: float, upper: float, reach: float, *, periodic: bool
) -> Float[Tensor, " _"]:
    """Where characteristics through places of an interval meet the line of its start.

    From lower - reach to upper + reach: those that come in again at the other end, or back from
    the ends, are on from there.
    """
    length = upper - lower
    period = length if periodic else 2 * length
    own = np.concatenate([places, [lower, upper]])
    own = own if periodic else np.concatenate([own, 2 * lower - own])
    turns = period * np.arange(-int(reach / period) - 2, int(reach / period) + 3)
    every = (own[:, None] + turns).ravel()
    begin, end = lower - reach, upper + reach
    inside = every[(every > begin) & (every < end)]
    return torch.from_numpy(distinct(np.concatenate([[begin, end], inside]), length))


def fold(
    places: Float[np.ndarray, " _"], lower: float, upper: float, *, periodic: bool
) -> Float[np.ndarray, " _"]:
    """Places of the line of a start as those of the interval that characteristics lead to them."""
    length = upper - lower
    turned = np.mod(places - lower, length if periodic else 2 * length)
    folded = turned if periodic else np.minimum(turned, 2 * length - turned)
    return distinct(lower + folded, length)


def distinct(places: Float[np.ndarray, " _"], length: float) -> Float[np.ndarray, " _"]:
    """Places in rising order, those that are equal but for rounding once."""
    ordered = np.sort(places)
    return ordered[np.diff(ordered, prepend=-np.inf) > _SAME * length]
