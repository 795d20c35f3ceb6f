"""From pykan's words for a fit to a plan of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from torch import Tensor

from pikan.kan.arguments import ModelError, number, one_of, whole
from pikan.kan.objective import Loss
from pikan.kan.penalty import MEASURES, Penalty

OPTIMIZERS = ("LBFGS", "LM", "Adam")
"""The stages by the names that `fit` has for them."""


@final
@dataclass(frozen=True)
class FitPlan:
    """How to fit. `batch` is None for all rows; `loss` None for the mean square."""

    opt: str
    steps: int
    rules: Penalty
    grid_steps: range
    loss: Loss | None
    lr: float | None
    batch: int | None
    seed: int


def read_plan(
    opt: str,
    steps: int,
    rules: Penalty,
    grid_steps: range,
    loss_fn: Callable[[Tensor, Tensor], Tensor] | None,
    lr: float | None,
    batch: int,
    seed: int,
) -> FitPlan:
    """The plan of a fit; ModelError where arguments make no sense, or not together."""
    one_of("fit", "opt", opt, OPTIMIZERS)
    if loss_fn is not None and not callable(loss_fn):
        raise ModelError("fit: loss_fn: needs a function of values and labels")
    rate = None if lr is None else number("fit", "lr", lr, above=0.0)
    rows = None if batch == -1 else whole("fit", "batch", batch, 1, "-1 for all rows, or ")
    if opt == "LM" and (rules.strength or loss_fn or rows):
        raise ModelError(
            "fit: opt='LM' fits the mean square of all points; for lamb, loss_fn or batch "
            "take opt='LBFGS' or 'Adam'"
        )
    count = whole("fit", "steps", steps, 0)
    return FitPlan(opt, count, rules, grid_steps, loss_fn, rate, rows, int(seed))


def read_penalty(
    lamb: float, l1: float, entropy: float, coef: float, coefdiff: float, reg_metric: str
) -> Penalty:
    """The penalty of a fit, from pykan's lamb, lamb_l1, lamb_entropy, lamb_coef, lamb_coefdiff."""
    strengths = {"": lamb, "_l1": l1, "_entropy": entropy, "_coef": coef, "_coefdiff": coefdiff}
    for name, given in strengths.items():
        number("fit", f"lamb{name}", given, least=0.0)
    measure = MEASURES[one_of("fit", "reg_metric", reg_metric, MEASURES)]
    return Penalty(lamb, l1, entropy, coef, coefdiff, measure)


def read_grid_steps(update_grid: bool, times: int, start: int, stop: int) -> range:
    """The steps before which the grid follows the data: about so many times up to `stop`."""
    every = max(1, stop // whole("fit", "grid_update_num", times, 1))
    return range(-(-max(start, 0) // every) * every, stop if update_grid else 0, every)
