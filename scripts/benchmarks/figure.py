"""The errors of all problems in one picture, beside their targets and the best published."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.known import KANS, NETWORKS, TARGETS
from benchmarks.rows import Row
from benchmarks.table import by_problem
from pikan.plots.style import COLORS, INK, PALE, figure_style, magnitudes, open_frame

_OURS, _NETWORK, _KAN = COLORS[0], COLORS[1], COLORS[2]
# An error of exactly zero has no place on the axis; it is drawn here.
_LEAST = 1e-17


def drawn(rows: Sequence[Row], into: Path) -> None:
    """A line for each problem, its marks along one logarithmic axis, left in a PNG file."""
    found = by_problem(rows, TARGETS)
    with figure_style():
        figure = Figure(figsize=(7.4, 1.3 + 0.27 * len(found)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for place, (name, runs) in enumerate(found):
            axes.axhline(place, color=PALE, linewidth=0.5, zorder=0)
            axes.plot(TARGETS[name].error, place, "|", color=INK, markersize=11, markeredgewidth=2)
            for best, color, mark in ((NETWORKS, _NETWORK, "D"), (KANS, _KAN, "s")):
                if name in best:
                    axes.add_line(_open(best[name].error, place, color, mark))
            errors = [max(row["error"], _LEAST) for row in runs if row["error"] is not None]
            axes.plot(errors, [place] * len(errors), "o", color=_OURS, markersize=5.5, alpha=0.8)
            if len(errors) < len(runs):
                label = f"{len(runs) - len(errors)} of {len(runs)} without a solution"
                axes.text(1.0, place, label, ha="right", va="bottom", color=_NETWORK, size=7)
        axes.set_yticks(range(len(found)), [name for name, _ in found])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set(xscale="log", xlim=(0.4 * _LEAST, 2.0), xlabel="relative L2 error")
        magnitudes(axes.xaxis)
        axes.tick_params(axis="y", length=0)
        open_frame(axes)
        axes.legend(handles=_legend(), loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=4)
        figure.savefig(into)


def _open(error: float, place: float, color: str, mark: str, label: str = "") -> Line2D:
    """A mark that is not filled."""
    return Line2D(
        [error],
        [place],
        linestyle="",
        marker=mark,
        markersize=5.5,
        markerfacecolor="white",
        markeredgecolor=color,
        markeredgewidth=1.4,
        label=label,
    )


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], marker="o", linestyle="", color=_OURS, label="pikan, each seed"),
        Line2D([], [], marker="|", linestyle="", color=INK, mew=2, ms=11, label="target"),
        _open(1.0, 0.0, _NETWORK, "D", "best network published"),
        _open(1.0, 0.0, _KAN, "s", "best KAN published"),
    ]
