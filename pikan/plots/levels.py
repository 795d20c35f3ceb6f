"""The history of p-refinement against the degree, and of time marching against t."""

import math
import re
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pikan.plots.labels import block_label, short_label, text_label
from pikan.plots.picture import Picture, canvas
from pikan.plots.style import COLORS, INK, PALE, SHADE, magnitudes, open_frame
from pikan.report.fields import Field
from pikan.report.report import Estimate, Record

_DEGREE = re.compile(r"degree (\d+(?: x \d+)*)")
_SLAB = re.compile(r"t = (\S+) to (\S+)")
# Relative to values of about one, nothing smaller means anything.
_ROUNDING = 2.2e-16
_DASHES = ("-", "--", ":", "-.")


class PlottedLevel(NamedTuple):
    """The end of one level: where it stands, its residuals by block, the error by then."""

    low: float
    high: float
    blocks: tuple[tuple[str, float], ...]
    error: float | None


def degrees(records: Sequence[Record], reached: float | None) -> tuple[PlottedLevel, ...]:
    """The levels of p-refinement by their largest degree; empty where it was something else.

    `reached` is the error of the last one, None where it is not known.
    """
    groups = [list(group) for _, group in groupby(records, key=lambda record: record.level)]
    found = [(_DEGREE.fullmatch(group[0].level), group) for group in groups]
    if len(found) < 2 or not all(degree for degree, _ in found):
        return ()
    levels = list[PlottedLevel]()
    for i, (degree, group) in enumerate(found):
        largest = max(map(int, degree.group(1).split(" x "))) if degree else 0
        last = i + 1 == len(found)
        if last:
            error = reached
        elif group[-1].stage == "collocation":
            error = group[-1].error
        else:
            # A stage that takes steps measures the error of the best level before it.
            following = groups[i + 1][0]
            error = following.error if following.step == 0 else None
        levels.append(PlottedLevel(largest, largest, group[-1].blocks, error))
    return tuple(levels)


def marches(records: Sequence[Record]) -> tuple[tuple[PlottedLevel, ...], ...]:
    """The slabs of each march through time, accepted ones only; empty where none was made."""
    stages = [list(group) for _, group in groupby(records, key=lambda record: record.stage_index)]
    found = [(_SLAB.fullmatch(stage[-1].level), stage[-1]) for stage in stages]
    if not found or not all(slab for slab, _ in found):
        return ()
    slabs = [
        PlottedLevel(float(slab.group(1)), float(slab.group(2)), last.blocks, None)
        for slab, last in found
        if slab
    ]
    several: list[list[PlottedLevel]] = [[]]
    for slab in slabs:
        if several[-1] and slab.low < several[-1][-1].low:
            several.append([])
        if several[-1] and slab.low == several[-1][-1].low:
            # The one before was refused.
            several[-1].pop()
        several[-1].append(slab)
    return tuple(tuple(march) for march in several)


