"""The rows of all sheets in chunks of so many points."""

from collections.abc import Sequence
from typing import NamedTuple

from pikan.residuals import Sheet


class Chunk(NamedTuple):
    """Some rows of r: pieces of sheets, and the factor of each."""

    sheets: tuple[Sheet, ...]
    factors: tuple[float, ...]


def chunks(sheets: Sequence[Sheet], factors: Sequence[float], points: int) -> tuple[Chunk, ...]:
    """The rows of all sheets in their order, in as few chunks of at most `points` as there may be.

    A row that needs two places counts as two points; every chunk has a row at least.
    """
    found: list[Chunk] = []
    room = 0
    for sheet, factor in zip(sheets, factors, strict=True):
        start, rows, each = 0, len(sheet.places[0]), len(sheet.places)
        while start < rows:
            if room < each:
                found.append(Chunk((), ()))
                room = max(points, each)
            stop = min(rows, start + room // each)
            piece = sheet if stop - start == rows else sheet.rows(slice(start, stop))
            last = found[-1]
            found[-1] = Chunk((*last.sheets, piece), (*last.factors, factor))
            room -= (stop - start) * each
            start = stop
    return tuple(found)
