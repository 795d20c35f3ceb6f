"""What a spec is to discover from data: equations whose terms are chosen from candidates."""

from collections import Counter

from pikan.expression.error import FormulaError
from pikan.expression.tree import Expression, Name, fold
from pikan.expression.wording import did_you_mean
from pikan.problem.partials import normals, partials
from pikan.problem.statement import Problem, UnknownEquation
from pikan.references.observations import even_axes
from pikan.spec.faults import Check, Keys
from pikan.spec.resolve import Scope, expression
from pikan.spec.schema import Spec

# All subsets of more would take longer than anybody waits.
MOST_CANDIDATES = 20
# Points along an axis that bumps with room on both sides need.
_LEAST_POINTS = 18


def unknown_equations(spec: Spec, scope: Scope) -> Check[tuple[UnknownEquation, ...]]:
    """The equations to be discovered; those at fault are left out."""
    found: list[UnknownEquation] = []
    if spec.discover and not spec.data:
        message = "there are no data to discover an equation from; add data: [{file: ...}]"
        yield spec.origin.fault(("discover",), message)
    several = len(spec.discover) > 1
    for index, written in enumerate(spec.discover):
        keys: Keys = ("discover", index)
        left = yield from _formula(spec, scope, written.left, (*keys, "left"))
        if left is not None and not any(any(one.orders) for one in partials(scope, left).values()):
            message = f"'{written.left}' holds no derivative of an unknown; write one, as u_t"
            yield spec.origin.fault((*keys, "left"), message)
            left = None
        count = len(written.candidates)
        if count > MOST_CANDIDATES:
            message = (
                f"{count} candidates; all subsets of at most {MOST_CANDIDATES} are compared: "
                "leave out those that cannot be"
            )
            yield spec.origin.fault((*keys, "candidates"), message)
        candidates: dict[str, Expression] = {}
        meanings: dict[Expression, str] = {} if left is None else {fold(left): written.left}
        for place, text in enumerate(written.candidates):
            where = (*keys, "candidates", place)
            formula = yield from _formula(spec, scope, text, where)
            if formula is None:
                continue
            same = meanings.setdefault(fold(formula), text)
            if same != text or text in candidates:
                message = f"'{text}' is the same as '{same}'; leave one of them out"
                yield spec.origin.fault(where, message)
            candidates[text] = formula
        if left is not None and candidates:
            label = f"{written.left}: " if several else ""
            terms = {label + text: formula for text, formula in candidates.items()}
            found.append(UnknownEquation(written.left, left, terms, written.at_most))
    return tuple(found)


def _formula(spec: Spec, scope: Scope, text: str, keys: Keys) -> Check[Expression | None]:
    """A left side or a candidate: a formula that holds an unknown."""
    try:
        formula = expression(text, scope.without_found())
    except FormulaError as error:
        yield from spec.origin.faults(keys, error.messages)
        return None
    if normals(scope, formula):
        message = f"'{text}' holds an outward normal derivative, which is only known on faces"
        yield spec.origin.fault(keys, message)
        return None
    return formula


def check_discoverable(spec: Spec, problem: Problem) -> Check[None]:
    """Every unknown that is needed is measured itself, on an even grid of enough points."""
    if problem.region is not None:
        message = "equations are discovered in a box; leave the region out"
        yield spec.origin.fault(("discover",), message)
    measured = {
        one.formula.name: one for one in problem.observations if isinstance(one.formula, Name)
    }
    counts = Counter(
        one.formula.name for one in problem.observations if isinstance(one.formula, Name)
    )
    for name in (name for name, count in counts.items() if count > 1):
        message = f"'{name}' is measured {counts[name]} times; a discovery takes one grid of it"
        yield spec.origin.fault(("data",), message)
    needed = {
        one.unknown
        for equation in problem.discover
        for formula in (equation.left, *equation.candidates.values())
        for one in partials(problem, formula).values()
    }
    for name in (problem.unknowns[k] for k in sorted(needed)):
        if name not in measured:
            message = f"'{name}' is not measured; a discovery needs values of every unknown"
            yield spec.origin.fault(("data",), message + did_you_mean(name, measured))
            continue
        axes = even_axes(measured[name].points)
        if axes is None:
            message = (
                f"the points of '{name}' are no even grid: equal steps along each coordinate, no "
                "value missing; bring them to one"
            )
            yield spec.origin.fault(("data",), message)
        elif min(map(len, axes)) < _LEAST_POINTS:
            sizes = " x ".join(str(len(axis)) for axis in axes)
            message = (
                f"the grid of '{name}' has {sizes} points; a discovery needs at least "
                f"{_LEAST_POINTS} along each coordinate"
            )
            yield spec.origin.fault(("data",), message)
