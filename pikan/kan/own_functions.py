"""Functions of the user's own for the edges of symbolic models, in pykan's vocabulary."""

from collections.abc import Callable

import torch
from torch import Tensor

from pikan.kan.arguments import ModelError, known_arguments, whole
from pikan.network.activation import Activation
from pikan.network.elementary import ELEMENTARY
from pikan.network.symbolic_functions import (
    OwnFunction,
    add_function,
    differentiable,
    kind_of,
    own_names,
)


@known_arguments
def add_symbolic(name: str, fun: Callable[[Tensor], Tensor], c: int = 1) -> None:
    """Make a function known to all models of this program under a name, of complexity `c`.

    `fun` takes a tensor of any shape and returns one of the same shape, by torch's functions, so
    that it can be differentiated. It is then one of those that `auto_symbolic`, `suggest_symbolic`
    and `fix_symbolic` look among. A saved model names it, and holds no code of it: add it again
    before the model is loaded. A name that is given once more is that of the new function.
    """
    _check_name(name)
    complexity = whole("add_symbolic", "c", c, 0)
    function = differentiable(fun)
    _check(fun, function)
    add_function(name, OwnFunction(function, complexity))


def _check_name(name: object) -> None:
    """ModelError unless a name can be written in formulas and told from all others."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ModelError(
            f"add_symbolic: name: got {name!r}, needs letters, digits and _, such as 'airy'"
        )
    if name in ELEMENTARY:
        raise ModelError(f"add_symbolic: name: '{name}' is in the library; take another name")
    if any(kind_of(other) == kind_of(name) for other in own_names() if other != name):
        raise ModelError(f"add_symbolic: name: '{name}' has the number of another; take another")


def _check(fun: Callable[[Tensor], Tensor], function: Activation) -> None:
    """ModelError unless a function keeps the shape of a tensor and has derivatives."""
    points = torch.linspace(0.1, 0.9, 6, dtype=torch.float64).view(2, 3)
    # Whatever a function of the user's raises is what is wrong with it.
    try:
        same = fun(points.requires_grad_()).shape == points.shape
        fault = "" if same else "its values have another shape than its points"
        if same:
            function(points.detach(), 1)
    except Exception as raised:  # noqa: BLE001 (as above)
        fault = (
            f"it cannot be evaluated and differentiated: {str(raised).partition(chr(10))[0]:.120}"
        )
    if fault:
        raise ModelError(
            f"add_symbolic: fun: {fault}; needs a function of torch's, value by value, such as "
            "lambda x: torch.special.i0(x)"
        )
