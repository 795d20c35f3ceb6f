"""What is exported is read back as it was."""

import numpy as np
import pytest

from pikan.export.files import write_csv, write_netcdf, write_npz
from tests.test_solution import solved

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
