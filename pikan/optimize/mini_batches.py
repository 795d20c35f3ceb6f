"""A stochastic objective: some of the rows, drawn anew at each evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from pikan.optimize.objective import Evaluation, Objective


@final
@dataclass(frozen=True)
class MiniBatches(Objective):
    """An objective on rows that `draw` gives, other ones each time; `whole` is that on all rows.

    For stages that evaluate once in a step: a line search would compare different functions.
    """

    whole: Objective
    draw: Callable[[], Objective]

    def evaluate(self, theta: Float[Tensor, " p"]) -> Evaluation:
        """The value and the gradient on new rows."""
        return self.draw().evaluate(theta)

    def column_lengths(self, theta: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """Those on all rows."""
        return self.whole.column_lengths(theta)

    def value(self, rows: Float[Tensor, " r"]) -> float:
        """The value that follows from rows of any draw."""
        return self.whole.value(rows)

    def parts(self, rows: Float[Tensor, " r"]) -> Mapping[str, float]:
        """What each part contributes, in any draw."""
        return self.whole.parts(rows)

    def faults(self, rows: Float[Tensor, "r ..."]) -> str:
        """The parts that are not finite, in any draw."""
        return self.whole.faults(rows)
