"""`pikan report`: the table and the figures of a finished run, again."""

from pathlib import Path

from rich.console import Console

from pikan.cli.load import load_run
from pikan.report.table import show


def report_folder(folder: Path) -> None:
    """Print the table of the run in a folder, and draw its figures there."""
    solution = load_run(folder)
    solution.keep_texts(folder)
    figures = solution.draw(folder)
    show(Console(), solution.report, solution.problem.title, figures)
