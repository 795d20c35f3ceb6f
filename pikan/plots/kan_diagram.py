"""The picture of a KAN: its nodes, and on every edge the function that it has, red for formulas.

After the figures of Liu et al. 2024, arXiv 2404.19756, with inputs at the bottom. Where layers
have many edges their boxes stand in several rows, so that each stays large enough to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from jaxtyping import Bool, Float
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from pikan.network.kan import KANNetwork
from pikan.network.layer import LayerActivations
from pikan.network.width import Width, node_count
from pikan.plots.kan_layout import BOX, PITCH, LayerLayout, layout
from pikan.plots.labels import text_label
from pikan.plots.node_names import NodeNames, fit_names, height_of
from pikan.plots.picture import Picture
from pikan.plots.style import COLORS, INK, Paper, figure_style, inches

# So many edges of a layer can be read; of larger ones so many nodes are drawn that matter most.
_LEGIBLE, _SHOWN = 100, 6

# What pyplot calls the figure of a model.
_NAME = "pikan.KAN"

# Points of a curve; more cannot be seen in a box.
_POINTS = 60


@final
class AxesError(ValueError):
    """What is to be drawn into are no axes."""


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
    width: Paper | None = None


class DrawnLayer(NamedTuple):
    """One layer of edges: what they get and give on the points, and how much each matters.

    `strength` is the darkness that a measure has; `live` edges are drawn, `learned` ones hold no
    formula.
    """

    gets: Float[np.ndarray, "n in"]
    gives: Float[np.ndarray, "n _ _"]
    strength: Float[np.ndarray, "in out"]
    live: Bool[np.ndarray, "in out"]
    learned: Bool[np.ndarray, "in out"]
    measure: Float[np.ndarray, "in out"]


class Diagram(NamedTuple):
    """All that is drawn; `below` and `above` are the room for what is written there, in boxes."""

    widths: tuple[Width, ...]
    layers: tuple[DrawnLayer, ...]
    inputs: NodeNames
    outputs: NodeNames
    title: str
    remark: str
    sample: bool
    below: float
    above: float


def kan_diagram(
    network: KANNetwork,
    layers: Sequence[LayerActivations],
    measures: Sequence[Float[Tensor, "_ _"]],
    wanted: DiagramStyle,
    ax: object | None,
) -> Picture | None:
    """The picture, or None where it has been drawn into axes of the caller's."""
    drawn = _names(_legible(_diagram(network, layers, measures, wanted)))
    if ax is not None:
        if not isinstance(ax, Axes):
            raise AxesError(f"ax: got {type(ax).__name__}, needs axes of matplotlib")
        with figure_style():
            _draw(ax, drawn)
        return None
    with figure_style():
        floors, width = layout(drawn.widths)
        height = floors[-1].top + drawn.below + drawn.above
        # 12 boxes or fewer have the size that they have in a page of 10 * scale [inch].
        wide = 10 * wanted.scale * max(width / (12 * PITCH), 0.4) ** 0.6
        if wanted.width is not None:
            wide = inches(wanted.width)
        # The current figure, for plt.savefig; the one before would take up memory for nothing.
        plt.close(_NAME)
        size = (wide, wide * height / (width + 1.6))
        figure = plt.figure(_NAME, figsize=size, FigureClass=Picture)
        assert isinstance(figure, Picture)
        _draw(figure.add_axes((0.0, 0.0, 1.0, 1.0)), drawn)
        return figure


def _diagram(
    network: KANNetwork,
    layers: Sequence[LayerActivations],
    measures: Sequence[Float[Tensor, "_ _"]],
    wanted: DiagramStyle,
) -> Diagram:
    """All of a network, with names that may be far too long."""
    masks = ((layer.mask, layer.learned_mask()) for layer in network.layers())
    parts = tuple(
        DrawnLayer(
            layer.nodes.cpu().numpy(),
            layer.edges.cpu().numpy(),
            np.tanh(wanted.beta * measure.cpu().numpy()),
            live.cpu().numpy(),
            learned.cpu().numpy(),
            measure.cpu().numpy(),
        )
        for layer, measure, (live, learned) in zip(layers, measures, masks, strict=True)
    )
    widths = tuple(network.widths)
    ends = node_count(widths[0]), node_count(widths[-1])
    inputs, outputs = (
        tuple(
            f"${letter}$" if count == 1 else f"${letter}_{{{number + 1}}}$"
            for number in range(count)
        )
        if given is None
        else tuple(map(_text, given))
        for letter, given, count in zip("xy", (wanted.in_vars, wanted.out_vars), ends, strict=True)
    )
    sizes = [min(0.7, 0.4 * layout(widths)[1] / count) for count in ends]
    below, above = NodeNames(inputs, sizes[0], False), NodeNames(outputs, sizes[1], False)
    title = "" if wanted.title is None else text_label(wanted.title)
    return Diagram(widths, parts, below, above, title, "", wanted.sample, 0.0, 0.0)


