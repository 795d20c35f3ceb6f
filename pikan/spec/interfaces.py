"""What holds where two pieces of a region meet: as a spec says, else as its equations do."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pikan.expression.error import FormulaError
from pikan.expression.parse import read_equation
from pikan.expression.scan import cut
from pikan.expression.tree import ZERO, Expression, Name, names, substitute, subtract
from pikan.expression.wording import did_you_mean, word_list
from pikan.geometry.domain import BoundaryPart, even
from pikan.geometry.pieces import Interface
from pikan.geometry.region import RegionPart
from pikan.geometry.roles import space_axes
from pikan.problem.partials import partials
from pikan.problem.pieces import SIDES, divergences, jump, normal_flux, side_partials, written_out
from pikan.problem.statement import Condition, InterfaceCondition, Problem
from pikan.spec.boundaries import BoundaryError
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Keys
from pikan.spec.resolve import Scope, expression, residual
from pikan.spec.schema import Spec, Where

INTERFACE = "interface"
_SIDED = re.compile(r"\b([A-Za-z][A-Za-z0-9]*)(_[A-Za-z0-9]+)?\s*\(\s*(inside|outside)\s*\)")
# How what is seen from a side is spelt for the reader of formulas: `u0inside_x`.
_SPELT = re.compile(r"\b([A-Za-z][A-Za-z0-9]*?)0(inside|outside)(_[A-Za-z0-9]+)?\b")
# As many points show whether a part of the boundary bounds a piece.
_PROBES = 1024


def is_on_interface(written: object) -> bool:
    """Whether a condition is one on an interface."""
    return isinstance(written, Where) and is_two_sided(written.that)


def interface_conditions(spec: Spec, scope: Scope) -> Check[tuple[InterfaceCondition, ...]]:
    """Those of a spec, and by themselves values and fluxes are continuous.

    A condition that holds values takes the place of their continuity, one of derivatives alone
    that of the fluxes; two or more take the place of both.
    """
    given: list[tuple[tuple[Interface, ...], InterfaceCondition]] = []
    for index, written in enumerate(spec.conditions):
        if isinstance(written, Where) and is_on_interface(written):
            found = yield from _read_condition(spec, scope, ("conditions", index), written)
            given += [] if found is None else [(found.interfaces, found)]
    try:
        usual = _continuity(spec, scope) if scope.pieces.pieces else ([], [])
    except FormulaError as error:
        yield from spec.origin.faults(("equations",), error.messages)
        return ()
    made = [one for _, one in given]
    for name, places in scope.pieces.interfaces.items():
        own = [one for where, one in given if set(map(id, places)) & set(map(id, where))]
        steep = [not _holds_values(scope, one.residual) for one in own]
        values, fluxes = usual
        kept = [] if len(own) > 1 or False in steep else values
        kept = [*kept, *([] if len(own) > 1 or True in steep else fluxes)]
        made += [InterfaceCondition(f"{INTERFACE} {name}: {w}", places, r) for w, r in kept]
    return tuple(made)


def _holds_values(scope: Scope, expression: Expression) -> bool:
    """Whether an unknown itself stands in a formula on an interface."""
    return any(not any(one.orders) for _, one in side_partials(scope, expression).values())


def _continuity(
    spec: Spec, scope: Scope
) -> tuple[list[tuple[str, Expression]], list[tuple[str, Expression]]]:
    """What is continuous by itself: values of unknowns, and fluxes or slopes, each in a word.

    The flux of an equation is what it is the divergence of. Where it is none, slopes are continuous
    of unknowns that have second derivatives.
    """
    fluxes: list[tuple[str, Expression]] = []
    highest = dict.fromkeys(range(len(scope.unknowns)), 0)
    axes, flowing = space_axes(scope.coordinates), set[int]()
    for text in spec.equations:
        reading = read_equation(scope.without_arguments(text))
        if reading.messages:
            continue
        tree = subtract(*reading.sides)
        flux = normal_flux(scope, tree, frozenset(scope.pieces.names))
        if divergences(tree) > 1 and flux != normal_flux(scope, tree):
            raise FormulaError(
                f"'{cut(text, 60)}' has a constant with pieces before one of several div(...) or "
                "laplacian(...); write it inside div(...)"
            )
        for one in partials(scope, residual(text, scope)).values():
            order = sum(one.orders[axis] for axis in axes)
            highest[one.unknown] = max(highest[one.unknown], order)
        if flux != ZERO:
            flowing |= {one.unknown for one in partials(scope, flux).values()}
            number = f" {len(fluxes) + 1}" if len(spec.equations) > 1 else ""
            fluxes.append((f"flux{number}", jump(scope, flux)))
    values = [
        (name, jump(scope, Name(name)))
        for unknown, name in enumerate(scope.unknowns)
        if highest[unknown]
    ]
    slopes = [
        (f"{name}_n", jump(scope, Name(f"{name}_n")))
        for unknown, name in enumerate(scope.unknowns)
        if highest[unknown] > 1 and unknown not in flowing
    ]
    return values, [*fluxes, *slopes]


def _read_condition(
    spec: Spec, scope: Scope, keys: Keys, written: Where
) -> Check[InterfaceCondition | None]:
    """A condition on interfaces; None where it names none, or cannot be read."""
    words = (written.where,) if isinstance(written.where, str) else written.where
    if scope.pieces.names and not scope.pieces.pieces:
        return None
    try:
        found = named_interfaces(words, scope)
    except BoundaryError as error:
        yield spec.origin.fault((*keys, "where"), str(error))
        return None
    if written.only is not None:
        message = "'for' tells parts of the boundary, not of interfaces; leave it out"
        yield spec.origin.fault((*keys, "for"), message)
        return None
    try:
        formula = two_sided(written.that, scope)
    except FormulaError as error:
        yield from spec.origin.faults((*keys, "that"), error.messages)
        return None
    if not side_partials(scope, written_out(scope, formula)):
        message = f"'{written.that}' says nothing about {word_list(scope.unknowns)}"
        yield spec.origin.fault((*keys, "that"), f"{message}; write a condition on the solution")
        return None
    text = " ".join(written.that.split())
    label = f"{INTERFACE} {' and '.join(words)}: {text}"
    return InterfaceCondition(label, found, formula)


def named_interfaces(words: Sequence[str], scope: Scope) -> tuple[Interface, ...]:
    """The interfaces that words name; BoundaryError where one names none."""
    known, found = scope.pieces.interfaces, list[Interface]()
    every = [INTERFACE, *known] if known else []
    for word in words:
        asked = " ".join(word.split())
        if asked not in every:
            there = f"there are {word_list(every)}" if known else "no constant has pieces"
            raise BoundaryError(f"'{asked}' is no interface; {there}{did_you_mean(asked, every)}")
        found += known.get(asked, [one for each in known.values() for one in each])
    return tuple(dict.fromkeys(found))


def is_two_sided(text: str) -> bool:
    """Whether a formula speaks of the sides of an interface, as u(inside) does."""
    return _SIDED.search(text) is not None


def two_sided(text: str, scope: Scope) -> Expression:
    """A formula of what is seen from either side, equations included; FormulaError with all faults.

    Names end in ` inside` or ` outside`, as in an `InterfaceCondition`.
    """
    spelt = _SIDED.sub(lambda m: f"{m[1]}0{m[3]}{m[2] or ''}", text)
    unknowns = tuple(f"{name}0{side}" for name in scope.unknowns for side in SIDES)
    varied = {
        f"{name}0{side}": scope.constants.values[name]
        for name in scope.pieces.names
        for side in SIDES
    }
    known = Constants({**scope.numbers.values, **varied})
    seen = Scope(scope.box, unknowns, known, region=scope.region)
    try:
        found = residual(spelt, seen) if "=" in spelt else expression(spelt, seen)
    except FormulaError as error:
        first, *others = (_SPELT.sub(r"\1\3(\2)", one) for one in error.messages)
        raise FormulaError(first, others=others) from error
    return substitute(found, dict(_names_by_side(found)))


def _names_by_side(expression: Expression) -> Iterator[tuple[str, Expression]]:
    for name in names(expression):
        if (spelt := _SPELT.fullmatch(name)) is not None:
            yield name, Name(f"{spelt[1]}{spelt[3] or ''} {spelt[2]}")


def by_pieces(problem: Problem) -> Problem:
    """The problem with every part of the boundary cut into those that bound one piece."""
    if not problem.pieces:
        return problem
    made: dict[tuple[int, int], RegionPart | None] = {}

    def parts(face: BoundaryPart) -> Iterator[BoundaryPart]:
        if not isinstance(face, RegionPart) or face.outer is not None:
            yield face
            return
        for number, piece in enumerate(problem.pieces):
            key = (id(face), number)
            if key not in made:
                own = replace(face, inner=piece.region)
                made[key] = own if len(own.points(problem.box, _PROBES, even)) else None
            part = made[key]
            if part is not None:
                yield part

    def cut(one: Condition) -> Condition:
        return replace(one, faces=tuple(part for face in one.faces for part in parts(face)))

    wanted = tuple(replace(one, formula=cut(one.formula)) for one in problem.functionals)
    held = tuple(map(cut, problem.conditions))
    return replace(problem, conditions=held, functionals=wanted)
