"""Characteristics of constant speed: whether an evolution in one coordinate has them, and which."""

from math import inf
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import evaluate_on, value
from pikan.expression.functions import CONSTANTS
from pikan.expression.tree import Expression, Number, add, divide, multiply, names, subtract
from pikan.linalg.pencil import real_pencil
from pikan.problem.classification import is_evolution
from pikan.problem.features import Features
from pikan.problem.initial_value import initial_values
from pikan.problem.partials import partials
from pikan.problem.statement import Problem, residual_on
from pikan.problem.wellposed.corners import jumps

# Speeds that differ by less than this part of them are one.
_SAME = 1e-9
# Values this near to a place on both sides, in parts of the interval, that differ by more than the
# second part of them, jump.
_NEAR, _JUMP = 1e-12, 1e-6
# So many points show how large a start is.
_SAMPLES = 65


class JumpTransport(NamedTuple):
    """How jumps of the unknown of a wave equation go on along characteristics.

    Along a line of ξ = x - ct the derivative of the jump by η = x + ct is the first of the `rates`
    times it, along one of η that by ξ the second. From an end a jump comes back times what is
    `reflected` there, at the lower and the upper one; None where the unknown itself is given.
    """

    rates: tuple[Expression, Expression]
    reflected: tuple[float | None, float | None]


class Characteristics(NamedTuple):
    """The lines x - ct = const and x + ct = const along which jumps and kinks move.

    What rows of `forward` make of the unknowns moves to larger x, so that it is continuous across
    the lines of x + ct; that of rows of `backward` moves to smaller x. `order` is that of the
    equations: of second order the one unknown is continuous across all lines, or else has `jumps`.
    """

    speed: float
    order: int
    forward: Float[np.ndarray, "_ m"]
    backward: Float[np.ndarray, "_ m"]
    jumps: JumpTransport | None = None


def characteristics(problem: Problem) -> Characteristics | None:
    """The characteristics of an evolution in one coordinate of space and t.

    Of one wave equation, or of a system of first order all of whose speeds are equal but for their
    sign: the coefficients of the highest derivatives are constants, what else there is may be
    nonlinear. None for others, and where starts or conditions at the ends are not as many as what
    comes in there.
    """
    box = problem.box
    closed = len(problem.equations) == len(problem.unknowns)
    if box.dimension != 2 or problem.parameters or not closed or not is_evolution(problem):
        return None
    found = _wave(problem) or _system(problem)
    return found if found is not None and _is_determined(problem, found) else None


def _principal(problem: Problem, order: int) -> dict[tuple[int, int, int, int], float] | None:
    """Constant coefficients of the derivatives of an order.

    They go by equation, unknown, and the orders in x and t.
    None where one is no constant, or derivatives are of higher order.
    """
    time = problem.box.evolution
    made: dict[tuple[int, int, int, int], float] = {}
    for number, equation in enumerate(problem.equations):
        for name, one in partials(problem, equation.residual).items():
            if sum(one.orders) < order:
                continue
            rate = differentiate(equation.residual, name)
            known = names(rate) <= {*problem.constants, *CONSTANTS}
            if sum(one.orders) > order or not known:
                return None
            key = (number, one.unknown, one.orders[1 - time], one.orders[time])
            made[key] = value(rate, problem.constants)
    return made


def _wave(problem: Problem) -> Characteristics | None:
    """Those of a u_tt - b u_xx = what has lower derivatives."""
    parts = _principal(problem, 2) if len(problem.unknowns) == 1 else None
    if parts is None or parts.keys() != {(0, 0, 0, 2), (0, 0, 2, 0)}:
        return None
    square = -parts[0, 0, 2, 0] / parts[0, 0, 0, 2] if parts[0, 0, 0, 2] else 0.0
    one = np.ones((1, 1))
    return Characteristics(square**0.5, 2, one, one) if square > 0.0 else None


def _system(problem: Problem) -> Characteristics | None:
    """Those of A u_t + B u_x = what has no derivatives, by left eigenvectors of A⁻¹ B."""
    parts = _principal(problem, 1)
    if parts is None:
        return None
    size = len(problem.unknowns)
    rates, slopes = np.zeros((size, size)), np.zeros((size, size))
    for (equation, unknown, along, _), coefficient in parts.items():
        (slopes if along else rates)[equation, unknown] = coefficient
    found = real_pencil(rates, slopes)
    if found is None:
        return None
    speed = float(np.abs(found.values).max())
    if speed == 0.0 or np.abs(np.abs(found.values) - speed).max() > _SAME * speed:
        return None
    return Characteristics(speed, 1, found.rows[found.values > 0], found.rows[found.values < 0])


