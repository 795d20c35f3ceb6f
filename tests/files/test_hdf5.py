"""What is told of an HDF5 file is what lies in it, and no more than there may be."""

import json
from io import BytesIO

import h5py
import numpy as np
import pytest

from pikan.files import hdf5
from pikan.files.hdf5 import HDF5Error, lines, names


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["u"] = np.arange(12.0).reshape(3, 4)
        file["word"] = "text"
        file["soft"] = h5py.SoftLink("/u")
        file["inside/v"] = np.arange(3)
        file.create_dataset("lzf", data=np.ones(100), chunks=(10,), compression="lzf")
        file.create_dataset("gzip", data=np.ones(100), chunks=(10,), compression="gzip")
    return tmp_path / "some.h5"


def heard(path, *wanted, most=100):
    out = BytesIO(b"".join(lines(path, wanted, most)))
    found = json.loads(out.readline())
    return found, [(json.loads(out.readline()), np.load(out)) for _ in wanted if wanted[0] in found]


def test_names_come_first_and_then_the_arrays(path):
    listed, ((fault, u), (_, packed)) = heard(path, "u", "gzip")
    assert listed == ["gzip", "inside", "lzf", "soft", "u", "word"]
    assert not fault
    np.testing.assert_array_equal(u, np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(packed, np.ones(100))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("word", "give real numbers"),
        ("soft", "is a link"),
        ("inside", "no array"),
        ("lzf", "packed in a way"),
    ],
)
def test_what_is_wrong_is_told_in_place_of_an_array(path, name, said):
    ((fault, empty),) = heard(path, name)[1]
    assert said in fault
    assert not empty.size


def test_no_array_is_told_of_where_a_name_is_missing(path):
    assert heard(path, "v", "u")[1] == []


def test_larger_arrays_than_asked_for_are_not_read(path):
    assert "at most 11 are read" in heard(path, "u", most=11)[1][0][0]


def test_more_names_than_any_file_has_are_refused(path, monkeypatch):
    monkeypatch.setattr(hdf5, "MOST_NAMES", 5)
    with h5py.File(path) as file, pytest.raises(HDF5Error, match="more than 5 names"):
        names(file)
