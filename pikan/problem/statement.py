"""Statement of a problem: coordinates, unknowns, equations, conditions, known solution."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from math import sqrt
from typing import Literal, final

from pikan.expression.tree import Expression, Name, Number, add, multiply, substitute
from pikan.geometry.box import Box
from pikan.geometry.domain import BoundaryPart, Domain
from pikan.geometry.face import Face
from pikan.geometry.pieces import Interface
from pikan.geometry.region import Region
from pikan.problem.partials import (
    Partial,
    normal_components,
    normals,
    partial_name,
    partials,
    raise_order,
)
from pikan.references.observations import Observation
from pikan.references.reference import ReferenceSolution


@dataclass(frozen=True)
class Equation:
    """`residual = 0` in the inside of the domain; partials are canonical names such as `u_xxt`."""

    label: str
    residual: Expression


@dataclass(frozen=True)
class Condition:
    """`residual = 0` on some parts of the boundary.

    `u_n` is the derivative of u along the outward normal, whose components are `n_x`, `n_y`, ...
    """

    label: str
    faces: tuple[BoundaryPart, ...]
    residual: Expression


@final
@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of the region with values of its own for some constants; `box` is around it."""

    region: Region
    box: Box
    constants: Mapping[str, float]


@final
@dataclass(frozen=True)
class InterfaceCondition:
    """`residual = 0` where pieces of the region meet.

    Names end in ` inside` for what is seen from the first piece of an interface, in ` outside`
    for the second; the normal, whose components stand alone, leads from the first to the second.
    """

    label: str
    interfaces: tuple[Interface, ...]
    residual: Expression


@dataclass(frozen=True)
class Periodic:
    """Equal values at both ends of an axis, and equal derivatives below `orders[unknown]`."""

    axis: int
    label: str
    orders: tuple[int, ...]


@final
@dataclass(frozen=True)
class UnknownConstant:
    """A constant to be found from data, between `lower` and `upper`, which may be infinite.

    `logarithmic` says that it is positive and that its logarithm is what varies.
    """

    name: str
    guess: float
    lower: float
    upper: float
    logarithmic: bool


@final
@dataclass(frozen=True)
class UnknownFunction:
    """A function to be found from data; `positive` says that its logarithm is what varies.

    One of coordinates is a field, under its name among the unknowns. One of unknowns is the
    polynomial of `degree` in each of its `arguments` whose coefficients, of the names
    `coefficients`, stand among the constants to be found; `formula` says that it is to be read.
    """

    name: str
    arguments: tuple[str, ...]
    guess: float = 0.0
    positive: bool = False
    degree: int = 0
    coefficients: tuple[str, ...] = ()
    formula: bool = False


@final
@dataclass(frozen=True)
class Obstacle:
    """`u >= bound` everywhere for an unknown, or `u <= bound` where it is `above`."""

    unknown: int
    bound: Expression
    above: bool


@final
@dataclass(frozen=True)
class Energy:
    """What is minimized: the integral of a density, and those of others over faces.

    The `residual` of each of `on_faces` is such a density. `essential` says how many of the
    conditions of the problem are given, those that follow being natural.
    """

    density: Expression
    on_faces: tuple[Condition, ...]
    obstacles: tuple[Obstacle, ...]
    essential: int


@final
@dataclass(frozen=True)
class Functional:
    """A number that follows from the solution, of a formula over some parts of the domain.

    `kind` is what is made of the formula there. The inside is Face(()), a point has all its
    coordinates fixed.
    """

    name: str
    kind: Literal["integral", "value", "maximum", "minimum"]
    formula: Condition


@final
@dataclass(frozen=True)
class Parameter:
    """A number that the solution is wanted for all values of, from `lower` to `upper`.

    `logarithmic` says that its logarithm is what polynomials are made of.
    """

    name: str
    lower: float
    upper: float
    logarithmic: bool

    def value(self, unit: float) -> float:
        """The value at a place from -1 to 1 on its scale.

        >>> Parameter("nu", 0.01, 1.0, logarithmic=True).value(0.0)
        0.1
        """
        share = (unit + 1.0) / 2.0
        if not self.logarithmic:
            return self.lower + share * (self.upper - self.lower)
        return sqrt(self.lower * self.upper) * (self.upper / self.lower) ** (unit / 2.0)


@final
@dataclass(frozen=True)
class UnknownEquation:
    """An equation to be discovered from data: `left` is a sum of at most so many candidates.

    `text` is the left side as it was written; candidates are by the names of their coefficients.
    """

    text: str
    left: Expression
    candidates: Mapping[str, Expression]
    at_most: int


