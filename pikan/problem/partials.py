"""Partial derivatives of unknowns by their names, such as `u_xxt`."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from pikan.expression.tree import Expression, names

NORMAL = "n"


class Partial(NamedTuple):
    """A partial derivative of an unknown: how often along each coordinate.

    With coordinates x, t and the one unknown u, `u_xxt` is `Partial(0, (2, 1))`.
    """

    unknown: int
    orders: tuple[int, ...]


@runtime_checkable
class HasNames(Protocol):
    """Whatever has coordinates and unknowns with names: a `Problem`, or the scope of a file."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in the order of the box."""
        ...

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The names of the unknowns, in the order of the file."""
        ...


def partial(named: HasNames, name: str) -> Partial | None:
    """The partial that a name stands for; None for a name that is none.

    The longest coordinate that leaves a readable rest is taken first, so `u_x10` is the derivative
    along x10 where there is one.

    >>> from types import SimpleNamespace as Names
    >>> partial(Names(coordinates=("x", "t"), unknowns=("u",)), "u_xxt")
    Partial(unknown=0, orders=(2, 1))
    >>> partial(Names(coordinates=("x", "t"), unknowns=("u",)), "u_z") is None
    True
    """
    unknown, _, subscript = name.partition("_")
    if unknown not in named.unknowns or name.endswith("_"):
        return None
    axes = subscripts(subscript, named.coordinates)
    if axes is None:
        return None
    orders = tuple(axes.count(axis) for axis in range(len(named.coordinates)))
    return Partial(named.unknowns.index(unknown), orders)


def subscripts(text: str, coordinates: tuple[str, ...]) -> tuple[int, ...] | None:
    """The coordinates, by axis, that a text spells one after the other; None if it does not.

    >>> subscripts("x10x1", ("x1", "x10"))
    (1, 0)
    """
    axes = {coordinate: axis for axis, coordinate in enumerate(coordinates)}
    longest_first = sorted(set(map(len, coordinates)), reverse=True)
    readings: dict[int, tuple[int, ...]] = {len(text): ()}
    # From the end, so that every position is read once: trying all splits would be exponential.
    for start in reversed(range(len(text))):
        for end in (start + length for length in longest_first):
            if end in readings and text[start:end] in axes:
                readings[start] = (axes[text[start:end]], *readings[end])
                break
    return readings.get(0)


def partial_name(named: HasNames, wanted: Partial) -> str:
    """The canonical name of a partial: its coordinates in the order of the box.

    >>> from types import SimpleNamespace as Names
    >>> partial_name(Names(coordinates=("x", "t"), unknowns=("u",)), Partial(0, (2, 1)))
    'u_xxt'
    """
    pairs = zip(named.coordinates, wanted.orders, strict=True)
    subscript = "".join(coordinate * order for coordinate, order in pairs)
    unknown = named.unknowns[wanted.unknown]
    return f"{unknown}_{subscript}" if subscript else unknown


def partials(named: HasNames, expression: Expression) -> Mapping[str, Partial]:
    """Every name in an expression that is a partial, with what it stands for."""
    readings = {name: partial(named, name) for name in sorted(names(expression))}
    return {name: found for name, found in readings.items() if found is not None}


def normals(named: HasNames, expression: Expression) -> Mapping[str, int]:
    """Every outward normal derivative in an expression, such as `u_n`, with its unknown."""
    spelled = {f"{unknown}_{NORMAL}": i for i, unknown in enumerate(named.unknowns)}
    return {name: spelled[name] for name in sorted(names(expression)) if name in spelled}


def normal_components(named: HasNames, expression: Expression) -> frozenset[str]:
    """The components of the outward normal in an expression, such as `n_x`."""
    if NORMAL in named.unknowns:
        return frozenset()
    return names(expression) & {f"{NORMAL}_{name}" for name in named.coordinates}


def raise_order(start: Partial, axis: int, by: int) -> Partial:
    """The partial with its order along an axis raised."""
    orders = tuple(order + by * (i == axis) for i, order in enumerate(start.orders))
    return Partial(start.unknown, orders)
