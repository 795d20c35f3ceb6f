"""The operators of vector calculus written out in partial derivatives along space."""

from pikan.expression.differentiate import differentiate
from pikan.expression.functions import JUMPS
from pikan.expression.tree import (
    ZERO,
    Call,
    Expression,
    Name,
    Negative,
    Operation,
    add,
    calls,
    divide,
    multiply,
    negative,
    size,
    subtract,
    text,
)
from pikan.geometry.roles import space_axes
from pikan.problem.partials import HasNames, partial, partial_name, partials, raise_order

# Written out, a formula has at most so many parts.
_LARGEST = 20_000


def canonical(named: HasNames, expression: Expression) -> Expression:
    """The same expression with `div(a*grad(u))` and `laplacian(u)` written out.

    Partials get canonical names. ValueError with the reason where an operator has no meaning.
    """
    match expression:
        case Name(name):
            found = partial(named, name)
            return expression if found is None else Name(partial_name(named, found))
        case Negative(operand):
            return Negative(canonical(named, operand))
        case Operation(operator, left, right):
            return Operation(operator, canonical(named, left), canonical(named, right))
        case Call("laplacian", (argument,)):
            field = canonical(named, argument)
            if not isinstance(field, Name) or not partials(named, field):
                needs = "needs an unknown or one of its derivatives"
                raise ValueError(f"laplacian({text(field)}) {needs}")
            if not space_axes(named.coordinates):
                raise ValueError(f"laplacian({text(field)}) needs a coordinate other than t")
            return _divergence(named, Call("grad", (field,)))
        case Call("div", (flux,)):
            return _divergence(named, _canonical_vector(named, flux))
        case Call("grad", _):
            raise ValueError("grad(...) is a vector; it stands inside div(...)")
        case Call(function, arguments):
            return Call(function, tuple(canonical(named, argument) for argument in arguments))
        case _:
            return expression


def _canonical_vector(named: HasNames, flux: Expression) -> Expression:
    """The same with canonical names, and gradients left as they are."""
    match flux:
        case Call("grad", (argument,)):
            return Call("grad", (canonical(named, argument),))
        case Negative(operand):
            return Negative(_canonical_vector(named, operand))
        case Operation(operator, left, right):
            first, second = (_canonical_vector(named, one) for one in (left, right))
            return Operation(operator, first, second)
        case _:
            return canonical(named, flux)


def total_derivative(named: HasNames, expression: Expression, axis: int) -> Expression:
    """The derivative along a coordinate of a formula of unknowns and coordinates.

    By the chain rule, in partials under canonical names.

    >>> from types import SimpleNamespace as Names
    >>> from pikan.expression.parse import parse
    >>> from pikan.expression.tree import text
    >>> named = Names(coordinates=("x", "t"), unknowns=("u",))
    >>> text(total_derivative(named, parse("x*u_t"), 0))
    'u_t + x*u_xt'
    """
    total = differentiate(expression, named.coordinates[axis])
    for name, one in partials(named, expression).items():
        higher = Name(partial_name(named, raise_order(one, axis, 1)))
        total = add(total, multiply(differentiate(expression, name), higher))
    return total


def _divergence(named: HasNames, flux: Expression) -> Expression:
    """The divergence of a flux along all coordinates but t.

    Beside a jump it would hold more than derivatives of its parts.
    """
    axes = space_axes(named.coordinates)
    if not axes:
        raise ValueError("div(...) needs a coordinate other than t")
    if jumping := sorted(calls(flux) & JUMPS):
        raise ValueError(
            f"{jumping[0]}(...) jumps inside div(...), where the flux is continuous and its parts"
            f" are not; write the flux as unknowns of its own, such as q = a*u_x and q_x = f"
        )
    total: Expression = ZERO
    for axis in axes:
        along = _component(named, flux, axis)
        # A second derivative of a long product has as many parts as its factors squared.
        if size(along) > _LARGEST // 5:
            raise ValueError("div(...) is too long when written out; write its parts as unknowns")
        total = add(total, total_derivative(named, along, axis))
        if size(total) > _LARGEST:
            raise ValueError("div(...) is too long when written out; write its parts as unknowns")
    return total


def component(named: HasNames, flux: Expression, axis: int) -> Expression:
    """A component of a vector as it is written, in partials under canonical names."""
    return _component(named, _canonical_vector(named, flux), axis)


def _component(named: HasNames, flux: Expression, axis: int) -> Expression:
    """A component of a vector: of a gradient, times and plus others."""
    match flux:
        case Call("grad", (argument,)):
            return total_derivative(named, argument, axis)
        case Negative(operand):
            return negative(_component(named, operand, axis))
        case Operation("+", left, right):
            return add(_component(named, left, axis), _component(named, right, axis))
        case Operation("-", left, right):
            return subtract(_component(named, left, axis), _component(named, right, axis))
        case Operation("*", left, right) if "grad" not in calls(left):
            return multiply(left, _component(named, right, axis))
        case Operation("*", left, right) if "grad" not in calls(right):
            return multiply(_component(named, left, axis), right)
        case Operation("/", left, right) if "grad" not in calls(right):
            return divide(_component(named, left, axis), right)
        case _:
            raise ValueError(
                "div(...) takes a vector: gradients of formulas, times others; write div(a*grad(u))"
            )
