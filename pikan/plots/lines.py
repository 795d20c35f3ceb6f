"""Quantities on lines: curves, and below them errors and residuals on logarithmic scales."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from pikan.plots.labels import Label, name_label
from pikan.plots.picture import Picture, canvas
from pikan.plots.quantity import Quantity
from pikan.plots.style import (
    COLORS,
    PALE,
    decades,
    few_ticks,
    magnitudes,
    open_frame,
    place_text,
    remark,
)
from pikan.report.sections import Section

# Side by side panels need so much width each [inch].
_NARROWEST = 2.0
_SHADES = "viridis"


def lines(
    sections: Sequence[Section],
    found: Sequence[Quantity],
    title: str,
    width: float | None,
    label: Label,
) -> Picture:
    """The values side by side; below each its error, and below that the equation's residual."""
    values = _of(found, "value")
    # Exact values only where they stand alone.
    beside = {one.of for one in values if known_beside(found, one) is not None}
    values += [one for one in _of(found, "exact") if one.of not in beside]
    rows = [row for row in (values, _of(found, "error"), _of(found, "residual")) if row]
    columns = max(map(len, rows))
    if width is not None and width < _NARROWEST * columns:
        rows, columns = [[one] for row in rows for one in row], 1
    tall = [row[0].kind in ("value", "exact") for row in rows]
    wide = width or (4.6 * columns if columns > 1 else 6.4)
    across = wide / columns / (4.6 if columns > 1 else 6.4)
    height = sum(2.7 if each else 1.6 for each in tall) * max(across, 0.65)
    figure = canvas(wide, height + 0.3 * bool(title), title)
    panels = figure.subplots(
        len(rows),
        columns,
        sharex=True,
        squeeze=False,
        height_ratios=[2.2 if each else 1.3 for each in tall],
    )
    for row, across_row in zip(rows, panels, strict=True):
        for axes in across_row[len(row) :]:
            axes.set_axis_off()
        for quantity, axes in zip(row, across_row, strict=False):
            draw_lines(axes, sections, quantity, known_beside(found, quantity), label)
            if quantity.kind in ("value", "exact"):
                # What stands above is the legend.
                axes.set_ylabel(quantity.title)
            else:
                axes.set_title(quantity.title)
            # A panel below may be empty, and then the numbers stand under this one.
            axes.tick_params(labelbottom=axes is panels[-1, 0] or row is rows[-1])
    for axes in panels[-1]:
        axes.set_xlabel(label(sections[0].axes[0]))
    return figure


def known_beside(found: Sequence[Quantity], quantity: Quantity) -> Quantity | None:
    """What a value should be, where that is drawn too."""
    same = [one for one in found if one.kind == "exact" and one.of == quantity.of]
    return same[0] if same and quantity.plain and same[0].finite else None


def draw_lines(
    axes: Axes,
    sections: Sequence[Section],
    quantity: Quantity,
    known: Quantity | None,
    label: Label = name_label,
) -> None:
    """Draw a curve for each section into axes, upon the known ones."""
    if quantity.kind in ("error", "residual"):
        _magnitude(axes, sections, quantity)
        return
    several = len(sections) > 1
    for section, part, color in zip(sections, quantity.parts, _colors(len(sections)), strict=True):
        of = place_text(section.fixed, label) if several else "pikan"
        axes.plot(section.grids[0], part, color=color, label=of, zorder=2.5)
    for i, (section, part) in enumerate(zip(sections, known.parts if known else (), strict=False)):
        of = known.title.rpartition(", ")[2] if known and i == len(sections) - 1 else None
        axes.plot(section.grids[0], part, label=of, linewidth=4.5, color=PALE, zorder=2.0)
    if several or known is not None:
        columns = 2 if not several else min(4, len(sections) + 1)
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.2,
            columnspacing=1.0, handlelength=1.4,
        )  # fmt: skip
    open_frame(axes)
    few_ticks(axes)
    axes.set_xlim(sections[0].grids[0][0], sections[0].grids[0][-1])


def _of(found: Sequence[Quantity], kind: str) -> list[Quantity]:
    return [one for one in found if one.kind == kind]


def _magnitude(axes: Axes, sections: Sequence[Section], quantity: Quantity) -> None:
    limits = decades(*quantity.parts)
    open_frame(axes)
    few_ticks(axes)
    axes.set_xlim(sections[0].grids[0][0], sections[0].grids[0][-1])
    if limits is None:
        remark(axes, np.concatenate([part.ravel() for part in quantity.parts]))
        return
    axes.set_yscale("log")
    alone = COLORS[1] if quantity.kind == "error" else COLORS[2]
    colors = [alone] if len(sections) == 1 else _colors(len(sections))
    for section, part, color in zip(sections, quantity.parts, colors, strict=True):
        axes.plot(section.grids[0], np.maximum(np.abs(part), limits[0]), color=color, linewidth=0.9)
    axes.set_ylim(limits[0], limits[1] * 2)
    magnitudes(axes.yaxis)


def _colors(count: int) -> list[str] | list[tuple[float, ...]]:
    """Distinct ones for few curves, for many the shades of a map from the first to the last."""
    if count <= 4:
        return list(COLORS[:count])
    return [colormaps[_SHADES](0.9 * i / (count - 1)) for i in range(count)]
