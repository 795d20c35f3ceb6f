"""The data that a run was compared with, or fitted to, as they are kept beside it."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from pikan.problem.statement import Problem
from pikan.references import observations
from pikan.references.data import KEPT, ReferenceData, arrays


def kept_data(problem: Problem, folder: Path) -> Mapping[Path, bytes]:
    """The data that solutions are compared with, by where the resolved problem file has them."""
    kept: dict[Path, bytes] = {}
    if isinstance(problem.exact, ReferenceData):
        kept[folder / KEPT] = _npz_bytes(arrays(problem.exact, problem.coordinates))
    if problem.observations:
        kept[folder / observations.KEPT] = _npz_bytes(
            observations.arrays(problem.observations, problem.coordinates)
        )
    return kept


def _npz_bytes(columns: Mapping[str, Shaped[np.ndarray, "*_"]]) -> bytes:
    stored = BytesIO()
    np.savez_compressed(stored, allow_pickle=False, **columns)
    return stored.getvalue()
