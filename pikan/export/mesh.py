"""Meshes of a domain to draw on: cells that fill a box or a region, for other programs."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import Delaunay, KDTree

from pikan.geometry.domain import Domain
from pikan.geometry.region import Region

Grids = Mapping[str, Float[np.ndarray, " _"]]
Kind = Literal["line", "quad", "hexahedron", "triangle", "tetra", "wedge"]

# The corners of a cell of a grid in VTK's order, by the number of coordinates.
_CELLS: Mapping[int, Kind] = {1: "line", 2: "quad", 3: "hexahedron"}
_CORNERS = {
    1: ((0,), (1,)),
    2: ((0, 0), (1, 0), (1, 1), (0, 1)),
    3: tuple((*corner, up) for up in (0, 1) for corner in ((0, 0), (1, 0), (1, 1), (0, 1))),
}
# Points on the boundary lie so near, in steps of the grid: the triangulation keeps to it, as no
# point inside comes nearer to it than half of `_CLEAR` beyond that.
_ALONG, _CLEAR = 0.5, 0.4
# Ends of sides belong to no side; so near to them, in parts of the side, is near enough to draw.
_END = 1e-6
# Cells thinner than this, in parts of a cube of the grid, are rounding.
_FLAT = 1e-6


class Mesh(NamedTuple):
    """Points of some coordinates and cells of one kind, by the places of their corners."""

    points: Float[np.ndarray, "n d"]
    kind: Kind
    cells: Int[np.ndarray, "c _"]


def domain_mesh(domain: Domain, grids: Grids) -> Mesh:
    """A mesh of the coordinates in `grids`, as fine as these are.

    A box is filled by the cells of its grid. A region of the plane or of space is filled by the
    triangles or tetrahedra of a Delaunay triangulation of the points inside and of its boundary;
    one of the plane that a further coordinate draws out is filled by wedges.
    """
    region = domain.region
    if region is None:
        return _grid_mesh(grids)
    inside = [domain.box.coordinates[axis] for axis in region.axes]
    flat = _region_mesh(region, [grids[name] for name in inside])
    further = [name for name in grids if name not in inside]
    if not further:
        return _in_order(flat, inside, list(grids))
    (name,) = further
    return _in_order(_drawn_out(flat, grids[name]), [*inside, name], list(grids))


def _grid_mesh(grids: Grids) -> Mesh:
    every = np.meshgrid(*grids.values(), indexing="ij")
    shape = every[0].shape
    places = np.arange(every[0].size).reshape(shape)
    corners = [
        places[tuple(slice(one, size - 1 + one) for one, size in zip(corner, shape, strict=True))]
        for corner in _CORNERS[len(shape)]
    ]
    return Mesh(
        np.stack([part.ravel() for part in every], axis=1),
        _CELLS[len(shape)],
        np.stack([corner.ravel() for corner in corners], axis=1),
    )


def _region_mesh(region: Region, grids: list[Float[np.ndarray, " _"]]) -> Mesh:
    step = min(float(np.ptp(grid)) / max(len(grid) - 1, 1) for grid in grids)
    boundary = _boundary(region, step)
    every = np.stack(np.meshgrid(*grids, indexing="ij"), axis=-1).reshape(-1, len(grids))
    inner = every[region.holds(every)]
    inner = inner[KDTree(boundary).query(inner)[0] > _CLEAR * step]
    points = np.concatenate([boundary, inner])
    cells = Delaunay(points).simplices
    corners = points[cells]
    kept = region.holds(corners.mean(axis=1))
    edges = corners[:, 1:] - corners[:, :1]
    kept &= np.abs(np.linalg.det(edges)) > _FLAT * step ** len(grids)
    return Mesh(points, "triangle" if len(grids) == 2 else "tetra", cells[kept].astype(np.int64))


def _boundary(region: Region, step: float) -> Float[np.ndarray, "n d"]:
    """Points on the sides of a region, at most about half a step from one to the next."""
    own = len(region.axes) - 1
    found = list[Float[np.ndarray, "_ d"]]()
    for part in region.parts:
        count = int(np.ceil((part.side.size / (_ALONG * step) ** own) ** (1 / own))) + 1
        unit = np.linspace(_END, 1.0 - _END, count)
        places = np.stack(np.meshgrid(*[unit] * own, indexing="ij"), axis=-1).reshape(-1, own)
        points = part.side.points(places)
        found.append(points[part.bounds_own(points)])
    every = np.concatenate(found)
    # Where sides meet both have a point.
    cells = np.round(every / (_CLEAR * _ALONG * step))
    return every[np.unique(cells, axis=0, return_index=True)[1]]


def _drawn_out(flat: Mesh, along: Float[np.ndarray, " m"]) -> Mesh:
    """Wedges over the triangles of a mesh, from each value of a further coordinate to the next."""
    count, levels = len(flat.points), len(along)
    points = np.column_stack([np.tile(flat.points, (levels, 1)), np.repeat(along, count)])
    cells = [
        np.column_stack([flat.cells + count * k, flat.cells + count * (k + 1)])
        for k in range(levels - 1)
    ]
    return Mesh(points, "wedge", np.concatenate(cells))


def _in_order(mesh: Mesh, names: list[str], wanted: list[str]) -> Mesh:
    return mesh._replace(points=mesh.points[:, [names.index(name) for name in wanted]])
