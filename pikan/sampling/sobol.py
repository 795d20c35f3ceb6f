"""Scrambled Sobol points."""

import numpy as np
import torch
from jaxtyping import Float
from torch.quasirandom import SobolEngine

from pikan.sampling.method import Count, total


def sobol(count: Count, dimension: int, generator: np.random.Generator) -> Float[np.ndarray, "n d"]:
    """The first points of a scrambled Sobol sequence; best balanced where n is a power of two.

    Source: Matousek 1998, doi 10.1006/jcom.1998.0489 (scrambling); Joe and Kuo 2008,
    doi 10.1137/070709359 (direction numbers), both through torch, which is quicker to import
    than SciPy's statistics.
    """
    engine = SobolEngine(dimension, scramble=True, seed=int(generator.integers(2**63 - 1)))
    # The engine rounds its first point to torch's default precision, which is the caller's to set.
    first = engine.quasi.double() / 2**engine.MAXBIT
    points = engine.draw(total(count), dtype=torch.float64)
    points[0] = first
    return points.numpy()
