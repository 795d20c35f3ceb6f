"""What is exported is read back as it was."""

import numpy as np
import pytest

from pikan.export.files import write_csv, write_netcdf, write_npz, write_vtk
from pikan.export.samples import first_derivatives
from tests.test_solution import solved

meshio = pytest.importorskip("meshio")
xarray = pytest.importorskip("xarray")

GRID = {"x": 7, "t": [0, 0.5, 2]}


@pytest.fixture(scope="module")
def solution():
    return solved({"u": "x**2*t + 1", "v": "x*t"})


@pytest.fixture(scope="module")
def sampled(solution):
    return solution.sample(GRID, derivatives=("u_x", "v_t"))


def test_values_stand_where_their_coordinates_are(sampled):
    x, t = np.meshgrid(np.linspace(-1, 1, 7), [0, 0.5, 2], indexing="ij")
    exact = {"u": x**2 * t + 1, "v": x * t, "u_x": 2 * x * t, "v_t": x}
    for name, values in exact.items():
        np.testing.assert_allclose(sampled.values[name], values, atol=1e-12)


def test_npz_and_netcdf_keep_every_bit(sampled, tmp_path):
    (npz,), (nc,) = (
        write_npz(sampled, tmp_path / "a.npz"),
        write_netcdf(sampled, tmp_path / "a.nc"),
    )
    with np.load(npz) as arrays, xarray.open_dataset(nc, engine="scipy") as dataset:
        for name, part in {**sampled.grids, **sampled.values}.items():
            np.testing.assert_array_equal(arrays[name], part)
            np.testing.assert_array_equal(dataset[name], part)
        assert dataset["u"].dims == ("x", "t")


def test_csv_keeps_every_bit(sampled, tmp_path):
    (path,) = write_csv(sampled, tmp_path / "a.csv")
    assert path.read_text().splitlines()[0] == "x,t,u,v,u_x,v_t"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    np.testing.assert_array_equal(table[:, 2].reshape(7, 3), sampled.values["u"])


def test_a_table_has_a_row_for_each_point(solution, sampled):
    frame = solution.to_dataframe(GRID)
    assert list(frame.columns) == ["x", "t", "u", "v"]
    np.testing.assert_array_equal(frame["v"], sampled.values["v"].ravel())


def test_labels_choose_values(solution):
    assert float(solution.to_xarray(GRID)["u"].sel(x=1, t=0.5)) == pytest.approx(1.5)


def test_paraview_gets_a_mesh_for_each_time_with_fields_and_derivatives(solution, tmp_path):
    sampled = solution.sample(GRID, derivatives=first_derivatives(solution.problem))
    collection, *files = write_vtk(sampled, tmp_path / "a.vtu")
    assert [f'timestep="{t}"' in collection.read_text() for t in ("0.0", "0.5", "2.0")] == [
        True
    ] * 3
    mesh = meshio.read(files[2])
    x = mesh.points[:, 0]
    np.testing.assert_allclose(mesh.point_data["u"], 2 * x**2 + 1, atol=1e-12)
    np.testing.assert_allclose(mesh.point_data["u_x"], 4 * x, atol=1e-12)
    assert mesh.cells_dict["line"].tolist() == [[i, i + 1] for i in range(6)]


def test_cells_fill_the_box_with_the_right_side_out(tmp_path):
    from pikan.export.samples import Samples

    grids = {name: np.linspace(0, 1, 3) for name in ("x", "y", "z")}
    every = np.meshgrid(*grids.values(), indexing="ij")
    (path,) = write_vtk(Samples("", "", grids, {"u": every[2]}, {}), tmp_path / "a.vtu")
    mesh = meshio.read(path)
    corners = mesh.points[mesh.cells_dict["hexahedron"]]
    along = [corners[:, i] - corners[:, 0] for i in (1, 3, 4)]
    volumes = np.linalg.det(np.stack(along, axis=1))
    np.testing.assert_allclose(volumes, 1 / 8)
    np.testing.assert_array_equal(mesh.point_data["u"], mesh.points[:, 2])


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (1, "got 1 points along x, needs at least 2"),
        ({"z": 3}, "got 'z', needs one of x, t"),
        ({"x": [0, -1]}, "needs rising numbers"),
        ({"t": [0, 3]}, "got t = 3, needs from 0 to 2"),
        (20_000, "needs at most 100000000"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(solution, grid, message):
    with pytest.raises(ValueError, match=message):
        solution.sample(grid)
