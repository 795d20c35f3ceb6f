"""Random input of every kind is read or refused in sentences, quickly, and nothing in it runs."""

import os
import subprocess
import sys

import pytest

from tests.fuzz import properties


@pytest.mark.parametrize("kind", properties.KINDS)
def test_random_input_is_read_or_refused(kind):
    # Each data file takes a process.
    properties.fuzz(kind, 8 if kind == "data" else 60)


# Twenty thousand in all; in processes of their own, where nothing is checked at every call.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "count"),
    [("formulas", 8000), ("files", 5000), ("sweeps", 2000), ("archives", 5000), ("data", 300)],
)
def test_a_lot_of_random_input_is_read_or_refused_and_nothing_runs(root, kind, count):
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.fuzz.properties", kind, str(count)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'scripts'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-5000:]
