"""Arrays come out of every format bit by bit, and whatever is no array of real numbers does not."""

import h5py
import numpy as np
import pytest
import scipy.io

from pikan.files.arrays import FORMATS, DataError, read_arrays
from pikan.files.formats import hdf5

KINDS = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


@pytest.mark.parametrize("compressed", [False, True])
def test_every_kind_of_number_is_read_out_of_a_matlab_file(tmp_path, compressed):
    generator = np.random.default_rng(0)
    stored = {f"a_{kind}": generator.uniform(0, 99, (3, 4, 2)).astype(kind) for kind in KINDS}
    stored |= {"u": np.arange(7.0), "s": np.array(2.5), "big": np.eye(300)}
    scipy.io.savemat(tmp_path / "a.mat", stored, do_compression=compressed)
    found = read_arrays(tmp_path / "a.mat", stored)
    for name, array in stored.items():
        np.testing.assert_array_equal(found[name], np.atleast_2d(array).astype(float))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "value", ["text", {"a": 1.0}, 1j * np.eye(2), np.eye(2) > 0.5, np.array([1, "a"], dtype=object)]
)
def test_whatever_is_no_real_number_in_a_matlab_file_is_refused(tmp_path, value, compressed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"u": value, "x": np.ones(3)}, do_compression=compressed)
    with pytest.raises(DataError, match="give real numbers"):
        read_arrays(path, ["u"])
    np.testing.assert_array_equal(read_arrays(path, ["x"])["x"], [[1.0, 1.0, 1.0]])


def test_a_shape_that_claims_too_much_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"u": np.ones((12345, 1))}, do_compression=False)
    content = path.read_bytes()
    length = (12345).to_bytes(4, "little")
    assert content.count(length) == 1
    for claimed, sentence in ((2**30, r"at most 5e\+07 are read"), (12346, "cannot be read as")):
        path.write_bytes(content.replace(length, claimed.to_bytes(4, "little")))
        with pytest.raises(DataError, match=sentence):
            read_arrays(path, ["u"])


def test_axes_of_a_matlab_file_of_version_7_3_are_in_reverse(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["u"] = np.arange(6.0).reshape(2, 3)
    found = read_arrays(tmp_path / "a.mat", ["u"])["u"]
    np.testing.assert_array_equal(found, np.arange(6.0).reshape(2, 3).T)


@pytest.mark.parametrize(
    ("name", "said"),
    [("word", "give real numbers"), ("soft", "is a link"), ("inside", "no array")],
)
def test_whatever_is_no_array_of_numbers_in_an_hdf5_file_is_refused(tmp_path, name, said):
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["u"], file["word"], file["inside/v"] = np.arange(12.0), "text", np.arange(3)
        file["soft"] = h5py.SoftLink("/u")
    with pytest.raises(DataError, match=said):
        read_arrays(tmp_path / "some.h5", [name])


def test_more_names_than_any_file_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "MOST_NAMES", 5)
    with h5py.File(tmp_path / "some.h5", "w") as file:
        for number in range(6):
            file[f"u{number}"] = 1.0
    with pytest.raises(DataError, match="more than 5 names"):
        hdf5.contents(tmp_path / "some.h5")


def test_every_end_of_a_name_has_its_module(root):
    modules = {path.stem for path in (root / "pikan" / "files" / "formats").glob("*.py")}
    assert modules - {"__init__", "contents"} == set(FORMATS.values())
