"""A spec to a `Problem`, with every fault in its names, places and formulas."""

import math
from collections.abc import Sequence
from dataclasses import replace

from pikan.expression.check import collect_faults
from pikan.expression.error import FormulaError
from pikan.expression.parse import read_equation
from pikan.expression.tree import number_text
from pikan.expression.wording import did_you_mean, word_list
from pikan.geometry.box import Box
from pikan.geometry.face import Face
from pikan.problem.family import family, inner_values
from pikan.problem.newton_form import scales
from pikan.problem.statement import Energy, Parameter, Problem, UnknownConstant
from pikan.problem.wellposed.compatibility import contradiction, pairs, undefined_parts
from pikan.spec.conditions import check_covered, conditions, periodic
from pikan.spec.constants import Constants, constants
from pikan.spec.discovery import check_discoverable, unknown_equations
from pikan.spec.energies import energy, variational_equations, with_conditions
from pikan.spec.equations import check_determined, equations, no_equations
from pikan.spec.faults import Check, Keys, SpecError
from pikan.spec.forecast import forecast
from pikan.spec.functionals import functionals
from pikan.spec.identification import (
    argument_ranges,
    check_identifiable,
    observations,
    unknown_constants,
)
from pikan.spec.identifiers import check_names
from pikan.spec.interfaces import by_pieces, interface_conditions, is_on_interface
from pikan.spec.parameters import check_parameters, in_bounds, parameters
from pikan.spec.pieces import pieces
from pikan.spec.regions import region
from pikan.spec.resolve import Scope
from pikan.spec.schema import Spec, Where
from pikan.spec.settings import check_schedule, check_settings, check_weights
from pikan.spec.solutions import solution
from pikan.spec.unknown_functions import (
    coefficients,
    signatures,
    unknown_functions,
    without_arguments,
)

# Squares of coordinates, and the coordinates in float32, are to be finite.
FARTHEST = 1e30


def problem(spec: Spec) -> Problem:
    """The problem that a spec states; SpecError with all of its faults."""
    faults, stated = collect_faults(examine(spec))
    if faults or stated is None:
        raise SpecError(faults)
    return stated


def examine(spec: Spec) -> Check[Problem | None]:
    """Every fault that takes more than one value to see; the problem, or None if it has one."""
    misnamed = collect_faults(check_names(spec))[0]
    yield from misnamed
    scope, find, varied = yield from _scope(spec)
    minimized, discover = None, ()
    if {"energy", "energies", "constraints"} & spec.model_fields_set:
        minimized = yield from energy(spec, scope)
    stated = yield from equations(spec, scope)
    if spec.discover:
        discover = yield from unknown_equations(spec, scope)
    missing = len(stated) < len(spec.equations) or len(discover) < len(spec.discover)
    if spec.energy is not None:
        stated = variational_equations(scope, minimized)
    elif not misnamed and not missing:
        yield from check_determined(spec, scope, stated, discover)
    held = yield from conditions(spec, scope, stated)
    met = yield from interface_conditions(spec, scope)
    repeated = yield from periodic(spec, scope, stated)
    exact = yield from solution(spec, scope if varied else scope.without_found())
    observed = (yield from observations(spec, scope)) if spec.data else ()
    ranges = (yield from argument_ranges(spec, scope, observed)) if scope.functions else {}
    wanted = (yield from functionals(spec, scope)) if spec.quantities else ()
    yield from check_settings(spec, scope)
    if spec.label or spec.unit:
        yield from _check_captions(spec, scope)
    if missing or (spec.energy is not None and minimized is None):
        return None
    asked = sum(not is_on_interface(one) for one in spec.conditions)
    if len(held) + len(repeated) < asked or len(met) < len(spec.conditions) - asked:
        return None
    if scope.pieces.names and not scope.pieces.pieces:
        return None
    if spec.weights:
        yield from check_weights(spec, [one.label for one in (*stated, *held, *repeated, *met)])
    whole = Problem(
        name=spec.name,
        title=spec.title or spec.name,
        box=scope.box,
        unknowns=scope.unknowns,
        constants={**scope.constants.values, **ranges},
        equations=stated,
        conditions=held,
        periodic=repeated,
        exact=exact,
        source=spec.source,
        find=find,
        observations=observed,
        region=scope.region,
        labels=spec.label,
        units=spec.unit,
        discover=discover,
        functions=scope.functions,
        functionals=wanted,
        pieces=scope.pieces.pieces,
        interfaces=met,
    )
    whole = by_pieces(whole)
    return (yield from _check_whole(spec, scope, whole, varied, minimized))


def _scope(
    spec: Spec,
) -> Check[tuple[Scope, tuple[UnknownConstant, ...], tuple[Parameter, ...]]]:
    """The names that formulas may hold, the constants to be found, and the parameters."""
    known = yield from constants(spec.constants, spec.origin)
    around = yield from _box(spec, known)
    box, cut_out = yield from region(spec, around, known)
    divided = yield from pieces(spec, box, cut_out, known)
    functions, find, varied = (), (), ()
    if spec.find or spec.data:
        functions = yield from unknown_functions(spec, known)
        find = (*(yield from unknown_constants(spec, known)), *coefficients(functions))
    if spec.parameters:
        varied = yield from parameters(spec, known)
    guesses = {**{one.name: one.guess for one in find}, **inner_values(varied)}
    centers = {name: one for each in functions for name, one in scales(each, {}).items()}
    values = Constants({**known.values, **divided.constants, **guesses, **centers})
    unknowns = (*spec.unknowns, *(one.name for one in functions if not one.coefficients))
    scope = Scope(box, unknowns, values, tuple(guesses), cut_out, functions, divided)
    return scope, find, varied


