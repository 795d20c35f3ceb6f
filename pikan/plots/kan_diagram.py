"""The picture of a KAN: its nodes, and on every edge the function that it has, red for formulas.

After the figures of Liu et al. 2024, arXiv 2404.19756, with inputs at the bottom. Where layers
have many edges their boxes stand in several rows, so that each stays large enough to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from pikan.fitting.arguments import ModelError
from pikan.network.kan import Width, node_count, sum_count
from pikan.network.masked_kan import LayerActivations, MaskedKAN
from pikan.plots.picture import Picture
from pikan.plots.style import COLORS, INK, figure_style, png

# Lengths in the picture are in boxes: a box has sides of one, with its gap.
_BOX, _GAP = 1.0, 0.3
_PITCH = _BOX + _GAP
# Between the boxes above one node and those above the next, beside the gap.
_APART = 0.6

# Boxes beside each other before a second row is begun; as many fit a wide page.
_ACROSS = 40

# From a row of nodes to the first boxes, and from the last boxes to the sums; then to products.
_RISE, _PRODUCT = 1.6, 1.3

# What pyplot calls the figure of a model.
_NAME = "pikan.KAN"

# Points of a curve; more cannot be seen in a box.
_POINTS = 60


@final
@dataclass(frozen=True)
class DiagramStyle:
    """How a picture is to look; see `KAN.plot`."""

    beta: float
    scale: float
    sample: bool
    in_vars: Sequence[object] | None
    out_vars: Sequence[object] | None
    title: str | None


class LayerLayout(NamedTuple):
    """Where one layer of edges stands: nodes below, boxes, sums, the next nodes above."""

    bottom: float
    nodes: Float[np.ndarray, " in"]
    boxes: Float[np.ndarray, "in out 2"]
    sums: Float[np.ndarray, " out"]
    sums_height: float
    top: float
    next_nodes: Float[np.ndarray, " _"]


def kan_diagram(
    wired: MaskedKAN,
    layers: Sequence[LayerActivations],
    measures: Sequence[Float[Tensor, "_ _"]],
    wanted: DiagramStyle,
    ax: object | None,
) -> Picture | None:
    """The picture, or None where it has been drawn into axes of the caller's."""
    if ax is not None:
        if not isinstance(ax, Axes):
            raise ModelError(f"plot: ax: got {type(ax).__name__}, needs axes of matplotlib")
        with figure_style():
            draw_kan(ax, wired, layers, measures, wanted)
        return None
    with figure_style():
        floors, width = layout(wired.widths())
        height = floors[-1].top + sum(_margins(wanted))
        # 12 boxes or fewer have the size that they have in a page of 10 * scale [inch].
        inches = 10 * wanted.scale * max(width / (12 * _PITCH), 0.4) ** 0.6
        # The current figure, for plt.savefig; the one before would take up memory for nothing.
        plt.close(_NAME)
        figure = plt.figure(_NAME, figsize=(inches, inches * height / (width + 1.6)))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        draw_kan(axes, wired, layers, measures, wanted)
        # A notebook would otherwise show it a second time, as a figure that is still open.
        return Picture(png(figure), lambda: plt.close(figure))


def layout(widths: Sequence[Width]) -> tuple[list[LayerLayout], float]:
    """Where everything stands, floor by floor from the inputs up, and how wide it is."""
    shapes = [(node_count(below), sum_count(above)) for below, above in pairwise(widths)]
    blocks = [_block(nodes, sums) for nodes, sums in shapes]
    width = max(
        *(
            nodes * (columns * _PITCH + _APART)
            for (nodes, _), (columns, _) in zip(shapes, blocks, strict=True)
        ),
        4.5 * max(node_count(each) for each in widths) ** 0.7,
        5.0,
    )
    floors, bottom = list[LayerLayout](), 0.0
    for (nodes, sums), (columns, rows), above in zip(shapes, blocks, widths[1:], strict=True):
        places = _even(nodes, width)
        first = bottom + _RISE
        pitch = max(_PITCH, 0.82 * width / (nodes * columns)) if nodes * columns > 1 else 0.0
        boxes = np.empty((nodes, sums, 2))
        for i in range(nodes):
            for j in range(sums):
                column, row = j % columns, j // columns
                boxes[i, j, 0] = places[i] + (column - (columns - 1) / 2) * pitch
                boxes[i, j, 1] = first + _BOX / 2 + row * _PITCH
        height = first + rows * _PITCH + _RISE
        top = height if isinstance(above, int) else height + _PRODUCT
        sum_places = _sum_places(above, width)
        floors.append(
            LayerLayout(
                bottom, places, boxes, sum_places, height, top, _even(node_count(above), width)
            )
        )
        bottom = top
    return floors, width


