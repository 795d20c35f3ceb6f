"""Architecture of a network as plain data: everything but its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import TypeAlias, final

import numpy as np
import torch

from pikan.bases.basis import Basis
from pikan.bases.from_word import basis_from_word
from pikan.network.activation import ACTIVATIONS
from pikan.network.base import Network
from pikan.network.kan import KANNetwork, Width, node_count, sum_count
from pikan.network.mlp import MLP
from pikan.network.product import FullProduct, LowRank
from pikan.network.time_slabs import TimeSlabs


@final
@dataclass(frozen=True)
class BasisArchitecture:
    """A basis by its word, its degree and how many knots each of its nodes has."""

    kind: str
    degree: int
    knots: int

    @property
    def size(self) -> int:
        """How many functions a node has; what has no cells has one in this respect."""
        return self.knots - 1 + self.degree


@final
@dataclass(frozen=True)
class KANArchitecture:
    """A `KANNetwork`; `base` and `squash` are names in `ACTIVATIONS`, or None where it has none."""

    kind: str = field(default="kan", init=False)
    widths: tuple[Width, ...]
    bases: tuple[BasisArchitecture, ...]
    base: str | None
    squash: str | None


@final
@dataclass(frozen=True)
class FullProductArchitecture:
    """A `FullProduct`."""

    kind: str = field(default="full product", init=False)
    bases: tuple[BasisArchitecture, ...]
    unknowns: int


@final
@dataclass(frozen=True)
class LowRankArchitecture:
    """A `LowRank`."""

    kind: str = field(default="low rank", init=False)
    bases: tuple[BasisArchitecture, ...]
    rank: int
    unknowns: int


@final
@dataclass(frozen=True)
class MLPArchitecture:
    """An `MLP`."""

    kind: str = field(default="mlp", init=False)
    widths: tuple[int, ...]


SingleArchitecture: TypeAlias = (
    KANArchitecture | FullProductArchitecture | LowRankArchitecture | MLPArchitecture
)


@final
@dataclass(frozen=True)
class TimeSlabsArchitecture:
    """A `TimeSlabs`, whose networks need not be alike."""

    kind: str = field(default="windows", init=False)
    axis: int
    networks: tuple[SingleArchitecture, ...]


Architecture: TypeAlias = SingleArchitecture | TimeSlabsArchitecture


def ends(plan: Architecture) -> tuple[int, int]:
    """The numbers of coordinates and of unknowns.

    >>> ends(MLPArchitecture((2, 8, 1)))
    (2, 1)
    """
    match plan:
        case KANArchitecture(widths=widths) | MLPArchitecture(widths=widths):
            return node_count(widths[0]), node_count(widths[-1])
        case FullProductArchitecture() | LowRankArchitecture():
            return len(plan.bases), plan.unknowns
        case TimeSlabsArchitecture():
            return ends(plan.networks[0])


def count(plan: Architecture) -> int:
    """How many numbers the network has, its parameters and its buffers.

    >>> count(MLPArchitecture((2, 8, 1)))
    37
    """
    return 2 * ends(plan)[0] + _own_count(plan)


def _own_count(plan: Architecture) -> int:
    """All numbers but those of the box."""
    match plan:
        case KANArchitecture(widths=widths):
            return sum(
                node_count(before)
                * (basis.knots + (basis.size + (plan.base is not None)) * sum_count(after))
                for (before, after), basis in zip(pairwise(widths), plan.bases, strict=True)
            )
        case FullProductArchitecture(bases=bases):
            return sum(b.knots for b in bases) + prod(b.size for b in bases) * plan.unknowns
        case LowRankArchitecture(bases=bases, rank=rank):
            return sum(b.knots + b.size * rank for b in bases) + rank * plan.unknowns
        case MLPArchitecture(widths=widths):
            return sum((before + 1) * after for before, after in pairwise(widths))
        case TimeSlabsArchitecture(networks=networks):
            return sum(count(network) for network in networks) + len(networks) + 1


def build_network(plan: Architecture) -> Network:
    """A network made like this, in float64, on a box and on knots that mean nothing yet."""
    coordinates, unknowns = ends(plan)
    lower, upper = [-1.0] * coordinates, [1.0] * coordinates
    match plan:
        case KANArchitecture(widths=widths):
            nodes = [node_count(width) for width in widths[:-1]]
            base = None if plan.base is None else ACTIVATIONS[plan.base]
            squash = None if plan.squash is None else ACTIVATIONS[plan.squash]
            return KANNetwork(widths, _bases(plan.bases, nodes), lower, upper, base, squash)
        case FullProductArchitecture(bases=bases):
            return FullProduct(_bases(bases, [1] * coordinates), unknowns, lower, upper)
        case LowRankArchitecture(bases=bases, rank=rank):
            return LowRank(_bases(bases, [1] * coordinates), rank, unknowns, lower, upper)
        case MLPArchitecture(widths=widths):
            return MLP(widths, lower, upper)
        case TimeSlabsArchitecture(networks=networks):
            edges = [float(edge) for edge in range(len(networks) + 1)]
            return TimeSlabs(edges, [build_network(network) for network in networks], plan.axis)


def _bases(plans: Sequence[BasisArchitecture], nodes: Sequence[int]) -> list[Basis]:
    return [
        basis_from_word(plan.kind, torch.from_numpy(np.zeros((count, plan.knots))), plan.degree)
        for plan, count in zip(plans, nodes, strict=True)
    ]
