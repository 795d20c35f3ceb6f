"""Where training begins: a start that suits the data, where a model has learned nothing yet."""

from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.kan.dataset import Data
from pikan.kan.make import Make
from pikan.kan.plan import FitPlan
from pikan.network.data_dependent import scaling_of, standardize
from pikan.network.kan import KANNetwork

# The spread of hidden values as a fit begins, and of what comes out in that of the labels. From so
# little none of 24 fits of [2, 1, 1] to exp(sin(pi x) + y^2) ends far off, 13 from that of a start.
_SMALL = 0.05, 0.01
# The same where a penalty has to tell edges apart, or where values are no estimates of labels.
_LARGE = 0.2, 1.0
# The least rows of a first step that grids are laid by, and the most that are looked at.
_FEWEST, _MOST = 10, 1000


def data_start(
    network: KANNetwork,
    make: Make,
    rows: Float[Tensor, "k d"] | None,
    data: Data,
    plan: FitPlan,
    gridded: bool,
) -> KANNetwork | None:
    """Where a fit of a network begins: None for where it is, if it has learned anything.

    That is not so where it is as `make` gives it, or has been laid by the `rows` of a first step
    and no more. The grids follow the data if `gridded`.
    """
    fresh = make.build_like(network)
    learns = all(parameter.requires_grad for parameter in network.parameters())
    if _same(network, fresh):
        start = deepcopy(network)
    elif learns and rows is not None and _same(network, lay(fresh, rows)):
        start = fresh
    else:
        return None
    hidden, last = _SMALL if plan.loss is None and not plan.rules.strength else _LARGE
    if gridded:
        start = standardize(start, data.train_input, hidden=hidden, last=last)
    if plan.loss is None:
        start.scaling = scaling_of(data.train_label)
    return start


def lay(network: KANNetwork, rows: Float[Tensor, "n d"]) -> KANNetwork:
    """The network with its grids where the rows lead, and values of size one there."""
    hidden, last = _LARGE
    return standardize(network, rows, hidden=hidden, last=last)


def first_step(
    network: KANNetwork, make: Make, rows: Float[Tensor, "n d"]
) -> Float[Tensor, "k d"] | None:
    """Lay a network in place by the rows of its first step of training; those that did it.

    None where the first step is yet to come: without gradients, of fewer rows than ten or of equal
    ones. No rows where a network is left alone: its state is not that of `make`, its parameters
    are not its own (torch.func), or other processes would get other rows.

    Source: the first batch as in Salimans and Kingma 2016, arXiv 1602.07868, Sec. 3.
    """
    if not torch.is_grad_enabled() or len(rows) < _FEWEST:
        return None
    if torch.jit.is_tracing():  # pyright: ignore[reportPrivateImportUsage]
        return None
    looked_at = rows.detach()[:: -(-len(rows) // _MOST)]
    shared = torch.distributed.is_available() and torch.distributed.is_initialized()
    if shared or not all(map(_has_storage, (rows, *network.parameters()))):
        return looked_at[:0]
    if bool((looked_at == looked_at[0]).all()):
        return None
    if not bool(rows.isfinite().all()) or not _same(network, make.build_like(network)):
        return looked_at[:0]
    now, then = network.state_dict(), lay(network, looked_at).state_dict()
    with torch.no_grad():
        for name, value in now.items():
            value.copy_(then[name])
    return looked_at.clone()


def _has_storage(tensor: Tensor) -> bool:
    """Whether a tensor has numbers of its own; those that torch.func passes around have none."""
    try:
        tensor.data_ptr()
    except RuntimeError:
        return False
    return True


def _same(network: KANNetwork, other: KANNetwork) -> bool:
    """Whether two networks are in the same state."""
    ours, theirs = network.state_dict(), other.state_dict()
    pairs = zip(ours.values(), theirs.values(), strict=False)
    return len(ours) == len(theirs) and all(
        one.shape == two.shape and torch.allclose(one, two) for one, two in pairs
    )
