"""A function of unknowns as a sum of few products of powers, with intervals."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import chdtrc
from torch import Tensor

from pikan.linalg.dense import least_squares, whitening
from pikan.solvers.found import FoundConstant
from pikan.solvers.identification.functions import FunctionRows
from pikan.solvers.subsets import best_subsets, regression

# A sum has at most so many terms.
_TERMS = 4
# A sum describes a function where χ² is no larger than in this share of cases, or this near to it.
_CHANCE, _NEAR = 1e-3, 1e-5
# A part of the mean variance that each coefficient has beside: rounding.
_NUGGET = 1e-12


def short_polynomial(
    one: FunctionRows,
    theta: Float[Tensor, " p"],
    uncertainty: Float[Tensor, "k k"],
    values: int,
    quantile: float,
    level: float,
) -> Mapping[str, FoundConstant]:
    """The products of powers that a function is made of, with their coefficients; none if too many.

    All subsets by an information criterion, over the covariance of the parameters of constants, the
    last in θ, that a joint fit leaves: what is kept is as if it had been fitted alone, to first
    order.
    """
    known = one.known
    orders = list(product(range(known.degree + 1), repeat=len(known.arguments)))
    found = theta[one.places]
    design, lengths = _powers(one, orders)
    own = one.places - (len(theta) - len(uncertainty))
    covariance = uncertainty[own][:, own]
    covariance += _NUGGET * covariance.diagonal().mean() * torch.eye(len(found)).to(theta)
    whiten = whitening(covariance)
    if whiten is None:
        return {}
    white, beside = whiten(design), whiten(found)
    for subset in best_subsets(white, beside, _TERMS, values, 1):
        fit = regression(white, beside, subset.places)
        misfit = design[:, list(subset.places)] @ fit.coefficients - found
        near = float((one.columns @ misfit).norm() / (one.columns @ found).norm()) < _NEAR
        if near or float(chdtrc(len(found) - len(subset.places), fit.squares)) > _CHANCE:
            break
    else:
        return {}
    errors = fit.covariance.diagonal().sqrt() / lengths[list(subset.places)]
    coefficients = fit.coefficients / lengths[list(subset.places)]
    return {
        _power_text(known.arguments, orders[place]): FoundConstant(
            value, error, (value - quantile * error, value + quantile * error), level, True, 0.0
        )
        for place, value, error in zip(
            subset.places, coefficients.tolist(), errors.tolist(), strict=True
        )
    }


def term_directions(one: FunctionRows, terms: Sequence[str]) -> Float[Tensor, "q _"]:
    """Some products of powers, as `short_polynomial` names them, in coefficients of a function."""
    known = one.known
    orders = list(product(range(known.degree + 1), repeat=len(known.arguments)))
    places = [[_power_text(known.arguments, each) for each in orders].index(name) for name in terms]
    return _powers(one, orders)[0][:, places]


def _powers(
    one: FunctionRows, orders: list[tuple[int, ...]]
) -> tuple[Float[Tensor, "q q"], Float[Tensor, " q"]]:
    """Each product of powers in coefficients of the function, over its size at the points.

    The sizes come beside.
    """
    mesh = np.meshgrid(*one.axes, indexing="ij")
    made = [
        np.prod([axis**power for axis, power in zip(mesh, each, strict=True)], axis=0).ravel()
        for each in orders
    ]
    columns = torch.from_numpy(np.stack(made, axis=1)).to(one.columns)
    lengths = columns.square().mean(dim=0).sqrt()
    return least_squares(one.columns, columns / lengths, 1e-15), lengths


def _power_text(arguments: tuple[str, ...], orders: tuple[int, ...]) -> str:
    """A product of powers as it is written, such as `x*y^2`; `1` for none."""
    factors = [
        name if order == 1 else f"{name}^{order}"
        for name, order in zip(arguments, orders, strict=True)
        if order
    ]
    return "*".join(factors) or "1"
