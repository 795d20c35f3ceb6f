"""The functions that a spec is to find from data, `a(x, y)` or `r(u)`, by their signatures."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pikan.expression.error import FormulaError, refuse
from pikan.expression.wording import did_you_mean, word_list
from pikan.problem.newton_form import coefficient_names
from pikan.problem.statement import UnknownConstant, UnknownFunction
from pikan.spec.constants import Constants
from pikan.spec.faults import Check
from pikan.spec.schema import Spec, UnknownSettings

_SIGNATURE = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\s*\(([^()]*)\)\s*")
# Degrees of functions of unknowns by the number of their arguments, where none is given.
_DEGREES = {1: 8, 2: 3}
_FEW = 2
# A function of unknowns has at most so many coefficients.
_LARGEST = 100


def signature(key: str) -> tuple[str, tuple[str, ...]]:
    """The name in a key of `find`, and its arguments; a constant has none.

    >>> signature("a(x, y)"), signature("nu")
    (('a', ('x', 'y')), ('nu', ()))
    """
    found = _SIGNATURE.fullmatch(key)
    if found is None:
        return key, ()
    return found[1], tuple(one.strip() for one in found[2].split(","))


def without_arguments(text: str, signatures: Mapping[str, tuple[str, ...]]) -> str:
    """A formula with `a` for `a(x, y)`; FormulaError where a function has other arguments."""
    for name, arguments in signatures.items():
        inner = r"\s*,\s*".join(map(re.escape, arguments))
        head = rf"(?<![A-Za-z0-9_]){re.escape(name)}"
        text = re.sub(rf"{head}\s*\(\s*{inner}\s*\)", name, text)
        if re.search(rf"{head}\s*\(", text):
            written = f"{name}({', '.join(arguments)})"
            refuse([f"'{name}' is a function of {word_list(arguments)}; write {written}"])
    return text


def signatures(spec: Spec) -> dict[str, tuple[str, ...]]:
    """The arguments of the functions to be found, by name."""
    return {name: arguments for name, arguments in map(signature, spec.find) if arguments}


def unknown_functions(spec: Spec, known: Constants) -> Check[tuple[UnknownFunction, ...]]:
    """The functions to be found; those at fault are left out."""
    found: list[UnknownFunction] = []
    for key, written in spec.find.items():
        name, arguments = signature(key)
        if not arguments:
            continue
        faults = list(_faults(spec, name, arguments))
        misplaced = _misplacements(spec, arguments, written)
        yield from (spec.origin.fault(("find", key), one) for one in (*faults, *misplaced))
        if faults:
            continue
        guess = 1.0 if written.positive else 0.0
        try:
            guess = guess if written.guess is None else known.value(written.guess)
        except FormulaError as error:
            yield from spec.origin.faults(("find", key, "guess"), error.messages)
        if written.positive and not guess > 0.0:
            message = f"got {guess:g}, needs more than zero for a positive function"
            yield spec.origin.fault(("find", key, "guess"), message)
            continue
        one = UnknownFunction(name, arguments, guess, written.positive)
        if arguments[0] in spec.unknowns:
            degree = written.degree or _DEGREES.get(len(arguments), _FEW)
            one = replace(
                one,
                degree=degree,
                formula=written.formula,
                coefficients=coefficient_names(name, len(arguments), degree),
            )
            if len(one.coefficients) > _LARGEST:
                message = f"has {len(one.coefficients)} coefficients; at most {_LARGEST} are found"
                yield spec.origin.fault(("find", key), f"{message}: lower its degree")
                continue
        found.append(one)
    return tuple(found)


def coefficients(functions: tuple[UnknownFunction, ...]) -> tuple[UnknownConstant, ...]:
    """The coefficients of functions of unknowns, as constants to be found."""
    return tuple(
        UnknownConstant(name, one.guess if k == 0 else 0.0, -math.inf, math.inf, False)
        for one in functions
        for k, name in enumerate(one.coefficients)
    )


def _faults(spec: Spec, name: str, arguments: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the arguments of a function."""
    functions, coordinates = signatures(spec), tuple(spec.domain)
    if spec.discover:
        yield "functions are not found where terms are discovered; leave out one of the two"
    kinds = {one in coordinates for one in arguments}
    strange = [one for one in arguments if one not in (*coordinates, *spec.unknowns)]
    nested = [one for one in strange if one in functions]
    if nested:
        yield f"'{name}' is a function of the function '{nested[0]}'; write it of unknowns"
    elif strange:
        known = (*coordinates, *spec.unknowns)
        there = f"'{strange[0]}' is no coordinate and no unknown; there are {word_list(known)}"
        yield there + did_you_mean(strange[0], known)
    elif len(kinds) > 1:
        yield f"'{name}' is of coordinates and unknowns at once; a function is of one kind of them"
    elif len(set(arguments)) < len(arguments):
        yield f"'{name}' has an argument twice; write each once"


def _misplacements(
    spec: Spec, arguments: tuple[str, ...], written: UnknownSettings
) -> Iterator[str]:
    """Settings that functions of this kind do not have."""
    of_unknowns = bool(arguments) and arguments[0] in spec.unknowns
    if written.range is not None or written.scale != "linear":
        yield "range and scale are of constants; leave them out"
    if of_unknowns and written.positive:
        yield "positive is of functions of coordinates; leave it out"
    if not of_unknowns and (written.degree is not None or written.formula):
        yield "degree and formula are of functions of unknowns; leave them out"
