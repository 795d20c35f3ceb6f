"""Estimates against true errors, one mark for each run, with the bounds that they must keep."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pikan.plots.style import COLORS, INK, PALE, SHADE, figure_style

Mark = tuple[str, float, float]

_SHAPES = "osD^v<>pP"
# Where rounding makes an error or an estimate zero, it is drawn here.
_LEAST, _MOST = 1e-17, 10.0


def drawn(marks: Sequence[Mark], too_low: float, too_high: float, into: Path) -> None:
    """The figure of marks (kind, error, estimate), left in a PNG file.

    Honest marks lie in the band: the error below `too_low` times the estimate, the estimate below
    `too_high` times the error.
    """
    with figure_style():
        figure = Figure(figsize=(7.4, 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        ends = [_LEAST, _MOST]
        axes.fill_between(
            ends, [e / too_low for e in ends], [e * too_high for e in ends], color=SHADE, zorder=0
        )
        axes.plot(ends, ends, color=PALE, linewidth=0.8)
        axes.plot(ends, [e / too_low for e in ends], color=INK, linewidth=0.8)
        axes.plot(ends, [e * too_high for e in ends], color=INK, linewidth=0.8, linestyle="--")
        for place, kind in enumerate(dict.fromkeys(kind for kind, _, _ in marks)):
            own = [(error, estimate) for other, error, estimate in marks if other == kind]
            axes.scatter(
                [max(error, _LEAST) for error, _ in own],
                [max(estimate, _LEAST) for _, estimate in own],
                s=18,
                marker=_SHAPES[place % len(_SHAPES)],
                facecolors="none",
                edgecolors=COLORS[place % len(COLORS)],
                linewidths=1.0,
                label=kind,
            )
        axes.set(
            xscale="log",
            yscale="log",
            xlim=ends,
            ylim=ends,
            xlabel="true relative L2 error",
            ylabel="estimate",
            title=f"below the solid line: error above {too_low:g} x estimate; "
            f"above the dashed one: estimate above {too_high:g} x error",
        )
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        figure.savefig(into)
