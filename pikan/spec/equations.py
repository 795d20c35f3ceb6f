"""The equations of a spec: readable, differential, and one for each unknown."""

from collections.abc import Sequence

from pikan.expression.error import FormulaError
from pikan.expression.wording import word_list
from pikan.problem.partials import normal_components, normals
from pikan.problem.statement import Equation, UnknownEquation
from pikan.spec.faults import Check, Fault
from pikan.spec.resolve import Scope, residual, unknowns_of
from pikan.spec.schema import Spec


def equations(spec: Spec, scope: Scope) -> Check[tuple[Equation, ...]]:
    """The equations that can be read, labeled `equation` or `equation 1`, `equation 2`..."""
    found: list[Equation] = []
    for index, text in enumerate(spec.equations):
        keys = ("equations", index)
        try:
            label = f"equation {index + 1}" if len(spec.equations) > 1 else "equation"
            found.append(Equation(label, residual(text, scope)))
        except FormulaError as error:
            yield from spec.origin.faults(keys, error.messages)
            continue
        outward = [
            *normals(scope, found[-1].residual),
            *sorted(normal_components(scope, found[-1].residual)),
        ]
        for name in outward:
            message = f"'{name}' in '{text}' has a meaning only on faces; write it in a condition"
            yield spec.origin.fault(keys, message)
    return tuple(found)


def approximates(spec: Spec, scope: Scope, equations: Sequence[Equation]) -> bool:
    """Whether a spec asks for values alone, as `u = exp(x)` does, where no conditions are needed.

    A file says so with `conditions: []`; beside a derivative that is a fault like any other.
    """
    if spec.conditions or not equations or len(equations) < len(spec.equations):
        return False
    held = [one for equation in equations for one in unknowns_of(equation.residual, scope).values()]
    return not any(any(one.orders) for one in held)


def no_equations(spec: Spec) -> Fault:
    """The fault of a file that says nothing of equations."""
    message = f"missing; {Spec.model_fields['equations'].description}"
    return spec.origin.fault(("equations",), message)


def check_determined(
    spec: Spec, scope: Scope, equations: Sequence[Equation], discover: Sequence[UnknownEquation]
) -> Check[None]:
    """Every equation is a differential one, and there is one for each unknown.

    A spec without conditions may ask for values alone.
    """
    if "equations" not in spec.model_fields_set and not spec.discover:
        yield no_equations(spec)
        return
    if not equations and not spec.discover:
        yield spec.origin.fault(("equations",), "there is none; a problem needs an equation")
        return
    held = [unknowns_of(equation.residual, scope).values() for equation in equations]
    differentiated = {one.unknown for group in held for one in group if any(one.orders)}
    if approximates(spec, scope, equations):
        differentiated = {one.unknown for group in held for one in group}
    for index, group in enumerate(held):
        text = spec.equations[index]
        # An equation without a derivative may stand in a system beside those that have them.
        if not {one.unknown for one in group} & differentiated:
            message = f"'{text}' holds no derivative of an unknown; write one, such as "
            example = f"{scope.unknowns[0]}_{scope.coordinates[0]}"
            yield spec.origin.fault(("equations", index), f"{message}{example}")
    held += [unknowns_of(one.left, scope).values() for one in discover]
    for unknown, name in enumerate(spec.unknowns):
        if all(one.unknown != unknown for group in held for one in group):
            message = f"the unknown '{name}' stands in no equation; write one for it"
            yield spec.origin.fault(("unknowns", unknown), message)
    if len(held) < len(spec.unknowns):
        message = (
            f"{len(held)} of them for the {len(spec.unknowns)} unknowns "
            f"{word_list(spec.unknowns)}; each needs one"
        )
        yield spec.origin.fault(("equations",), message)
