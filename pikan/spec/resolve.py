"""Name resolution: which names a formula may hold, and whether it keeps to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pikan.expression.error import FormulaError, refuse
from pikan.expression.functions import CONSTANTS, OPERATORS
from pikan.expression.parse import read_equation, read_formula
from pikan.expression.scan import cut
from pikan.expression.tree import Expression, calls, substitute, subtract
from pikan.expression.wording import did_you_mean, there_are, word_list
from pikan.geometry.box import Box
from pikan.geometry.region import Region
from pikan.geometry.roles import TIME
from pikan.problem.newton_form import formula
from pikan.problem.partials import NORMAL, Partial, normals, partial, partials
from pikan.problem.statement import UnknownFunction
from pikan.problem.vector_calculus import canonical
from pikan.spec.constants import Constants
from pikan.spec.pieces import Division
from pikan.spec.unknown_functions import without_arguments

HIGHEST_ORDER = 12


@dataclass(frozen=True)
class Scope:
    """The coordinates, unknowns and constants of a problem; a faulty bound or constant is NaN.

    `find` has the constants that are to be found, whose guesses are among the constants, and
    `functions` the functions; those of coordinates are among the unknowns. Constants with values
    in `pieces` are there with that of the first.
    """

    box: Box
    unknowns: tuple[str, ...]
    constants: Constants
    find: tuple[str, ...] = ()
    region: Region | None = None
    functions: tuple[UnknownFunction, ...] = ()
    pieces: Division = field(default_factory=Division)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of the coordinates."""
        return self.box.coordinates

    def without_found(self) -> "Scope":
        """The scope of what must not depend on a constant that is to be found."""
        values = {k: v for k, v in self.constants.values.items() if k not in self.find}
        known = Constants(values)
        return Scope(self.box, self.unknowns, known, region=self.region, pieces=self.pieces)

    @property
    def numbers(self) -> Constants:
        """The constants that have one value, whatever is found and wherever it is taken."""
        varied = {*self.find, *self.pieces.names}
        return Constants({k: v for k, v in self.constants.values.items() if k not in varied})

    def without_arguments(self, text: str) -> str:
        """A formula with `a` for `a(x, y)`, where that is a function to be found."""
        return without_arguments(text, {one.name: one.arguments for one in self.functions})

    def with_formulas(self, expression: Expression) -> Expression:
        """A formula with functions of unknowns written by their coefficients."""
        return substitute(
            expression, {one.name: formula(one) for one in self.functions if one.coefficients}
        )


def residual(text: str, scope: Scope) -> Expression:
    """Left side minus right side of an equation between unknowns; FormulaError with all faults."""
    reading, shown = read_equation(scope.without_arguments(text)), cut(text, 80)
    refuse([*reading.messages, *_unknown_names(reading.names, shown, scope)])
    try:
        return canonical(scope, scope.with_formulas(subtract(*reading.sides)))
    except ValueError as error:
        raise FormulaError(f"{error}, in '{shown}'") from error


def expression(text: str, scope: Scope) -> Expression:
    """A formula of unknowns, coordinates and constants; FormulaError with all faults."""
    reading, shown = read_formula(scope.without_arguments(text)), cut(text, 80)
    refuse([*reading.messages, *_unknown_names(reading.names, shown, scope)])
    try:
        return canonical(scope, scope.with_formulas(reading.sides[0]))
    except ValueError as error:
        raise FormulaError(f"{error}, in '{shown}'") from error


def given_formula(text: str, scope: Scope, reach: tuple[str, ...]) -> Expression:
    """A formula of the coordinates in reach and the constants; FormulaError with all faults."""
    reading, shown = read_formula(text), cut(text, 80)
    allowed = [*reach, *scope.constants.values, *CONSTANTS]
    strange = sorted(reading.names - set(allowed))
    foreign = [
        f"'{shown}' holds the unknown '{name}'; write it without unknowns"
        if name.partition("_")[0] in scope.unknowns
        else f"unknown name '{name}' in '{shown}'; it may hold {word_list(allowed)}"
        f"{did_you_mean(name, allowed)}"
        for name in strange
    ]
    operators = sorted(calls(reading.sides[0]) & OPERATORS.keys()) if reading.sides else []
    foreign += [
        f"'{shown}' holds {name}(...), which is of unknowns; write it without" for name in operators
    ]
    refuse([*reading.messages, *foreign])
    return reading.sides[0]


def unknowns_of(expression: Expression, scope: Scope) -> Mapping[str, Partial]:
    """The partials of an expression; an outward normal derivative counts as its unknown."""
    flat = (0,) * len(scope.coordinates)
    outward = {name: Partial(i, flat) for name, i in normals(scope, expression).items()}
    return {**partials(scope, expression), **outward}


def _unknown_names(names: Iterable[str], text: str, scope: Scope) -> Iterator[str]:
    outward = [f"{unknown}_{NORMAL}" for unknown in scope.unknowns]
    outward += [f"{NORMAL}_{name}" for name in scope.coordinates if name != TIME]
    known = {*outward, *scope.coordinates, *scope.constants.values, *CONSTANTS}
    known |= {one.name for one in scope.functions}
    for name in sorted(names):
        found = partial(scope, name)
        if found is None and name not in known:
            yield _unknown_name(name, text, scope)
        elif found is not None and (total := sum(found.orders)) > HIGHEST_ORDER:
            yield (
                f"'{cut(name)}' in '{text}' is a derivative of order {total}; "
                f"at most {HIGHEST_ORDER} is taken"
            )


def _leibniz(name: str, scope: Scope) -> str:
    """How to write du/dt, where a name is a part of that; empty elsewhere."""
    inner = name.removeprefix("d").lstrip("0123456789")
    parts = (*scope.unknowns, *scope.coordinates)
    if not name.startswith("d") or inner not in parts:
        return ""
    unknown = inner if inner in scope.unknowns else scope.unknowns[0]
    coordinate = inner if inner in scope.coordinates else scope.coordinates[-1]
    return f"; a derivative such as d{unknown}/d{coordinate} is written {unknown}_{coordinate}"


def _unknown_name(name: str, text: str, scope: Scope) -> str:
    stem, underscore, subscript = name.partition("_")
    if not underscore:
        known = [*scope.unknowns, *scope.coordinates, *scope.constants.values]
        return (
            f"unknown name '{name}' in '{text}'; the problem has {word_list(known)}"
            f"{_leibniz(name, scope) or did_you_mean(name, known)}"
        )
    if stem not in scope.unknowns:
        return (
            f"'{name}' in '{text}' is a derivative of '{stem}', which is no unknown; "
            f"{there_are('unknown', scope.unknowns)}{did_you_mean(stem, scope.unknowns)}"
        )
    if subscript.startswith(NORMAL):
        return (
            f"'{name}' in '{text}' goes beyond the first outward normal derivative; write {stem}_n"
        )
    return (
        f"'{name}' in '{text}' is a derivative by '{subscript}'; "
        f"{there_are('coordinate', scope.coordinates)}"
    )
