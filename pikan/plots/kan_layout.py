"""Where the nodes and boxes of a picture of a KAN stand."""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.network.width import Width, node_count, sum_count

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
    across = [max(1, min(sums, _ACROSS // nodes)) for nodes, sums in shapes]
    width = max(
        *(
            nodes * (columns * PITCH + _APART)
            for (nodes, _), columns in zip(shapes, across, strict=True)
        ),
        4.5 * max(node_count(each) for each in widths) ** 0.7,
        5.0,
    )
    floors, bottom = list[LayerLayout](), 0.0
    for (nodes, sums), columns, above in zip(shapes, across, widths[1:], strict=True):
        places = _even(nodes, width)
        first = bottom + _RISE
        pitch = max(PITCH, 0.82 * width / (nodes * columns)) if nodes * columns > 1 else 0.0
        boxes = np.empty((nodes, sums, 2))
        for i in range(nodes):
            for j in range(sums):
                column, row = j % columns, j // columns
                boxes[i, j, 0] = places[i] + (column - (columns - 1) / 2) * pitch
                boxes[i, j, 1] = first + BOX / 2 + row * PITCH
        height = first + ceil(sums / columns) * PITCH + _RISE
        following = _even(node_count(above), width)
        top, sum_places = height, following
        if not isinstance(above, int):
            # Plain sums are below their nodes, the two factors of a product on either side of it.
            top, aside = height + _PRODUCT, 0.22 * width / len(following)
            pairs = [place + sign * aside for place in following[above[0] :] for sign in (-1, 1)]
            sum_places = np.concatenate([following[: above[0]], np.array(pairs)])
        floors.append(LayerLayout(bottom, places, boxes, sum_places, height, top, following))
        bottom = top
    return floors, width


def _even(count: int, width: float) -> Float[np.ndarray, " _"]:
    return (np.arange(count) + 0.5) * width / count
