"""The names of a picture's nodes, broken, shrunk or turned until they fit between neighbors."""

from typing import NamedTuple

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path


class NodeNames(NamedTuple):
    """The names of inputs or outputs, their size in boxes, and whether they stand upright."""

    names: tuple[str, ...]
    size: float
    upright: bool


def fit_names(given: NodeNames, width: float) -> NodeNames:
    """Names broken into lines, smaller, or upright where neither is enough."""
    room = 0.92 * width / len(given.names)
    for shrunk in (1.0, 0.85, 0.7, 0.6):
        size = shrunk * given.size
        broken = tuple(_broken(name, size, room) for name in given.names)
        if all(_extent(name, size)[0] <= room for name in broken):
            return NodeNames(broken, size, False)
    size = min(0.6 * given.size if len(given.names) < 3 else 0.45, 0.7 * room)
    return NodeNames(given.names, size, True)


def _broken(name: str, size: float, room: float) -> str:
    """A name in as many lines as it needs, broken between words; formulas stay whole."""
    lines = list[str]()
    for given in name.split("\n"):
        line = ""
        for word in given.split(" ") if "$" not in given else [given]:
            longer = f"{line} {word}" if line else word
            if line and _extent(longer, size)[0] > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return "\n".join(lines)


def _extent(name: str, size: float) -> tuple[float, float]:
    """The width and height of a name of some lines, in the unit of its size."""
    font = FontProperties(size=100)
    widths = [
        text_to_path.get_text_width_height_descent(line, font, "$" in line)[0]
        for line in name.split("\n")
    ]
    # text_to_path measures in points at 72 dots to the inch.
    return max(widths) / 100 * size, 1.25 * size * len(widths)


def height_of(labels: NodeNames) -> float:
    """The room that names take above or below their nodes, in boxes."""
    extents = [_extent(name, labels.size) for name in labels.names]
    return max(extent[0] if labels.upright else extent[1] for extent in extents)
