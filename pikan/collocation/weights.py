"""How much the rows of each label count, and which rows they are."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import torch

from pikan.objective import Block
from pikan.residuals import Sheet

Weights = Mapping[str, float]


def blocks(sheets: Sequence[Sheet], time: int | None) -> tuple[Block, ...]:
    """Which rows of r belong to which name; sheets of one label stand side by side."""
    found: list[Block] = []
    start = 0
    for label, group in groupby(sheets, key=lambda sheet: sheet.label):
        points = torch.cat([sheet.places[0] for sheet in group])
        times = None if time is None else points[:, time]
        found.append(Block(label, slice(start, start + len(points)), times))
        start += len(points)
    return tuple(found)


def row_counts(sheets: Sequence[Sheet]) -> Mapping[str, int]:
    """How many rows bear each label."""
    counts: dict[str, int] = {}
    for sheet in sheets:
        counts[sheet.label] = counts.get(sheet.label, 0) + len(sheet.places[0])
    return counts


def row_factors(sheets: Sequence[Sheet], weights: Weights) -> list[float]:
    """The factor of each sheet's rows that makes |r|^2 a weighted sum of mean squares."""
    counts = row_counts(sheets)
    return [(weights.get(sheet.label, 1.0) / counts[sheet.label]) ** 0.5 for sheet in sheets]


def balanced(sheets: Sequence[Sheet], squares: Sequence[float]) -> Weights:
    """The weights that make equal the mean squares of rows, from the sums over each sheet's.

    They are zero or not a number where a sum is not finite.
    """
    sums: dict[str, float] = {}
    for sheet, square in zip(sheets, squares, strict=True):
        sums[sheet.label] = sums.get(sheet.label, 0.0) + square
    counts = row_counts(sheets)
    return {
        label: counts[label] ** 2 / total if total != 0 else 1.0 for label, total in sums.items()
    }
