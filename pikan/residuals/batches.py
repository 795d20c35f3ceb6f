"""Row batches: the rows of all terms in batches of so many points."""

from collections.abc import Sequence
from typing import NamedTuple

from pikan.residuals.terms import Term


class RowBatch(NamedTuple):
    """A batch of rows of r: parts of terms, and the factor of each."""

    terms: tuple[Term, ...]
    factors: tuple[float, ...]


def row_batches(
    terms: Sequence[Term], factors: Sequence[float], points: int
) -> tuple[RowBatch, ...]:
    """The rows of all terms in their order, in as few chunks of at most `points` as there may be.

    A row that needs two places counts as two points; every chunk has a row at least.
    """
    found: list[RowBatch] = []
    room = 0
    for term, factor in zip(terms, factors, strict=True):
        start, rows, each = 0, len(term.points[0]), len(term.points)
        while start < rows:
            if room < each:
                found.append(RowBatch((), ()))
                room = max(points, each)
            stop = min(rows, start + room // each)
            piece = term if stop - start == rows else term.rows(slice(start, stop))
            last = found[-1]
            found[-1] = RowBatch((*last.terms, piece), (*last.factors, factor))
            room -= (stop - start) * each
            start = stop
    return tuple(found)