def draw_kan(
    axes: Axes,
    wired: MaskedKAN,
    layers: Sequence[LayerActivations],
    measures: Sequence[Float[Tensor, "_ _"]],
    wanted: DiagramStyle,
) -> None:
    """Draw the picture into axes, which then have no frame."""
    floors, width = layout(wired.widths())
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-0.8, width + 0.8)
    margins = _margins(wanted)
    below, above = -margins[0], floors[-1].top + margins[1]
    axes.set_ylim(below, above)
    unit = _unit(axes, width + 1.6, above - below)
    masks = zip(wired.masks(), wired.learned_masks(), strict=True)
    parts = zip(floors, layers, measures, masks, wired.widths()[1:], strict=True)
    for floor, layer, measure, (live, learned), above_width in parts:
        strength = np.tanh(wanted.beta * measure.cpu().numpy())
        kinds = live.cpu().numpy(), learned.cpu().numpy()
        _edges(axes, floor, layer, strength, kinds, wanted.sample, unit)
        _knots(axes, floor, above_width, unit)
    _dots(axes, floors[0].nodes, 0.0)
    names = (
        ("x", wanted.in_vars, floors[0].nodes, -0.5, "top"),
        (
            "y",
            wanted.out_vars,
            floors[-1].next_nodes,
            floors[-1].top + 0.45,
            "bottom",
        ),
    )
    for letter, given, places, height, anchor in names:
        size = min(0.7 * unit, 0.4 * unit * width / len(places))
        for number, place in enumerate(places):
            label = f"${letter}_{{{number + 1}}}$" if given is None else _text(given[number])
            if given is None and len(places) == 1:
                label = f"${letter}$"
            axes.text(place, height, label, ha="center", va=anchor, fontsize=max(size, 5.0))
    if wanted.title is not None:
        axes.text(width / 2, above - 0.2, wanted.title, ha="center", va="top", fontsize=0.75 * unit)


def _edges(
    axes: Axes,
    floor: LayerLayout,
    layer: LayerActivations,
    strength: Float[np.ndarray, "in out"],
    kinds: tuple[Bool[np.ndarray, "in out"], Bool[np.ndarray, "in out"]],
    sample: bool,
    unit: float,
) -> None:
    """The boxes with their curves, and what leads to and from them, weak ones first.

    `kinds` says which edges are live, and which of these hold no formula.
    """
    live, learned = kinds
    order = sorted(zip(*np.nonzero(live), strict=True), key=lambda edge: strength[edge])
    gets, gives = layer.nodes.cpu().numpy(), layer.edges.cpu().numpy()
    stems, curves, stem_colors, curve_colors = [], [], [], []
    for i, j in order:
        x, y = floor.boxes[i, j]
        shade = _shade(float(strength[i, j]), bool(learned[i, j]))
        stems.append([(floor.nodes[i], floor.bottom), (x, y - _BOX / 2)])
        stems.append([(x, y + _BOX / 2), (floor.sums[j], floor.sums_height)])
        stem_colors += [shade, shade]
        frame = Rectangle((x - _BOX / 2, y - _BOX / 2), _BOX, _BOX, facecolor="white", zorder=3)
        frame.set_edgecolor(shade)
        frame.set_linewidth(0.05 * unit)
        axes.add_patch(frame)
        points = _in_box(gets[:, i], gives[:, i, j]) * 0.82 * _BOX + (x, y)
        if sample:
            # Upon the curve, wider than it, and of a color that none has: they lie exactly on it.
            seen = 0.08 + 0.25 * float(strength[i, j])
            axes.scatter(
                *points.T, s=(0.17 * unit) ** 2, c=COLORS[0], alpha=seen, linewidths=0, zorder=6
            )
        curves.append(_thin(points))
        curve_colors.append(shade)
    axes.add_collection(
        LineCollection(stems, colors=stem_colors, linewidths=0.055 * unit, zorder=1)
    )
    axes.add_collection(
        LineCollection(
            curves, colors=curve_colors, linewidths=0.085 * unit, capstyle="round", zorder=5
        )
    )


