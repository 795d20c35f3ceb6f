"""HDF5 files are read by a process that does not take longer, or more memory, than a sound one."""

import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from pikan.files import sandbox
from pikan.files.arrays import DataError, read_arrays
from pikan.files.sandbox import read_in_sandbox


def ended(work):
    """How a process ends that goes on for ever in what it confines itself for."""
    code = f"from pikan.files.hdf5 import confine\nconfine(0)\nwhile True: {work}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)


def test_a_process_that_turns_in_circles_is_ended():
    assert ended("pass").returncode == -signal.SIGPROF


def test_a_process_that_takes_all_memory_is_ended():
    assert b"MemoryError" in ended("bytearray(10**9)").stderr


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["u"], file["word"] = np.arange(3.0), "text"
    return tmp_path / "some.h5"


def test_what_is_told_is_what_the_file_holds(path):
    found = read_in_sandbox(path, ("u", "word"), 10)
    assert found.names == ("u", "word")
    np.testing.assert_array_equal(found.arrays["u"][0], np.arange(3.0))
    assert found.arrays["u"][1] == ""
    assert "give real numbers" in found.arrays["word"][1]
    assert read_in_sandbox(path, ("u", "v"), 10) == (("u", "word"), {})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-c", "import os; os.abort()"), "more time or memory than a sound file"),
        (("-c", "import time; time.sleep(9)"), "not done after"),
        (("-c", "raise OSError('no such thing')"), "no such thing"),
        (("-c", "raise SystemExit(1)"), "as .h5"),
        (("-c", ""), "as .h5"),
    ],
)
def test_a_process_that_fails_is_a_sentence(path, monkeypatch, words, said):
    run = sandbox.run
    monkeypatch.setattr(sandbox, "run", lambda _, **how: run([sys.executable, *words], **how))
    monkeypatch.setattr(sandbox, "PATIENCE", 1.0)
    with pytest.raises(DataError, match=rf"^the data file 'some.h5' cannot be read [^\n]*{said}"):
        read_arrays(path, ["u"])


def test_reading_hdf5_leaves_this_process_without_it(path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom pikan.files.arrays import read_arrays\n"
        "assert read_arrays(Path(sys.argv[1]), ['u'])['u'].size == 3\n"
        "assert 'h5py' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
