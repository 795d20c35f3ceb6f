"""The known solution of a spec: formulas, the Cole-Hopf solution, or a data file."""

import math
from collections.abc import Mapping
from dataclasses import replace

from pikan.expression.error import FormulaError
from pikan.expression.tree import Expression, Number, substitute
from pikan.expression.wording import did_you_mean, there_are
from pikan.problem.manufactured import ResidualSize, is_violated, residual_sizes, sentence
from pikan.problem.statement import Problem
from pikan.references.cole_hopf import cole_hopf
from pikan.references.formula import FormulaSolution
from pikan.references.piecewise import PiecewiseSolution
from pikan.references.reference import ReferenceSolution
from pikan.spec.faults import Check, Origin, SpecError
from pikan.spec.known_solutions import ColeHopfSettings, NamedExact
from pikan.spec.reference import reference
from pikan.spec.resolve import Scope, given_formula
from pikan.spec.schema import Spec


def solution(spec: Spec, scope: Scope) -> Check[ReferenceSolution | None]:
    """The known solution; None where there is none, or where it is at fault."""
    if spec.exact is not None and spec.reference is not None:
        message = "an exact solution is given as well; leave one of them out"
        yield spec.origin.fault(("reference",), message)
    known: ReferenceSolution | None = None
    if spec.reference is not None:
        known = yield from reference(spec.reference, spec.origin, scope)
    match spec.exact:
        case None:
            return known
        case NamedExact(burgers_cole_hopf=written):
            return (yield from _burgers(spec, scope, written))
        case formulas:
            return (yield from _formulas(spec, scope, formulas))


def _formulas(
    spec: Spec, scope: Scope, written: Mapping[str, str]
) -> Check[ReferenceSolution | None]:
    found: dict[str, Expression] = {}
    for name, text in written.items():
        keys = ("exact", name)
        if name not in scope.unknowns:
            message = f"'{name}' is no unknown; {there_are('unknown', scope.unknowns)}"
            yield spec.origin.fault(keys, message + did_you_mean(name, scope.unknowns))
            continue
        try:
            found[name] = given_formula(text, scope, scope.coordinates)
        except FormulaError as error:
            yield from spec.origin.faults(keys, error.messages)
    ordered = {name: found[name] for name in scope.unknowns if name in found}
    if not ordered:
        return None
    whole = FormulaSolution(scope.coordinates, ordered, scope.constants.values)
    pieces = scope.pieces.pieces
    if not pieces:
        return whole
    parts = [replace(whole, constants={**whole.constants, **one.constants}) for one in pieces]
    return PiecewiseSolution([one.region for one in pieces], parts)


def _burgers(
    spec: Spec, scope: Scope, written: ColeHopfSettings
) -> Check[ReferenceSolution | None]:
    keys = ("exact", "burgers_cole_hopf")
    space = tuple(scope.coordinates[axis] for axis in scope.box.space)
    if len(scope.unknowns) != 1 or len(space) != 1 or len(scope.coordinates) != 2:
        known = f"{there_are('unknown', scope.unknowns)}, "
        known += there_are("coordinate", scope.coordinates)
        yield spec.origin.fault(keys, f"needs one unknown, one coordinate and t; {known}")
        return None
    nu = math.nan
    try:
        nu = scope.constants.value(written.nu)
        if nu <= 0:
            yield spec.origin.fault((*keys, "nu"), f"got {nu:g}, needs more than 0")
    except FormulaError as error:
        yield from spec.origin.faults((*keys, "nu"), error.messages)
    try:
        start = given_formula(written.initial, scope, space)
        values = {name: Number(number) for name, number in scope.constants.values.items()}
        numbers = (nu, *scope.box.lower, *scope.box.upper, *scope.constants.values.values())
        if nu <= 0 or any(map(math.isnan, numbers)):
            return None
        return cole_hopf(scope.box, scope.unknowns[0], substitute(start, values), nu)
    except FormulaError as error:
        yield from spec.origin.faults((*keys, "initial"), error.messages)
    return None


def check_exact(problem: Problem, origin: Origin) -> tuple[ResidualSize, ...]:
    """What the exact solution leaves of what it satisfies; SpecError where it does not."""
    found = residual_sizes(problem)
    wrong = [sentence(finding) for finding in found if is_violated(finding)]
    if wrong:
        raise SpecError(origin.fault(("exact",), message) for message in wrong)
    return found