@dataclass(frozen=True)
class Problem:
    """A differential equation with all that makes its solution unique.

    `source` says where the problem comes from; `exact` is None where no solution is known.
    `find` has the constants that are to be found from `observations`; under their names
    `constants` has their guesses, and once they are found their values. `functions` are to be found
    from observations as well. `discover` has the
    equations whose terms are to be found; once they are they stand among the equations.
    `parameters` are the last coordinates of the box, by which nothing is differentiated. Of the
    `box` the problem is about the points in its `region`, all where that is None. `labels` and
    `units` are what figures and tables write for a coordinate or an unknown. Where there is an
    `energy`, the equations and the natural conditions follow from it. `functionals` are numbers
    that are wanted of the solution. Where constants have different values in `pieces` of the
    region, `constants` has those of the first, faces and parts are of one piece each, and the
    pieces are joined by conditions on `interfaces`. Until `forecast`, a moment after the data,
    equations that were found are solved on; None where that is not wanted.
    """

    name: str
    title: str
    box: Box
    unknowns: tuple[str, ...]
    constants: Mapping[str, float]
    equations: tuple[Equation, ...]
    conditions: tuple[Condition, ...]
    periodic: tuple[Periodic, ...]
    exact: ReferenceSolution | None
    source: str
    find: tuple[UnknownConstant, ...] = ()
    observations: tuple[Observation, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    region: Region | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    discover: tuple[UnknownEquation, ...] = ()
    energy: Energy | None = None
    functions: tuple[UnknownFunction, ...] = ()
    functionals: tuple[Functional, ...] = ()
    forecast: float | None = None
    pieces: tuple[Piece, ...] = ()
    interfaces: tuple[InterfaceCondition, ...] = ()

    @property
    def inverse(self) -> bool:
        """Whether something is to be found from data."""
        return bool(self.find or self.functions or self.discover)

    @property
    def domain(self) -> Domain:
        """Where the equations hold."""
        return Domain(self.box, self.region, tuple(one.region for one in self.pieces))

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates, in the order of the box."""
        return self.box.coordinates


def with_constants(problem: Problem, values: Mapping[str, float]) -> Problem:
    """The same problem with other values for some of its constants."""
    return replace(problem, constants={**problem.constants, **values})


def normal_derivative(problem: Problem, unknown: int, normal: Sequence[Expression]) -> Expression:
    """n_x u_x + n_y u_y + ... for the components of a normal: numbers, or names of columns."""
    flat = Partial(unknown, (0,) * len(problem.coordinates))
    slopes = [
        multiply(component, Name(partial_name(problem, raise_order(flat, axis, 1))))
        for axis, component in enumerate(normal)
    ]
    return reduce(add, slopes)


def residual_on(problem: Problem, condition: Condition, face: BoundaryPart) -> Expression:
    """A condition's residual on one of its parts, with `u_n` written by the partials of u.

    On faces the components of the normal are numbers; on other parts they keep their names.
    """
    found = normals(problem, condition.residual)
    names = normal_components(problem, condition.residual)
    columns = [Name(f"n_{name}") for name in problem.coordinates]
    components: list[Expression] = list(columns)
    if isinstance(face, Face):
        normal = face.normal(problem.box) if found or names else ()
        if normal is None:
            raise ValueError(f"there is no outward normal at {face.label(problem.box)}")
        components = [Number(component) for component in normal]
    elif problem.region is not None:
        inside = problem.region.axes
        components = [one if k in inside else Number(0.0) for k, one in enumerate(columns)]
    written: dict[str, Expression] = {
        name: normal_derivative(problem, unknown, components) for name, unknown in found.items()
    }
    if names:
        pairs = zip(columns, components, strict=True)
        written |= {column.name: component for column, component in pairs if column.name in names}
    return substitute(condition.residual, written)


def partials_in_use(problem: Problem) -> frozenset[Partial]:
    """Every partial that the equations and conditions of a problem need."""
    residuals = [equation.residual for equation in problem.equations]
    for condition in problem.conditions:
        residuals += [residual_on(problem, condition, face) for face in condition.faces]
    found = {one for residual in residuals for one in partials(problem, residual).values()}
    for periodic in problem.periodic:
        found.update(matching_partials(problem, periodic))
    return frozenset(found)


def matching_partials(problem: Problem, periodic: Periodic) -> Iterator[Partial]:
    """The partials that are equal at both ends of a periodic axis."""
    for unknown, count in enumerate(periodic.orders):
        flat = Partial(unknown, (0,) * len(problem.coordinates))
        for by in range(count):
            yield raise_order(flat, periodic.axis, by)
