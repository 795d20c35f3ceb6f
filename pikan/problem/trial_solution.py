"""Trial solutions of a problem on a box: a lift and factors that build conditions into any field.

u = g + D N for each unknown, with N any field. The lift g satisfies the conditions; D N satisfies
them with zero on the right: D is a product of distance functions of faces with values, and for a
face with a slope or a mixture B u a step N - s(x) B N, where B s = 1 there.

Sources: Lagaris, Likas, Fotiadis 1998, doi 10.1109/72.712178; Sukumar and Srivastava 2022, doi
10.1016/j.cma.2021.114333 (slopes and mixtures); Gordon 1971, doi 10.1137/0708019 (Boolean sums of
interpolants along each axis).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import comb, factorial
from typing import NamedTuple, final

import numpy as np

from pikan.expression.differentiate import differentiate
from pikan.expression.tree import (
    ONE,
    ZERO,
    Expression,
    Name,
    Number,
    add,
    divide,
    fold,
    multiply,
    names,
    negative,
    power,
    substitute,
    subtract,
    text,
)
from pikan.geometry.face import Face
from pikan.problem.partials import partials
from pikan.problem.statement import Condition, Problem, residual_on
from pikan.problem.variational import essential_part
from pikan.problem.wellposed.compatibility import on

# What is left of a condition by a lift that has it, in parts of the values there.
_LEFT = 1e-9
# Differences of data that are rounding.
_ROUNDING = 1e-12
# Formulas are kept as text, and read again as any other: no longer than those may be.
_LONGEST = 1900

Orders = tuple[int, ...]


@final
@dataclass(frozen=True)
class TrialSolution:
    """What builds conditions into fields: for each unknown u = lift + sum of factor · ∂N.

    `factors` has for each unknown what multiplies the partial derivatives of its field. Along the
    `periodic` axes fields repeat. `rest` is the problem with the conditions that are not built in,
    and `reasons` say of each of them why.
    """

    lifts: tuple[Expression, ...]
    factors: tuple[Mapping[Orders, Expression], ...]
    periodic: tuple[int, ...]
    rest: Problem
    reasons: tuple[str, ...]


class _Data(NamedTuple):
    """value · u + slope · ∂ᵏu = given on one end of an axis, k = `order`; `slope` 1 if k = 0."""

    unknown: int
    axis: int
    upper: bool
    order: int
    value: float
    slope: float
    given: Expression

    @property
    def mixture(self) -> bool:
        """Whether it needs a step of its own: a mixture; a slope may stand above a value."""
        return self.value != 0.0


class _NotBuiltInError(ValueError):
    """Why a condition cannot be built in."""


def trial_solution(problem: Problem, *, turns: bool = True, natural: bool = True) -> TrialSolution:
    """As many conditions as fit together, in the order of the file, built in; the rest as it is.

    Without `turns` no axis is made periodic: the field is not to take cosines and sines. Without
    `natural` those that follow from an energy are left to it.
    """
    energy, asked = problem.energy, (problem if natural else essential_part(problem)).conditions
    periodic = tuple(one for one in problem.periodic if all(one.orders) and turns)
    kept, reasons = list[Condition](), list[str]()
    for condition in asked:
        try:
            _functions(problem, [*kept, condition], tuple(one.axis for one in periodic))
        except _NotBuiltInError as fault:
            reasons.append(f"'{condition.label}' is not built in: {fault}")
        else:
            kept.append(condition)
    for one in problem.periodic:
        if one not in periodic:
            why = "not every unknown repeats" if turns else "a product has no turns; take fourier"
            reasons.append(f"'{one.label}' is not built in: {why}")
    axes = tuple(one.axis for one in periodic)
    lifts, factors = _functions(problem, kept, axes)
    rest = replace(
        problem,
        conditions=tuple(one for one in problem.conditions if one not in kept),
        periodic=tuple(one for one in problem.periodic if one not in periodic),
    )
    if energy is not None:
        left = [one for one in problem.conditions[: energy.essential] if one not in kept]
        rest = replace(rest, energy=replace(energy, essential=len(left)))
    return TrialSolution(lifts, factors, axes, rest, tuple(reasons))


def _functions(
    problem: Problem, conditions: Sequence[Condition], periodic: tuple[int, ...]
) -> tuple[tuple[Expression, ...], tuple[Mapping[Orders, Expression], ...]]:
    """The lift and the factors of every unknown; _NotBuiltInError where there are none."""
    numbers = {name: Number(value) for name, value in problem.constants.items()}
    data = [one for condition in conditions for one in _data(problem, condition, periodic)]
    lifts, factors = list[Expression](), list[Mapping[Orders, Expression]]()
    time = () if problem.box.time is None else (problem.box.time,)
    for unknown in range(len(problem.unknowns)):
        own = [one for one in data if one.unknown == unknown]
        lift, factor = ZERO, {(0,) * problem.box.dimension: ONE}
        for axis in (*problem.box.space, *time):
            along = _in_order([one for one in own if one.axis == axis])
            lift = _with_data(problem, lift, along)
            factor = _with_factors(problem, factor, along)
        lifts.append(fold(substitute(lift, numbers)))
        factors.append({orders: fold(substitute(one, numbers)) for orders, one in factor.items()})
    if any(
        len(text(one)) > _LONGEST for one in (*lifts, *(f for g in factors for f in g.values()))
    ):
        raise _NotBuiltInError("the formula of its lift would be too long")
    for one in data:
        _check(problem, lifts[one.unknown], one)
    for axis in periodic:
        for lift in lifts:
            _check_periodic(problem, lift, axis)
    return tuple(lifts), tuple(factors)


def _data(problem: Problem, condition: Condition, periodic: tuple[int, ...]) -> Iterator[_Data]:
    """What a condition says on each of its faces; _NotBuiltInError where that is no such thing."""
    for face in condition.faces:
        if problem.region is not None or not isinstance(face, Face):
            raise _NotBuiltInError("the domain is no box")
        if face.normal(problem.box) is None:
            raise _NotBuiltInError("it is asked inside, or on an edge or a point")
        ((axis, place),) = face.fixed
        if axis in periodic:
            raise _NotBuiltInError(f"{problem.coordinates[axis]} is periodic")
        residual = residual_on(problem, condition, face)
        found = partials(problem, residual)
        rates = {name: differentiate(residual, name) for name in found}
        if any(found.keys() & names(rate) for rate in rates.values()):
            raise _NotBuiltInError("it is not linear in the unknown")
        if len({one.unknown for one in found.values()}) > 1:
            raise _NotBuiltInError("it mixes unknowns")
        if any(sum(one.orders) != one.orders[axis] for one in found.values()):
            raise _NotBuiltInError("it has derivatives along the face")
        orders = {one.orders[axis]: rates[name] for name, one in found.items()}
        given = negative(substitute(residual, dict.fromkeys(found, ZERO)))
        upper, unknown = place != problem.box.lower[axis], next(iter(found.values())).unknown
        order, value, slope, given = _sides(problem, face, orders, given)
        yield _Data(unknown, axis, upper, order, value, slope, _at(problem, face, given))


def _sides(
    problem: Problem, face: Face, orders: Mapping[int, Expression], given: Expression
) -> tuple[int, float, float, Expression]:
    """The order, the factors of value and slope, and the right side, from factors by order."""
    if len(orders) == 1:
        ((order, rate),) = orders.items()
        if not np.abs(on(problem, rate, face)).min() > 0.0:
            raise _NotBuiltInError("the factor of the unknown vanishes")
        return order, 0.0, 1.0, divide(given, rate)
    if set(orders) != {0, 1}:
        raise _NotBuiltInError("it mixes higher derivatives")
    values, slopes = (on(problem, orders[order], face) for order in (0, 1))
    if np.ptp(values) > 0.0 or np.ptp(slopes) > 0.0 or slopes[0] == 0.0:
        raise _NotBuiltInError("the numbers of the mixture vary along the face")
    return 1, float(values[0]), float(slopes[0]), given


def _in_order(along: Iterable[_Data]) -> list[_Data]:
    """The data along one axis, each end by order; _NotBuiltInError for sets with no formula."""
    found = sorted(along, key=lambda one: (one.upper, one.order))
    for upper in (False, True):
        end = [one for one in found if one.upper is upper]
        orders = [one.order for one in end]
        plain = orders == list(range(len(end))) and not any(one.mixture for one in end)
        if not plain and orders != [1]:
            raise _NotBuiltInError(
                "with the others on this face it gives no values, slopes, ... one after the other"
            )
    return found


def _count(along: Sequence[_Data], upper: bool) -> int:
    """The derivatives, from the value on, that must vanish at an end for its data to be zero."""
    end = [one for one in along if one.upper is upper]
    return 2 if _needs_step(end) else len(end)


def _needs_step(end: Sequence[_Data]) -> bool:
    """Whether the data of one end are a slope or a mixture alone."""
    return len(end) == 1 and end[0].order == 1


def _share(problem: Problem, axis: int, upper: bool, length: float) -> Expression:
    """The distance from one end in parts of a length."""
    low, high = problem.box.lower[axis], problem.box.upper[axis]
    here = Name(problem.coordinates[axis])
    way = subtract(Number(high), here) if upper else add(here, Number(0.0 - low))
    return divide(way, Number(length))


def _cardinal(problem: Problem, one: _Data, along: Sequence[_Data]) -> Expression:
    """The function along the axis with this datum one and the others there zero.

    Two-point Hermite interpolation: s^k/k! (1 - s)^q sum over i < p - k of C(q-1+i, i) s^i has k-th
    derivative one at s = 0, the others below p zero, and q zeros at s = 1.
    """
    p, q = _count(along, one.upper), _count(along, not one.upper)
    length = problem.box.upper[one.axis] - problem.box.lower[one.axis]
    s, rest = (_share(problem, one.axis, end, length) for end in (one.upper, not one.upper))
    inward = -1.0 if one.upper and one.order % 2 else 1.0
    scale = inward * length**one.order / factorial(one.order) / one.slope
    # C(q - 1 + i, i), for q = 0 as well.
    choices = [comb(q - 1 + i, i) if q else int(i == 0) for i in range(p - one.order)]
    terms = [
        multiply(Number(float(count)), power(s, Number(float(i))))
        for i, count in enumerate(choices)
    ]
    shape = multiply(power(s, Number(float(one.order))), power(rest, Number(float(q))))
    return multiply(multiply(Number(scale), shape), reduce(add, terms))


def _apply(problem: Problem, field: Expression, one: _Data) -> Expression:
    """B field, not yet on the face."""
    name, rate = problem.coordinates[one.axis], field
    for _ in range(one.order):
        rate = differentiate(rate, name)
    rate = multiply(Number(one.slope), rate)
    return add(multiply(Number(one.value), field), rate) if one.mixture else rate


def _with_data(problem: Problem, lift: Expression, along: Sequence[_Data]) -> Expression:
    """The lift with the data along one more axis: g + sum of s_k (h_k - B_k g)."""
    found = lift
    for one in along:
        face = _face(problem, one)
        own = _at(problem, face, _apply(problem, lift, one))
        apart = fold(subtract(one.given, own))
        size = max(_size(problem, one.given, face), _size(problem, lift))
        if not _size(problem, apart, face) <= _ROUNDING * size:
            found = add(found, multiply(_cardinal(problem, one, along), apart))
    return found


def _with_factors(
    problem: Problem, factors: Mapping[Orders, Expression], along: Sequence[_Data]
) -> dict[Orders, Expression]:
    """The factors with those of one more axis."""
    if not along:
        return dict(factors)
    axis = along[0].axis
    length = problem.box.upper[axis] - problem.box.lower[axis]
    ends = {upper: [one for one in along if one.upper is upper] for upper in (False, True)}
    counts = {upper: 0 if _needs_step(end) else len(end) for upper, end in ends.items()}
    distance: Expression = ONE
    for upper, count in counts.items():
        if count:
            # One where the product of both is largest.
            share = _share(problem, axis, upper, length * count / sum(counts.values()))
            distance = multiply(distance, power(share, Number(float(count))))
    found = {orders: multiply(distance, one) for orders, one in factors.items()}
    steps = [end[0] for end in ends.values() if _needs_step(end)]
    return _step_factors(problem, found, [(one, _cardinal(problem, one, along)) for one in steps])


def _step_factors(
    problem: Problem,
    factors: Mapping[Orders, Expression],
    steps: Sequence[tuple[_Data, Expression]],
) -> dict[Orders, Expression]:
    """The factors of M - sum of s B M, where those of M are given.

    Each s vanishes with its slope at the other end, so that the steps do not meet.
    """
    found = dict(factors)
    for one, shape in steps:
        for orders, factor in factors.items():
            rate = _apply(problem, factor, one)
            found[orders] = subtract(found[orders], multiply(shape, rate))
            above = tuple(k + (axis == one.axis) for axis, k in enumerate(orders))
            more = multiply(shape, multiply(Number(one.slope), factor))
            found[above] = subtract(found.get(above, ZERO), more)
    return found


def _check(problem: Problem, lift: Expression, one: _Data) -> None:
    """_NotBuiltInError where a lift leaves a condition open."""
    face = _face(problem, one)
    applied = _at(problem, face, _apply(problem, lift, one))
    size = max(_size(problem, one.given, face), _size(problem, lift))
    if not _size(problem, subtract(applied, one.given), face) <= _LEFT * size:
        raise _NotBuiltInError(
            f"on '{face.label(problem.box)}' it does not fit those before it where they meet"
        )


def _check_periodic(problem: Problem, lift: Expression, axis: int) -> None:
    """_NotBuiltInError where a lift does not repeat along an axis, with its slope."""
    name = problem.coordinates[axis]
    for order in range(2):
        ends = [
            on(problem, lift, Face(((axis, end),)))
            for end in (problem.box.lower[axis], problem.box.upper[axis])
        ]
        if not np.abs(ends[0] - ends[1]).max() <= _LEFT * _size(problem, lift):
            what = "slope" if order else "value"
            raise _NotBuiltInError(f"its {what} does not repeat at the ends of {name}")
        lift = differentiate(lift, name)


def _size(problem: Problem, formula: Expression, face: Face | None = None) -> float:
    """The largest value at some points of a face, in the whole box if none is named."""
    return float(np.abs(on(problem, formula, Face(()) if face is None else face)).max())


def _face(problem: Problem, one: _Data) -> Face:
    return Face(((one.axis, (problem.box.upper if one.upper else problem.box.lower)[one.axis]),))


def _at(problem: Problem, face: Face, formula: Expression) -> Expression:
    """The formula on a face."""
    fixed = {problem.coordinates[axis]: Number(value) for axis, value in face.fixed}
    return fold(substitute(formula, fixed))
