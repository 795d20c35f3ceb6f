"""What kind of problem it is: its orders, an evolution problem, a linear one."""

from math import prod

from pikan.expression.differentiate import differentiate
from pikan.expression.evaluate import value
from pikan.expression.functions import CONSTANTS, JUMPS
from pikan.expression.tree import Call, names, parts
from pikan.problem.partials import Partial, normals, partials
from pikan.problem.pieces import side_partials, written_out
from pikan.problem.statement import Problem


def equation_order(problem: Problem, unknown: int, axis: int) -> int:
    """The highest derivative of an unknown along an axis in the equations."""
    found = [partials(problem, equation.residual).values() for equation in problem.equations]
    return max(
        (p.orders[axis] for group in found for p in group if p.unknown == unknown), default=0
    )


def is_evolution(problem: Problem) -> bool:
    """Whether the problem starts at the first moment and is asked for nothing at a later one."""
    axis = problem.box.time
    if axis is None or not any(
        equation_order(problem, k, axis) for k in range(len(problem.unknowns))
    ):
        return False
    moments = [
        dict(face.fixed)[axis]
        for condition in problem.conditions
        for face in condition.faces
        if axis in dict(face.fixed)
    ]
    return bool(moments) and all(moment == problem.box.lower[axis] for moment in moments)


def is_determined(problem: Problem) -> bool:
    """Whether a problem of one coordinate has as many conditions as the orders of its equations.

    There is one equation for each unknown besides.
    """
    orders = [equation_order(problem, k, 0) for k in range(len(problem.unknowns))]
    asked = sum(len(one.faces) for one in problem.conditions)
    asked += sum(sum(match.orders) for match in problem.periodic)
    square = len(problem.equations) == len(problem.unknowns) and asked == sum(orders)
    return problem.box.dimension == 1 and square and any(orders)


# A coefficient below this, measured in half lengths of the box, makes thin layers.
_SMALL = 0.02


def small_constant(problem: Problem) -> str | None:
    """The constant that alone makes the highest derivatives of a nonlinear equation small."""
    if linear(problem):
        return None
    halves = [
        (high - low) / 2 for low, high in zip(problem.box.lower, problem.box.upper, strict=True)
    ]
    for equation in problem.equations:
        found = partials(problem, equation.residual)
        top = max((sum(one.orders) for one in found.values()), default=0)
        for name, one in found.items():
            rate = differentiate(equation.residual, name)
            alone = names(rate) - CONSTANTS.keys()
            if (
                sum(one.orders) < max(top, 2)
                or len(alone) != 1
                or not alone <= problem.constants.keys()
            ):
                continue
            scale = prod(half**order for half, order in zip(halves, one.orders, strict=True))
            if 0 < abs(value(rate, problem.constants)) / scale < _SMALL:
                return min(alone)
    return None


def linear(problem: Problem) -> bool:
    """Whether every equation and condition is affine in the unknowns, decided symbolically.

    A residual F is affine when none of its derivatives by a partial holds an unknown again, and no
    unknown stands in a function that jumps, whose derivative is zero.
    """
    stated = [
        (one.residual, {*partials(problem, one.residual), *normals(problem, one.residual)})
        for one in (*problem.equations, *problem.conditions)
    ]
    met = [written_out(problem, one.residual) for one in problem.interfaces]
    stated += [(residual, {*side_partials(problem, residual)}) for residual in met]
    for residual, dependent in stated:
        slopes = (differentiate(residual, name) for name in dependent)
        if not all(names(slope).isdisjoint(dependent) for slope in slopes):
            return False
        if any(
            isinstance(part, Call)
            and part.function in JUMPS
            and not names(part).isdisjoint(dependent)
            for part in parts(residual)
        ):
            return False
    return True


def is_laplacian(problem: Problem) -> bool:
    """Whether there is one equation, in the plane, whose highest part is a multiple of u_xx + u_yy.

    The multiple is a constant.
    """
    if len(problem.unknowns) != 1 or len(problem.equations) != 1:
        return False
    (equation,) = problem.equations
    found = partials(problem, equation.residual)
    second = {one: name for name, one in found.items() if sum(one.orders) > 1}
    if set(second) != {Partial(0, (2, 0)), Partial(0, (0, 2))}:
        return False
    first, other = (differentiate(equation.residual, name) for name in second.values())
    return first == other and names(first) <= {*problem.constants, "pi", "e"}


def is_poisson(problem: Problem) -> bool:
    """Whether the equation `is_laplacian` and holds the unknown in no other way."""
    if not is_laplacian(problem):
        return False
    (equation,) = problem.equations
    return all(sum(one.orders) == 2 for one in partials(problem, equation.residual).values())
