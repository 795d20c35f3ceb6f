"""Error against the time of training for all contenders, a panel for each problem."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.compare import CONTENDERS, PROBLEMS, Curve
from pikan.plots.style import COLORS, INK, figure_style, magnitudes, open_frame

_MARKS = "os^vD<>"
# Those of ours and the yardstick come first and strongest.
_STRONG = 3
_TITLES = {
    "poisson": "Poisson, two coordinates",
    "heat": "Heat, one coordinate and time",
    "burgers": "Burgers, viscosity 0.01/π",
}


def drawn(curves: Sequence[Curve], into: Path) -> None:
    """The figure, left in a PNG file; who has no curve is named in the panel."""
    named = {(curve["problem"], curve["contender"]): curve for curve in curves}
    with figure_style():
        figure = Figure(figsize=(10.2, 4.4), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(PROBLEMS), sharey=True)
        for axes, problem in zip(panels, PROBLEMS, strict=True):
            missing: list[str] = []
            for place, contender in enumerate(CONTENDERS):
                curve = named.get((problem, contender.name))
                if curve is None or not curve["trace"]:
                    missing += [] if curve is None else [contender.name]
                    continue
                strong = place < _STRONG
                axes.plot(
                    [seconds for seconds, _ in curve["trace"]],
                    [error for _, error in curve["trace"]],
                    color=COLORS[place],
                    marker=_MARKS[place],
                    markersize=4.0 if strong else 2.5,
                    linewidth=1.8 if strong else 1.0,
                    label=contender.name,
                )
            axes.set(xscale="log", yscale="log", title=_TITLES[problem])
            axes.set_xlabel("training on one thread [s]")
            magnitudes(axes.xaxis)
            open_frame(axes)
            if missing:
                axes.text(0.02, 0.02, f"failed: {', '.join(missing)}", transform=axes.transAxes)
        panels[0].set_ylabel("relative L2 error", color=INK)
        magnitudes(panels[0].yaxis)
        handles, labels = _once(panels)
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        figure.savefig(into)


def _once(panels: Sequence[Axes]) -> tuple[list[Artist], list[str]]:
    """The lines of all panels by name, each name once, in the order of the contenders."""
    named = {
        label: handle
        for axes in panels
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    labels = [contender.name for contender in CONTENDERS if contender.name in named]
    return [named[label] for label in labels], labels
