"""NumPy archives (.npz): zipped arrays, none of them of objects."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pikan.files.formats.contents import Arrays, Contents


def contents(path: Path) -> Contents:
    """What is in an .npz file; an array tells its size only where it is read."""
    archive = np.load(path, allow_pickle=False)

    def load(names: Sequence[str]) -> Arrays:
        return [np.asarray(archive[name]) for name in names]

    return Contents(archive.files, lambda _: 0, load)
