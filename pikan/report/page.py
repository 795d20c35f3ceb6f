"""Pages to look at: `report.html`, all of a run without any other file, and an index of runs."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pikan.expression.tree import number_text, text
from pikan.problem.newton_form import abbreviate
from pikan.problem.statement import Problem
from pikan.report.report import Report
from pikan.report.table import data_fit, two_digits
from pikan.solvers.found import known_digits


class Illustration(NamedTuple):
    """A picture of the page with its title, as the text of an SVG."""

    title: str
    svg: str


class Run(NamedTuple):
    """A line of the index: a run's folder, page and picture by relative URLs, and its report.

    The URLs are empty where there is no such file.
    """

    place: str
    page: str
    picture: str
    report: Report
    error: str
    estimate: str
    date: str


class Formulas(NamedTuple):
    """The equations and the conditions as pictures, in the order of the problem."""

    equations: Sequence[str]
    conditions: Sequence[str]


def page(
    report: Report,
    problem: Problem,
    spec: str,
    folder: Path,
    formulas: Formulas,
    figures: Sequence[Illustration],
) -> str:
    """The text of `report.html`; `spec` is the resolved problem file, `folder` where all lies."""
    equations = zip(problem.equations, formulas.equations, strict=True)
    conditions = zip(problem.conditions, formulas.conditions, strict=True)
    # Coefficients and scales of unknown functions have a space in their names.
    named = {k: v for k, v in problem.constants.items() if " " not in k}
    constants = ", ".join(f"{k} = {number_text(v)}" for k, v in named.items())
    box = problem.box
    ranges = list(zip(box.coordinates, box.lower, box.upper, strict=True))
    return _render(
        "report.html.jinja",
        title=problem.title,
        report=report,
        equations=[
            {
                "text": f"{text(abbreviate(problem, one.residual))} = 0",
                "picture": _data_url(svg),
            }
            for one, svg in equations
        ],
        conditions=[
            {
                "text": f"{text(one.residual)} = 0",
                "picture": _data_url(svg),
                "where": one.label.partition(": ")[0],
            }
            for one, svg in conditions
        ],
        periodic=[one.label for one in problem.periodic],
        constants=constants,
        domain=", ".join(f"{name} from {low:.6g} to {high:.6g}" for name, low, high in ranges),
        source=problem.source,
        figures=[{"title": one.title, "picture": _data_url(one.svg)} for one in figures],
        folder=str(folder),
        # A call at the middle of the domain.
        example=", ".join(f"{name}={(low + high) / 2:.6g}" for name, low, high in ranges),
        origin=_origin(report),
        data_fit=list(data_fit(report)),
        spec=spec,
    )


def index_page(folder: Path, runs: Sequence[Run]) -> str:
    """The text of an index of the runs below a folder, with links relative to it."""
    return _render("index.html.jinja", title=f"Runs in {folder.resolve().name}", runs=runs)


def _render(name: str, **content: object) -> str:
    """A template of this folder with its content, none of which is read as HTML."""
    loader = PackageLoader("pikan.report", "")
    room = Environment(autoescape=True, undefined=StrictUndefined, loader=loader)
    room.filters["digits"] = two_digits
    return room.get_template(name).render(known=known_digits, **content)


def _data_url(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def _origin(report: Report) -> list[tuple[str, str]]:
    versions = report.versions
    known = [
        ("date", report.date),
        ("file", report.file),
        ("command", report.command),
        ("host", report.host),
        ("versions", f"pikan {versions.pikan}, torch {versions.torch}, Python {versions.python}"),
        ("SHA-256 of the problem", report.hashes.problem),
        ("SHA-256 of the weights", report.hashes.weights),
    ]
    return [(name, value) for name, value in known if value]
