"""`pikan report`: the table and the figures of a finished run, again."""

from pathlib import Path

import typer
from rich.console import Console

from pikan.cli.load import load_run
from pikan.files.json_text import to_json
from pikan.report.table import show
from pikan.storage.run_folder import keep_texts


def report_folder(folder: Path, as_json: bool) -> None:
    """Print the table of the run in a folder, and draw its figures there; or its report as JSON."""
    solution = load_run(folder)
    keep_texts(folder, solution.spec, solution.report)
    if as_json:
        typer.echo(to_json(solution.report, indent=2), nl=False)
        return
    figures = solution.draw(folder)
    show(Console(), solution.report, solution.problem.title, figures)
