"""Named arrays of numbers out of .npz, .mat, .csv and .h5 files, with nothing in them executed."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from subprocess import DEVNULL, TimeoutExpired, run
from typing import final

import numpy as np
from jaxtyping import Float

Array = Float[np.ndarray, "*_"]

FORMATS: Mapping[str, str] = {
    ".npz": "npz",
    ".mat": "matlab",
    ".csv": "csv_table",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
}
"""The module of `pikan.files.formats` for each end of a file's name."""
# A compressed file is measured by what it unpacks to [numbers], any file as it is [bytes].
LARGEST = 50_000_000
LARGEST_FILE = 8 * LARGEST
# The exit code of the process that reads where it has said what is wrong with a file.
UNUSABLE = 3
# That process ends by itself in less time of its own, but where its system has no such limits; on
# a machine that has much else to do that may be long by the clock [s], [s/byte].
PATIENCE, PACE = 600.0, 1e-4


@final
class DataError(ValueError):
    """A data file that cannot be used: what was found, and what would do, in one sentence."""


def read_arrays(
    path: Path, names: Iterable[str] | None, missing: Iterable[str] = ()
) -> Mapping[str, Array]:
    """The arrays of those names, as float64; DataError for anything but finite real numbers.

    None stands for all names that there are. In those named in `missing` a value may be missing:
    NaN, or nothing at all in a .csv file.

    The end of the file's name says what it holds: .npz, .mat, .csv with names in its first line,
    .h5 or .hdf5. At most 50 million numbers are read, by a process of bounded time and memory.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError(
            f"the data file '{path.name}' ends in {path.suffix!r}; give one of {', '.join(FORMATS)}"
        )
    if not path.is_file():
        raise DataError(f"the data file '{path.name}' is not there; give the path of a file")
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise DataError(
            f"'{path.name}' has {size / 1e6:.0f} MB; at most {LARGEST_FILE / 1e6:.0f} are read:"
            " thin it out"
        )
    wanted = () if names is None else tuple(dict.fromkeys(names))
    try:
        stream = BytesIO(_run_reader(path, wanted, tuple(missing)))
        listed = json.loads(stream.readline())
        return {str(name): np.load(stream, allow_pickle=False) for name in listed}
    except DataError:
        raise
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"the data file '{path.name}' cannot be read as {path.suffix.lower()}: {error!s:.100}"
        ) from error


def _run_reader(path: Path, wanted: tuple[str, ...], missing: tuple[str, ...]) -> bytes:
    """The names of arrays in a file as JSON, then each as an .npy file; all if none are wanted."""
    # What is found here is found there; threads would take memory that the limits count, and
    # HDF5 is to load nothing of what a file may name.
    place = {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OPENBLAS_NUM_THREADS": "1",
        "HDF5_PLUGIN_PRELOAD": "::",
    }
    patience = PATIENCE + PACE * path.stat().st_size
    try:
        done = run(
            [
                *(sys.executable, "-P", "-m", "pikan.files.sandboxed", str(path)),
                *(json.dumps(wanted), json.dumps(missing)),
            ],
            env={**os.environ, **place},
            stdin=DEVNULL,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except TimeoutExpired:
        raise ValueError(
            f"that was not done after {patience:.0f} s; it is damaged, or this machine has too "
            "much else to do"
        ) from None
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == UNUSABLE:
        raise DataError(said)
    if done.returncode < 0:
        raise ValueError("that takes more time or memory than a sound file; it is damaged")
    if done.returncode > 0:
        last = said.rpartition("\n")[2]
        raise ValueError(last.partition(": ")[2] or last)
    return done.stdout
