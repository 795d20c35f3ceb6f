"""What ParaView gets: cells that fill the domain and nothing else, with values at their corners."""

import numpy as np
import pytest

from pikan.export.mesh import domain_mesh
from pikan.export.samples import first_derivatives
from pikan.export.vtk import write_vtk
from pikan.geometry.box import Box
from pikan.geometry.domain import Domain
from pikan.geometry.ellipse import Ellipse
from pikan.geometry.polygon import Polygon
from pikan.geometry.region import Component, Region
from pikan.geometry.shape import Shape
from pikan.geometry.solid import Ball
from tests.test_solution import solved

meshio = pytest.importorskip("meshio")

GRID = {"x": 7, "t": [0, 0.5, 2]}


def region(shape: Shape, *without: Shape) -> Region:
    """A shape without others, in the first coordinates."""
    holes = tuple(Component(one, f"hole{k}") for k, one in enumerate(without))
    return Region((Component(shape, "shape", holes),), tuple(range(len(shape.bounds[0]))))


def volumes(mesh) -> np.ndarray:
    """Those of simplices, and of the prisms that wedges are."""
    corners = mesh.points[mesh.cells]
    places = {"triangle": (1, 2), "tetra": (1, 2, 3), "wedge": (1, 2, 3), "hexahedron": (1, 3, 4)}
    edges = np.stack([corners[:, i] - corners[:, 0] for i in places[mesh.kind]], axis=1)
    parts = {"triangle": 2, "tetra": 6, "wedge": 2, "hexahedron": 1}[mesh.kind]
    return np.abs(np.linalg.det(edges)) / parts


def test_a_problem_in_t_gets_a_mesh_for_each_time_with_fields_and_derivatives(tmp_path):
    solution = solved({"u": "x**2*t + 1", "v": "x*t"})
    names = ("u", *first_derivatives(solution.problem))
    path = tmp_path / "a.vtu"
    collection, *files = write_vtk(solution.problem, GRID, names, solution.partial, path)
    listed = collection.read_text()
    assert all(f'timestep="{t}"' in listed for t in ("0.0", "0.5", "2.0"))
    mesh = meshio.read(files[2])
    x = mesh.points[:, 0]
    np.testing.assert_allclose(mesh.point_data["u"], 2 * x**2 + 1, atol=1e-12)
    np.testing.assert_allclose(mesh.point_data["u_x"], 4 * x, atol=1e-12)
    assert mesh.cells_dict["line"].tolist() == [[i, i + 1] for i in range(6)]


def test_the_cells_of_a_grid_fill_a_box_with_the_right_side_out():
    box = Box(("x", "y", "z"), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    mesh = domain_mesh(Domain(box), {name: np.linspace(0, 1, 3) for name in "xyz"})
    corners = mesh.points[mesh.cells]
    along = np.stack([corners[:, i] - corners[:, 0] for i in (1, 3, 4)], axis=1)
    np.testing.assert_allclose(np.linalg.det(along), 1 / 8)


@pytest.mark.parametrize(
    ("shape", "holes", "area"),
    [
        (Ellipse((0.0, 0.0), (1.0, 0.5)), (), np.pi / 2),
        (
            Polygon(((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0))),
            (Ellipse((0.25, 0.25), (0.1, 0.1)),),
            0.75 - 0.01 * np.pi,
        ),
    ],
)
def test_triangles_fill_a_region_of_the_plane_and_leave_its_holes_empty(shape, holes, area):
    lower, upper = shape.bounds
    domain = Domain(Box(("x", "y"), lower, upper), region(shape, *holes))
    sides = zip("xy", lower, upper, strict=True)
    grids = {name: np.linspace(low, high, 41) for name, low, high in sides}
    mesh = domain_mesh(domain, grids)
    # Chords of half a step leave out a part of second order.
    assert volumes(mesh).sum() == pytest.approx(area, rel=2e-3)
    assert domain.covers(mesh.points).all()
    assert all(not hole.contains(mesh.points[mesh.cells].mean(axis=1)).any() for hole in holes)


def test_tetrahedra_fill_a_ball():
    domain = Domain(
        Box(("x", "y", "z"), (-1.0,) * 3, (1.0,) * 3), region(Ball((0.0, 0.0, 0.0), 1.0))
    )
    mesh = domain_mesh(domain, {name: np.linspace(-1, 1, 15) for name in "xyz"})
    assert mesh.kind == "tetra"
    assert volumes(mesh).sum() == pytest.approx(4 / 3 * np.pi, rel=2e-2)


def test_wedges_fill_a_disc_that_a_coordinate_before_it_draws_out():
    box = Box(("z", "x", "y"), (0.0, -1.0, -1.0), (3.0, 1.0, 1.0))
    disc = Region((Component(Ellipse((0.0, 0.0), (1.0, 1.0)), "disc"),), (1, 2))
    grids = {"z": np.linspace(0, 3, 4), "x": np.linspace(-1, 1, 31), "y": np.linspace(-1, 1, 31)}
    mesh = domain_mesh(Domain(box, disc), grids)
    assert np.ptp(mesh.points[:, 0]) == pytest.approx(3.0)
    assert volumes(mesh).sum() == pytest.approx(3 * np.pi, rel=5e-3)
