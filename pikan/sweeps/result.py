"""Result of a sweep; in a notebook it shows itself."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import final

from pikan.plots.picture import Picture
from pikan.report.notebook import table as html_table
from pikan.report.table import two_digits
from pikan.sweeps.fits import FittedLaw, law_figure, sentence
from pikan.sweeps.table import Table

# What a notebook shows of a table: its first rows, and these of the measures.
_SHOWN = 20
_MEASURED = ("parameters", "relative_l2", "rmse", "seconds")


@final
@dataclass(frozen=True)
class SweepResult:
    """The table of a sweep so far, its laws, its files, and why runs are missing, if any.

    `table.column("rmse")` are the numbers of a column; `laws` are in the order of the file.
    """

    title: str
    table: Table
    laws: tuple[FittedLaw, ...]
    files: tuple[Path, ...]
    missing: int
    reason: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """Every law of every group, a line each."""
        return tuple(sentence(one.fit, group) for one in self.laws for group in one.groups)

    def plot(self, law: int = 0) -> Picture:
        """The figure of a law, counted as in the file; IndexError where there is none."""
        return law_figure(self.laws[law], self.title)

    def _repr_html_(self) -> str:
        rows = [
            (
                str(row.run),
                *row.values,
                row.result.outcome,
                *(two_digits(getattr(row.result.measures, name)) for name in _MEASURED),
            )
            for row in self.table.rows[:_SHOWN]
        ]
        more = len(self.table.rows) - len(rows)
        parts = [
            f"<b>{escape(self.title)}</b>",
            html_table(("run", *self.table.keys, "outcome", *_MEASURED), rows),
            *([f"and {more} more<br>"] if more else []),
            *([f"{self.missing} missing: {escape(self.reason)}<br>"] if self.missing else []),
            "<br>".join(map(escape, self.sentences)),
        ]
        return "\n".join(parts)
