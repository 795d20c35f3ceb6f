"""The solution of a problem with one coordinate: lines."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pikan.plots.style import (
    COLORS,
    PALE,
    canvas,
    decades,
    few_ticks,
    figure_style,
    magnitudes,
    open_frame,
    remark,
    residual_title,
)
from pikan.problem.statement import Problem
from pikan.report.fields import Field


def lines(problem: Problem, field: Field) -> Figure:
    """The unknowns side by side; below each its error, and below that the equation's residual."""
    rows = [_values]
    if field.exact is not None:
        rows.append(_error)
    if field.residual is not None:
        rows.append(_residual)
    columns = max(len(problem.unknowns), len(problem.equations))
    with figure_style():
        figure = canvas(
            4.6 * columns if columns > 1 else 6.4, 2.7 + 1.6 * (len(rows) - 1), problem.title
        )
        panels = figure.subplots(
            len(rows),
            columns,
            sharex=True,
            squeeze=False,
            height_ratios=[2.2, 1.3, 1.3][: len(rows)],
        )
        for draw, row in zip(rows, panels, strict=True):
            for column, axes in enumerate(row):
                draw(axes, problem, field, column)
        for axes in panels[-1]:
            axes.set_xlabel(field.axes[0], style="italic")
    return figure


def _values(axes: Axes, problem: Problem, field: Field, column: int) -> None:
    if column >= len(problem.unknowns):
        axes.set_axis_off()
        return
    x = field.grids[0]
    truth = _truth(field, column)
    if problem.exact is not None and truth is not None:
        axes.plot(x, truth, color=PALE, linewidth=4.5, label=problem.exact.against)
    axes.plot(x, field.solution[:, column], color=COLORS[0], label="pikan")
    axes.set_title(problem.unknowns[column])
    if truth is not None:
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2)
    open_frame(axes)
    few_ticks(axes)
    axes.set_xlim(x[0], x[-1])


def _error(axes: Axes, problem: Problem, field: Field, column: int) -> None:
    truth = _truth(field, column)
    if truth is None:
        axes.set_axis_off()
        return
    _magnitude(axes, field, field.solution[:, column] - truth, COLORS[1])
    axes.set_title(f"error of {problem.unknowns[column]}")


def _residual(axes: Axes, problem: Problem, field: Field, column: int) -> None:
    if field.residual is None or column >= len(problem.equations):
        axes.set_axis_off()
        return
    _magnitude(axes, field, field.residual[:, column], COLORS[2])
    axes.set_title(residual_title(problem, column))


def _magnitude(axes: Axes, field: Field, values: Float[np.ndarray, " n"], color: str) -> None:
    limits = decades(values)
    open_frame(axes)
    if limits is None:
        remark(axes, values)
        return
    axes.set_yscale("log")
    axes.plot(field.grids[0], np.maximum(np.abs(values), limits[0]), color=color, linewidth=0.9)
    axes.set_ylim(limits[0], limits[1] * 2)
    magnitudes(axes.yaxis)


def _truth(field: Field, column: int) -> Float[np.ndarray, " n"] | None:
    if field.exact is None or column >= field.exact.shape[-1]:
        return None
    truth = field.exact[:, column]
    return truth if bool(np.isfinite(truth).any()) else None
