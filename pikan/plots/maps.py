"""Quantities on planes: maps with the colors of their values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pikan.geometry.box import Box
from pikan.geometry.domain import Domain
from pikan.plots.labels import Label
from pikan.plots.picture import Picture, canvas
from pikan.plots.quantity import Quantity
from pikan.plots.style import decades, few_ticks, magnitudes, place_text, remark, signed_number
from pikan.report.sections import Section

# Blue to red through white where the sign matters, else from dark to light in even steps.
_SIGNED, _PLAIN = "RdBu_r", "viridis"
_COLORS = {"error": "magma", "residual": "cividis"}
_KINDS = ("value", "exact", "error", "residual")
# A panel [inch] with its bar of colors; a map that is not true to scale is wider than high.
_WIDTH, _HEIGHT, _FREE_RATIO = 3.4, 2.35, 0.8
# No panel is narrower [inch], and so many stand side by side where nobody says how wide they are.
_NARROWEST, _ACROSS = 2.2, 3
# From this part of the full width on five numbers fit below a panel.
_ROOMY = 0.8
# So many points draw one side of a region.
_ALONG = 801


@final
@dataclass(frozen=True)
class Scale:
    """The colors of a quantity on all its planes; `norm` is None where there is nothing to show."""

    norm: Normalize | None
    colors: str


def maps(
    domain: Domain,
    planes: Sequence[Section],
    found: Sequence[Quantity],
    title: str,
    width: float | None,
    whole: bool,
    label: Label,
) -> Picture:
    """A map of each quantity on each plane.

    Those of a `whole` solution have a row for each unknown and plane, with a column for each kind;
    two rows of two where there is one of each. Others follow each other line by line.
    """
    panels: list[tuple[Quantity, int] | None]
    panels, across = _rows(planes, found) if whole else ([], 0)
    if not whole or (width is not None and width < _NARROWEST * across):
        panels = [(one, i) for one in found for i in range(len(planes))]
        across = max(1, int(width / _NARROWEST)) if width is not None else _ACROSS
        across = min(len(panels), 2 if len(panels) == 4 else across)
    down = -(-len(panels) // across)
    wide = _WIDTH * across if width is None else width
    part = wide / across / _WIDTH
    ratio = max(_ratio(domain.box, plane) for plane in planes)
    height = part * _HEIGHT * ratio + 0.6 * max(part, 0.75)
    figure = canvas(wide, height * down + 0.35 * bool(title), title)
    drawn = figure.subplots(down, across, squeeze=False).ravel()
    scales = {one.title: scale(one, found) for one in found}
    for axes in drawn[len(panels) :]:
        axes.set_axis_off()
    for panel, axes in zip(panels, drawn, strict=False):
        if panel is None:
            axes.set_axis_off()
            continue
        quantity, i = panel
        scaled = scales[quantity.title]
        draw_map(axes, domain, planes[i], quantity.parts[i], scaled, label, part > _ROOMY)
        first = quantity.kind == "value" or not whole
        place = place_text(planes[i].fixed, label) if first else ""
        axes.set_title(f"{quantity.title}\n{place}" if place else quantity.title)
    return figure


def _rows(
    planes: Sequence[Section], found: Sequence[Quantity]
) -> tuple[list[tuple[Quantity, int] | None], int]:
    """The panels of a whole solution row by row, and how many stand in a row; None is a gap."""
    kinds = [kind for kind in _KINDS if any(one.kind == kind for one in found)]
    count = 1 + max(one.of for one in found)
    by_place = {(one.kind, one.of): one for one in found}
    panels: list[tuple[Quantity, int] | None] = []
    for index in range(count):
        for i in range(len(planes)):
            row = [by_place.get((kind, index)) for kind in kinds]
            panels += [None if one is None else (one, i) for one in row]
    return panels, 2 if len(panels) == 4 == len(kinds) else len(kinds)


def scale(quantity: Quantity, found: Sequence[Quantity]) -> Scale:
    """The colors of a quantity; a value has those of the known one that stands beside it."""
    if quantity.kind in _COLORS:
        limits = decades(*quantity.parts)
        return Scale(None if limits is None else LogNorm(*limits), _COLORS[quantity.kind])
    truth = [
        one
        for one in found
        if one.kind == "exact" and one.of == quantity.of and quantity.plain and one.finite
    ]
    return _plain(truth[0].parts if truth else quantity.parts)


def _plain(parts: tuple[Float[np.ndarray, "_ _"], ...]) -> Scale:
    """The scale of values and its colors: even about zero where both signs matter."""
    values = np.concatenate([part[np.isfinite(part)] for part in parts])
    if values.size == 0:
        return Scale(None, _PLAIN)
    low, high = float(values.min()), float(values.max())
    reach = max(-low, high)
    if min(-low, high) > 0.2 * reach:
        return Scale(Normalize(-reach, reach), _SIGNED)
    return Scale(Normalize(low, high if high > low else low + 1.0), _PLAIN)


def draw_map(
    axes: Axes,
    domain: Domain,
    plane: Section,
    values: Float[np.ndarray, "_ _"],
    scaled: Scale,
    label: Label,
    wide: bool = True,
) -> None:
    """Draw the values on a plane into axes, with a bar of colors beside them.

    Nothing is drawn off the domain, whose boundary is drawn where the plane is one of its region's.
    `wide` says that there is room for more than three numbers below.
    """
    box = domain.box
    across, up = _orientation(box, plane)
    axes.set_xlabel(label(plane.axes[across]))
    axes.set_ylabel(label(plane.axes[up]))
    axes.set_box_aspect(_ratio(box, plane))
    if scaled.norm is None:
        axes.set_xticks([])
        remark(axes, values)
        return
    low, high = _edges(plane.grids[across]), _edges(plane.grids[up])
    if isinstance(scaled.norm, LogNorm) and scaled.norm.vmin is not None:
        # Below the scale, zero among others, is as dark as it gets, not a hole.
        values = np.maximum(values, scaled.norm.vmin)
    image = axes.imshow(
        values if up == 0 else values.T,
        norm=scaled.norm,
        cmap=scaled.colors,
        origin="lower",
        extent=(*low, *high),
        aspect="auto",
        interpolation="bilinear",
    )
    for line in boundary_lines(domain, plane):
        axes.plot(line[:, across], line[:, up], color="0.2", linewidth=0.8)
    few_ticks(axes, 5 if wide else 3)
    # Inset, so that the bar is as high as the map whatever the layout does.
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.outline.set_linewidth(0.4)
    if isinstance(scaled.norm, LogNorm):
        magnitudes(bar.ax.yaxis)
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(5))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed_number(value)))


def boundary_lines(domain: Domain, plane: Section) -> Iterator[Float[np.ndarray, "n 2"]]:
    """The boundary of a region of the plane, where it is the plane drawn; nan where it is left.

    That of each of its pieces where it falls into some.
    """
    region, box = domain.region, domain.box
    if region is None or sorted(map(box.axis, plane.axes)) != sorted(region.axes):
        return
    if len(region.axes) != 2:
        return
    unit = np.linspace(0.0, 1.0, _ALONG)
    for part in (part for piece in domain.pieces or (region,) for part in piece.parts):
        points = np.tile(np.array(box.lower), (_ALONG, 1))
        points[:, list(region.axes)] = part.side.points(unit[:, None])
        points[~part.bounds(box, points)] = np.nan
        yield points[:, [box.axis(name) for name in plane.axes]]


def _orientation(box: Box, plane: Section) -> tuple[int, int]:
    """Which axis runs to the right and which up: time to the right, else the first."""
    return (1, 0) if box.time is not None and plane.axes[1] == "t" else (0, 1)


def _ratio(box: Box, plane: Section) -> float:
    """Height by width of a map: true to scale in space, if that is not a thin strip."""
    across, up = _orientation(box, plane)
    spans = [float(grid[-1] - grid[0]) for grid in plane.grids]
    true = spans[up] / spans[across]
    timeless = box.time is None or box.coordinates[box.time] not in plane.axes
    return true if timeless and 1 / 3 <= true <= 2 else _FREE_RATIO


def _edges(grid: Float[np.ndarray, " _"]) -> tuple[float, float]:
    """Where an image begins and ends whose pixels have their centers on the grid."""
    half = float(grid[1] - grid[0]) / 2
    return float(grid[0]) - half, float(grid[-1]) + half
