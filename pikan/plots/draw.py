"""The figures of a run as files."""

from collections.abc import Sequence
from pathlib import Path

from pikan.files.atomic import write_together
from pikan.plots.history import history
from pikan.plots.picture import Picture
from pikan.plots.solution import solution
from pikan.problem.statement import Problem
from pikan.report.fields import Field
from pikan.report.report import Record, Report


def run_history(
    problem: Problem, fields: Sequence[Field], records: Sequence[Record], report: Report
) -> Picture:
    """The history of a run, with what its report says of the error."""
    known = [each.relative_l2 for each in report.errors.values() if each.against == "exact"]
    return history(records, problem.title, report.estimate, max(known, default=None), fields)


def draw(
    problem: Problem,
    fields: Sequence[Field],
    records: Sequence[Record],
    report: Report,
    folder: Path,
) -> tuple[Path, ...]:
    """Leave `solution.png` and `history.png` in a folder: those for which there is something."""
    pictures: dict[Path, Picture] = {}
    if fields:
        pictures[folder / "solution.png"] = solution(problem, fields)
    if records:
        pictures[folder / "history.png"] = run_history(problem, fields, records, report)
    write_together({path: picture.png for path, picture in pictures.items()})
    return tuple(pictures)
