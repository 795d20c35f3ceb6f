"""What data say of constants: values with intervals, and whether the fit may be believed."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from jaxtyping import Float
from scipy.special import chdtrc, ndtri, stdtrit
from torch import Tensor

from pikan.optimize.outcome import Outcome
from pikan.problem.statement import Problem, UnknownConstant
from pikan.solvers.found import (
    Agreement,
    DataFit,
    FoundConstant,
    FoundFunction,
    Identification,
    equation_text,
)
from pikan.solvers.identification.polynomial import short_polynomial
from pikan.solvers.identification.rows import JointSystem, RowGroup, prior_width
from pikan.solvers.identification.tolerance import ROUNDING, ToleranceFit, standard_errors

LEVEL = 0.95
# A constant whose standard error is this part of what it was before any data is not told by them.
_TOLD = 0.3
# Constants whose estimates are this closely tied are only known together.
_TIED = 0.999
# The share of honest fits that may be taken for dishonest ones.
_CHANCE = 1e-4


def assess(
    problem: Problem,
    system: JointSystem,
    fit: ToleranceFit,
    apart: Float[Tensor, " c"],
    shift: float,
    outcome: Outcome,
) -> tuple[Identification, Outcome]:
    """What a fit has found, and how it ended: converged only where every test passes.

    The standard errors take in how far two bases are `apart`.
    """
    errors = standard_errors(fit)
    widened = (errors.square() + torch.where(apart.isfinite(), apart, errors).square()).sqrt()
    data = _data_fit(problem, system, fit)
    quantile = interval_quantile(data)
    slopes = system.slopes(fit.theta)
    values: dict[str, FoundConstant] = {}
    sought = [problem.find[k] for k in system.constants]
    for k, (place, known) in enumerate(zip(system.constants, sought, strict=True)):
        value, error = float(fit.constants[k]), float(widened[k])
        ratio = float(errors[k] / slopes[place].abs()) / prior_width(known)
        half = quantile * error
        interval = max(value - half, known.lower), min(value + half, known.upper)
        values[known.name] = FoundConstant(value, error, interval, LEVEL, ratio < _TOLD, ratio)
    count = len(sought)
    correlation = fit.covariance[:count, :count] / (errors[:count, None] * errors[:count])
    found = Identification(
        values,
        tuple(tuple(row) for row in correlation.tolist()),
        data,
        Agreement(shift, fit.shift),
        functions=dict(_functions(system, fit, widened, quantile)),
    )
    return found, _verdict(sought, values, data, correlation, system.size, outcome)


def interval_quantile(data: DataFit) -> float:
    """Half the width of an interval in standard errors.

    Where the noise is estimated it is that of Student's t of as many degrees of freedom.
    """
    share = 0.5 + LEVEL / 2
    return float(stdtrit(max(data.freedom, 1.0), share) if data.estimated else ndtri(share))


def _functions(
    system: JointSystem, fit: ToleranceFit, widened: Float[Tensor, " c"], quantile: float
) -> Iterator[tuple[str, FoundFunction]]:
    """The functions that a fit has found, with their pointwise bands."""
    first = len(system.constants)
    for one in system.functions:
        part = slice(first, first + len(one.columns))
        first = part.stop
        values, errors = fit.constants[part], widened[part]
        lower, upper = values - quantile * errors, values + quantile * errors
        if one.known.positive:
            values, lower, upper = values.exp(), lower.exp(), upper.exp()
            errors = values * errors
        names, title = one.known.coefficients, one.known.name
        terms: Mapping[str, FoundConstant] = {}
        if one.known.formula:
            used = sum(len(each.values) for each in system.problem.observations)
            terms = short_polynomial(one, fit.theta, fit.uncertainty, used, quantile, LEVEL)
        signature = f"{title}({', '.join(one.known.arguments)})"
        yield (
            title,
            FoundFunction(
                arguments=one.known.arguments,
                axes=one.axes,
                values=tuple(values.tolist()),
                standard_errors=tuple(errors.tolist()),
                lower=tuple(lower.tolist()),
                upper=tuple(upper.tolist()),
                level=LEVEL,
                coefficients=dict(zip(names, fit.theta[one.places].tolist(), strict=True))
                if names
                else {},
                terms=terms,
                formula=equation_text(signature, terms) if terms else "",
            ),
        )


def _verdict(
    find: Sequence[UnknownConstant],
    found: Mapping[str, FoundConstant],
    data: DataFit,
    correlation: Float[Tensor, "c c"],
    size: float,
    outcome: Outcome,
) -> Outcome:
    """The outcome, where something that the fit leaves contradicts it with a sentence on it.

    Of values of some `size` what is left may be their rounding, which is not independent.
    """
    ends = [
        f"{one.name} lies at the end {end:g} of its range; widen it"
        for one in find
        for end in (one.lower, one.upper)
        if found[one.name].value == end
    ]
    if ends:
        return Outcome("stalled", f"{outcome.message}; {'; '.join(ends)}")
    if outcome.kind == "stalled":
        return outcome
    names = list(found)
    lost = [name for name, one in found.items() if not one.identified]
    if lost:
        tied = [
            f"these data do not tell {names[i]} and {names[j]} apart"
            for i in range(len(names))
            for j in range(i)
            if names[i] in lost and names[j] in lost and abs(float(correlation[i, j])) > _TIED
        ]
        alone = [f"these data do not tell {name}" for name in lost]
        remedy = "measure where the solution depends on it, or give a condition more"
        return Outcome("stalled", f"{'; '.join(tied or alone)}: {remedy}")
    if not data.estimated and float(chdtrc(data.freedom, data.chi2)) < _CHANCE:
        return Outcome(
            "stalled",
            f"the residuals of the data are {(data.chi2 / data.freedom) ** 0.5:.2g} times as large "
            "as the noise given: the equations do not describe the data, or the noise is larger",
        )
    limit = float(ndtri(1.0 - _CHANCE)) / max(data.used, 1) ** 0.5
    noisy = max(data.noise.values(), default=0.0) > ROUNDING * size
    if abs(data.autocorrelation) > limit and noisy and outcome.kind == "converged":
        return Outcome(
            "stalled",
            f"residuals of neighboring data are correlated ({data.autocorrelation:.2f}): the "
            "equations do not describe all of the data",
        )
    return outcome


def _data_fit(problem: Problem, system: JointSystem, fit: ToleranceFit) -> DataFit:
    standardized: list[Float[Tensor, " _"]] = []
    products, squares = 0.0, 0.0
    noise: dict[str, float] = {}
    groups = [one for one in system.groups if one.kind == "observation"]
    for group in groups:
        residual, label = system.rows(group, fit.theta).residual, group.term.label
        spread = residual.new_tensor(fit.noise[label]) if group.noise is None else group.noise
        noise[label] = float(spread.square().mean().sqrt())
        scaled = residual / spread
        standardized.append(scaled)
        ordered = scaled[_neighbors(group)]
        products += float((ordered[1:] * ordered[:-1]).sum())
        squares += float(ordered.square().sum())
    worst = max((float(one.abs().max()) for one in standardized), default=0.0)
    return DataFit(
        noise=noise,
        estimated=any(group.noise is None for group in groups),
        chi2=sum(one.squares / fit.noise.get(k, 1.0) ** 2 for k, one in fit.left.items()),
        freedom=sum(one.freedom for one in fit.left.values()),
        autocorrelation=products / squares if squares else 0.0,
        worst=worst,
        used=sum(len(one.values) for one in problem.observations),
        outside=sum(one.outside for one in problem.observations),
        missing=sum(one.missing for one in problem.observations),
    )


def _neighbors(group: RowGroup) -> Sequence[int]:
    """The points of a group in an order in which neighbors are near: along the last coordinate.

    Ties, as on a grid, go by the coordinates before it.
    """
    points = group.term.points[0]
    keys = [tuple(reversed(row)) for row in points.tolist()]
    return sorted(range(len(keys)), key=keys.__getitem__)