def _is_determined(problem: Problem, found: Characteristics) -> bool:
    """Whether each end has a condition for all that comes in, or both repeat; and so the start."""
    box, time = problem.box, problem.box.evolution
    faces = [face.fixed for one in problem.conditions for face in one.faces]
    if any(len(fixed) != 1 for fixed in faces):
        return False
    starts = sum(axis == time for ((axis, _),) in faces)
    ends = [
        sum(axis != time and at == bounds[1 - time] for ((axis, at),) in faces)
        for bounds in (box.lower, box.upper)
    ]
    expected = [len(found.forward), len(found.backward)]
    if problem.periodic:
        orders = [match.orders for match in problem.periodic if match.axis != time]
        repeated = orders == [(found.order,) * len(problem.unknowns)]
        expected = [0, 0] if repeated else [-1, -1]
    given = found.order == 2 or len(initial_values(problem)) == len(problem.unknowns)
    count = found.order if found.order == 2 else len(problem.unknowns)
    return ends == expected and starts == count == len(faces) - sum(ends) and given


def wave_lines(problem: Problem, found: Features) -> Characteristics | None:
    """The characteristics, if all that jumps or bends moves along them, or does so at some moment.

    What jumps at a place of an equation stays there. An unknown of second order may jump itself
    where derivatives have known coefficients alone.
    """
    lines = characteristics(problem)
    if lines is None:
        return None
    space = 1 - problem.box.evolution
    equations = {one.label for one in problem.equations}
    staying = [one.label for one in found.places if one.axis == space]
    staying += [
        one.label
        for one in found.narrow
        if not (one.lower[:, space] == problem.box.lower[space]).all()
    ]
    # Slabs that are short beside the interval would make slivers of cells.
    short = len(found.edges[problem.box.evolution]) > 2
    if found.unread or found.oblique or short or equations.intersection(staying):
        return None
    if lines.order == 1 or not _value_jumps(problem, found):
        return lines
    jumps = _jump_transport(problem, lines)
    return None if jumps is None else lines._replace(jumps=jumps)


def follow_characteristics(problem: Problem, found: Features) -> bool:
    """Whether all that jumps or bends moves along characteristics."""
    return wave_lines(problem, found) is not None


def _jump_transport(problem: Problem, lines: Characteristics) -> JumpTransport | None:
    """How jumps of the value go on in a u_tt - a c² u_xx + d u_t + e u_x + ... = 0.

    None where d or e hold the unknown, or a condition at an end does beside its derivatives.

    In ξ and η the equation is -4 a c² u_ξη + (e + c d) u_η + (e - c d) u_ξ + ... = 0, and what a
    jump leaves of it at ξ = const is -4 a c² [u]_η + (e - c d) [u] = 0.
    """
    box, time, speed = problem.box, problem.box.evolution, lines.speed
    (equation,) = problem.equations
    known = {*problem.constants, *CONSTANTS}
    slopes = _slopes(problem, equation.residual)
    parts = [slopes.get(one, Number(0.0)) for one in ((0, 1), (1, 0), (0, 2))]
    if any(not names(one) <= known | set(box.coordinates) for one in parts):
        return None
    damped, carried, inert = multiply(Number(speed), parts[0]), parts[1], parts[2]
    whole = multiply(Number(4 * speed**2), inert)
    rates = divide(subtract(carried, damped), whole), divide(add(carried, damped), whole)
    reflected: list[float | None] = [None, None]
    for condition in problem.conditions:
        for face in condition.faces:
            ((axis, at),) = face.fixed
            if axis == time:
                continue
            residual = residual_on(problem, condition, face)
            slopes = _slopes(problem, residual)
            first = [slopes.get(one, Number(0.0)) for one in ((1, 0), (0, 1))]
            highest = max(sum(orders) for orders in slopes)
            if highest > 1 or any(not names(one) <= known for one in first):
                return None
            end = 0 if at == box.lower[1 - time] else 1
            along, moved = (value(one, problem.constants) for one in first)
            back, out = along / speed + moved, along / speed - moved
            back, out = (out, back) if end else (back, out)
            if highest:
                reflected[end] = back / out if out else inf
    if inf in reflected:
        return None
    return JumpTransport(rates, (reflected[0], reflected[1]))


def _slopes(problem: Problem, residual: Expression) -> dict[tuple[int, int], Expression]:
    """The derivative of a formula by each of those of the one unknown, by orders in x and t."""
    time = problem.box.evolution
    return {
        (one.orders[1 - time], one.orders[time]): differentiate(residual, name)
        for name, one in partials(problem, residual).items()
    }


def _value_jumps(problem: Problem, found: Features) -> bool:
    """Whether the unknown itself may jump: at the start, where that meets an end, or at an end."""
    space = 1 - problem.box.evolution
    if any(one.axis != space and one.kind == "jump" for one in found.places):
        return True
    name, lower, upper = (
        problem.coordinates[space],
        problem.box.lower[space],
        problem.box.upper[space],
    )
    near = _NEAR * (upper - lower)
    places = np.array([one.value for one in found.places if one.axis == space])
    sides = np.stack([places - near, places + near])
    everywhere = np.linspace(lower, upper, _SAMPLES)
    for given in initial_values(problem).values():
        beside, size = (
            evaluate_on(given, {**problem.constants, name: at}, at.shape)
            for at in (sides, everywhere)
        )
        largest = np.abs(size).max(initial=np.abs(beside).max(initial=0.0))
        if np.abs(np.diff(beside, axis=0)).max(initial=0.0) > _JUMP * largest:
            return True
    return any(one.startswith(f"{problem.unknowns[0]} jumps") for one in jumps(problem))
