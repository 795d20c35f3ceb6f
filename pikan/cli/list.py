"""`pikan list`: the runs in a folder, a line each."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pikan.cli.errors import refuse
from pikan.files.json_text import JSONError, from_json, to_json
from pikan.report.report import Report
from pikan.report.table import two_digits
from pikan.storage.folder import REPORT


def list_folder(folder: Path, as_json: bool) -> None:
    """Print the runs below a folder, the last one first."""
    if not folder.is_dir():
        refuse(f"{folder}: there is no such folder; name one with results of runs")
    found = sorted(_runs(folder), key=lambda run: run[1].date, reverse=True)
    if as_json:
        rows = [{"folder": str(place), **json.loads(to_json(one))} for place, one in found]
        typer.echo(json.dumps(rows, indent=2))
        return
    if not found:
        typer.echo(f"{folder}: no finished run lies here")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("folder", "outcome", "error", "estimate", "parameters", "seconds", "date"):
        table.add_column(heading, overflow="fold")
    for place, one in found:
        table.add_row(*(Text(cell) for cell in _cells(place, one)))
    console = Console()
    console.print(table, soft_wrap=not console.is_terminal)


def _runs(folder: Path) -> list[tuple[Path, Report]]:
    """The folders with a report that can be read."""
    found = list[tuple[Path, Report]]()
    for file in folder.glob(f"**/{REPORT}"):
        try:
            found.append((file.parent, from_json(file.read_text(encoding="utf-8"), Report)))
        except JSONError:
            typer.echo(f"{file}: no report that this version reads", err=True)
    return found


def _cells(place: Path, one: Report) -> tuple[str, ...]:
    errors = [each.relative_l2 for each in one.errors.values()]
    estimate = one.estimate
    return (
        str(place),
        one.outcome,
        two_digits(max(errors)) if errors else "-",
        "-" if estimate is None else two_digits(estimate.relative_l2),
        str(one.network.parameters),
        two_digits(one.seconds.total),
        one.date.replace("T", " ")[:16],
    )
