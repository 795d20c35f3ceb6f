"""How much the rows of each label count, and which rows they are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

import torch

from pikan.optimize.objective import Block
from pikan.residuals.terms import Term


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


def row_factors(terms: Sequence[Term], weights: Mapping[str, float]) -> list[float]:
    """The factor of each term's rows that makes |r|² a weighted sum of mean squares.

    The mean is that over all rows of a label; a label without a weight counts once.
    """
    counts: Counter[str] = Counter()
    for term in terms:
        counts[term.label] += len(term.points[0])
    return [(weights.get(term.label, 1.0) / counts[term.label]) ** 0.5 for term in terms]
