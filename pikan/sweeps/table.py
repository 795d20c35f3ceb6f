"""The rows of a sweep as a table: CSV for people, HDF5 for programs."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from io import StringIO
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from pikan.storage.file import ArchiveError, Arrays, get_array, get_text, put_text, reading, writing
from pikan.sweeps.record import MEASURES, Result, RunRecord, measures_from, number

_BEFORE, _AFTER = ("run",), ("outcome", "attempts", *MEASURES, "message")


@final
class TableError(ValueError):
    """A file is not the table of a sweep."""


@final
@dataclass(frozen=True)
class Table:
    """The rows of a sweep in the order of its plan; `keys` are the changed keys."""

    keys: tuple[str, ...]
    rows: tuple[RunRecord, ...]

    @property
    def failures(self) -> int:
        """How many runs are no points of a law."""
        return sum(row.result.is_failure for row in self.rows)

    def column(self, name: str) -> Float[np.ndarray, " n"]:
        """A measure or a changed key as numbers, NaN where it is none; KeyError if there is none.

        >>> rows = (RunRecord(0, ("16", "chebyshev"), 1, Result("converged", "")),)
        >>> table = Table(("network.degree", "network.basis"), rows)
        >>> table.column("network.degree"), table.column("network.basis")
        (array([16.]), array([nan]))
        """
        if name in MEASURES:
            found = [getattr(row.result.measures, name) for row in self.rows]
        elif name in self.keys:
            found = [number(row.values[self.keys.index(name)]) for row in self.rows]
        else:
            raise KeyError(f"'{name}'; the table has {', '.join((*self.keys, *MEASURES))}")
        return np.array(found, dtype=np.float64)


def write_table(table: Table, folder: Path) -> tuple[Path, ...]:
    """Leave `table.csv` and `table.h5` in a folder, both or neither."""
    files = folder / "table.csv", folder / "table.h5"
    with writing(files[1], {files[0]: to_csv(table).encode()}) as file:
        put_text(file, "keys", json.dumps(table.keys))
        file["run"] = np.array([row.run for row in table.rows], dtype=np.int64)
        file["attempts"] = np.array([row.attempts for row in table.rows], dtype=np.int64)
        for index in range(len(table.keys)):
            column = [row.values[index] for row in table.rows]
            put_text(file, f"values/{index}", json.dumps(column))
        put_text(file, "outcome", json.dumps([row.result.outcome for row in table.rows]))
        put_text(file, "message", json.dumps([row.result.message for row in table.rows]))
        for name in MEASURES:
            file[f"measures/{name}"] = table.column(name)
    return files


def to_csv(table: Table) -> str:
    """The table as CSV [RFC 4180]; numbers in full, what is not known empty."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_BEFORE, *table.keys, *_AFTER])
    for row in table.rows:
        result = row.result
        numbers = ["" if math.isnan(x) else repr(x) for x in astuple(result.measures)]
        ends = (result.outcome, row.attempts, *numbers, result.message)
        writer.writerow([row.run, *row.values, *ends])
    return text.getvalue()


def from_csv(text: str) -> Table:
    """The table that `to_csv` wrote; TableError where it is none."""
    lines = list(csv.reader(StringIO(text)))
    heading = lines[0] if lines else []
    keys = tuple(heading[len(_BEFORE) : -len(_AFTER)])
    if tuple(heading) != (*_BEFORE, *keys, *_AFTER):
        raise TableError("this is no table of a sweep: its first line has other columns")
    try:
        return Table(keys, tuple(_row(line, len(keys)) for line in lines[1:]))
    except (ValueError, IndexError) as error:
        raise TableError(f"this is no table of a sweep ({error})") from None


def _row(line: Sequence[str], keys: int) -> RunRecord:
    first = len(_BEFORE)
    outcome, attempts, *numbers, message = line[first + keys :]
    found = {k: float(text) if text else None for k, text in zip(MEASURES, numbers, strict=True)}
    result = Result(outcome, message, measures_from(found))
    return RunRecord(int(line[0]), tuple(line[first : first + keys]), int(attempts), result)


def read_table(path: Path) -> Table:
    """The table in a `table.h5`; TableError where it is none, or is damaged."""
    try:
        with reading(path) as file:
            return _table_from(file)
    except ArchiveError as fault:
        raise TableError(f"this is no table of a sweep ({fault})") from None


def _table_from(file: Arrays) -> Table:
    keys = _texts(file, "keys")
    columns = [_texts(file, f"values/{index}") for index in range(len(keys))]
    runs, attempts = _numbers(file, "run"), _numbers(file, "attempts")
    ends = zip(_texts(file, "outcome"), _texts(file, "message"), strict=True)
    measures = zip(*(_numbers(file, f"measures/{name}") for name in MEASURES), strict=True)
    rows = tuple(
        RunRecord(
            int(run),
            tuple(column[place] for column in columns),
            int(tries),
            Result(*end, measures_from(dict(zip(MEASURES, numbers, strict=True)))),
        )
        for place, (run, tries, end, numbers) in enumerate(
            zip(runs, attempts, ends, measures, strict=True)
        )
    )
    return Table(keys, rows)


def _texts(file: Arrays, name: str) -> tuple[str, ...]:
    return tuple(map(str, json.loads(get_text(file, name))))


def _numbers(file: Arrays, name: str) -> list[float]:
    return get_array(file, name).astype(np.float64).tolist()
