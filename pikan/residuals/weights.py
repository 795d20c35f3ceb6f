"""How much the rows of each label count, and which rows they are."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import torch

from pikan.optimize.objective import Block
from pikan.residuals.terms import Term

Weights = Mapping[str, float]


def blocks(terms: Sequence[Term], time: int | None) -> tuple[Block, ...]:
    """Which rows of r belong to which name; terms of one label stand side by side."""
    found: list[Block] = []
    start = 0
    for label, group in groupby(terms, key=lambda term: term.label):
        points = torch.cat([term.points[0] for term in group])
        times = None if time is None else points[:, time]
        found.append(Block(label, slice(start, start + len(points)), times))
        start += len(points)
    return tuple(found)


def row_counts(terms: Sequence[Term]) -> Mapping[str, int]:
    """How many rows bear each label."""
    counts: dict[str, int] = {}
    for term in terms:
        counts[term.label] = counts.get(term.label, 0) + len(term.points[0])
    return counts


def row_factors(terms: Sequence[Term], weights: Weights) -> list[float]:
    """The factor of each term's rows that makes |r|^2 a weighted sum of mean squares."""
    counts = row_counts(terms)
    return [(weights.get(term.label, 1.0) / counts[term.label]) ** 0.5 for term in terms]


def balance_weights(terms: Sequence[Term], squares: Sequence[float]) -> Weights:
    """The weights that make equal the mean squares of rows, from the sums over each term's.

    They are zero or not a number where a sum is not finite.
    """
    sums: dict[str, float] = {}
    for term, square in zip(terms, squares, strict=True):
        sums[term.label] = sums.get(term.label, 0.0) + square
    counts = row_counts(terms)
    return {
        label: counts[label] ** 2 / total if total != 0 else 1.0 for label, total in sums.items()
    }
