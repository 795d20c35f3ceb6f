"""The solution of a problem with two or more coordinates: maps of planes through its box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pikan.plots.style import (
    canvas,
    decades,
    few_ticks,
    figure_style,
    magnitudes,
    remark,
    residual_title,
    short,
)
from pikan.problem.statement import Problem
from pikan.report.fields import Field

# Blue to red through white where the sign matters, else from dark to light in even steps.
_SIGNED, _PLAIN = "RdBu_r", "viridis"
_ERROR, _RESIDUAL = "magma", "cividis"
# A panel [inch] with its bar of colors; a map that is not true to scale is wider than high.
_WIDTH, _HEIGHT, _FREE_RATIO = 3.4, 2.35, 0.8


@final
@dataclass(frozen=True)
class Column:
    """Maps of one quantity, one for each slice, with the colors that they share.

    `norm` is None where there is nothing to show.
    """

    title: str
    values: tuple[Float[np.ndarray, "_ _"], ...]
    norm: Normalize | None
    colors: str


def maps(problem: Problem, fields: Sequence[Field]) -> Figure:
    """Side by side the solution, the known one, the error and the residual.

    A row for each unknown and slice; two rows of two where there is one of each.
    """
    count = max(len(problem.unknowns), len(problem.equations))
    blocks = [_columns(problem, fields, index) for index in range(count)]
    rows = [(i, block) for block in blocks for i in range(len(fields))]
    across = len(blocks[0])
    shape = (2, 2) if len(rows) == 1 and across == 4 else (len(rows), across)
    with figure_style():
        height = _HEIGHT * max(_ratio(problem, field) for field in fields) + 0.6
        figure = canvas(_WIDTH * shape[1], height * shape[0] + 0.35, problem.title)
        panels = figure.subplots(*shape, squeeze=False).reshape(len(rows), across)
        for (i, block), row in zip(rows, panels, strict=True):
            for column, axes in zip(block, row, strict=True):
                _draw(axes, problem, fields[i], column, i)
            row[0].set_title(row[0].get_title(loc="left") + _place(problem, fields[i]))
    return figure


def _columns(problem: Problem, fields: Sequence[Field], index: int) -> list[Column | None]:
    """The quantities of one row, in the order shown; None leaves a gap."""
    known = fields[0].exact is not None
    columns: list[Column | None] = [None] * (3 if known else 1)
    if index < len(problem.unknowns):
        columns = _unknown(problem, fields, index)
    if fields[0].residual is not None:
        inside = index < len(problem.equations)
        columns.append(_residual(problem, fields, index) if inside else None)
    return columns


def _unknown(problem: Problem, fields: Sequence[Field], index: int) -> list[Column | None]:
    name = problem.unknowns[index]
    found = tuple(field.solution[..., index] for field in fields)
    truth = tuple(field.exact[..., index] for field in fields if field.exact is not None)
    if problem.exact is None or not truth:
        return [Column(name, found, *_plain(found))]
    if not any(np.isfinite(part).any() for part in truth):
        return [Column(name, found, *_plain(found)), None, None]
    against = problem.exact.against
    error = tuple(np.abs(one - other) for one, other in zip(found, truth, strict=True))
    return [
        Column(name, found, *_plain(truth)),
        Column(f"{name}, {against}", truth, *_plain(truth)),
        Column(f"error of {name}", error, _magnitude(error), _ERROR),
    ]


def _residual(problem: Problem, fields: Sequence[Field], index: int) -> Column:
    values = tuple(np.abs(f.residual[..., index]) for f in fields if f.residual is not None)
    return Column(residual_title(problem, index), values, _magnitude(values), _RESIDUAL)


def _plain(parts: tuple[Float[np.ndarray, "_ _"], ...]) -> tuple[Normalize | None, str]:
    """The scale of values and its colors: even about zero where both signs matter."""
    values = np.concatenate([part[np.isfinite(part)] for part in parts])
    if values.size == 0:
        return None, _PLAIN
    low, high = float(values.min()), float(values.max())
    reach = max(-low, high)
    if min(-low, high) > 0.2 * reach:
        return Normalize(-reach, reach), _SIGNED
    return Normalize(low, high if high > low else low + 1.0), _PLAIN


def _magnitude(parts: tuple[Float[np.ndarray, "_ _"], ...]) -> Normalize | None:
    limits = decades(*parts)
    return None if limits is None else LogNorm(*limits)


def _draw(axes: Axes, problem: Problem, field: Field, column: Column | None, i: int) -> None:
    if column is None:
        axes.set_axis_off()
        return
    values = column.values[i]
    across, up = _orientation(problem, field)
    axes.set_title(column.title)
    axes.set_xlabel(field.axes[across], style="italic")
    axes.set_ylabel(field.axes[up], style="italic")
    axes.set_box_aspect(_ratio(problem, field))
    if column.norm is None:
        remark(axes, values)
        return
    low, high = _edges(field.grids[across]), _edges(field.grids[up])
    if isinstance(column.norm, LogNorm) and column.norm.vmin is not None:
        # Below the scale, zero among others, is as dark as it gets, not a hole.
        values = np.maximum(values, column.norm.vmin)
    image = axes.imshow(
        values if up == 0 else values.T,
        norm=column.norm,
        cmap=column.colors,
        origin="lower",
        extent=(*low, *high),
        aspect="auto",
        interpolation="bilinear",
    )
    few_ticks(axes)
    # Inset, so that the bar is as high as the map whatever the layout does.
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.outline.set_linewidth(0.4)
    if isinstance(column.norm, LogNorm):
        magnitudes(bar.ax.yaxis)
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(5))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def _orientation(problem: Problem, field: Field) -> tuple[int, int]:
    """Which axis runs to the right and which up: time to the right, else the first."""
    time = problem.box.time
    return (1, 0) if time is not None and field.axes[1] == problem.coordinates[time] else (0, 1)


def _ratio(problem: Problem, field: Field) -> float:
    """Height by width of a map: true to scale in space, if that is not a thin strip."""
    across, up = _orientation(problem, field)
    spans = [float(grid[-1] - grid[0]) for grid in field.grids]
    true = spans[up] / spans[across]
    timeless = problem.box.time is None or problem.coordinates[problem.box.time] not in field.axes
    return true if timeless and 1 / 3 <= true <= 2 else _FREE_RATIO


def _edges(grid: Float[np.ndarray, " _"]) -> tuple[float, float]:
    """Where an image begins and ends whose pixels have their centers on the grid."""
    half = float(grid[1] - grid[0]) / 2
    return float(grid[0]) - half, float(grid[-1]) + half


def _place(problem: Problem, field: Field) -> str:
    """Where a slice lies, as a second line of a title; empty for a whole plane."""
    if not field.fixed:
        return ""
    said = [f"{name} = {value:.3g}" for name, value in field.fixed]
    if len(said) > 3:
        time = problem.box.time
        shown = [
            f"t = {value:.3g}" for name, value in field.fixed if time is not None and name == "t"
        ]
        said = [*shown, "the others near the middle"]
    return "\n" + ", ".join(said)
