import numpy as np
import pytest
import scipy.io

from pikan.files.arrays import DataError, read_arrays
from pikan.files.matlab import array, variables

KINDS = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


@pytest.mark.parametrize("compressed", [False, True])
def test_every_kind_of_number_is_read_as_scipy_reads_it(tmp_path, compressed):
    generator = np.random.default_rng(0)
    stored = {f"a_{kind}": generator.uniform(0, 99, (3, 4, 2)).astype(kind) for kind in KINDS}
    stored |= {"u": np.arange(7.0), "s": np.array(2.5), "b": np.zeros((0, 3)), "big": np.eye(300)}
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, stored, do_compression=compressed)
    found, oracle = variables(memoryview(path.read_bytes())), scipy.io.loadmat(path)
    assert set(found) == set(stored)
    for name in stored:
        assert array(found[name]).dtype == oracle[name].dtype
        np.testing.assert_array_equal(array(found[name]), oracle[name])


@pytest.mark.parametrize(
    "file", ["problems/data/AC.mat", "problems/data/KS.mat", "tests/data/burgers_shock.mat"]
)
def test_the_files_of_published_references_are_read_as_scipy_reads_them(root, file):
    found, oracle = variables(memoryview((root / file).read_bytes())), scipy.io.loadmat(root / file)
    assert set(found) == {name for name in oracle if not name.startswith("__")}
    for name in found:
        np.testing.assert_array_equal(array(found[name]), oracle[name])


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "value", ["text", {"a": 1.0}, 1j * np.eye(2), np.eye(2) > 0.5, np.array([1, "a"], dtype=object)]
)
def test_whatever_is_no_real_number_is_refused(tmp_path, value, compressed):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"u": value, "x": np.ones(3)}, do_compression=compressed)
    with pytest.raises(DataError, match="something else than real numbers"):
        read_arrays(path, ["u"])
    np.testing.assert_array_equal(read_arrays(path, ["x"])["x"], [[1.0, 1.0, 1.0]])


def test_old_files_are_refused_with_the_remedy(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"u": np.ones(200)}, format="4")
    with pytest.raises(DataError, match="save it with -v7"):
        read_arrays(path, ["u"])


def test_a_shape_that_claims_too_much_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"u": np.ones((12345, 1))}, do_compression=False)
    content = path.read_bytes()
    length = (12345).to_bytes(4, "little")
    assert content.count(length) == 1
    for claimed, sentence in ((2**31, r"at most 5e\+07 are read"), (12346, "cannot reshape")):
        path.write_bytes(content.replace(length, claimed.to_bytes(4, "little")))
        with pytest.raises(DataError, match=sentence):
            read_arrays(path, ["u"])