def _check_whole(
    spec: Spec,
    scope: Scope,
    problem: Problem,
    varied: Sequence[Parameter],
    minimized: Energy | None,
) -> Check[Problem]:
    """Faults that show only once everything is stated; the problem with energy and parameters."""
    if spec.discover:
        yield from check_discoverable(spec, problem)
    if spec.find or spec.data:
        yield from check_identifiable(spec, problem)
    if spec.forecast:
        until = yield from forecast(spec, problem, scope.without_found().constants)
        problem = replace(problem, forecast=until)
    # Bounds and constants at fault are NaN, and would be said to be at fault again.
    box, numbers = scope.box, scope.constants.values.values()
    if all(map(math.isfinite, (*box.lower, *box.upper, *numbers))):
        yield from _check_sound(spec, problem)
    if minimized is not None:
        minimized, held = yield from with_conditions(spec, scope, minimized, problem.conditions)
        problem = replace(problem, energy=minimized, conditions=held)
    yield from check_schedule(spec, problem)
    if not varied:
        return problem
    stated_for_all = family(problem, varied)
    yield from check_parameters(spec, stated_for_all)
    return stated_for_all


def _check_captions(spec: Spec, scope: Scope) -> Check[None]:
    """Labels and units are those of coordinates and unknowns."""
    known = (*scope.coordinates, *scope.unknowns)
    for key, given in (("label", spec.label), ("unit", spec.unit)):
        for name in given:
            if name not in known:
                message = f"'{name}' is no coordinate and no unknown; there are {word_list(known)}"
                yield spec.origin.fault((key, name), message + did_you_mean(name, known))


def _check_sound(spec: Spec, problem: Problem) -> Check[None]:
    """Formulas have values, and no two conditions give different values to one place.

    Each part of the boundary of a region has its conditions.
    """
    if spec.energy is None:
        yield from check_covered(spec, problem)
    places = [
        i
        for i, written in enumerate(spec.conditions)
        if isinstance(written, Where) and not is_on_interface(written)
    ]
    for index, equation in enumerate(problem.equations):
        for message in undefined_parts(problem, equation.residual, Face(())):
            keys: Keys = ("equations", index) if spec.energy is None else ("energy",)
            yield spec.origin.fault(keys, message)
    for index, condition in zip(places, problem.conditions, strict=True):
        for message in undefined_parts(problem, condition.residual, condition.faces[0]):
            yield spec.origin.fault(("conditions", index, "that"), message)
    for first, second in pairs(problem):
        face = contradiction(problem, first, second)
        if face is not None:
            place, other = face.label(problem.box), first.condition.label
            message = f"gives another value at '{place}' than the condition '{other}'"
            keys = ("conditions", places[second.number])
            yield spec.origin.fault(keys, f"{message}; leave one of them out")


def check_spelling(spec: Spec) -> Check[None]:
    """Faults of formulas that show without knowing which names there are."""
    if not {"equations", "energy", "discover"} & spec.model_fields_set:
        yield no_equations(spec)
    known = yield from constants(spec.constants, spec.origin)
    yield from _box(spec, known)
    for index, equation in enumerate(spec.equations):
        yield from spec.origin.faults(("equations", index), _messages(spec, equation))
    for index, condition in enumerate(spec.conditions):
        if isinstance(condition, Where):
            messages = _messages(spec, condition.that)
            yield from spec.origin.faults(("conditions", index, "that"), messages)


def _messages(spec: Spec, equation: str) -> tuple[str, ...]:
    """What is wrong with the spelling of an equation."""
    try:
        return read_equation(without_arguments(equation, signatures(spec))).messages
    except FormulaError as error:
        return tuple(error.messages)


def _box(spec: Spec, known: Constants) -> Check[Box]:
    if not spec.domain and spec.region is None:
        message = f"missing; {Spec.model_fields['domain'].description}"
        yield spec.origin.fault(("domain",), message)
    lower: list[float] = []
    upper: list[float] = []
    varied = list(in_bounds(spec)) if spec.parameters else []
    yield from varied
    at_fault = {fault.place.key for fault in varied}
    for name, interval in spec.domain.items():
        bounds: list[float] = []
        for index, written in enumerate(interval):
            if f"domain.{name}.{index}" in at_fault:
                bounds.append(math.nan)
                continue
            try:
                bounds.append(known.value(written))
            except FormulaError as error:
                bounds.append(math.nan)
                yield from spec.origin.faults(("domain", name, index), error.messages)
        if bounds[0] >= bounds[1] or max(map(abs, bounds)) > FARTHEST:
            first, last = map(number_text, bounds)
            message = f"got [{first}, {last}], needs the lower bound first: [{last}, {first}]"
            if bounds[0] < bounds[1]:
                needs = f"needs bounds up to {FARTHEST:.0e}; write it in other units"
                message = f"got [{first}, {last}], {needs}"
            elif bounds[0] == bounds[1]:
                needs = "needs two different bounds, the lower first"
                message = f"got the empty interval [{first}, {last}], {needs}"
            yield spec.origin.fault(("domain", name), message)
            bounds = [math.nan, math.nan]
        lower.append(bounds[0])
        upper.append(bounds[1])
    return Box(tuple(spec.domain), tuple(lower), tuple(upper))
