"""r as a function of all parameters of a network, within a budget of memory."""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.jets.autograd import Context
from pikan.network.base import FeatureNetwork, Network
from pikan.network.parameters import last_layer, parameter_vector
from pikan.network.trial import TrialNetwork
from pikan.optimize.objective import LeastSquares
from pikan.residuals.assembly import Rows, assemble_rows
from pikan.residuals.batches import RowBatch, row_batches
from pikan.residuals.terms import Term
from pikan.residuals.weights import blocks

# Two numbers of points of each term that show together what one of them takes.
_PROBED = 4, 12
# All that is in memory at the worst moment, in parts of what is kept for the way back, as measured.
_BESIDE = 4


def network_objective(
    terms: Sequence[Term],
    network: Network,
    factors: Sequence[float],
    *,
    linear: bool,
    time: int | None,
    memory: int,
) -> LeastSquares:
    """r as a function of all parameters of the network, in the order of `parameter_vector`.

    The rows of each term are multiplied by its factor. Beside r, θ and the points no evaluation
    takes more than about `memory` bytes: where all rows at once would, chunks of them are made one
    after the other, and once more for a gradient.
    """
    parts = row_batches(terms, factors, memory // _bytes_per_point(terms, network))
    rows = assemble_rows(network, *parts[0]) if len(parts) == 1 else _in_batches(network, parts)
    inner = network.network if isinstance(network, TrialNetwork) else network
    ends = last_layer(network) if isinstance(inner, FeatureNetwork) else None
    return LeastSquares(rows.residual, rows.jacobian, blocks(terms, time), ends, linear)


def _bytes_per_point(terms: Sequence[Term], network: Network) -> int:
    """About what evaluating r takes for each point, with what is kept for the way back [bytes]."""
    (few, least), (more, most) = (_saved_for_backward(terms, network, count) for count in _PROBED)
    return max(1, _BESIDE * (most - least) // max(1, more - few))


def _saved_for_backward(terms: Sequence[Term], network: Network, count: int) -> tuple[int, int]:
    """How many points `count` of each term are, and what is kept for their way back [bytes]."""
    some = [term.rows(slice(count)) for term in terms]
    kept: dict[int, int] = {}

    def note_size(tensor: Tensor) -> Tensor:
        # Whole or as views, what is kept several times lies in memory once.
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    theta = parameter_vector(network).requires_grad_()
    with (
        torch.enable_grad(),
        torch.autograd.graph.saved_tensors_hooks(note_size, lambda saved: saved),
    ):
        rows = assemble_rows(network, some, [1.0] * len(some)).residual(theta)
    del rows
    return sum(len(place) for term in some for place in term.points), sum(kept.values())


@final
class _Recomputed(torch.autograd.Function):
    """The rows of a chunk as one step of autograd, whose way back makes them once more.

    torch's own checkpoints keep the graph of every chunk, which is larger than its rows.
    """

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, theta: Float[Tensor, " p"], network: Network, part: RowBatch
    ) -> Float[Tensor, " n"]:
        ctx.save_for_backward(theta)
        ctx.network, ctx.part = network, part
        return assemble_rows(network, *part).residual(theta)

    @staticmethod
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] torch: any arguments
        ctx: Context, gradient: Float[Tensor, " n"]
    ) -> tuple[Float[Tensor, " p"], None, None]:
        (theta,) = ctx.saved_tensors
        with torch.enable_grad():
            moving = theta.detach().requires_grad_()
            rows = assemble_rows(ctx.network, *ctx.part).residual(moving)
            return torch.autograd.grad(rows, moving, gradient)[0], None, None


def _in_batches(network: Network, parts: Sequence[RowBatch]) -> Rows:
    """The rows of all chunks, of which nothing is kept: the way back makes them once more."""

    def residual(theta: Float[Tensor, " p"]) -> Float[Tensor, " r"]:
        found = list[Float[Tensor, " n"]]()
        for part in parts:
            # torch's `apply` has no types.
            rows: Tensor = _Recomputed.apply(theta, network, part)
            found.append(rows)
        return torch.cat(found)

    def jacobian(theta: Float[Tensor, " p"]) -> Float[Tensor, "r p"]:
        return torch.cat([assemble_rows(network, *part).jacobian(theta) for part in parts])

    return Rows(residual, jacobian)
