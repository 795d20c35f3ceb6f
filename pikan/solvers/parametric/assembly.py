"""Fields and functions of parameters, made of coefficients and intervals."""

from collections.abc import Sequence
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from pikan.bases.basis import Basis
from pikan.network.parametric import ParameterFunctions
from pikan.network.product import FullProduct
from pikan.problem.statement import Parameter, Problem

Functions = TypeVar("Functions", bound=ParameterFunctions)


def fields_of(problem: Problem, bases: Sequence[Basis], rows: Float[Tensor, "r _"]) -> FullProduct:
    """Fields with these coefficients, a row each, all unknowns of the first before the second's."""
    box, unknowns = problem.box, len(problem.unknowns)
    split = box.dimension - len(problem.parameters)
    found = FullProduct(bases, len(rows) * unknowns, box.lower[:split], box.upper[:split])
    with torch.no_grad():
        shaped = rows.reshape(len(rows), -1, unknowns).movedim(0, 1)
        found.coefficients.copy_(shaped.flatten(1))
    return found


def on_intervals(functions: Functions, parameters: Sequence[Parameter]) -> Functions:
    """The functions, which take the parameters from their intervals and scales to [-1, 1]."""
    rows = [(one.lower, one.upper, float(one.logarithmic)) for one in parameters]
    # In double precision whatever torch's own is.
    bounds = torch.tensor(rows, dtype=torch.float64).mT
    names = ("lower", "upper", "logarithmic")
    functions.load_state_dict(
        functions.state_dict() | dict(zip(names, bounds, strict=True)), assign=True
    )
    return functions
