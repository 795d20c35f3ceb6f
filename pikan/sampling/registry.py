"""Registry of sampling methods: a new one is a file of its own and a line here."""

from collections.abc import Mapping
from typing import NamedTuple, final


@final
class SamplingMethod(NamedTuple):
    """A method by the module and the function that draw its points.

    `grid` says that it lays a tensor grid, so that it takes a number of points along each axis.
    """

    module: str
    function: str
    grid: bool = False


METHODS: Mapping[str, SamplingMethod] = {
    "uniform": SamplingMethod("pikan.sampling.uniform", "uniform"),
    "sobol": SamplingMethod("pikan.sampling.sobol", "sobol"),
    "halton": SamplingMethod("pikan.sampling.halton", "halton"),
    "latin_hypercube": SamplingMethod("pikan.sampling.latin_hypercube", "latin_hypercube"),
    "tensor": SamplingMethod("pikan.sampling.tensor", "tensor", grid=True),
    "chebyshev": SamplingMethod("pikan.sampling.chebyshev", "chebyshev", grid=True),
    "gauss": SamplingMethod("pikan.sampling.gauss", "gauss", grid=True),
}
"""The sampling methods by their words."""
