"""Tables as text (.csv): names in the first line, a point in every other one."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from pikan.files.arrays import DataError
from pikan.files.formats.contents import Arrays, Contents

# Lines are shorter than this [bytes].
LONGEST = 1_000_000


def contents(path: Path) -> Contents:
    """What is in a .csv file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        # numpy.savetxt marks its header with a '#'.
        first = next(csv.reader(_lines(path, file), skipinitialspace=True), [])
    header = [name.strip("# ") for name in first]

    def load(names: Sequence[str]) -> Arrays:
        places = [header.index(name) for name in names]
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(_lines(path, file), skipinitialspace=True)
            next(rows)
            entries = (
                entry
                for row in rows
                if row
                for entry in _numbers(path, rows.line_num, row, len(header), places)
            )
            table = np.fromiter(entries, dtype=float).reshape(-1, len(names))
        return list(table.T)

    return Contents(header, lambda _: 0, load)


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST):
        if len(line) == LONGEST:
            raise DataError(f"a line of '{path.name}' has over {LONGEST} characters; break it")
        yield line


def _numbers(
    path: Path, line: int, row: Sequence[str], columns: int, places: Sequence[int]
) -> list[float]:
    """The numbers in some columns of a row."""
    if len(row) != columns:
        raise DataError(
            f"line {line} of '{path.name}' has {len(row)} entries; the first line names"
            f" {columns} columns"
        )
    try:
        return [float(row[place]) if row[place].strip() else math.nan for place in places]
    except ValueError as error:
        raise DataError(f"line {line} of '{path.name}' holds no number: {error}") from error
