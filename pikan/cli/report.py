"""`pikan report`: the table and the figures of a finished run, again."""

from pathlib import Path

from rich.console import Console

from pikan import run
from pikan.archive.file import ArchiveError
from pikan.cli.sentences import refuse
from pikan.report.figures.draw import draw
from pikan.report.report import ReportError
from pikan.report.table import show


def report_folder(folder: Path) -> None:
    """Print the table of the run in a folder, and draw its figures there."""
    try:
        solution = run.load(folder)
    except (ArchiveError, ReportError) as error:
        refuse(f"{folder}: {error}")
    figures = draw(solution.problem, solution.fields(), solution.history, folder)
    show(Console(), solution.report, solution.problem.title, figures)
