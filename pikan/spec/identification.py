"""What a spec is to find from data: its unknown constants and its observations."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.error import FormulaError
from pikan.expression.evaluate import evaluate
from pikan.expression.tree import Expression, Name, names
from pikan.expression.wording import did_you_mean, there_are, word_list
from pikan.files.arrays import DataError
from pikan.problem.newton_form import scales
from pikan.problem.partials import partials
from pikan.problem.statement import Problem, UnknownConstant
from pikan.references.observations import MeasuredColumns, Observation, read_columns
from pikan.spec.constants import Constants
from pikan.spec.data_files import data_file
from pikan.spec.faults import Check, Keys
from pikan.spec.resolve import Scope, expression, unknowns_of
from pikan.spec.schema import DataSettings, Spec, UnknownSettings
from pikan.spec.unknown_functions import signature

# Values at which residuals are compared.
_DRAWS, _SEED = 5, 20_261_130

_PERCENT = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?(?:e-?[0-9]{1,3})?)\s*%\s*", re.ASCII)


def unknown_constants(spec: Spec, known: Constants) -> Check[tuple[UnknownConstant, ...]]:
    """The constants to be found; one at fault has a guess of NaN."""
    found: list[UnknownConstant] = []
    for name, written in spec.find.items():
        if not signature(name)[1]:
            found.append((yield from _unknown_constant(spec, name, written, known)))
    if spec.find and not spec.data:
        message = "there are no data to find constants from; add data: [{file: ...}]"
        yield spec.origin.fault(("find",), message)
    if spec.data and not (spec.find or spec.discover):
        message = "data are there to find constants from; name them, as in find: {nu: 0.1}"
        yield spec.origin.fault(("data",), message)
    return tuple(found)


def _unknown_constant(
    spec: Spec, name: str, written: UnknownSettings, known: Constants
) -> Check[UnknownConstant]:
    if written.positive or written.degree is not None or written.formula:
        message = f"positive, degree and formula are of functions; write {name}(x) for one"
        yield spec.origin.fault(("find", name), message)
    if written.guess is None:
        message = "a constant needs a guess, where the search begins; write {guess: 1}"
        yield spec.origin.fault(("find", name), message)
    first, last = written.range or (-math.inf, math.inf)
    places: dict[Keys, float | str] = {
        ("guess",): math.nan if written.guess is None else written.guess,
        ("range", 0): first,
        ("range", 1): last,
    }
    numbers: list[float] = []
    for keys, number in places.items():
        try:
            numbers.append(known.value(number))
        except FormulaError as error:
            numbers.append(math.nan)
            for message in error.messages:
                yield spec.origin.fault(("find", name, *keys), message)
    guess, lower, upper = numbers
    logarithmic = written.scale == "log"
    if lower >= upper:
        message = f"got [{lower:g}, {upper:g}], needs the lower bound first"
        yield spec.origin.fault(("find", name, "range"), message)
    elif not math.isnan(guess) and not lower <= guess <= upper:
        message = f"got {guess:g}, needs a value in the range from {lower:g} to {upper:g}"
        yield spec.origin.fault(("find", name, "guess"), message)
    if logarithmic and (guess <= 0.0 or (written.range is not None and lower <= 0.0)):
        message = "the scale log is for positive constants; give a positive guess and range"
        yield spec.origin.fault(("find", name), message)
        guess = math.nan
    if logarithmic and written.range is None:
        lower = 0.0
    return UnknownConstant(name, guess, lower, upper, logarithmic)


def observations(spec: Spec, scope: Scope) -> Check[tuple[Observation, ...]]:
    """What was measured; files and columns at fault are left out."""
    found: list[Observation] = []
    for index, written in enumerate(spec.data):
        found += yield from _one_file(spec, scope, written, ("data", index))
    times = Counter(one.label for one in found)
    return tuple(
        replace(one, label=f"{one.label} ({k})") if times[one.label] > 1 else one
        for k, one in enumerate(found, start=1)
    )


class _Column(NamedTuple):
    """A column of a file by what it holds."""

    label: str
    formula: Expression


def _one_file(
    spec: Spec, scope: Scope, written: DataSettings, keys: Keys
) -> Check[list[Observation]]:
    columns = yield from _columns(spec, scope, written, keys)
    file = yield from data_file(written.file, spec.origin, (*keys, "file"))
    bounds = (*scope.box.lower, *scope.box.upper)
    if file is None or not columns or any(map(math.isnan, bounds)):
        return []
    places = {name: written.coordinates.get(name, name) for name in scope.coordinates}
    spread = written.noise if isinstance(written.noise, str) else None
    percent = None if spread is None else _PERCENT.fullmatch(spread)
    wanted = [*columns] if spread is None or percent else [*columns, spread]
    try:
        table = read_columns(file, scope.box, places, wanted)
    except DataError as error:
        yield spec.origin.fault((*keys, "file"), str(error))
        return []
    found: list[Observation] = []
    for column, meaning in columns.items():
        noise = yield from _noise(spec, written, table, column, percent, (*keys, "noise"))
        found.append(_observation(meaning, table, column, noise))
    return found


def _columns(
    spec: Spec, scope: Scope, written: DataSettings, keys: Keys
) -> Check[dict[str, _Column]]:
    """What the columns of a file hold; those at fault are left out."""
    columns: dict[str, _Column] = {}
    texts = {("unknowns", name): (column, name) for name, column in written.unknowns.items()}
    texts |= {("observed", column): (column, text) for column, text in written.observed.items()}
    for (kind, name), (column, text) in texts.items():
        place = (*keys, kind, name)
        if kind == "unknowns" and name not in scope.unknowns:
            message = f"'{name}' is no unknown; {there_are('unknown', scope.unknowns)}"
            yield spec.origin.fault(place, message + did_you_mean(name, scope.unknowns))
            continue
        try:
            formula = expression(text, scope)
        except FormulaError as error:
            for message in error.messages:
                yield spec.origin.fault(place, message)
            continue
        if unknowns_of(formula, scope):
            columns[column] = _Column(f"data {name}", formula)
        else:
            message = f"'{text}' holds no unknown; write what was measured of the solution"
            yield spec.origin.fault(place, message)
    for name in written.coordinates:
        if name not in scope.coordinates:
            message = f"'{name}' is no coordinate; {there_are('coordinate', scope.coordinates)}"
            yield spec.origin.fault((*keys, "coordinates", name), message)
    if not texts:
        message = f"says nothing of what was measured; add unknowns: {{{scope.unknowns[0]}: ...}}"
        yield spec.origin.fault(keys, message)
    return columns


def _observation(
    meaning: _Column, table: MeasuredColumns, column: str, noise: Float[np.ndarray, " n"] | None
) -> Observation:
    values = table.values[column]
    there = np.isfinite(values)
    return Observation(
        meaning.label,
        meaning.formula,
        table.points[there],
        values[there],
        None if noise is None else noise[there],
        table.outside,
        int((~there).sum()),
    )


def _noise(
    spec: Spec,
    written: DataSettings,
    table: MeasuredColumns,
    column: str,
    percent: re.Match[str] | None,
    keys: Keys,
) -> Check[Float[np.ndarray, " n"] | None]:
    """The standard deviation of each value of a column; None where it is to be estimated."""
    values = table.values[column]
    there = np.isfinite(values)
    match written.noise:
        case None:
            return None
        case str() if percent is not None:
            size = float(percent[1]) / 100.0 * float(np.std(values[there])) if there.any() else 0.0
            noise = np.full_like(values, size)
        case str(name):
            noise = table.values[name]
        case number:
            noise = np.full_like(values, number)
    if not bool((noise[there] > 0.0).all()):
        yield spec.origin.fault(keys, "noise is to be more than zero everywhere; or leave it out")
        return None
    return noise


def check_identifiable(spec: Spec, problem: Problem) -> Check[None]:
    """Every constant stands in a formula, and there are more values than constants."""
    stated = [one.residual for one in (*problem.equations, *problem.conditions)]
    measured = [one.formula for one in problem.observations]
    held: frozenset[str] = frozenset().union(*map(names, [*stated, *measured]))
    among = {name for one in problem.functions for name in one.coefficients}
    for one in problem.find:
        if one.name not in held and one.name not in among:
            message = f"no equation, condition or observation holds '{one.name}'; leave it out"
            yield spec.origin.fault(("find", one.name), message)
    fields = [one.name for one in problem.functions if not one.coefficients]
    parts = {
        name: one for part in (*stated, *measured) for name, one in partials(problem, part).items()
    }
    scaled = {name for name, one in parts.items() if problem.unknowns[one.unknown] in fields}
    for one in problem.functions:
        if not (
            {one.name} & {problem.unknowns[each.unknown] for each in parts.values()}
            or set(one.coefficients) & held
        ):
            message = f"no equation, condition or observation holds '{one.name}'; leave it out"
            yield spec.origin.fault(("find",), message)
    found = (*(one.name for one in problem.find), *sorted(scaled))
    if (
        found
        and not any(names(formula) & set(found) for formula in measured)
        and _scale_together(stated, found)
    ):
        what = f"the same with {word_list(found)} all times any number: only their ratios can be"
        one = "found; give one of them a value among the constants"
        message = f"equations and conditions say {what} {one}"
        if len(found) == 1:
            message = f"'{found[0]}' cancels out of equations and conditions; leave it out"
        yield spec.origin.fault(("find",), message)
    count = sum(len(one.values) for one in problem.observations)
    if problem.observations and count <= len(problem.find):
        message = f"{count} values in the domain for {len(problem.find)} constants; needs more"
        yield spec.origin.fault(("data",), message)


def argument_ranges(
    spec: Spec, scope: Scope, observed: Sequence[Observation]
) -> Check[dict[str, float]]:
    """The scales of functions of unknowns, from what was measured of their arguments."""
    found: dict[str, float] = {}
    for one in scope.functions:
        measured: dict[str, tuple[float, float]] = {}
        for argument in one.arguments if one.coefficients else ():
            seen = [each.values for each in observed if each.formula == Name(argument)]
            values = np.concatenate(seen) if seen else np.zeros(0)
            if len(values):
                measured[argument] = float(values.min()), float(values.max())
            elif spec.data:
                message = (
                    f"'{argument}' is not measured itself, which {one.name}({argument}) needs; "
                    f"add unknowns: {{{argument}: ...}} to the data"
                )
                yield spec.origin.fault(("find",), message)
        found |= scales(one, measured)
    return found


def _scale_together(residuals: Sequence[Expression], constants: Sequence[str]) -> bool:
    """Whether each residual that holds some of the constants is their multiple: all of degree one.

    Looked at where every name has a value drawn at random, and with the constants doubled.
    """
    chance = np.random.default_rng(_SEED)
    holding = [one for one in residuals if names(one) & set(constants)]
    known = {name: chance.uniform(0.2, 0.9, _DRAWS) for one in holding for name in names(one)}
    doubled = {**known, **{name: 2.0 * known[name] for name in constants if name in known}}
    with np.errstate(all="ignore"):
        pairs = [[evaluate(one, values, np) for values in (known, doubled)] for one in holding]
    return bool(pairs) and all(np.allclose(2.0 * one, two, rtol=1e-12) for one, two in pairs)