def _legible(whole: Diagram) -> Diagram:
    """The same where every edge can be seen; else the nodes that matter most, with a remark."""
    if all(layer.live.sum() <= _LEGIBLE for layer in whole.layers):
        return whole
    kept = _strongest(whole)
    shown = whole
    for level, nodes in enumerate(kept):
        shown = _at_nodes(shown, level, nodes)
    counts = " x ".join(
        f"{len(nodes)} of {node_count(width)}"
        if len(nodes) < node_count(width)
        else f"{len(nodes)}"
        for nodes, width in zip(kept, whole.widths, strict=True)
    )
    return shown._replace(remark=f"the nodes that matter most, by layer: {counts}")


def _strongest(whole: Diagram) -> list[list[int]]:
    """The nodes of each layer to show."""
    counts = [node_count(width) for width in whole.widths]
    into = [np.zeros(counts[0]), *(layer.measure.max(axis=0) for layer in whole.layers)]
    out = [*(layer.measure.max(axis=1) for layer in whole.layers), None]
    kept = list[list[int]]()
    for level, (count, width) in enumerate(zip(counts, whole.widths, strict=True)):
        strength = out[level]
        if strength is None:
            # The strength of nodes by that of their sums: a product has two.
            strength = np.array([into[level][sums].max() for sums in _sums_of_nodes(width)])
        order = np.argsort(-strength, kind="stable")[: min(count, _SHOWN)]
        kept.append(sorted(order.tolist()))
    return kept


def _sums_of_nodes(width: Width) -> list[list[int]]:
    """The sums that each node of a layer is made of."""
    if isinstance(width, int):
        return [[i] for i in range(width)]
    sums, products = width
    pairs = [[sums + 2 * i, sums + 2 * i + 1] for i in range(products)]
    return [*([i] for i in range(sums)), *pairs]


def _at_nodes(whole: Diagram, level: int, nodes: Sequence[int]) -> Diagram:
    """The same with these nodes of a level only."""
    width, layers = whole.widths[level], list(whole.layers)
    if level < len(layers):
        upper = layers[level]
        matrices = (part[nodes] for part in upper[2:])
        layers[level] = DrawnLayer(upper.gets[:, nodes], upper.gives[:, nodes], *matrices)
    if level > 0:
        sums = [i for node in nodes for i in _sums_of_nodes(width)[node]]
        lower = layers[level - 1]
        matrices = (part[:, sums] for part in lower[2:])
        layers[level - 1] = DrawnLayer(lower.gets, lower.gives[..., sums], *matrices)
    less: Width = len(nodes)
    if not isinstance(width, int):
        plain = sum(node < width[0] for node in nodes)
        less = (plain, len(nodes) - plain)
    widths = (*whole.widths[:level], less, *whole.widths[level + 1 :])
    found = whole._replace(widths=widths, layers=tuple(layers))
    if level == 0:
        names = tuple(whole.inputs.names[i] for i in nodes)
        found = found._replace(inputs=whole.inputs._replace(names=names))
    if level == len(whole.widths) - 1:
        names = tuple(whole.outputs.names[i] for i in nodes)
        found = found._replace(outputs=whole.outputs._replace(names=names))
    return found


def _names(drawn: Diagram) -> Diagram:
    """The same with names that fit between their neighbors, and room for them."""
    width = layout(drawn.widths)[1]
    inputs, outputs = (fit_names(each, width) for each in (drawn.inputs, drawn.outputs))
    below = 1.1 + height_of(inputs) + (0.9 if drawn.remark else 0.0)
    above = 0.7 + height_of(outputs) + (1.4 if drawn.title else 0.0)
    return drawn._replace(inputs=inputs, outputs=outputs, below=below, above=above)