def degree_figure(levels: Sequence[PlottedLevel], title: str, estimate: Estimate | None) -> Picture:
    """Root mean square residuals, the error and its estimate against the largest degree."""
    figure = canvas(6.4, 3.8, title)
    axes = figure.subplots()
    places = [float(level.high) for level in levels]
    values = list[float]()
    for i, label in enumerate(_labels(levels)):
        roots = [_root(dict(level.blocks).get(label)) for level in levels]
        values += roots
        dash = _DASHES[i // len(COLORS) % len(_DASHES)]
        color = COLORS[i % len(COLORS)]
        axes.plot(*_curve(places, roots), dash, marker="o", color=color, markersize=3.5,
                  label=f"residual of {block_label(short_label(label))}")  # fmt: skip
    errors = [math.nan if level.error is None else level.error for level in levels]
    if any(not math.isnan(error) for error in errors):
        values += errors
        axes.plot(*_curve(places, errors), marker="s", color=INK, linewidth=2.0, markersize=4.0,
                  label="relative L2 error")  # fmt: skip
    if estimate is not None:
        values.append(estimate.relative_l2)
        axes.plot(places[-1:], [estimate.relative_l2], "D", color="none", markeredgecolor=INK,
                  markersize=7.0, label="estimated error")  # fmt: skip
    _finish(axes, values)
    axes.set_xlabel("degree" if len(set(places)) > 1 else "level")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    _legend(figure)
    return figure


def _curve(places: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """A curve that breaks where degrees begin anew, as where functions come beside polynomials."""
    anew = [k + 1 for k, (one, other) in enumerate(pairwise(places)) if other < one]
    return (
        np.insert(np.array(places, dtype=float), anew, math.nan).tolist(),
        np.insert(np.array(values, dtype=float), anew, math.nan).tolist(),
    )


def time_figure(
    several: Sequence[Sequence[PlottedLevel]],
    title: str,
    estimate: Estimate | None,
    field: Field | None,
) -> Picture:
    """Residuals and error of the last march against t, those of the earlier ones pale."""
    figure = canvas(7.2, 4.4, title)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1.0])
    *earlier, last = several
    labels, values = _labels(last), list[float]()
    for march in earlier:
        for label in labels:
            upper.stairs(*_steps(march, label), color=PALE, linewidth=0.8, baseline=None)
    for i, label in enumerate(labels):
        roots, edges = _steps(last, label)
        values += roots
        upper.stairs(roots, edges, color=COLORS[i % len(COLORS)], baseline=None, linewidth=1.4,
                     label=f"residual of {block_label(short_label(label))}")  # fmt: skip
    error = None if field is None else error_in_time(field)
    if error is not None:
        values += [float(each) for each in error[1] if each > 0]
        upper.plot(*error, color=INK, linewidth=2.0, label="relative L2 error")
    if estimate is not None:
        values.append(estimate.relative_l2)
        upper.axhline(estimate.relative_l2, color=INK, linestyle="--", linewidth=1.0,
                      label="estimated error")  # fmt: skip
    if earlier:
        count = len(earlier)
        title = text_label("the march before" if count == 1 else f"{count} marches before")
        upper.plot([], [], color=PALE, linewidth=0.8, label=title)
    _finish(upper, values)
    for march, color in [*((march, PALE) for march in earlier), (last, COLORS[0])]:
        lengths = [slab.high - slab.low for slab in march]
        lower.stairs(lengths, _edges(march), color=color, baseline=None)
    lower.set_yscale("log")
    lower.set_ylabel("length of slab")
    lower.set_xlabel("$t$")
    lower.set_xlim(last[0].low, last[-1].high)
    open_frame(lower)
    magnitudes(lower.yaxis)
    _legend(figure)
    return figure


def error_in_time(field: Field) -> tuple[list[float], list[float]] | None:
    """The relative L2 error of the worst unknown at each t, on a plane that has t as an axis.

    Relative to the known solution over all times, as the error of the report is.
    """
    if field.exact is None or "t" not in field.axes or len(field.axes) != 2:
        return None
    space = 1 - field.axes.index("t")
    size = np.sqrt(np.nanmean(field.exact**2, axis=(0, 1)))
    error = np.sqrt(np.mean((field.solution - field.exact) ** 2, axis=space)) / size
    # Of a march that was cut short only a part is solved.
    solved = ~np.isnan(error).all(axis=-1)
    if not solved.any():
        return None
    return field.grids[1 - space][solved].tolist(), np.nanmax(error[solved], axis=-1).tolist()


def _finish(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic scale that ends at rounding, which is shaded."""
    axes.set_yscale("log")
    shown = [value for value in values if value > 0 and math.isfinite(value)]
    low, high = min(shown, default=1e-1), max(shown, default=1.0)
    bottom = max(low / 3, _ROUNDING / 10)
    axes.set_ylim(bottom, max(high, 10 * bottom) * 3)
    if bottom < _ROUNDING:
        axes.axhspan(bottom, _ROUNDING, color=SHADE, zorder=0)
        axes.text(0.01, _ROUNDING, "rounding", transform=axes.get_yaxis_transform(), va="top",
                  fontsize="small", color="#666666")  # fmt: skip
    open_frame(axes)
    magnitudes(axes.yaxis)


def _legend(figure: Picture) -> None:
    """All curves below the panels, in as many columns as their names allow."""
    labels = figure.axes[0].get_legend_handles_labels()[1]
    # Where nothing is left at any level there is no curve.
    longest = max(map(len, labels), default=0)
    figure.legend(loc="outside lower left", ncols=3 if longest < 30 else 2)


def _labels(levels: Sequence[PlottedLevel]) -> tuple[str, ...]:
    """The blocks of which something is left; conditions built into a basis have nothing."""
    return tuple(dict.fromkeys(k for level in levels for k, value in level.blocks if value > 0))


def _steps(march: Sequence[PlottedLevel], label: str) -> tuple[list[float], list[float]]:
    return [_root(dict(slab.blocks).get(label)) for slab in march], _edges(march)


def _edges(march: Sequence[PlottedLevel]) -> list[float]:
    inner = [after.low for _, after in pairwise(march)]
    return [march[0].low, *inner, march[-1].high]


def _root(square: float | None) -> float:
    """A root mean square, not below rounding; NaN leaves a gap."""
    if square is None or not math.isfinite(square):
        return math.nan
    return max(math.sqrt(square), _ROUNDING / 3)
