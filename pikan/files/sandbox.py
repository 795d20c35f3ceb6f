"""A sandboxed reader: HDF5 files are read in a child process of bounded time and memory."""

import json
import os
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired, run
from typing import NamedTuple

import numpy as np

# The process ends by itself in less, but where its system has no such limits [s], [s/byte].
PATIENCE, PACE = 60.0, 1e-5


class SandboxAnswer(NamedTuple):
    """The names in a file, and for each array that was asked for what is wrong with it, if it is.

    No array is told of where one of them is not among the names.
    """

    names: tuple[str, ...]
    arrays: Mapping[str, tuple[np.ndarray, str]]


def read_in_sandbox(path: Path, wanted: tuple[str, ...], most: int) -> SandboxAnswer:
    """What there is in a file, each array of so many numbers at most.

    ValueError where the file cannot be read, or not within the limits of `pikan.files.hdf5`.
    """
    words = [sys.executable, "-P", "-m", "pikan.files.hdf5", str(path), str(most), *wanted]
    # Found is what is found here; threads would take memory that the limits count.
    place = {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
    patience = PATIENCE + PACE * path.stat().st_size
    try:
        done = run(
            words,
            env={**os.environ, **place},
            stdin=DEVNULL,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except TimeoutExpired:
        raise ValueError(f"that was not done after {patience:.0f} s; it is damaged") from None
    if done.returncode < 0:
        raise ValueError("that takes more time or memory than a sound file; it is damaged")
    if done.returncode > 0:
        *_, last = done.stderr.decode(errors="replace").splitlines() or [""]
        raise ValueError(last.partition(": ")[2] or last)
    stream = BytesIO(done.stdout)
    names = tuple(map(str, json.loads(stream.readline())))
    known = wanted if set(wanted) <= set(names) else ()
    return SandboxAnswer(names, {name: _next(stream) for name in known})


def _next(stream: BytesIO) -> tuple[np.ndarray, str]:
    fault = str(json.loads(stream.readline()))
    return np.load(stream, allow_pickle=False), fault
