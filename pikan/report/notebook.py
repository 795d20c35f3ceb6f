"""A report as a small table in a notebook."""

from collections.abc import Sequence
from html import escape

from pikan.report.report import Report
from pikan.report.table import two_digits


def html(report: Report, title: str) -> str:
    """The outcome, the errors by unknown and the residuals by block."""
    errors = [
        (name, two_digits(e.relative_l2), two_digits(e.maximum), two_digits(e.rmse), e.against)
        for name, e in report.errors.items()
    ]
    residuals = [(label, two_digits(value)) for label, value in report.residuals.items()]
    network, seconds = report.network, two_digits(report.seconds.total)
    parts = [
        f"<b>{escape(title)}</b><br>",
        f"<i>{escape(report.outcome)}</i>: {escape(report.message)}",
        table(("unknown", "relative L2", "maximum", "RMSE", "against"), errors),
        table(("residual of", "RMS"), residuals),
        f"{escape(network.kind)} network, {network.parameters} parameters, {seconds} s",
    ]
    return "\n".join(parts)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text cells as a table; a line's end where there are no rows."""
    if not rows:
        return "<br>"
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
