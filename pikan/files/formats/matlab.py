"""MATLAB files up to version 7.2, by SciPy; those of version 7.3 are HDF5."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.io

from pikan.files.arrays import DataError
from pikan.files.formats import hdf5
from pikan.files.formats.contents import Arrays, Contents

# How HDF5 begins, and where a file of version 7.3 may have that: mostly behind a block of text.
SIGNATURE, BEGINS = b"\x89HDF\r\n\x1a\n", (0, 512)
# MATLAB's classes of arrays of numbers; others could be of objects.
NUMERIC = frozenset(
    ("double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
)


def contents(path: Path) -> Contents:
    """What is in a .mat file."""
    with path.open("rb") as file:
        start = file.read(BEGINS[-1] + len(SIGNATURE))
    if any(start.startswith(SIGNATURE, begin) for begin in BEGINS):
        inside = hdf5.contents(path)
        # Version 7.3 keeps the axes in reverse.
        return inside._replace(load=lambda names: [array.T for array in inside.load(names)])
    found = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path)}

    def size(names: Sequence[str]) -> int:
        return sum(math.prod(found[name][0]) for name in names)

    def load(names: Sequence[str]) -> Arrays:
        for name in names:
            if found[name][1] not in NUMERIC:
                raise DataError(
                    f"{name!r} in '{path.name}' is of class {found[name][1]}; give real numbers"
                )
        arrays = scipy.io.loadmat(path, variable_names=list(names))
        return [np.asarray(arrays[name]) for name in names]

    return Contents(tuple(found), size, load)
