"""Data files are read by a process that does not take longer, or more memory, than a sound one."""

import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest

from pikan.files import arrays
from pikan.files.arrays import DataError, read_arrays


def ended(work):
    """How a process ends that goes on for ever in what it confines itself for."""
    code = f"from pikan.files.sandboxed import confine\nconfine(0)\nwhile True: {work}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)


def test_a_process_that_turns_in_circles_is_ended():
    assert ended("pass").returncode == -signal.SIGPROF


def test_a_process_that_takes_all_memory_is_ended():
    assert b"MemoryError" in ended("bytearray(10**9)").stderr


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["u"] = np.arange(3.0)
    return tmp_path / "some.h5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-c", "import os; os.abort()"), "more time or memory than a sound file"),
        (("-c", "import time; time.sleep(9)"), "not done after"),
        (("-c", "raise OSError('no such thing')"), "no such thing"),
        (("-c", "raise SystemExit(1)"), "as .h5"),
        (("-c", ""), "as .h5"),
        (("-c", "print('no array')"), "as .h5"),
    ],
)
def test_a_process_that_fails_is_a_sentence(path, monkeypatch, words, said):
    run = arrays.run
    monkeypatch.setattr(arrays, "run", lambda _, **how: run([sys.executable, *words], **how))
    monkeypatch.setattr(arrays, "PATIENCE", 1.0)
    with pytest.raises(DataError, match=rf"^the data file 'some.h5' cannot be read [^\n]*{said}"):
        read_arrays(path, ["u"])


def test_reading_leaves_this_process_without_the_libraries_that_read(path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom pikan.files.arrays import read_arrays\n"
        "assert read_arrays(Path(sys.argv[1]), ['u'])['u'].size == 3\n"
        "assert not {'h5py', 'scipy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
