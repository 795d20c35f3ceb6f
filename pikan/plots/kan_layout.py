"""Where the nodes and boxes of a picture of a KAN stand."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.network.architecture import Width, node_count, sum_count

# Lengths in the picture are in boxes: a box has sides of one, with its gap.
BOX, _GAP = 1.0, 0.3
PITCH = BOX + _GAP
# Between the boxes above one node and those above the next, beside the gap.
_APART = 0.6

# Boxes beside each other before a second row is begun; as many fit a wide page.
_ACROSS = 40

# From a row of nodes to the first boxes, and from the last boxes to the sums; then to products.
_RISE, _PRODUCT = 1.6, 1.3


class LayerLayout(NamedTuple):
    """Where one layer of edges stands: nodes below, boxes, sums, the next nodes above."""

    bottom: float
    nodes: Float[np.ndarray, " in"]
    boxes: Float[np.ndarray, "in out 2"]
    sums: Float[np.ndarray, " out"]
    sums_height: float
    top: float
    next_nodes: Float[np.ndarray, " _"]


def layout(widths: Sequence[Width]) -> tuple[list[LayerLayout], float]:
    """Where everything stands, floor by floor from the inputs up, and how wide it is."""
    shapes = [(node_count(below), sum_count(above)) for below, above in pairwise(widths)]
    blocks = [_block(nodes, sums) for nodes, sums in shapes]
    width = max(
        *(
            nodes * (columns * PITCH + _APART)
            for (nodes, _), (columns, _) in zip(shapes, blocks, strict=True)
        ),
        4.5 * max(node_count(each) for each in widths) ** 0.7,
        5.0,
    )
    floors, bottom = list[LayerLayout](), 0.0
    for (nodes, sums), (columns, rows), above in zip(shapes, blocks, widths[1:], strict=True):
        places = _even(nodes, width)
        first = bottom + _RISE
        pitch = max(PITCH, 0.82 * width / (nodes * columns)) if nodes * columns > 1 else 0.0
        boxes = np.empty((nodes, sums, 2))
        for i in range(nodes):
            for j in range(sums):
                column, row = j % columns, j // columns
                boxes[i, j, 0] = places[i] + (column - (columns - 1) / 2) * pitch
                boxes[i, j, 1] = first + BOX / 2 + row * PITCH
        height = first + rows * PITCH + _RISE
        top = height if isinstance(above, int) else height + _PRODUCT
        sum_places = _sum_places(above, width)
        floors.append(
            LayerLayout(
                bottom, places, boxes, sum_places, height, top, _even(node_count(above), width)
            )
        )
        bottom = top
    return floors, width


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
