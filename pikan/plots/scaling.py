"""Measurements against what was varied, and the laws that they follow."""

from dataclasses import dataclass
from itertools import chain, cycle, repeat
from typing import final

from matplotlib.axes import Axes

from pikan.plots.labels import text_label
from pikan.plots.picture import Picture, canvas, with_ticks
from pikan.plots.style import COLORS, PALE, figure_style, magnitudes, open_frame

Point = tuple[float, float]


@final
@dataclass(frozen=True)
class ScalingCurve:
    """One group of runs: on its law, near its plateau, failed; and the law's own line.

    `failed` are the places of those of which there is nothing but a place.
    """

    name: str
    points: tuple[Point, ...]
    plateau: tuple[Point, ...]
    failed: tuple[float, ...]
    line: tuple[Point, ...]


@final
@dataclass(frozen=True)
class Chart:
    """All groups of a law; `theory` are lines to compare with, by name."""

    title: str
    x: str
    y: str
    power: bool
    curves: tuple[ScalingCurve, ...]
    theory: tuple[tuple[str, tuple[Point, ...]], ...]


def picture(chart: Chart) -> Picture:
    """The chart as a picture: what was left out is pale, what failed is a cross below."""
    with figure_style():
        figure = canvas(7.2, 4.6, chart.title)
        axes = figure.subplots()
        axes.set_yscale("log")
        if chart.power:
            axes.set_xscale("log")
        # Beyond the colors that can be told apart all are pale.
        for color, curve in zip(chain(COLORS, repeat(PALE)), chart.curves, strict=False):
            _draw(axes, curve, color)
        for dashes, (name, line) in zip(cycle((":", "--", "-.")), chart.theory, strict=False):
            axes.plot(
                *zip(*line, strict=True),
                dashes,
                color="#666666",
                linewidth=1.0,
                label=text_label(name),
            )
        axes.set_xlabel(text_label(chart.x))
        axes.set_ylabel(text_label(chart.y))
        open_frame(axes)
        magnitudes(axes.yaxis)
        if chart.power:
            magnitudes(axes.xaxis)
        figure.legend(loc="outside right upper")
        return with_ticks(figure)


def _draw(axes: Axes, curve: ScalingCurve, color: str) -> None:
    if curve.points:
        axes.plot(*zip(*curve.points, strict=True), "o", color=color, markersize=4.0)
    if curve.plateau:
        (pale,) = axes.plot(*zip(*curve.plateau, strict=True), "o", color=color, markersize=4.0)
        pale.set(markerfacecolor="none", alpha=0.6)
    # A group without a law still has its name in the legend.
    drawn = zip(*curve.line, strict=True) if curve.line else ((), ())
    axes.plot(*drawn, color=color, label=text_label(curve.name), marker="" if curve.line else "o")
    if curve.failed:
        bottom = [0.02] * len(curve.failed)
        axes.plot(
            curve.failed, bottom, "x", color=color, transform=axes.get_xaxis_transform(), zorder=3
        )
