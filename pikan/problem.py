"""What is to be solved: coordinates, unknowns, equations, conditions and the known solution."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from pikan.domain.box import Box
from pikan.domain.face import Face
from pikan.exact.exact import Exact
from pikan.expression.differentiate import differentiate
from pikan.expression.tree import (
    Call,
    Expression,
    Name,
    Negative,
    Operation,
    add,
    names,
    substitute,
)

NORMAL = "n"


class Partial(NamedTuple):
    """A partial derivative of an unknown: how often along each coordinate.

    With coordinates x, t and the one unknown u, `u_xxt` is `Partial(0, (2, 1))`.
    """

    unknown: int
    orders: tuple[int, ...]


@runtime_checkable
class Named(Protocol):
    """Whatever has coordinates and unknowns with names: a `Problem`, or a bare `Vocabulary`."""

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in the order of the box."""
        ...

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The names of the unknowns, in the order of the file."""
        ...


class Vocabulary(NamedTuple):
    """The names that make up partials, where there is no whole problem yet."""

    coordinates: tuple[str, ...]
    unknowns: tuple[str, ...]


@dataclass(frozen=True)
class Equation:
    """`residual = 0` in the inside of the box; partials are canonical names such as `u_xxt`."""

    label: str
    residual: Expression


@dataclass(frozen=True)
class Condition:
    """`residual = 0` on some faces; `u_n` is the derivative of u along the outward normal."""

    label: str
    faces: tuple[Face, ...]
    residual: Expression


@dataclass(frozen=True)
class Periodic:
    """Equal values at both ends of an axis, and equal derivatives below `orders[unknown]`."""

    axis: int
    label: str
    orders: tuple[int, ...]


@dataclass(frozen=True)
class Problem:
    """A differential equation with all that makes its solution unique.

    `source` says where the problem comes from; `exact` is None where no solution is known.
    """

    name: str
    title: str
    box: Box
    unknowns: tuple[str, ...]
    constants: Mapping[str, float]
    equations: tuple[Equation, ...]
    conditions: tuple[Condition, ...]
    periodic: tuple[Periodic, ...]
    exact: Exact | None
    source: str

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in the order of the box."""
        return self.box.coordinates


