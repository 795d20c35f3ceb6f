"""Deflation: how far a Newton step goes where it is not to lead to a solution that is known."""

from collections.abc import Sequence
from typing import NamedTuple


class Apart(NamedTuple):
    """An iterate u beside a known solution k, in an inner product in which k has length one.

    `square` is |u - k|², `along` is (u - k, s) for Newton's step s at u.
    """

    square: float
    along: float


def deflated_length(known: Sequence[Apart]) -> float:
    """The number by which Newton's step is multiplied where some solutions are known.

    The residual times m = Π (1 + 1/|u - k|²) has no root at any k and the others of the residual
    itself. By the formula of Sherman and Morrison its Newton step is s / (1 - m' s / m) for the
    step s of the residual, and m' s / m = -2 Σ along / (square² + square).

    Source: Farrell, Birkisson and Funke 2015, doi 10.1137/140984798, sections 2 and 3.

    >>> deflated_length([])
    1.0
    >>> deflated_length([Apart(square=1.0, along=0.5)])
    0.6666666666666666
    """
    pull = sum(2.0 * along / (square * square + square) for square, along in known if square)
    return 1.0 / (1.0 + pull) if pull != -1.0 else 1.0
