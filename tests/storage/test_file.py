"""What is read of a file is what lies in it, where its index says, and no more than there is."""

import os
from hashlib import sha256

import h5py
import numpy as np
import pytest

from pikan.storage import file
from pikan.storage.file import (
    ArchiveError,
    clear_drafts,
    get_group,
    get_text,
    names,
    put_text,
    reading,
    seal,
    writing,
)

HELD = {
    "whole": np.arange(6).reshape(2, 3),
    "half": np.array([[0.1, -0.0, 5e-324]]),
    "short": np.array([0.1], dtype=np.float32),
    "flags": np.array([True, False]),
    "none": np.zeros((0, 2)),
    "inside/number": np.array(7),
}


@pytest.fixture
def path(tmp_path):
    with writing(tmp_path / "some.h5") as written:
        for name, array in HELD.items():
            written[name] = array
        written.create_group("empty")
        put_text(written, "text", "Gleichung π")
    return tmp_path / "some.h5"


def test_arrays_come_back_bit_by_bit_and_stay_when_the_file_is_closed(path):
    with reading(path) as arrays:
        found = {name: arrays[name] for name in HELD}
        assert get_text(arrays, "text") == "Gleichung π"
    for name, array in HELD.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def test_to_others_the_file_is_hdf5_with_the_same_arrays(path):
    with h5py.File(path, "r") as opened:
        for name, array in HELD.items():
            np.testing.assert_array_equal(opened[name][()], array)


def test_a_group_has_what_was_kept_in_it(path):
    with reading(path) as arrays:
        assert set(names(arrays)) == {*HELD, "inside", "text"} - {"inside/number"}
        assert names(get_group(arrays, "inside")) == ("number",)
        assert names(get_group(arrays, "empty")) == names(get_group(arrays, "nowhere")) == ()
        with pytest.raises(ArchiveError, match="'inside' is missing"):
            get_text(arrays, "inside")


def refusal(path, content):
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"^[^\n]*$") as refused, reading(path):
        pass
    assert str(refused.value).startswith(f"{path}: ")
    return str(refused.value)


@pytest.mark.parametrize(
    "entry",
    [
        ["<f8", [4], 0],
        ["<f8", [1], 17],
        ["<f8", [2**61], 0],
        ["<f8", [2**31, 2**31, 2**31], 0],
        ["<f8", [10**30], 0],
        ["<f8", [-1], 0],
        ["<f8", ["x"], 0],
        ["<f8", [1] * 1000, 0],
        ["<f8", 1.5, 0],
        ["<f8", [1], -8],
        ["<f8", [1], 10**30],
        ["<f8", [1], "0"],
        ["<f8", [1]],
        ["|O", [1], 0],
        ["<f8,<f8", [1], 0],
        ["<U4", [1], 0],
        ["<f7", [1], 0],
        [None, [1], 0],
        [["<f8"], [1], 0],
        {},
        None,
    ],
    ids=str,
)
def test_an_index_that_lies_is_refused(tmp_path, entry):
    refusal(tmp_path / "some.h5", seal(bytes(24), {"a": entry}))


def test_arrays_that_share_their_bytes_are_refused(tmp_path):
    path, entries = tmp_path / "some.h5", {f"a{n}": ["|u1", [10], 0] for n in range(3)}
    assert "larger than the file" in refusal(path, seal(bytes(29), entries))
    path.write_bytes(seal(bytes(30), entries))
    with reading(path) as arrays:
        assert len(arrays) == 3


@pytest.mark.parametrize(
    "index",
    ["[]", "null", "{}", '{"schema":2}', '{"schema":2,"arrays":[]}', '{"arrays":{}}', "[" * 99_999],
)
def test_an_index_that_is_none_is_refused(tmp_path, index):
    content = bytes(24) + index.encode() + len(index).to_bytes(8, "little")
    refusal(tmp_path / "some.h5", content + sha256(content).digest())


def test_another_schema_is_refused(path, monkeypatch):
    monkeypatch.setattr(file, "SCHEMA", 1)
    earlier = seal(b"", {})
    monkeypatch.undo()
    assert "schema 4, the only one" in refusal(path, earlier)


def test_a_file_with_a_digest_and_no_index_is_refused(path):
    content = b"\x89HDF\r\n\x1a\n" + b"\xff" * 90
    assert "schema 4, the only one" in refusal(path, content + sha256(content).digest())


def test_a_file_that_holds_nothing_is_read(path):
    path.write_bytes(seal(b"", {}))
    with reading(path) as arrays:
        assert names(arrays) == ()


def test_an_index_is_as_long_as_it_may_be_and_no_longer(path, monkeypatch):
    longest = len(seal(b"", {"a": ["|u1", [0], 0]})) - 8 - 32
    monkeypatch.setattr(file, "_LONGEST", longest)
    path.write_bytes(seal(b"", {"a": ["|u1", [0], 0]}))
    with reading(path) as arrays:
        assert names(arrays) == ("a",)
    for more in ("ab", "abc"):
        assert "schema 4, the only one" in refusal(path, seal(b"", {more: ["|u1", [0], 0]}))


def test_drafts_of_this_file_alone_are_cleared(path):
    others = [path.with_name(name) for name in (".other.h5.1", "some.h5.1", ".some.h5")]
    for each in (*others, path.with_name(".some.h5.1"), path.with_name(".some.h5.22")):
        each.write_bytes(b"half")
    clear_drafts(path)
    assert sorted(path.parent.iterdir()) == sorted([path, *others])


def test_a_file_that_is_too_long_is_refused_before_it_is_read(path, monkeypatch):
    os.truncate(path, 2**40)
    monkeypatch.setattr(file, "_MOST", 1000)
    with pytest.raises(ArchiveError, match="more than 1000 bytes"), reading(path):
        pass


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_refused_at_once(tmp_path, make):
    make(tmp_path / "run.h5")
    with pytest.raises(ArchiveError, match="this is no file"), reading(tmp_path / "run.h5"):
        pass
