"""The figures of a run, as pictures or as files."""

from collections.abc import Sequence
from pathlib import Path

from pikan.files.atomic import write_together
from pikan.plots.history import history
from pikan.plots.picture import Picture
from pikan.plots.solution import solution
from pikan.plots.style import png
from pikan.problem.statement import Problem
from pikan.report.fields import Field
from pikan.report.report import Record


def solution_picture(problem: Problem, fields: Sequence[Field]) -> Picture:
    """The solution, the known one, the error and the residual."""
    return Picture(png(solution(problem, fields)))


def history_picture(problem: Problem, records: Sequence[Record]) -> Picture:
    """The residuals by block over the seconds of training."""
    return Picture(png(history(records, problem.title)))


def draw(
    problem: Problem, fields: Sequence[Field], records: Sequence[Record], folder: Path
) -> tuple[Path, ...]:
    """Leave `solution.png` and `history.png` in a folder: those for which there is something."""
    pictures: dict[Path, Picture] = {}
    if fields:
        pictures[folder / "solution.png"] = solution_picture(problem, fields)
    if records:
        pictures[folder / "history.png"] = history_picture(problem, records)
    write_together({path: picture.png for path, picture in pictures.items()})
    return tuple(pictures)
