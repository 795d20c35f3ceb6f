"""Sparse interpolation on Leja nodes: which members are solved, and what lies between them."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import inverse

Index = tuple[int, ...]
# So finely the interval is searched for the next node.
_CANDIDATES = 20_001
# The most nodes along one axis.
_LONGEST = 129
# Every axis has nodes up to this one, whatever the first say: odd functions vanish at all of them.
_LEAST = 2


def leja(count: int) -> Float[Tensor, " n"]:
    """A sequence in [-1, 1] whose every beginning is a good set of nodes: 0, 1, -1, ...

    Each next point is where the product of the distances to those before is the largest.

    Source: Narayan and Jakeman 2014, doi 10.1137/140966368, section 2.

    >>> leja(5)[1:].round(decimals=2).tolist()
    [1.0, -1.0, 0.58, -0.66]
    """
    places = torch.linspace(-1.0, 1.0, _CANDIDATES, dtype=torch.float64)
    sizes, found = torch.zeros_like(places), [_CANDIDATES // 2]
    for _ in range(count - 1):
        sizes += (places - places[found[-1]]).abs().log()
        best = float(sizes.max())
        found.append(int((sizes >= best - 1e-9).nonzero()[-1]))
    return places[found]


@final
class Nodes:
    """Members at nodes with a downward closed set of indices, and hierarchical surpluses.

    The interpolant is the sum of surplus times H_index, where H_k(z) is the product over j < k of
    (z - z_j)/(z_k - z_j). A surplus is what the nodes before have not foretold.

    Source: Chkifa, Cohen and Schwab 2014, doi 10.1007/s10208-013-9154-z; Gerstner and Griebel
    2003, doi 10.1007/s00607-003-0015-5, for the choice of the next index.
    """

    def __init__(self, flat: Sequence[bool], largest: int) -> None:
        """`flat` says along which axes the solution is affine."""
        self._largest = largest
        self.sequence = leja(max(min(largest, _LONGEST), 3))
        self.flat: tuple[bool, ...] = tuple(flat)
        self.indices: list[Index] = []
        self.values: list[Float[Tensor, " _"]] = []
        self.surpluses: list[Float[Tensor, " _"]] = []
        # Of all values and all surpluses, which every step of the search compares.
        self._sizes: list[float] = []
        self._surplus_sizes: list[float] = []
        self._old: set[Index] = set()

    def place(self, index: Index) -> tuple[float, ...]:
        """Where a node lies, from -1 to 1 along each axis."""
        return tuple(float(self.sequence[k]) for k in index)

    def first(self, count: int) -> "Nodes":
        """The first of these nodes alone, whose indices are downward closed too."""
        found = Nodes(self.flat, self._largest)
        found.indices, found.values = self.indices[:count], self.values[:count]
        found.surpluses = self.surpluses[:count]
        found._sizes, found._surplus_sizes = self._sizes[:count], self._surplus_sizes[:count]
        return found

    def places(self) -> Float[Tensor, "n _"]:
        """Where all nodes lie."""
        return torch.stack([self.sequence[list(index)] for index in self.indices])

    def add(self, index: Index, values: Float[Tensor, " _"]) -> None:
        """A member that has been solved."""
        ahead = self.interpolant(torch.tensor([self.place(index)], dtype=torch.float64))
        self.indices.append(index)
        self.values.append(values)
        self.surpluses.append(values if ahead is None else values - ahead[0])
        self._sizes.append(float(values.norm()))
        self._surplus_sizes.append(float(self.surpluses[-1].norm()))

    def functions(self, places: Float[Tensor, "n _"]) -> Float[Tensor, "n t"]:
        """The functions H of all nodes at some places."""
        indices = torch.tensor(self.indices)
        found = places.new_ones(len(places), len(indices))
        for axis in range(len(self.flat)):
            rows = [places.new_ones(len(places))]
            for k in range(1, int(indices[:, axis].max()) + 1):
                before, own = self.sequence[:k], self.sequence[k]
                rows.append(((places[:, axis, None] - before) / (own - before)).prod(dim=1))
            found = found * torch.stack(rows, dim=1)[:, indices[:, axis]]
        return found

    def interpolant(
        self, places: Float[Tensor, "n _"], without: int = 0
    ) -> Float[Tensor, "n _"] | None:
        """The values at some places, from all nodes but the last few; None where there is none."""
        kept = len(self.indices) - without
        if kept <= 0:
            return None
        return self.functions(places)[:, :kept] @ torch.stack(self.surpluses[:kept])

    def scale(self) -> float:
        """The size of the smallest member, none being as good as zero beside the largest."""
        return max(min(self._sizes), 1e-3 * max(self._sizes)) or 1.0

    def open_surplus(self) -> float:
        """The size of all surpluses beyond which there is no node yet, relative to `scale`."""
        pairs = zip(self.indices, self._surplus_sizes, strict=True)
        return sum(size for i, size in pairs if i not in self._old) / self.scale()

    def following(self) -> Iterator[Index]:
        """The indices to solve next: those beyond the open one with the largest surplus."""
        if not self.indices:
            yield (0,) * len(self.flat)
            return
        sizes = dict(zip(self.indices, self._surplus_sizes, strict=True))
        beginning = [i for i in sizes if i not in self._old and self._is_beginning(i)]
        left = [i for i in sizes if i not in self._old]
        if not left:
            return
        chosen = beginning[0] if beginning else max(left, key=lambda index: sizes[index])
        self._old.add(chosen)
        for axis in range(len(self.flat)):
            beyond = tuple(k + (place == axis) for place, k in enumerate(chosen))
            if self._is_admissible(beyond, axis):
                yield beyond

    def has_begun(self) -> bool:
        """Whether every axis has its first nodes."""
        return bool(self.indices) and not any(
            i not in self._old and self._is_beginning(i) for i in self.indices
        )

    def is_complete(self) -> bool:
        """Whether there is no further node to solve, or no room for one."""
        return len(self.indices) >= self._largest or (
            bool(self.indices) and all(index in self._old for index in self.indices)
        )

    def _is_beginning(self, index: Index) -> bool:
        """Whether an index lies on one axis, near its beginning."""
        least = _LEAST + (len(index) == 1)
        return sum(k > 0 for k in index) <= 1 and max(index) < least

    def _is_admissible(self, index: Index, axis: int) -> bool:
        if index in self.indices or (self.flat[axis] and index[axis] > 1):
            return False
        if index[axis] >= len(self.sequence):
            return False
        below = (tuple(k - (p == a) for p, k in enumerate(index)) for a in range(len(index)))
        return all(min(one) < 0 or one in self._old for one in below)

    def polynomials(self) -> Float[Tensor, "t n"]:
        """The matrix that takes values at the nodes to coefficients of products of Chebyshev's."""
        places, indices = self.places(), torch.tensor(self.indices)
        angles = places.clamp(-1.0, 1.0).acos()
        columns = [
            (angles[:, axis, None] * indices[:, axis]).cos() for axis in range(len(self.flat))
        ]
        return inverse(reduce(torch.mul, columns))
