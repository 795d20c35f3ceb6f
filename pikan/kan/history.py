"""The history of a fit: its numbers step by step, and how it ended."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import final

from torch import Tensor

from pikan.kan.arguments import ModelError, one_of
from pikan.kan.fit import FitResult, FitStep
from pikan.kan.progress_bar import Show

# What is recorded of every fit.
_ALWAYS = ("train_loss", "test_loss", "reg")

Metric = Callable[[], Tensor | float]
"""A number of a caller's, made after every step."""


@final
class History(dict[str, list[float]]):
    """The numbers of every step of a fit by name, and how it went.

    `first_loss` is the training loss before the first step, `best_loss` that of the state in which
    the model was left, after step `best_step` (from 0; -1 is the start). `outcome` says how the
    fit ended: its `kind` is "converged" where nothing was left to gain, "out of budget" where all
    steps were used up, "stalled" where none of them helped, and "diverged"; its `message` says
    more.
    """

    def __init__(self, steps: Mapping[str, list[float]], ended: FitResult) -> None:
        super().__init__(steps)
        self.first_loss, self.best_loss, self.best_step, self.outcome = ended


def record(
    run: Generator[FitStep, None, FitResult],
    metrics: Sequence[Metric],
    shown: Sequence[str],
    show: Show,
) -> History:
    """Go through a fit, and show the numbers named after every step; all of its own if none are."""
    by_name = {getattr(each, "__name__", type(each).__name__): each for each in metrics}
    history = {name: list[float]() for name in (*_ALWAYS, *by_name)}
    with closing(run):
        while True:
            try:
                step = next(run)
            except StopIteration as end:
                return History(history, end.value)
            found = dict(zip(_ALWAYS, (step.train_loss, step.test_loss, step.reg), strict=True))
            found |= {name: float(metric()) for name, metric in by_name.items()}
            for name, value in found.items():
                history[name].append(value)
            show(step, {name: found[name] for name in shown or _ALWAYS})


def read_metrics(metrics: object, shown: Sequence[str] | None) -> Sequence[Metric]:
    """The metrics of a caller; ModelError where they are none, or more than them is to be shown."""
    given = [] if metrics is None else metrics
    if not isinstance(given, list | tuple) or not all(map(callable, given)):
        raise ModelError("fit: metrics: needs a list of functions without arguments")
    names = [getattr(each, "__name__", type(each).__name__) for each in given]
    for name in shown or ():
        one_of("fit", "display_metrics", name, (*_ALWAYS, *names))
    return given
