"""What is read of a file is what lies in it, and no more than there may be."""

import h5py
import numpy as np
import pytest

from pikan.archive.file import ArchiveError, get_array, get_group, names
from pikan.exact import hdf5


@pytest.fixture
def file(tmp_path):
    with h5py.File(tmp_path / "some.h5", "w") as file:
        yield file


def test_more_names_than_any_run_has_are_refused(file, monkeypatch):
    for number in range(3):
        file[f"n{number}"] = np.zeros(1)
    assert names(file) == ("n0", "n1", "n2")
    monkeypatch.setattr(hdf5, "MOST_NAMES", 2)
    with pytest.raises(ArchiveError, match="'/': there are more than 2 names"):
        names(file)


def test_a_group_is_no_array_and_an_array_no_group(file):
    file["numbers"] = np.arange(3.0)
    file.create_group("inside")
    np.testing.assert_array_equal(get_array(file, "numbers"), np.arange(3.0))
    assert get_group(file, "inside").name == "/inside"
    with pytest.raises(ArchiveError, match="'inside' is a link or no array"):
        get_array(file, "inside")
    for name in ("numbers", "nowhere"):
        with pytest.raises(ArchiveError, match=f"'{name}' is missing or is no group"):
            get_group(file, name)


def test_a_link_is_not_followed(file):
    file["numbers"] = np.arange(3.0)
    file["elsewhere"] = h5py.SoftLink("/numbers")
    with pytest.raises(ArchiveError, match="'elsewhere' is a link"):
        get_array(file, "elsewhere")
