"""The small table at the end of a run."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from pikan.report.report import Report

_COLORS = {"converged": "green", "diverged": "red"}
# No table is as wide as this; it is measured as if there were that much room.
_WIDEST = 10_000


def show(console: Console, report: Report, title: str, files: Sequence[Path] = ()) -> None:
    """Print what a run reached: its outcome, errors, residuals, cost and the files it left.

    In colors on a terminal; plain in a pipe or a file, where no sentence is broken. Where there is
    less room than a table needs, its rows are sentences.
    """
    room = console.options.update(max_width=_WIDEST)
    for part in _parts(report, title, files):
        narrow = Measurement.get(console, room, part).maximum > console.width
        for shown in _sentences(part) if narrow and isinstance(part, Table) else (part,):
            console.print(shown, soft_wrap=isinstance(shown, Text) and not console.is_terminal)


def two_digits(value: float) -> str:
    """A number to two digits, and no longer than it must be.

    >>> two_digits(1.2345e-9), two_digits(9.137), two_digits(0.0), two_digits(float("nan"))
    ('1.2e-9', '9.1', '0', 'nan')
    """
    return f"{value:.2g}".replace("e-0", "e-").replace("e+0", "e+")


def _parts(report: Report, title: str, files: Sequence[Path]) -> Iterator[Text | Table]:
    yield Text(title, style="bold")
    color = _COLORS.get(report.outcome, "yellow")
    yield Text.assemble((report.outcome, color), ": ", report.message)
    yield Text()
    if report.errors:
        yield _errors(report)
        yield Text()
    if report.estimate is not None:
        estimate = report.estimate
        yield Text(
            f"estimated relative L2 error {two_digits(estimate.relative_l2)}, {estimate.how}"
        )
        yield Text()
    yield _residuals(report)
    yield Text()
    yield from (Text(line) for line in _cost(report))
    yield from (Text(f"wrote {path}", style="dim") for path in files)


def _table(*headings: str) -> Table:
    """An empty table without lines: names to the left, the numbers after them to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    return table


def _sentences(table: Table) -> Iterator[Text]:
    """Each row of a table by itself, with its headings between the cells."""
    for row in zip(*(column.cells for column in table.columns), strict=True):
        (_, name), *pairs = zip((column.header for column in table.columns), row, strict=True)
        said = ", ".join(f"{heading} {cell}" for heading, cell in pairs)
        yield Text(f"{name}: {said}")


def _errors(report: Report) -> Table:
    table = _table("unknown", "relative L2", "maximum", "RMSE", "against", "points")
    for name, errors in report.errors.items():
        norms = (errors.relative_l2, errors.maximum, errors.rmse)
        cells = (*(two_digits(norm) for norm in norms), errors.against, str(errors.points))
        table.add_row(Text(name), *cells)
    return table


def _residuals(report: Report) -> Table:
    table = _table("residual of", "RMS")
    for label, value in report.residuals.items():
        table.add_row(Text(label), two_digits(value))
    return table


def _cost(report: Report) -> Iterator[str]:
    network, seconds = report.network, report.seconds
    yield (
        f"{network.kind} network, {network.parameters} parameters, {report.dtype} "
        f"on {report.device}, seed {report.seed}"
    )
    if network.outside > 0:
        yield f"{two_digits(100 * network.outside)} % of the points lead beyond a basis's grid"
    stages = ", ".join(_with_counts([stage.name for stage in report.stages]))
    yield (
        f"{_decimal(seconds.total)} s, of which training {_decimal(seconds.training)} s"
        + (f" ({stages})" if stages else "")
    )


def _with_counts(names: Sequence[str]) -> Iterator[str]:
    """Each name once for all times that it stands side by side.

    >>> list(_with_counts(["adam", "lbfgs", "lbfgs"]))
    ['adam', 'lbfgs x 2']
    """
    for name, group in groupby(names):
        times = len(list(group))
        yield name if times == 1 else f"{name} x {times}"


def _decimal(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds < 10 else f"{seconds:.0f}"
