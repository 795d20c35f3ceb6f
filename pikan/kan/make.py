"""From pykan's words for a network to the network."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import torch

from pikan.bases.basis import Basis
from pikan.bases.from_word import on_interval
from pikan.bases.registry import family
from pikan.kan.arguments import ModelError, is_finite, one_of, whole
from pikan.network.activation import ACTIVATIONS, Activation
from pikan.network.data_dependent import fresh_kan
from pikan.network.kan import KANNetwork
from pikan.network.width import Width, node_count

WidthLike: TypeAlias = int | Sequence[int]
"""The nodes of a layer: sums alone, or [sums, products of two]."""

BASE_FUNCTIONS: Mapping[str, Activation | None] = {
    **ACTIVATIONS,
    "zero": None,
}
"""What every edge has beside its basis, by pykan's names where it has one."""


class Make(NamedTuple):
    """What a network is made of, in pykan's words."""

    width: Sequence[WidthLike] | np.ndarray
    grid: int
    k: int
    basis: str
    base_fun: str
    grid_range: tuple[float, float]
    seed: int

    def build(self, device: torch.device) -> KANNetwork:
        """A network in float64 with the random start of `seed`, every edge live."""
        widths = read_widths(self.width)
        base = BASE_FUNCTIONS[one_of("KAN", "base_fun", self.base_fun, BASE_FUNCTIONS)]
        seed = whole("KAN", "seed", self.seed, 0)
        bases = [
            build_basis(node_count(each), self.grid, self.k, self.basis, self.grid_range)
            for each in widths[:-1]
        ]
        return fresh_kan(widths, bases, base, seed, device)

    def build_like(self, network: KANNetwork) -> KANNetwork:
        """The same in the precision and on the device of another network."""
        return self.build(network.center.device).to(network.center)


def read_widths(width: object) -> tuple[Width, ...]:
    """The widths as networks have them.

    >>> read_widths([2, [5, 3], 1])
    (2, (5, 3), 1)
    """
    width = width.tolist() if isinstance(width, np.ndarray) else width
    if isinstance(width, str) or not isinstance(width, Sequence) or len(width) < 2:
        raise ModelError(
            f"KAN: width: got {width!r}, needs two layers or more, such as [2, 5, 1] "
            "for 2 inputs, 5 hidden nodes and 1 output"
        )
    first, *later = (_read_width(each, width) for each in width)
    if not isinstance(first, int):
        raise ModelError(
            f"KAN: width: got {width!r}; inputs are not products, start with {sum(first)}"
        )
    return (first, *later)


def _read_width(given: object, width: object) -> Width:
    parts = list(given) if isinstance(given, list | tuple) else [given]
    numbers = [
        int(n)
        for n in parts
        if isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 0
    ]
    if not 1 <= len(parts) == len(numbers) <= 2 or not any(numbers):
        raise ModelError(
            f"KAN: width: got {given!r} in {width!r}, needs a number of nodes from 1 on, "
            "or [sums, products]"
        )
    return (numbers[0], numbers[1]) if len(numbers) == 2 and numbers[1] else numbers[0]


def build_basis(
    nodes: int, grid: int, k: int, basis: str, grid_range: tuple[float, float]
) -> Basis:
    """The same functions for so many nodes, of degree k, on a grid where they have one."""
    try:
        known = family(basis)
    except ValueError as fault:
        raise ModelError(f"KAN: basis: {fault}") from None
    cells = whole("KAN", "grid", grid, 1) if known.cells else 1
    ends = _read_ends(grid_range)
    interval = torch.tensor([ends] * nodes, dtype=torch.float64)
    return on_interval(basis, interval, whole("KAN", "k", k, 1), cells)


def _read_ends(given: object) -> tuple[float, float]:
    ends = list(given) if isinstance(given, Iterable) else []
    if len(ends) != 2 or not all(map(is_finite, ends)) or not ends[0] < ends[1]:
        raise ModelError(f"KAN: grid_range: got {given!r}, needs a lower and an upper end")
    return ends[0], ends[1]
