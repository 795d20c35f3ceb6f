"""The plan where constants, functions or whole equations are found from data."""

from pikan.expression.wording import word_list
from pikan.planning.by_hand import with_values
from pikan.problem.statement import Problem
from pikan.spec.networks import ProductSettings
from pikan.spec.schema import Spec
from pikan.spec.stages.identify import IdentifySettings, IdentifyStage

# The first degrees of a fit, by the number of coordinates, and for more.
_START = {1: 24, 2: 10, 3: 5}
# The most coefficients of fields that confirm what the weak form has told.
_CONFIRMED = 1200


def plan_identification(
    spec: Spec, problem: Problem, network: ProductSettings | None, identify: IdentifySettings
) -> tuple[Spec, tuple[str, ...]]:
    """Fields and constants from data, together."""
    dimension = problem.box.dimension
    periodic = {one.axis for one in problem.periodic}
    bases = tuple("fourier" if axis in periodic else "chebyshev" for axis in range(dimension))
    given = network or ProductSettings(kind="product")
    start = _START.get(dimension, _START[3])
    chosen = with_values(
        given, rank="full", basis=given.basis or bases, degree=given.degree or start
    )
    among = {name for one in problem.functions for name in one.coefficients}
    sought = [one.name for one in problem.find if one.name not in among]
    sought += [f"{one.name}({', '.join(one.arguments)})" for one in problem.functions]
    names = word_list(sought or ["coefficients"])
    reason = (
        f"{names} from data: the solution and what is unknown by one Gauss-Newton, the equations "
        "to a tolerance that falls until nothing depends on it; degrees rise until two bases agree"
    )
    if problem.discover:
        sums = word_list([one.text for one in problem.discover])
        reason = (
            f"terms of {sums} from data: candidates in the weak form, all subsets by an "
            f"information criterion, votes of several widths of test functions; then {reason}"
        )
        if "largest" not in identify.model_fields_set:
            identify = with_values(identify, largest=_CONFIRMED)
    training = (IdentifyStage(identify=identify),)
    return with_values(spec, network=chosen, training=training), (reason,)
