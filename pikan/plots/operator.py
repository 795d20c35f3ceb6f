"""Pairs of an operator: the worst ones, with input, truth, prediction and error."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from pikan.plots.picture import Picture, canvas, with_ticks
from pikan.plots.style import COLORS, PALE, figure_style, open_frame

Array = Float[np.ndarray, "..."]
# So many pairs are drawn, the worst and the median one.
_WORST = 3


def worst_pairs(title: str, a: Array, truth: Array, found: Array) -> Picture:
    """The worst pairs and the median one, a row each, and all errors as a histogram."""
    rows = truth.reshape(len(truth), -1)
    sizes = np.linalg.norm(rows, axis=1)
    errors = np.linalg.norm(rows - found.reshape(rows.shape), axis=1)
    errors = errors / np.where(sizes > 0, sizes, 1.0)
    order = np.argsort(-errors)
    drawn = [*order[: min(_WORST, len(order))], order[len(order) // 2]]
    with figure_style():
        figure = canvas(9.0, 2.1 * (len(drawn) + 1), title)
        panels = figure.subplots(len(drawn) + 1, 3, squeeze=False)
        for beside, pair in zip(panels, drawn, strict=False):
            _draw(beside[0], f"input of pair {pair}", a[pair])
            _draw(beside[1], f"output, error {errors[pair]:.1e}", truth[pair], found[pair])
            _draw(beside[2], "difference", found[pair] - truth[pair])
        for axes in panels[-1, 1:]:
            axes.set_axis_off()
        below = panels[-1, 0]
        below.hist(np.log10(np.maximum(errors, 1e-16)), bins=20, color=COLORS[0])
        below.set_xlabel("log10 of the relative error")
        below.set_ylabel("pairs")
        open_frame(below)
        return with_ticks(figure)


def _draw(axes: Axes, title: str, values: Array, found: Array | None = None) -> None:
    """A function on a line as a curve, the found one upon it; one of the plane as a map."""
    axes.set_title(title)
    if values.ndim == 1:
        if found is not None:
            axes.plot(values, color=PALE, linewidth=4.5, label="truth")
        axes.plot(values if found is None else found, color=COLORS[0], label="operator")
        if found is not None:
            axes.legend()
        open_frame(axes)
    else:
        flat = values.reshape(len(values), -1)
        shown = axes.imshow(flat.T, origin="lower", aspect="auto")
        axes.figure.colorbar(shown, ax=axes)