def _knots(axes: Axes, floor: LayerLayout, above: Width, unit: float) -> None:
    """The sums, the products above them, and the next nodes."""
    if not isinstance(above, int):
        into = [
            j if j < above[0] else above[0] + (j - above[0]) // 2 for j in range(len(floor.sums))
        ]
        lines = [
            [(place, floor.sums_height), (floor.next_nodes[node], floor.top)]
            for place, node in zip(floor.sums, into, strict=True)
        ]
        axes.add_collection(LineCollection(lines, colors=[INK], linewidths=0.055 * unit, zorder=1))
        _signs(axes, floor.sums, floor.sums_height, "+", unit)
        _dots(axes, floor.next_nodes[: above[0]], floor.top)
        _signs(axes, floor.next_nodes[above[0] :], floor.top, "x", unit)
        return
    _dots(axes, floor.next_nodes, floor.top)


def _dots(axes: Axes, places: Float[np.ndarray, " _"], height: float) -> None:
    for place in places:
        axes.add_patch(Circle((place, height), 0.2, facecolor=INK, edgecolor="none", zorder=6))


def _signs(
    axes: Axes, places: Float[np.ndarray, " _"], height: float, sign: str, unit: float
) -> None:
    """Circles with a plus or a times in them."""
    arm = 0.2 if sign == "+" else 0.2 / 2**0.5
    ends = [[(-arm, 0.0), (arm, 0.0)], [(0.0, -arm), (0.0, arm)]]
    if sign == "x":
        ends = [[(-arm, -arm), (arm, arm)], [(-arm, arm), (arm, -arm)]]
    for place in places:
        ring = Circle((place, height), 0.32, facecolor="white", edgecolor=INK, zorder=6)
        ring.set_linewidth(0.05 * unit)
        axes.add_patch(ring)
        lines = [[(place + x, height + y) for x, y in line] for line in ends]
        axes.add_collection(LineCollection(lines, colors=[INK], linewidths=0.055 * unit, zorder=7))


def _even(count: int, width: float) -> Float[np.ndarray, " _"]:
    return (np.arange(count) + 0.5) * width / count


def _sum_places(width: Width, total: float) -> Float[np.ndarray, " _"]:
    """Plain sums below their nodes, the two factors of a product on either side of its."""
    nodes = _even(node_count(width), total)
    if isinstance(width, int):
        return nodes
    aside = 0.22 * total / len(nodes)
    pairs = [place + sign * aside for place in nodes[width[0] :] for sign in (-1, 1)]
    return np.concatenate([nodes[: width[0]], np.array(pairs)])


def _block(nodes: int, sums: int) -> tuple[int, int]:
    """The columns and rows of boxes above each node."""
    columns = max(1, min(sums, _ACROSS // nodes))
    return columns, ceil(sums / columns)


def _in_box(
    gets: Float[np.ndarray, " n"], gives: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n 2"]:
    """A curve's points by increasing argument, in a square of side one about the origin."""
    order = np.argsort(gets)
    return np.stack([_center(gets[order]), _center(gives[order])], axis=1)


def _center(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    low, high = values.min(), values.max()
    return np.zeros_like(values) if high == low else (values - low) / (high - low) - 0.5


def _thin(points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "_ 2"]:
    """So many points at most, evenly along the argument."""
    x = np.linspace(points[0, 0], points[-1, 0], _POINTS)
    return np.stack([x, np.interp(x, *points.T)], axis=1)


def _shade(strength: float, learned: bool) -> tuple[float, float, float]:
    """From all but white to black, or to red for a formula; opaque, so that lines do not add up."""
    level = 0.93 * (1 - strength)
    return (level, level, level) if learned else (0.8 + 0.15 * level, level, level)


def _text(name: object) -> str:
    """A name as it is, or as formula where it is none of text."""
    if isinstance(name, str):
        return name
    from sympy import latex

    return f"${latex(name)}$"


def _margins(wanted: DiagramStyle) -> tuple[float, float]:
    """The room for names below the inputs, and for names and a title above the outputs."""
    below, above = (
        max((str(name).count("\n") for name in names or ()), default=0)
        for names in (wanted.in_vars, wanted.out_vars)
    )
    return 1.8 + below, (1.4 if wanted.title is None else 2.8) + above


def _unit(axes: Axes, width: float, height: float) -> float:
    """The side of a box in typographic points, in these axes."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = axes.get_position()
    inches = figure.get_size_inches()
    return 72 * min(inches[0] * place.width / width, inches[1] * place.height / height)
