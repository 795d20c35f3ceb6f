"""One layer of a KAN, to stand where nn.Linear stands."""

from copy import deepcopy
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pikan.bases.from_word import word
from pikan.kan.arguments import (
    ModelError,
    known_arguments,
    read_device,
    read_precision,
    whole,
)
from pikan.kan.dataset import tensor
from pikan.kan.make import Make
from pikan.kan.samples import points_to_look_at
from pikan.kan.start import first_step
from pikan.network.data_dependent import standardize


@final
class KANLayer(nn.Module):
    """A layer of learned functions: output j is the sum over i of the function (i, j) of input i.

    From [..., in_features] to [..., out_features], as nn.Linear. Edges are splines of degree `k`
    on `grid` cells, or functions of another `basis`, beside a base function; on `grid_range` they
    are fine, beyond it straight lines. The first call with gradients of ten rows or more lays the
    grid of a new layer where these rows lead; `initialize_from_data` does it with rows of choice.
    `seed` None draws the start as other modules do, from torch's own generator.

    Source: Liu et al. 2024, arXiv 2404.19756, Eq. (2.5).

    >>> KANLayer(3, 2)(torch.zeros(5, 7, 3)).shape
    torch.Size([5, 7, 2])
    """

    @known_arguments
    def __init__(
        self,
        in_features: int,
        out_features: int,
        grid: int = 5,
        k: int = 3,
        *,
        basis: str = "bspline",
        base_fun: str = "silu",
        grid_range: tuple[float, float] = (-1.0, 1.0),
        seed: int | None = None,
        device: str | torch.device = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        place, precision = read_device("KANLayer", device), read_precision("KANLayer", dtype)
        self.in_features = whole("KANLayer", "in_features", in_features, 1)
        self.out_features = whole("KANLayer", "out_features", out_features, 1)
        drawn = int(torch.randint(2**31, ())) if seed is None else seed
        width = [self.in_features, self.out_features]
        self._make = Make(width, grid, k, basis, base_fun, grid_range, drawn)
        self._is_new = True
        self.network = self._make.build(place)
        self.to(device=place, dtype=precision)

    def forward(self, x: Tensor) -> Float[Tensor, "*n out"]:
        """The values at points [..., in_features], in the layer's precision."""
        points = tensor("KANLayer", "x", x)
        if points.ndim == 0 or points.shape[-1] != self.in_features:
            raise ModelError(
                f"KANLayer: got shape {list(x.shape)}, needs [..., {self.in_features}]"
            )
        rows = points.reshape(-1, self.in_features).to(self.network.center.dtype)
        if not torch.compiler.is_compiling() and self._is_new and self.training:
            self._is_new = first_step(self.network, self._make, rows) is None
        values: Tensor = self.network(rows)
        return values.reshape(*points.shape[:-1], self.out_features)

    def initialize_from_data(self, x: Tensor) -> "KANLayer":
        """A layer with the same start on a grid that these points fill; values have spread one."""
        changed, samples = deepcopy(self), self.network.center.new_zeros(0, self.in_features)
        given = tensor("initialize_from_data", "x", x)
        rows = given.reshape(-1, given.shape[-1]) if given.ndim else given
        points = points_to_look_at("initialize_from_data", self.network, samples, rows)
        changed.network = standardize(self.network, points, hidden=1.0, last=1.0)
        return changed

    def extra_repr(self) -> str:
        """The sizes and functions of the layer."""
        edges = self.network.layers()[0].edges
        made = f"{word(edges.basis)}, degree {edges.basis.degree}"
        return f"{self.in_features}, {self.out_features}, {made}"
