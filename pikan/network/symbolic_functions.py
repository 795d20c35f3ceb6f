"""Functions of symbolic edges by name: the elementary ones, real powers, and those of the user."""

from collections.abc import Callable
from fractions import Fraction
from re import fullmatch
from typing import NamedTuple
from zlib import crc32

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.network.activation import Activation
from pikan.network.elementary import ELEMENTARY, bessel_j0, power

_NAMES = tuple(ELEMENTARY)

# Numbers by which states of networks know functions that are not in the list: a real power by its
# fraction, a function of the user by its name.
_POWERS, _OWN, _LARGEST, _FINEST = 10**9, 2 * 10**9, 10**5, 1000


class OwnFunction(NamedTuple):
    """A function of the user with derivatives of any order, and how complex it counts."""

    activation: Activation
    complexity: int


# What a program has added, for all its models, as pykan has it: a file names such a function, and
# holds no code of it.
_ADDED: dict[str, OwnFunction] = {}


def own_function(name: str) -> OwnFunction | None:
    """The function that was added under this name; None if there is none."""
    return _ADDED.get(name)


def add_function(name: str, function: OwnFunction) -> None:
    """Make a function known under a name, in place of what was added under it before."""
    _ADDED[name] = function


def own_names() -> tuple[str, ...]:
    """The names of all functions that were added."""
    return tuple(_ADDED)


def exponent(name: str) -> Fraction | None:
    """The exponent of a real power; None for other names.

    >>> exponent("x^0.7"), exponent("x^(-1/3)"), exponent("sin")
    (Fraction(7, 10), Fraction(-1, 3), None)
    """
    found = fullmatch(r"x\^(-?\d{1,2}(?:\.\d{1,3})?|\((-?\d{1,3}/\d{1,3})\))", name)
    if name in ELEMENTARY or found is None or (found[2] or "/1").endswith(("/0", "/00", "/000")):
        return None
    return Fraction(found[2] or found[1])


def is_function(name: str) -> bool:
    """Whether an edge may hold a function of this name."""
    return name in ELEMENTARY or name in _ADDED or exponent(name) is not None


def activation(name: str) -> Activation:
    """The function of this name with its derivatives; KeyError if there is none."""
    found = exponent(name)
    if found is not None:
        return power(float(found))
    return _ADDED[name].activation if name in _ADDED else ELEMENTARY[name]


def kind_of(name: str) -> int:
    """The number by which states know a function."""
    if name in ELEMENTARY:
        return _NAMES.index(name)
    found = exponent(name)
    if found is None:
        return _OWN + crc32(name.encode())
    return _POWERS + (found.numerator + _LARGEST) * _FINEST + found.denominator % _FINEST


def name_of(kind: int) -> str | None:
    """The name of the function that states know by this number; None if it is not known here."""
    if 0 <= kind < len(_NAMES):
        return _NAMES[kind]
    if kind < _POWERS:
        return None
    if kind < _OWN:
        top, bottom = divmod(kind - _POWERS, _FINEST)
        return power_name(Fraction(top - _LARGEST, bottom or _FINEST))
    return next((name for name in _ADDED if kind_of(name) == kind), None)


def power_name(number: Fraction) -> str:
    """The name of a real power.

    >>> power_name(Fraction(7, 10)), power_name(Fraction(1, 3))
    ('x^0.7', 'x^(1/3)')
    """
    decimal = f"{float(number):.3f}".rstrip("0").rstrip(".")
    return f"x^{decimal}" if Fraction(decimal) == number else f"x^({number})"


def differentiable(function: Callable[[Tensor], Tensor]) -> Activation:
    """A function of torch with derivatives of any order, by automatic differentiation."""
    # Torch has no derivatives of these.
    if function is torch.special.bessel_j0:
        return bessel_j0
    if function is torch.special.bessel_j1:
        return lambda x, order: -bessel_j0(x, order + 1)[1:]

    def rows(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
        with torch.enable_grad():
            inside = x if x.requires_grad else x.detach().requires_grad_()
            made = [function(inside)]
            for _ in range(order):
                known = made[-1].requires_grad
                slope = (
                    torch.autograd.grad(
                        made[-1].sum(),
                        inside,
                        create_graph=True,
                        allow_unused=True,
                        materialize_grads=True,
                    )[0]
                    if known
                    else torch.zeros_like(inside)
                )
                made.append(slope)
        found = torch.stack(made)
        return found if x.requires_grad else found.detach()

    return rows
