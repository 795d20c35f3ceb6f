"""`pikan list`: the runs in a folder, a line each; `index.html` with links and pictures."""

import json
from pathlib import Path
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pikan.cli.errors import refuse
from pikan.files.atomic import write_text
from pikan.files.json_text import JSONError, from_json, to_json
from pikan.report.page import Run, index_page
from pikan.report.report import PAGE, PICTURE, Report
from pikan.report.table import two_digits
from pikan.storage.folder import REPORT

INDEX = "index.html"


def list_folder(folder: Path, as_json: bool, as_page: bool) -> None:
    """Print the runs below a folder, the last one first, or write a page of them into it."""
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
    lines = [_line(folder, *run) for run in found]
    if as_page:
        place = folder / INDEX
        write_text(place, index_page(folder, lines))
        typer.echo(f"{place} is written, with {len(lines)} run{'s' * (len(lines) > 1)}")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for heading in ("folder", "outcome", "error", "estimate", "parameters", "seconds", "date"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in _cells(line)))
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


def _line(folder: Path, place: Path, one: Report) -> Run:
    errors = [each.relative_l2 for each in one.errors.values()]
    estimate = one.estimate
    return Run(
        place=str(place),
        page=_url(folder, place / PAGE),
        picture=_url(folder, place / PICTURE),
        report=one,
        error=two_digits(max(errors)) if errors else "-",
        estimate="-" if estimate is None else two_digits(estimate.relative_l2),
        date=one.date.replace("T", " ")[:16],
    )


def _url(folder: Path, file: Path) -> str:
    """The way from a folder to a file in it, for a browser; empty where there is none."""
    return quote(file.relative_to(folder).as_posix()) if file.is_file() else ""


def _cells(line: Run) -> tuple[str, ...]:
    one = line.report
    return (
        line.place,
        one.outcome,
        line.error,
        line.estimate,
        str(one.network.parameters),
        two_digits(one.seconds.total),
        line.date,
    )
