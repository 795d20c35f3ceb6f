"""The parameters of a spec: intervals of numbers that the solution is wanted for all values of."""

import math
from collections.abc import Iterator

from pikan.expression.error import FormulaError
from pikan.expression.parse import read_formula
from pikan.expression.tree import names, number_text
from pikan.problem.family import inner_values, orders
from pikan.problem.statement import Parameter, Problem
from pikan.spec.constants import Constants
from pikan.spec.faults import Check, Fault, Keys
from pikan.spec.known_solutions import NamedExact
from pikan.spec.schema import ParameterSettings, Spec

# Positive parameters over so many times their lowest value vary by their logarithm.
_DECADE, _ROUNDING = 10.0, 1e-12


def parameters(spec: Spec, known: Constants) -> Check[tuple[Parameter, ...]]:
    """The parameters; a bound at fault is NaN."""
    found: list[Parameter] = []
    for name, written in spec.parameters.items():
        found.append((yield from _parameter(spec, name, written, known)))
    if not found:
        return ()
    for key, wish in (
        ("find", "constants are found from data for one problem at a time"),
        ("reference", "a data file holds one solution"),
    ):
        if getattr(spec, key):
            yield spec.origin.fault((key,), f"{wish}; leave out this or parameters")
    if isinstance(spec.exact, NamedExact):
        message = "this solution is for one value of nu; leave it out, or write nu as a constant"
        yield spec.origin.fault(("exact",), message)
    return tuple(found)


def _parameter(
    spec: Spec, name: str, written: ParameterSettings, known: Constants
) -> Check[Parameter]:
    keys: Keys = ("parameters", name)
    bounds: list[float] = []
    for number in written.between:
        try:
            bounds.append(known.value(number))
        except FormulaError as error:
            bounds.append(math.nan)
            yield from spec.origin.faults(keys, error.messages)
    lower, upper = bounds
    given = f"[{number_text(lower)}, {number_text(upper)}]"
    if lower > upper:
        needs = f"[{number_text(upper)}, {number_text(lower)}]"
        yield spec.origin.fault(keys, f"got {given}, needs the lower value first: {needs}")
    elif lower == upper:
        message = f"got the empty interval {given}; write {name} under constants instead"
        yield spec.origin.fault(keys, message)
    if written.scale == "log" and lower <= 0.0:
        message = f"got {given}, and the scale log is for positive values; write scale: linear"
        yield spec.origin.fault((*keys, "scale"), message)
    if not lower < upper or (written.scale == "log" and lower <= 0.0):
        lower = upper = math.nan
    wide = lower > 0.0 and upper >= _DECADE * lower * (1.0 - _ROUNDING)
    return Parameter(name, lower, upper, written.scale == "log" or (wide and written.scale is None))


def in_bounds(spec: Spec) -> Iterator[Fault]:
    """A fault for each bound of the domain that holds a parameter."""
    for coordinate, interval in spec.domain.items():
        for index, written in enumerate(interval):
            for name in sorted(read_formula(str(written)).names & spec.parameters.keys()):
                yield spec.origin.fault(
                    ("domain", coordinate, index),
                    f"'{written}' holds the parameter '{name}', and the domain is one for all of "
                    f"its values; scale {coordinate} so that '{name}' stands in the equations",
                )


def check_parameters(spec: Spec, problem: Problem) -> Check[None]:
    """Every parameter stands in a formula, and none changes the order of an equation."""
    stated = [one.residual for one in (*problem.equations, *problem.conditions)]
    held = frozenset[str]().union(*map(names, stated))
    # These are at fault already.
    held |= {*spec.domain, *spec.constants, *spec.unknowns}
    bounds = [str(bound) for interval in spec.domain.values() for bound in interval]
    held = held.union(*(read_formula(bound).names for bound in bounds))
    for one in problem.parameters:
        if one.name not in held:
            message = f"no equation and no condition holds '{one.name}'; leave it out"
            yield spec.origin.fault(("parameters", one.name), message)
    yield from _check_orders(spec, problem)


def _check_orders(spec: Spec, problem: Problem) -> Iterator[Fault]:
    """At the ends of an interval, and at zero, the equations have the orders that they have."""
    inside = inner_values(problem.parameters)
    usual = orders(problem, inside)
    for one in problem.parameters:
        for value in (one.lower, one.upper, *([0.0] if one.lower < 0.0 < one.upper else [])):
            if orders(problem, {**inside, one.name: value}) != usual:
                message = (
                    f"at {one.name} = {number_text(value)} the equations have other orders than "
                    "elsewhere, and need other conditions; leave that value out"
                )
                yield spec.origin.fault(("parameters", one.name), message)
