"""The functions that formulas are made of, with derivatives of any order."""

from collections.abc import Mapping
from math import ceil, comb, pi

import torch
from jaxtyping import Float
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from pikan.jets.jet import Jet, compose
from pikan.network.activation import Activation, tanh


def power(exponent: float) -> Activation:
    """The function x^p; not a number left of zero where p is not whole.

    >>> power(3.0)(torch.tensor([2.0]), order=2)[:, 0].tolist()
    [8.0, 12.0, 12.0]
    """

    def powers(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
        rows, factor = list[Tensor](), 1.0
        for k in range(order + 1):
            rows.append(factor * x ** (exponent - k) if factor else torch.zeros_like(x))
            factor *= exponent - k
        return torch.stack(rows)

    return powers


def zero(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """Nothing, for edges that are constant."""
    return torch.zeros_like(x).expand(order + 1, *x.shape)


def exponential(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function exp(x), its own derivative."""
    return torch.exp(x).expand(order + 1, *x.shape)


def logarithm(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The natural logarithm; not a number left of zero.

    >>> logarithm(torch.tensor([2.0], dtype=torch.float64), order=2)[:, 0].tolist()
    [0.6931471805599453, 0.5, -0.25]
    """
    value = torch.log(x)
    if order == 0:
        return value.unsqueeze(0)
    return torch.cat([value.unsqueeze(0), power(-1.0)(x, order - 1)])


def magnitude(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function |x|, with derivatives as they are beside zero."""
    rest = torch.zeros_like(x).expand(max(order - 1, 0), *x.shape)
    return torch.cat([x.abs().unsqueeze(0), x.sign().unsqueeze(0), rest])[: order + 1]


def sine(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function sin(x), each derivative a quarter turn ahead."""
    first, second = torch.sin(x), torch.cos(x)
    return torch.stack([(first, second, -first, -second)[k % 4] for k in range(order + 1)])


def cosine(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function cos(x), the derivative of sin(x)."""
    return sine(x, order + 1)[1:]


def tangent(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function tan(x), from y' = 1 + y² and Leibniz' rule.

    >>> tangent(torch.zeros(1), order=3)[:, 0].tolist()
    [0.0, 1.0, 0.0, 2.0]
    """
    rows = [torch.tan(x)]
    for k in range(order):
        square = [comb(k, j) * rows[j] * rows[k - j] for j in range(k + 1)]
        rows.append(torch.stack(square).sum(dim=0) + (k == 0))
    return torch.stack(rows)


def hyperbolic_sine(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function sinh(x), every other derivative its own."""
    pair = torch.sinh(x), torch.cosh(x)
    return torch.stack([pair[k % 2] for k in range(order + 1)])


def hyperbolic_cosine(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function cosh(x), the derivative of sinh(x)."""
    return hyperbolic_sine(x, order + 1)[1:]


def gaussian(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function exp(-x²), from y' = -2 x y.

    >>> gaussian(torch.zeros(1), order=2)[[0, 2], 0].tolist()
    [1.0, -2.0]
    """
    rows = [torch.exp(-x.square())]
    for k in range(order):
        rows.append(-2 * (x * rows[k] + (k * rows[k - 1] if k else 0)))
    return torch.stack(rows)


def arctangent(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function arctan(x), from (1 + x²) y' = 1."""
    rows = [torch.atan(x)]
    for k in range(order):
        known = 1 if k == 0 else -2 * k * x * rows[k] - (k * (k - 1) * rows[k - 1] if k > 1 else 0)
        rows.append(known / (1 + x.square()))
    return torch.stack(rows)


def area_tangent(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function artanh(x), from (1 - x²) y' = 1; not a number beyond -1 and 1."""
    rows = [torch.atanh(x)]
    for k in range(order):
        known = 1 if k == 0 else 2 * k * x * rows[k] + (k * (k - 1) * rows[k - 1] if k > 1 else 0)
        rows.append(known / (1 - x.square()))
    return torch.stack(rows)


def arcsine(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function arcsin(x), from (1 - x²) y'' = x y'; not a number beyond -1 and 1."""
    rest, rows = 1 - x.square(), [torch.asin(x)]
    for k in range(order):
        if k == 0:
            rows.append(rest**-0.5)
            continue
        before = (k - 1) ** 2 * rows[k - 1] if k > 1 else 0
        rows.append(((2 * k - 1) * x * rows[k] + before) / rest)
    return torch.stack(rows)


def arccosine(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function arccos(x), which is pi/2 - arcsin(x)."""
    below = arcsine(x, order)
    return torch.cat([pi / 2 - below[:1], -below[1:]])


def bessel_j0(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The Bessel function J0, as a mean over angles of which there are enough for the largest x.

    J0(x) = (2/pi) ∫ cos(x sin t) dt for t from 0 to pi/2; with m midpoints it is off by J_4m(x).

    Source: DLMF (10.9.1).

    >>> bessel_j0(torch.tensor([1.0], dtype=torch.float64), order=1)[:, 0].tolist()
    [0.765197686557..., -0.440050585744...]
    """
    largest = float(x.detach().abs().max()) if x.numel() and bool(x.isfinite().all()) else 0.0
    count = 16 + ceil(largest / 2)
    sines = torch.sin((torch.arange(count).to(x) + 0.5) * (pi / 2 / count))
    angles = x.unsqueeze(-1) * sines
    rows = [sines**k * torch.cos(angles + k * pi / 2) for k in range(order + 1)]
    return torch.stack([row.mean(dim=-1) for row in rows])


def sine_ratio(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function sin(x)/x, as a mean of cos(x t) for t from 0 to 1; not a number beyond 20.

    At that many of Gauss' points it is exact to rounding.

    >>> sine_ratio(torch.tensor([1.0], dtype=torch.float64), order=1)[:, 0].tolist()
    [0.841470984807..., -0.301168678939...]
    """
    places, weights = (torch.from_numpy(each).to(x) for each in leggauss(24))
    shares = (places + 1) / 2
    angles = torch.where(x.abs() > 20, torch.nan, x).unsqueeze(-1) * shares
    rows = [shares**k * torch.cos(angles + k * pi / 2) for k in range(order + 1)]
    return torch.stack([row @ weights / 2 for row in rows])


def entropy(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function x log(x), from y' = 1 + log(x); not a number left of zero.

    >>> entropy(torch.ones(1), order=2)[:, 0].tolist()
    [0.0, 1.0, 1.0]
    """
    slopes = logarithm(x, order)
    rows = [x * slopes[0], *([slopes[0] + 1] if order else []), *slopes[1:-1]]
    return torch.stack(rows)


def ramp(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function max(0, x), with derivatives as they are beside zero."""
    return (magnitude(x, order) + power(1.0)(x, order)) / 2


def step(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
    """The function that is one right of zero and zero elsewhere, its derivatives zero."""
    rest = torch.zeros_like(x).expand(order, *x.shape)
    return torch.cat([(x > 0).to(x).unsqueeze(0), rest])


def composition(
    outer: Activation, inner: Activation, factor: float = 1.0, term: float = 0.0
) -> Activation:
    """The function f(factor g(x) + term) of two others, by the chain rule of Faà di Bruno.

    >>> composition(power(2.0), sine)(torch.zeros(1), order=2)[:, 0].tolist()
    [0.0, 0.0, 2.0]
    """

    def function(x: Float[Tensor, "*n"], order: int) -> Float[Tensor, " k *n"]:
        rows = factor * inner(x.flatten(), order)
        within = torch.cat([rows[:1] + term, rows[1:]])
        jet = Jet(tuple((k,) for k in range(order + 1)), within.unsqueeze(2))
        return compose(outer(within[0], order)[..., None, None], jet).view(order + 1, *x.shape)

    return function


ELEMENTARY: Mapping[str, Activation] = {
    "0": zero,
    "x": power(1.0),
    "x^2": power(2.0),
    "x^3": power(3.0),
    "x^4": power(4.0),
    "x^5": power(5.0),
    "1/x": power(-1.0),
    "1/x^2": power(-2.0),
    "1/x^3": power(-3.0),
    "sqrt": power(0.5),
    "1/sqrt(x)": power(-0.5),
    "x^1.5": power(1.5),
    "exp": exponential,
    "log": logarithm,
    "abs": magnitude,
    "sin": sine,
    "cos": cosine,
    "tan": tangent,
    "tanh": tanh,
    "gaussian": gaussian,
    "arcsin": arcsine,
    "arccos": arccosine,
    "arctan": arctangent,
    "arctanh": area_tangent,
    "sinh": hyperbolic_sine,
    "cosh": hyperbolic_cosine,
    "bessel_j0": bessel_j0,
    "log(1+1/x)": composition(logarithm, power(-1.0), 1.0, 1.0),
    "log(1+x^2)": composition(logarithm, power(2.0), 1.0, 1.0),
    "log(1-x^2)": composition(logarithm, power(2.0), -1.0, 1.0),
    "log(cos)": composition(logarithm, cosine),
    "log(cosh)": composition(logarithm, hyperbolic_cosine),
    "log(1+exp)": composition(logarithm, exponential, 1.0, 1.0),
    "log(1-exp(-x))": composition(logarithm, composition(exponential, power(1.0), -1.0), -1.0, 1.0),
    "sqrt(1+exp)": composition(power(0.5), exponential, 1.0, 1.0),
    "sqrt(1+x^2)": composition(power(0.5), power(2.0), 1.0, 1.0),
    "sqrt(1-x^2)": composition(power(0.5), power(2.0), -1.0, 1.0),
    "arcsin(exp(-x))": composition(arcsine, composition(exponential, power(1.0), -1.0)),
    "sin(exp)": composition(sine, exponential),
    "exp(-exp)": composition(exponential, exponential, -1.0),
    "log(sinc)": composition(logarithm, sine_ratio),
    "1/(1+x^2)": composition(power(-1.0), power(2.0), 1.0, 1.0),
    "x*log(x)": entropy,
    "relu": ramp,
    "step": step,
}
"""The functions by pykan's names where it has one. States of networks count on their order."""