def _draw(axes: Axes, drawn: Diagram) -> None:
    """Draw the picture into axes, which then have no frame."""
    floors, width = layout(drawn.widths)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-0.8, width + 0.8)
    below, above = -drawn.below, floors[-1].top + drawn.above
    axes.set_ylim(below, above)
    # The side of a box in typographic points, in these axes.
    figure, within = axes.get_figure(root=True), axes.get_position()
    assert figure is not None
    inches = figure.get_size_inches()
    across, up = inches[0] * within.width, inches[1] * within.height
    unit = 72 * min(across / (width + 1.6), up / (above - below))
    for floor, layer, above_width in zip(floors, drawn.layers, drawn.widths[1:], strict=True):
        _edges(axes, floor, layer, drawn.sample, unit)
        _knots(axes, floor, above_width, unit)
    _dots(axes, floors[0].nodes, 0.0)
    top = floors[-1].top + 0.45
    for labels, places, height, anchor in (
        (drawn.inputs, floors[0].nodes, -0.5, "top"),
        (drawn.outputs, floors[-1].next_nodes, top, "bottom"),
    ):
        for name, place in zip(labels.names, places, strict=True):
            turn = 90.0 if labels.upright else 0.0
            axes.text(
                place, height, name, ha="center", va=anchor, fontsize=labels.size * unit,
                rotation=turn,
            )  # fmt: skip
    if drawn.title:
        size = 0.75 * unit
        axes.text(width / 2, above - 0.2, drawn.title, ha="center", va="top", fontsize=size)
    if drawn.remark:
        size = 0.5 * unit
        axes.text(width / 2, below + 0.15, drawn.remark, ha="center", va="bottom", fontsize=size)


def _edges(
    axes: Axes,
    floor: LayerLayout,
    layer: DrawnLayer,
    sample: bool,
    unit: float,
) -> None:
    """The boxes with their curves, and what leads to and from them, weak ones first."""
    strength, gets, gives = layer.strength, layer.gets, layer.gives
    order = sorted(zip(*np.nonzero(layer.live), strict=True), key=lambda edge: strength[edge])
    stems, curves, stem_colors, curve_colors = [], [], [], []
    for i, j in order:
        x, y = floor.boxes[i, j]
        # From all but white to black, or to red for a formula; opaque, so that lines do not add up.
        gray = 0.93 * (1 - float(strength[i, j]))
        shade = (gray if layer.learned[i, j] else 0.8 + 0.15 * gray, gray, gray)
        stems.append([(floor.nodes[i], floor.bottom), (x, y - BOX / 2)])
        stems.append([(x, y + BOX / 2), (floor.sums[j], floor.sums_height)])
        stem_colors += [shade, shade]
        frame = Rectangle((x - BOX / 2, y - BOX / 2), BOX, BOX, facecolor="white", zorder=3)
        frame.set_edgecolor(shade)
        frame.set_linewidth(0.05 * unit)
        axes.add_patch(frame)
        # By increasing argument, in a square of side one about the origin.
        rising = np.argsort(gets[:, i])
        curve = np.stack([_center(gets[rising, i]), _center(gives[rising, i, j])], axis=1)
        points = curve * 0.82 * BOX + (x, y)
        if sample:
            # Upon the curve, wider than it, and of a color that none has: they lie exactly on it.
            seen = 0.08 + 0.25 * float(strength[i, j])
            axes.scatter(
                *points.T, s=(0.17 * unit) ** 2, c=COLORS[0], alpha=seen, linewidths=0, zorder=6
            )
        # So many points at most, evenly along the argument.
        along = np.linspace(points[0, 0], points[-1, 0], _POINTS)
        curves.append(np.stack([along, np.interp(along, *points.T)], axis=1))
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


def _center(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    low, high = values.min(), values.max()
    return np.zeros_like(values) if high == low else (values - low) / (high - low) - 0.5


def _text(name: object) -> str:
    """A name as it is, or as formula where it is none of text."""
    if isinstance(name, str):
        return text_label(name)
    from sympy import latex

    return f"${latex(name)}$"
