"""The small table at the end of a run."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from pikan.report.report import Report
from pikan.solvers.facts import FamilyFacts
from pikan.solvers.found import FoundFunction, known_digits

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
        lines: list[Text | Table] = [part]
        if narrow and isinstance(part, Table):
            headings, lines = [column.header for column in part.columns], []
            for row in zip(*(column.cells for column in part.columns), strict=True):
                (_, name), *pairs = zip(headings, row, strict=True)
                said = ", ".join(f"{heading} {cell}" for heading, cell in pairs)
                lines.append(Text(f"{name}: {said}"))
        for shown in lines:
            console.print(shown, soft_wrap=isinstance(shown, Text) and not console.is_terminal)


def two_digits(value: float) -> str:
    """A number to two digits, and no longer than it must be.

    >>> two_digits(1.2345e-9), two_digits(9.137), two_digits(0.0), two_digits(float("nan"))
    ('1.2e-9', '9.1', '0', 'nan')
    >>> two_digits(135.0), two_digits(2.4e6)
    ('135', '2.4e6')
    """
    if 99.5 <= abs(value) < 1e4:
        return f"{value:.0f}"
    return f"{value:.2g}".replace("e-0", "e-").replace("e+0", "e")


def _parts(report: Report, title: str, files: Sequence[Path]) -> Iterator[Text | Table]:
    yield Text(title, style="bold")
    color = _COLORS.get(report.outcome, "yellow")
    yield Text.assemble((report.outcome, color), ": ", report.message)
    yield Text()
    if report.discovered:
        yield from (Text(line) for line in _equations(report))
        yield Text()
    if report.found:
        yield _found(report)
    if report.functions:
        yield _functions("function", report.functions)
        yield from (Text(one.formula) for one in report.functions.values() if one.formula)
    if report.forecast:
        yield _functions("forecast", report.forecast)
    if report.found or report.functions:
        yield from (Text(line) for line in data_fit(report))
        yield Text()
    if report.family is not None:
        yield _parameters(report.family)
        yield from (Text(line) for line in _family(report.family))
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
    if report.quantities:
        yield _quantities(report)
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


def _errors(report: Report) -> Table:
    table = _table("unknown", "relative L2", "maximum", "RMSE", "against", "points")
    for name, errors in report.errors.items():
        norms = (errors.relative_l2, errors.maximum, errors.rmse)
        cells = (*(two_digits(norm) for norm in norms), errors.against, str(errors.points))
        unit = report.units.get(name)
        table.add_row(Text(f"{name} [{unit}]" if unit else name), *cells)
    return table


def _quantities(report: Report) -> Table:
    table = _table("quantity", "value", "estimated error", "over")
    for name, one in report.quantities.items():
        place = ", ".join(f"{key} = {value:.6g}" for key, value in one.place.items())
        over = f"{one.kind} at {place}" if place else f"{one.kind} over {one.over}"
        table.add_row(Text(name), f"{one.value:.14g}", two_digits(one.estimate), over)
    return table


def _found(report: Report) -> Table:
    """The constants found from data, with their intervals and what each is tied to."""
    level = round(100 * next(iter(report.found.values())).level)
    table = _table("found", "value", f"{level} % interval", "correlation")
    names = list(report.found)
    for place, (name, one) in enumerate(report.found.items()):
        value, lower, upper = (
            known_digits(each, one.standard_error) for each in (one.value, *one.interval)
        )
        pairs = zip(report.correlation[place], names, strict=True)
        tied = max(((abs(r), r, other) for r, other in pairs if other != name), default=None)
        beside = "" if tied is None else f"{tied[1]:.2f} with {tied[2]}"
        shown = f"{lower} to {upper}" if one.identified else "not told by the data"
        table.add_row(Text(name), value, shown, beside)
    return table


def _functions(title: str, found: Mapping[str, FoundFunction]) -> Table:
    """Functions told by data: from where to where, their values and the width of bands."""
    table = _table(title, "where", "values", "half width of the band")
    for name, one in found.items():
        ends = zip(one.arguments, one.axes, strict=True)
        where = ", ".join(f"{a} from {axis[0]:.4g} to {axis[-1]:.4g}" for a, axis in ends)
        half = [0.5 * (high - low) for low, high in zip(one.lower, one.upper, strict=True)]
        values = f"{min(one.values):.4g} to {max(one.values):.4g}"
        shown = f"{two_digits(median(half))}, at most {two_digits(max(half))}"
        table.add_row(Text(f"{name}({', '.join(one.arguments)})"), where, values, shown)
    return table


def _parameters(family: FamilyFacts) -> Table:
    table = _table("parameter", "from", "to", "scale", "degree")
    for one in family.parameters:
        ends = f"{one.lower:.6g}", f"{one.upper:.6g}"
        scale = f"{one.scale}{', affine' * one.affine}"
        table.add_row(Text(one.name), *ends, scale, str(one.degree))
    return table


def _family(family: FamilyFacts) -> Iterator[str]:
    pairs = zip(family.parameters, family.worst_at, strict=True)
    where = ", ".join(f"{one.name} = {value:.6g}" for one, value in pairs)
    last = ", ".join(two_digits(one) for one in family.decay[-3:])
    yield (
        f"{family.nodes} members solved, {family.functions} functions of the parameters, rank "
        f"{family.rank}; the last members added {last} of the solution"
    )
    yield (
        f"{family.checks} fresh members: mean error {two_digits(family.mean)}, the worst "
        f"{two_digits(family.worst)} at {where}; an answer on {family.points} points takes "
        f"{two_digits(family.milliseconds)} ms"
    )


def _equations(report: Report) -> Iterator[str]:
    """The equations discovered, with what speaks for and against their terms."""
    for one in report.discovered:
        yield one.equation
        yield (
            f"{one.votes:.0%} of the widths of test functions agree on the terms; chi2 per row "
            f"{two_digits(one.reduced)}; {two_digits(100 * one.unexplained)} % of {one.left} is "
            "left unexplained"
        )
        for other in one.alternatives:
            yield f"as good: {', '.join(other.terms)} (criterion {other.criterion:.1f} larger)"


def data_fit(report: Report) -> Iterator[str]:
    """Sentences on how a fit stands to the data."""
    data, agreement = report.data, report.agreement
    if data is None or agreement is None:
        return
    noise = ", ".join(f"{label} {two_digits(size)}" for label, size in data.noise.items())
    yield f"noise ({'estimated' if data.estimated else 'given'}): {noise}"
    yield (
        f"{data.used} values, {two_digits(data.freedom)} degrees of freedom left, chi2 "
        f"{two_digits(data.chi2)}; largest residual {data.worst:.1f} times the noise, neighbors "
        f"correlated {data.autocorrelation:.2f}"
    )
    if data.outside or data.missing:
        yield (
            f"left out: {data.outside} points outside of the domain, {data.missing} missing values"
        )
    tolerances = f"two tolerances to {two_digits(agreement.tolerance)}"
    if math.isfinite(agreement.basis):
        yield f"two bases agree to {two_digits(agreement.basis)} standard errors, {tolerances}"
    else:
        yield f"one basis; {tolerances} standard errors"


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
