"""The figures of a run as files."""

from collections.abc import Sequence
from pathlib import Path

from pikan.files.atomic import write_together
from pikan.plots.formula import equation_latex, formula_svg
from pikan.plots.functions import functions
from pikan.plots.history import history
from pikan.plots.picture import Picture
from pikan.plots.solution import solution
from pikan.problem.newton_form import abbreviate
from pikan.problem.statement import Problem
from pikan.report.fields import Field
from pikan.report.page import Formulas, Illustration, page
from pikan.report.report import FUNCTIONS, HISTORY, PAGE, PICTURE, Record, Report


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
    spec: str,
    folder: Path,
) -> tuple[Path, ...]:
    """Leave the figures of which there is something in a folder, and all of the run as a page.

    `spec` is the text of the resolved problem file.
    """
    pictures: dict[str, Picture] = {}
    if fields:
        pictures[PICTURE] = solution(problem, fields)
    if records:
        pictures[HISTORY] = run_history(problem, fields, records, report)
    if report.functions or report.forecast:
        told = {**report.functions, **report.forecast}
        pictures[FUNCTIONS] = functions(problem, told)
    written = {folder / name: picture.png for name, picture in pictures.items()}
    shown = [
        Illustration(Path(name).stem.capitalize(), picture.svg)
        for name, picture in pictures.items()
    ]
    formulas = Formulas(
        [
            formula_svg(equation_latex(abbreviate(problem, one.residual)))
            for one in problem.equations
        ],
        [formula_svg(equation_latex(one.residual)) for one in problem.conditions],
    )
    text = page(report, problem, spec, folder, formulas, shown)
    written[folder / PAGE] = text.encode()
    write_together(written)
    return tuple(written)
