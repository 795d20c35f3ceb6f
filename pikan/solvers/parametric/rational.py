"""Rational interpolation of fields that have poles in a parameter."""

from typing import NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.linalg.dense import svd, triangular_factor
from pikan.network.parametric import rational

# One of so many nodes is not interpolated, but tells of the weights.
_TELLING = 5
LEAST = 8
"""With fewer nodes there is nothing to tell poles from."""


@final
class RationalInterpolant(NamedTuple):
    """The first nodes, which are interpolated, and their barycentric weights."""

    nodes: Float[Tensor, " t"]
    weights: Float[Tensor, " t"]

    def values(self, z: Float[Tensor, " n"], fields: Float[Tensor, "k _"]) -> Float[Tensor, "n _"]:
        """The fields at some places, from those at the nodes."""
        return rational(z, self.nodes, self.weights, 0) @ fields[: len(self.nodes)]


def rational_interpolant(
    nodes: Float[Tensor, " k"], fields: Float[Tensor, "k _"]
) -> RationalInterpolant:
    """The weights with which the interpolant of most nodes comes nearest to the fields at the rest.

    All fields have one denominator. The weights are the last right singular vector of the Loewner
    matrix (u(z_i) - u(z_j))/(z_i - z_j), rows by the nodes i that are left over and all places.

    Source: Nakatsukasa, Sète and Trefethen 2018, doi 10.1137/16M1106122 (AAA); Lietaert,
    Meerbergen, Pérez and Vandereycken 2022, doi 10.1093/imanum/draa098, for many functions.
    """
    kept = len(nodes) - max(2, len(nodes) // _TELLING)
    # The same inner products in as many coordinates as there are nodes.
    small = triangular_factor(fields.mT).mT if fields.shape[1] > len(fields) else fields
    rows = [
        ((small[i] - small[:kept]) / (nodes[i] - nodes[:kept])[:, None]).mT / small[i].norm()
        for i in range(kept, len(nodes))
    ]
    weights = svd(torch.cat(rows))[2][-1]
    return RationalInterpolant(nodes[:kept], weights)
