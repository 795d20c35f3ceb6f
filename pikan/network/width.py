"""The nodes of a layer of a KAN."""

from typing import TypeAlias

Width: TypeAlias = int | tuple[int, int]
"""The nodes of a layer: sums alone, or (sums, products of two)."""


def sum_count(width: Width) -> int:
    """The sums that a layer computes: every product node multiplies two of them.

    >>> sum_count((3, 2))
    7
    """
    return width if isinstance(width, int) else width[0] + 2 * width[1]


def node_count(width: Width) -> int:
    """The nodes that the next layer sees.

    >>> node_count((3, 2))
    5
    """
    return width if isinstance(width, int) else sum(width)
