"""Weights that balance the parts of a problem while a stage runs."""

from collections.abc import Iterator
from typing import Literal

from pikan.problem.statement import Problem
from pikan.spec.faults import Keys

Weighting = Literal["none", "balance", "attention", "causal"]


def causal_faults(weights: Weighting, problem: Problem) -> Iterator[tuple[Keys, str]]:
    """Causal weights take early times first."""
    if weights == "causal" and problem.box.time is None:
        message = "causal weights go by the coordinate t, and the problem has none; choose balance"
        yield ("weights",), message
