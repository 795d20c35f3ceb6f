"""The rows of a sweep as a table: CSV for people, HDF5 for programs."""

import csv
import json
import math
from dataclasses import astuple, dataclass
from io import StringIO
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from pikan.storage.file import put_text, writing
from pikan.sweeps.record import MEASURES, RunRecord, number


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

        >>> from pikan.sweeps.record import Result
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
    writer.writerow(["run", *table.keys, "outcome", "attempts", *MEASURES, "message"])
    for row in table.rows:
        result = row.result
        numbers = ["" if math.isnan(x) else repr(x) for x in astuple(result.measures)]
        ends = (result.outcome, row.attempts, *numbers, result.message)
        writer.writerow([row.run, *row.values, *ends])
    return text.getvalue()