def partial(named: Named, name: str) -> Partial | None:
    """The partial that a name stands for; None for a name that is none.

    The longest coordinate that leaves a readable rest is taken first, so `u_x10` is the derivative
    along x10 where there is one.

    >>> partial(Vocabulary(("x", "t"), ("u",)), "u_xxt")
    Partial(unknown=0, orders=(2, 1))
    >>> partial(Vocabulary(("x", "t"), ("u",)), "u_z") is None
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


def partial_name(named: Named, wanted: Partial) -> str:
    """The canonical name of a partial: its coordinates in the order of the box.

    >>> partial_name(Vocabulary(("x", "t"), ("u",)), Partial(0, (2, 1)))
    'u_xxt'
    """
    pairs = zip(named.coordinates, wanted.orders, strict=True)
    subscript = "".join(coordinate * order for coordinate, order in pairs)
    unknown = named.unknowns[wanted.unknown]
    return f"{unknown}_{subscript}" if subscript else unknown


def partials(named: Named, expression: Expression) -> Mapping[str, Partial]:
    """Every name in an expression that is a partial, with what it stands for."""
    readings = {name: partial(named, name) for name in sorted(names(expression))}
    return {name: found for name, found in readings.items() if found is not None}


def normals(named: Named, expression: Expression) -> Mapping[str, int]:
    """Every outward normal derivative in an expression, such as `u_n`, with its unknown."""
    spelled = {f"{unknown}_{NORMAL}": i for i, unknown in enumerate(named.unknowns)}
    return {name: spelled[name] for name in sorted(names(expression)) if name in spelled}


def canonical(named: Named, expression: Expression) -> Expression:
    """The same expression with `laplacian(u)` written out and partials under canonical names.

    The Laplacian is the sum of the second partials along all coordinates but t.
    """
    match expression:
        case Name(name):
            found = partial(named, name)
            return expression if found is None else Name(partial_name(named, found))
        case Negative(operand):
            return Negative(canonical(named, operand))
        case Operation(operator, left, right):
            return Operation(operator, canonical(named, left), canonical(named, right))
        case Call("laplacian", (Name(name),)):
            return _laplacian(named, name)
        case Call(function, arguments):
            return Call(function, tuple(canonical(named, argument) for argument in arguments))
        case _:
            return expression


def _laplacian(named: Named, name: str) -> Expression:
    found = partial(named, name)
    if found is None:
        raise ValueError(f"laplacian({name}) needs an unknown or one of its derivatives")
    axes = [axis for axis, coordinate in enumerate(named.coordinates) if coordinate != "t"]
    if not axes:
        raise ValueError(f"laplacian({name}) needs a coordinate other than t")
    terms = [Name(partial_name(named, _raised(found, axis, 2))) for axis in axes]
    total: Expression = terms[0]
    for term in terms[1:]:
        total = add(total, term)
    return total


def _raised(start: Partial, axis: int, by: int) -> Partial:
    orders = tuple(order + by * (i == axis) for i, order in enumerate(start.orders))
    return Partial(start.unknown, orders)


def normal_partial(problem: Problem, unknown: int, face: Face) -> tuple[Partial, int]:
    """The partial that the outward normal derivative is on a face, and its sign.

    >>> box = Box(("x", "t"), (0.0, 0.0), (1.0, 1.0))
    >>> heat = Problem("heat", "", box, ("u",), {}, (), (), (), None, "")
    >>> normal_partial(heat, 0, Face(((0, 0.0),)))
    (Partial(unknown=0, orders=(1, 0)), -1)
    """
    normal = face.normal(problem.box)
    if normal is None:
        raise ValueError(f"there is no outward normal at {face.label(problem.box)}")
    axis, sign = normal
    flat = Partial(unknown, (0,) * len(problem.coordinates))
    return _raised(flat, axis, 1), sign


def residual_on(problem: Problem, condition: Condition, face: Face) -> Expression:
    """A condition's residual on one of its faces, with `u_n` written as the partial that it is."""
    replacements: dict[str, Expression] = {}
    for name, unknown in normals(problem, condition.residual).items():
        along, sign = normal_partial(problem, unknown, face)
        derivative = Name(partial_name(problem, along))
        replacements[name] = derivative if sign > 0 else Negative(derivative)
    return substitute(condition.residual, replacements)


def in_use(problem: Problem) -> frozenset[Partial]:
    """Every partial that the equations and conditions of a problem need."""
    residuals = [equation.residual for equation in problem.equations]
    for condition in problem.conditions:
        residuals += [residual_on(problem, condition, face) for face in condition.faces]
    found = {one for residual in residuals for one in partials(problem, residual).values()}
    for periodic in problem.periodic:
        found.update(matched(problem, periodic))
    return frozenset(found)


def matched(problem: Problem, periodic: Periodic) -> Iterator[Partial]:
    """The partials that are equal at both ends of a periodic axis."""
    for unknown, count in enumerate(periodic.orders):
        flat = Partial(unknown, (0,) * len(problem.coordinates))
        for by in range(count):
            yield _raised(flat, periodic.axis, by)


def order(problem: Problem, unknown: int, axis: int) -> int:
    """The highest derivative of an unknown along an axis in the equations."""
    found = [partials(problem, equation.residual).values() for equation in problem.equations]
    return max(
        (p.orders[axis] for group in found for p in group if p.unknown == unknown), default=0
    )


def evolution(problem: Problem) -> bool:
    """Whether the problem starts at the first moment and is asked for nothing at a later one."""
    axis = problem.box.time
    if axis is None or not any(order(problem, k, axis) for k in range(len(problem.unknowns))):
        return False
    moments = [
        dict(face.fixed)[axis]
        for condition in problem.conditions
        for face in condition.faces
        if axis in dict(face.fixed)
    ]
    return bool(moments) and all(moment == problem.box.lower[axis] for moment in moments)


def linear(problem: Problem) -> bool:
    """Whether every equation and condition is affine in the unknowns, decided symbolically.

    A residual F is affine when none of its derivatives by a partial holds an unknown again.
    """
    residuals = [one.residual for one in (*problem.equations, *problem.conditions)]
    return all(_affine(problem, residual) for residual in residuals)


def _affine(problem: Problem, residual: Expression) -> bool:
    dependent = {*partials(problem, residual), *normals(problem, residual)}
    return all(names(differentiate(residual, name)).isdisjoint(dependent) for name in dependent)
