import csv

import h5py
import numpy as np
import pytest
import scipy.io

from pikan.files.arrays import DataError, read_arrays
from pikan.geometry.box import Box
from pikan.references.data import reference

BOX = Box(("x", "t"), (-1.0, 0.0), (1.0, 2.0))
X = np.linspace(-1.0, 1.0, 5)
T = np.linspace(0.0, 2.0, 4)
NAMES = {"x": "x", "t": "t"}


def truth(points):
    return points[:, 0] + 10.0 * points[:, 1]


def grid(x=X, t=T):
    return x[:, None] + 10.0 * t


def write_csv(path, columns):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(np.ravel(column) for column in columns.values()), strict=True))


def write_h5(path, arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


def write_mat73(path, arrays):
    write_h5(path, {name: np.transpose(np.atleast_2d(array)) for name, array in arrays.items()})


WRITERS = {
    "a.npz": lambda path, arrays: np.savez(path, **arrays),
    "b.npz": lambda path, arrays: np.savez_compressed(path, **arrays),
    "a.mat": scipy.io.savemat,
    "b.mat": lambda path, arrays: scipy.io.savemat(path, arrays, do_compression=True),
    "c.mat": write_mat73,
    "a.h5": write_h5,
    "a.HDF5": write_h5,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("turned", [False, True])
def test_grids_are_read_from_every_format_whatever_the_order_of_axes(tmp_path, name, turned):
    u = grid().T if turned else grid()
    WRITERS[name](tmp_path / name, {"x": X, "t": T, "u": u})
    found = reference(tmp_path / name, BOX, NAMES, {"u": "u"})
    assert found.points.shape == (20, 2)
    assert found.unknowns == ("u",)
    assert found.against == "reference"
    np.testing.assert_array_equal(found.values(found.points)[:, 0], truth(found.points))


@pytest.mark.parametrize("name", [*WRITERS, "a.csv"])
def test_scattered_points_are_read_from_every_format(tmp_path, name):
    points = np.random.default_rng(0).uniform(BOX.lower, BOX.upper, (30, 2))
    columns = {
        "where": points[:, 0],
        "when": points[:, 1],
        "p": 2.0 * truth(points),
        "u": truth(points),
    }
    {**WRITERS, "a.csv": write_csv}[name](tmp_path / name, columns)
    mapping = {"t": "when", "x": "where"}
    found = reference(tmp_path / name, BOX, mapping, {"u": "u", "p": "p"})
    np.testing.assert_array_equal(found.points, points)
    expected = np.stack([truth(points), 2.0 * truth(points)], axis=-1)
    np.testing.assert_array_equal(found.values(points), expected)


def test_coordinates_may_fill_arrays_of_the_shape_of_the_unknown(tmp_path):
    x, t = np.meshgrid(X, T)
    np.savez(tmp_path / "a.npz", x=x, t=t, u=x + 10.0 * t)
    found = reference(tmp_path / "a.npz", BOX, NAMES, {"u": "u"})
    np.testing.assert_array_equal(found.values(found.points)[:, 0], truth(found.points))


@pytest.mark.parametrize("order", [("x", "t"), ("t", "x")])
def test_axes_of_equal_length_come_in_the_order_of_the_mapping(tmp_path, order):
    u = grid(X, X + 1.0)
    np.savez(tmp_path / "a.npz", x=X, t=X + 1.0, u=u if order == ("x", "t") else u.T)
    found = reference(tmp_path / "a.npz", BOX, {name: name for name in order}, {"u": "u"})
    np.testing.assert_array_equal(found.values(found.points)[:, 0], truth(found.points))


def test_three_coordinates_and_one_moment(tmp_path):
    box = Box(("x", "y", "t"), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    x, y = np.linspace(0.0, 1.0, 3), np.linspace(0.0, 1.0, 4)
    np.savez(tmp_path / "a.npz", x=x, y=y, t=np.array([0.5]), u=(x[:, None] + 10.0 * y).T)
    found = reference(tmp_path / "a.npz", box, {k: k for k in "xyt"}, {"u": "u"})
    assert (found.points[:, 2] == 0.5).all()
    np.testing.assert_array_equal(found.values(found.points)[:, 0], truth(found.points))
    between = np.array([[0.1, 0.9, 0.5], [0.77, 0.2, 0.5]])
    np.testing.assert_allclose(found.values(between)[:, 0], truth(between), atol=1e-14)


def test_one_coordinate_is_a_grid_of_its_own(tmp_path):
    write_csv(tmp_path / "a.csv", {"x": X[::-1], "u": X[::-1] ** 2})
    found = reference(tmp_path / "a.csv", Box(("x",), (-1.0,), (1.0,)), {"x": "x"}, {"u": "u"})
    np.testing.assert_array_equal(found.points[:, 0], X)
    np.testing.assert_array_equal(found.values(found.points)[:, 0], X**2)


def test_grids_in_any_direction_are_interpolated_exactly_where_linear(tmp_path):
    np.savez(tmp_path / "a.npz", x=X[::-1], t=T, u=grid(X[::-1], T))
    found = reference(tmp_path / "a.npz", BOX, NAMES, {"u": "u"})
    points = np.random.default_rng(0).uniform(BOX.lower, BOX.upper, (40, 2))
    np.testing.assert_allclose(found.values(points)[:, 0], truth(points), atol=1e-13)


def test_scattered_values_are_taken_from_the_nearest_point(tmp_path):
    write_csv(tmp_path / "a.csv", {"x": [-0.5, 0.5], "t": [1.0, 1.0], "u": [3.0, 4.0]})
    found = reference(tmp_path / "a.csv", BOX, NAMES, {"u": "u"})
    np.testing.assert_array_equal(found.values(np.array([[-1.0, 0.0], [0.1, 2.0]])), [[3.0], [4.0]])


def test_points_outside_of_the_box_are_left_out_up_to_rounding(tmp_path):
    x = np.array([-2.0, -1.0 - 1e-12, 0.0, 1.5])
    np.savez(tmp_path / "a.npz", x=x, t=T, u=grid(x))
    found = reference(tmp_path / "a.npz", BOX, NAMES, {"u": "u"})
    assert sorted(set(found.points[:, 0])) == [-1.0, 0.0]
    assert len(found.values(found.points)) == 8


@pytest.mark.parametrize(
    ("file", "time", "unknown", "shape"),
    [
        ("problems/data/AC.mat", "tt", "uu", (512, 201)),
        ("problems/data/KS.mat", "tt", "uu", (513, 201)),
        ("tests/data/burgers_shock.mat", "t", "usol", (256, 100)),
    ],
)
def test_published_references_are_read(root, file, time, unknown, shape):
    found = reference(root / file, BOX, {"t": time, "x": "x"}, {"u": unknown})
    stored = scipy.io.loadmat(root / file)
    assert tuple(map(len, found.grid)) == shape
    np.testing.assert_array_equal(found.values(found.points)[:, 0], stored[unknown].ravel())


def test_a_header_of_savetxt_is_understood(tmp_path):
    table = np.array([[0.0, 1.0, 10.0], [0.5, 1.0, 10.5]])
    np.savetxt(tmp_path / "a.csv", table, delimiter=", ", header="x, t, u")
    found = reference(tmp_path / "a.csv", BOX, NAMES, {"u": "u"})
    np.testing.assert_array_equal(found.values(found.points)[:, 0], [10.0, 10.5])


def good():
    return {"x": X, "t": T, "u": grid()}


UNUSABLE = {
    "another name": ({**good(), "uu": grid()}, {"u": "u_"}, "did you mean"),
    "a wrong shape": ({**good(), "u": grid()[:, :3]}, {"u": "u"}, "has the shape (5, 3)"),
    "an axis too many": (
        {**good(), "u": np.zeros((5, 4, 2))},
        {"u": "u"},
        "has the shape (5, 4, 2)",
    ),
    "an axis too few": ({**good(), "u": np.zeros(5)}, {"u": "u"}, "has the shape (5,)"),
    "a hole": ({**good(), "u": np.where(grid() > 3, np.nan, 0.0)}, {"u": "u"}, "not finite"),
    "infinity": (
        {**good(), "x": np.append(X[:-1], np.inf)},
        {"u": "u"},
        "not finite",
    ),
    "words": ({**good(), "u": np.full((5, 4), "one")}, {"u": "u"}, "give real numbers"),
    "complex numbers": ({**good(), "u": grid() * 1j}, {"u": "u"}, "give real numbers"),
    "truths": ({**good(), "u": grid() > 1.0}, {"u": "u"}, "give real numbers"),
    "nothing": ({**good(), "u": np.zeros((0, 4))}, {"u": "u"}, "is empty"),
    "another place": ({**good(), "x": X + 10.0}, {"u": "u"}, "x from 9 to 11"),
    "a value twice": ({**good(), "x": np.array([0.0, 0.1, 0.1, 0.3, 0.5])}, {"u": "u"}, "repeats"),
    "a plane for an axis": ({**good(), "x": np.zeros((5, 2))}, {"u": "u"}, "has the shape (5, 2)"),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_data_that_cannot_be_used_are_refused_in_one_sentence(tmp_path, fault):
    arrays, unknowns, sentence = UNUSABLE[fault]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError) as refusal:
        reference(tmp_path / "a.npz", BOX, NAMES, unknowns)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_every_coordinate_needs_its_column(tmp_path):
    np.savez(tmp_path / "a.npz", **good())
    for mapping in ({"x": "x"}, {**NAMES, "z": "x"}, {}):
        with pytest.raises(DataError, match="name each of x, t once"):
            reference(tmp_path / "a.npz", BOX, mapping, {"u": "u"})


def test_pickles_are_never_opened(tmp_path):
    opened = tmp_path / "opened"

    class Trap:
        def __reduce__(self):
            return (opened.touch, ())

    np.savez(tmp_path / "a.npz", u=np.array([Trap()], dtype=object))
    with pytest.raises(DataError, match="Object arrays cannot be loaded"):
        read_arrays(tmp_path / "a.npz", ["u"])
    assert not opened.exists()


@pytest.mark.parametrize("suffix", [".npz", ".mat", ".h5", ".csv"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 200, b"\xff\xfe garbage" * 40, b"PK\x03\x04", b"x"]
)
def test_bytes_of_another_kind_are_refused(tmp_path, suffix, content):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_arrays(path, ["u"])


@pytest.mark.parametrize(
    "name",
    # Compressed files are as many more.
    [pytest.param(one, marks=pytest.mark.slow if one.startswith("b") else ()) for one in WRITERS],
)
def test_damaged_files_are_refused_or_read(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path, good())
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    # HDF5 is read by a process of its own each time.
    for _ in range(5 if "5" in name or "c" in name else 40):
        damaged = bytearray(whole[: generator.integers(1, len(whole) + 1)])
        for place in generator.integers(0, len(damaged), 4):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            read_arrays(path, ["x", "t", "u"])
        except DataError as error:
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("a.txt", "ends in '.txt'"), ("a", "ends in ''"), ("missing.csv", "is not there")],
)
def test_files_of_another_kind_are_refused(tmp_path, name, sentence):
    if name != "missing.csv":
        (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=sentence):
        read_arrays(tmp_path / name, ["u"])


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.npz").mkdir()
    with pytest.raises(DataError, match="give the path of a file"):
        read_arrays(tmp_path / "a.npz", ["u"])


def test_links_out_of_a_file_are_refused(tmp_path):
    write_h5(tmp_path / "other.h5", {"u": X})
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["u"] = h5py.ExternalLink("other.h5", "u")
        file["v"] = h5py.SoftLink("/u")
        layout = h5py.VirtualLayout(shape=(5,), dtype="f8")
        layout[:] = h5py.VirtualSource("other.h5", "u", shape=(5,))
        file.create_virtual_dataset("w", layout)
        file.create_dataset("z", (5,), "f8", external=[(str(tmp_path / "raw"), 0, 40)])
    for name in "uvwz":
        with pytest.raises(DataError, match=r"is a link|lies in another file"):
            read_arrays(tmp_path / "a.h5", [name])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("x,u\n1,2\n3\n", "line 3 of 'a.csv' has 1 entries"),
        ("x,u\n1,2\n3,four\n", "line 3 of 'a.csv' holds no number"),
        ("x,u\n1,\n", "has 1 of 1 entries that are missing or not finite"),
        ("x,u\n1,nan\n", "not finite"),
        ("x;u\n1;2\n", "it has x;u"),
        ("x,u\n", "is empty"),
    ],
)
def test_tables_with_faults_are_refused(tmp_path, content, sentence):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=sentence):
        read_arrays(tmp_path / "a.csv", ["u"])


@pytest.mark.parametrize("shape", ["grid", "points"])
def test_one_point_in_the_domain_is_nothing_to_compare_with(tmp_path, shape):
    box = Box(("x",), (0.0,), (1.0,)) if shape == "grid" else BOX
    columns = {"x": [0.0, 5.0, 7.0], "u": [1.0, 2.0, 3.0], "t": [0.0, 5.0, 7.0]}
    write_csv(tmp_path / "a.csv", columns)
    with pytest.raises(DataError, match=r"one point of 'a.csv' lies in the domain; it has x from"):
        reference(tmp_path / "a.csv", box, {name: name for name in box.coordinates}, {"u": "u"})
