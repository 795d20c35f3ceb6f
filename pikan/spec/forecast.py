"""Until when equations that are found are solved on."""

from pikan.expression.differentiate import differentiate
from pikan.expression.error import FormulaError
from pikan.expression.tree import fold, names
from pikan.problem.classification import equation_order
from pikan.problem.partials import Partial, partial_name
from pikan.problem.statement import Problem
from pikan.spec.constants import Constants
from pikan.spec.faults import Check
from pikan.spec.schema import Spec


def forecast(spec: Spec, problem: Problem, known: Constants) -> Check[float | None]:
    """The moment that a forecast goes to; None where there is none or it is at fault."""
    if not spec.forecast:
        return None
    message = _misplacement(spec, problem)
    if message:
        yield spec.origin.fault(("forecast",), message)
        return None
    ((name, written),) = spec.forecast.items()
    try:
        until = known.value(written)
    except FormulaError as error:
        yield from spec.origin.faults(("forecast", name), error.messages)
        return None
    end = problem.box.upper[0]
    if until <= end:
        message = f"got {until:g}, needs a moment after the domain, which ends at {name} = {end:g}"
        yield spec.origin.fault(("forecast", name), message)
        return None
    return until


def _misplacement(spec: Spec, problem: Problem) -> str:
    """Why there is no forecast of a problem; empty where there may be one."""
    if not spec.find or spec.discover:
        return (
            "a forecast goes with constants or functions to be found; leave it out, or write find"
        )
    if problem.box.dimension != 1:
        return "a forecast is of ordinary differential equations, in one coordinate; leave it out"
    if list(spec.forecast) != [*problem.coordinates]:
        return f"name the coordinate, as in forecast: {{{problem.coordinates[0]}: 10}}"
    if any(not one.coefficients for one in problem.functions):
        return "a function of the coordinate is not known after the data; leave forecast out"
    for k, unknown in enumerate(problem.unknowns):
        order = equation_order(problem, k, 0)
        highest = partial_name(problem, Partial(k, (order,)))
        if order == 0:
            return f"no equation says how '{unknown}' goes on; leave forecast out"
        for one in problem.equations:
            if highest in names(fold(differentiate(one.residual, highest))):
                return f"an equation is not linear in '{highest}'; leave forecast out"
    return ""
