"""What a network is made of as plain data: everything but its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import TypeAlias, final

import numpy as np
import torch

from pikan.bases.basis import Basis
from pikan.bases.named import named
from pikan.network.activation import ACTIVATIONS
from pikan.network.base import Network
from pikan.network.kan import KAN, Width, node_count, sum_count
from pikan.network.mlp import MLP
from pikan.network.product import FullProduct, LowRank
from pikan.network.windows import Windows


@final
@dataclass(frozen=True)
class BasisPlan:
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
class KANPlan:
    """A `KAN`; `base` and `squash` are names in `ACTIVATIONS`, or None where it has none."""

    kind: str = field(default="kan", init=False)
    widths: tuple[Width, ...]
    bases: tuple[BasisPlan, ...]
    base: str | None
    squash: str | None


@final
@dataclass(frozen=True)
class FullProductPlan:
    """A `FullProduct`."""

    kind: str = field(default="full product", init=False)
    bases: tuple[BasisPlan, ...]
    unknowns: int


@final
@dataclass(frozen=True)
class LowRankPlan:
    """A `LowRank`."""

    kind: str = field(default="low rank", init=False)
    bases: tuple[BasisPlan, ...]
    rank: int
    unknowns: int


@final
@dataclass(frozen=True)
class MLPPlan:
    """An `MLP`."""

    kind: str = field(default="mlp", init=False)
    widths: tuple[int, ...]


SinglePlan: TypeAlias = KANPlan | FullProductPlan | LowRankPlan | MLPPlan


@final
@dataclass(frozen=True)
class WindowsPlan:
    """A `Windows`, whose networks need not be alike."""

    kind: str = field(default="windows", init=False)
    axis: int
    networks: tuple[SinglePlan, ...]


Plan: TypeAlias = SinglePlan | WindowsPlan


def ends(plan: Plan) -> tuple[int, int]:
    """The numbers of coordinates and of unknowns.

    >>> ends(MLPPlan((2, 8, 1)))
    (2, 1)
    """
    match plan:
        case KANPlan(widths=widths) | MLPPlan(widths=widths):
            return node_count(widths[0]), node_count(widths[-1])
        case FullProductPlan() | LowRankPlan():
            return len(plan.bases), plan.unknowns
        case WindowsPlan():
            return ends(plan.networks[0])


def count(plan: Plan) -> int:
    """How many numbers the network has, its parameters and its buffers.

    >>> count(MLPPlan((2, 8, 1)))
    37
    """
    return 2 * ends(plan)[0] + _own_count(plan)


def _own_count(plan: Plan) -> int:
    """All numbers but those of the box."""
    match plan:
        case KANPlan(widths=widths):
            return sum(
                node_count(before)
                * (basis.knots + (basis.size + (plan.base is not None)) * sum_count(after))
                for (before, after), basis in zip(pairwise(widths), plan.bases, strict=True)
            )
        case FullProductPlan(bases=bases):
            return sum(b.knots for b in bases) + prod(b.size for b in bases) * plan.unknowns
        case LowRankPlan(bases=bases, rank=rank):
            return sum(b.knots + b.size * rank for b in bases) + rank * plan.unknowns
        case MLPPlan(widths=widths):
            return sum((before + 1) * after for before, after in pairwise(widths))
        case WindowsPlan(networks=networks):
            return sum(count(network) for network in networks) + len(networks) + 1


def built(plan: Plan) -> Network:
    """A network made like this, in float64, on a box and on knots that mean nothing yet."""
    coordinates, unknowns = ends(plan)
    lower, upper = [-1.0] * coordinates, [1.0] * coordinates
    match plan:
        case KANPlan(widths=widths):
            nodes = [node_count(width) for width in widths[:-1]]
            base = None if plan.base is None else ACTIVATIONS[plan.base]
            squash = None if plan.squash is None else ACTIVATIONS[plan.squash]
            return KAN(widths, _bases(plan.bases, nodes), lower, upper, base, squash)
        case FullProductPlan(bases=bases):
            return FullProduct(_bases(bases, [1] * coordinates), unknowns, lower, upper)
        case LowRankPlan(bases=bases, rank=rank):
            return LowRank(_bases(bases, [1] * coordinates), rank, unknowns, lower, upper)
        case MLPPlan(widths=widths):
            return MLP(widths, lower, upper)
        case WindowsPlan(networks=networks):
            edges = [float(edge) for edge in range(len(networks) + 1)]
            return Windows(edges, [built(network) for network in networks], plan.axis)


def _bases(plans: Sequence[BasisPlan], nodes: Sequence[int]) -> list[Basis]:
    return [
        named(plan.kind, torch.from_numpy(np.zeros((count, plan.knots))), plan.degree)
        for plan, count in zip(plans, nodes, strict=True)
    ]
