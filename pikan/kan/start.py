"""Where a fit begins: a start that suits the data, where a model has learned nothing yet."""

from copy import deepcopy

import torch

from pikan.kan.dataset import Data
from pikan.kan.plan import FitPlan
from pikan.network.data_dependent import scaling_of, standardize
from pikan.network.kan import KANNetwork

# The spread of hidden values as a fit begins, and of what comes out in that of the labels. From so
# little none of 24 fits of [2, 1, 1] to exp(sin(pi x) + y^2) ends far off, 13 from that of a start.
_SMALL = 0.05, 0.01
# The same where a penalty has to tell edges apart, or where values are no estimates of labels.
_LARGE = 0.2, 1.0


def data_start(
    network: KANNetwork, fresh: KANNetwork, data: Data, plan: FitPlan, gridded: bool
) -> KANNetwork | None:
    """Where a fit of a network begins: None for where it is, unless that is as `fresh` as made.

    The grids follow the data if `gridded`.
    """
    made, now = fresh.state_dict(), network.state_dict()
    pairs = zip(made.values(), now.values(), strict=False)
    if len(made) != len(now) or not all(
        one.shape == other.shape and torch.allclose(one, other) for one, other in pairs
    ):
        return None
    start = deepcopy(network)
    hidden, last = _SMALL if plan.loss is None and not plan.rules.strength else _LARGE
    if gridded:
        start = standardize(network, data.train_input, hidden=hidden, last=last)
    if plan.loss is None:
        start.scaling = scaling_of(data.train_label)
    return start
