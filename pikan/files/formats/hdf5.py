"""HDF5 files (.h5): the datasets at the top that lie in the file itself."""

import math
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from pikan.files.arrays import DataError
from pikan.files.formats.contents import Arrays, Contents

# No file of data has as many entries in one group.
MOST_NAMES = 10_000


def contents(path: Path) -> Contents:
    """What is in an .h5 file; DataError where a dataset is none of numbers, or lies elsewhere."""
    file = h5py.File(path, "r")
    found: list[bytes] = []

    def note(name: bytes) -> bool | None:
        found.append(name)
        return True if len(found) > MOST_NAMES else None

    # h5py's own loop goes on for ever in a damaged file: it cannot be left half way.
    file.id.links.iterate(note)
    if len(found) > MOST_NAMES:
        raise DataError(f"'{path.name}' has more than {MOST_NAMES} names; take some out")

    def dataset(name: str) -> h5py.Dataset:
        # A soft link may lead to another file by way of an external one.
        own = isinstance(file.get(name, getlink=True), h5py.HardLink)
        stored = file[name] if own else None
        if not isinstance(stored, h5py.Dataset):
            raise DataError(
                f"{name!r} in '{path.name}' is a link or no array; store the array itself"
            )
        if stored.external or stored.is_virtual:
            raise DataError(f"{name!r} in '{path.name}' lies in another file; copy it here")
        if stored.dtype.kind not in "iuf":
            raise DataError(
                f"{name!r} in '{path.name}' has entries of type {stored.dtype}; give real numbers"
            )
        return stored

    def size(names: Sequence[str]) -> int:
        return sum(math.prod(dataset(name).shape or ()) for name in names)

    def load(names: Sequence[str]) -> Arrays:
        return [np.asarray(dataset(name)[()]) for name in names]

    return Contents([name.decode("utf-8", "replace") for name in found], size, load)
